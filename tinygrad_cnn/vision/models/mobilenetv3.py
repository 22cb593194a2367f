"""MobileNet v3: Howard et al., "Searching for MobileNetV3" (2019)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ... import nn
from ...tensor import Tensor
from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from .initial import divisible, initialise, kaiming_fan_out, small_normal
from .registry import network

Norm = Callable[..., nn.Module]


class Block(NamedTuple):
    """A row of the paper's tables 1 and 2: RE is ReLU, HS is hardswish."""

    input_channels: int
    kernel: int
    expanded_channels: int
    out_channels: int
    use_se: bool
    activation: str
    stride: int
    dilation: int = 1

    def scaled(self, width_mult: float) -> "Block":
        """With other widths."""
        channels = (self.input_channels, self.expanded_channels, self.out_channels)
        i, e, o = (divisible(each * width_mult) for each in channels)
        return self._replace(input_channels=i, expanded_channels=e, out_channels=o)


class InvertedResidual(nn.Module):
    """1×1 to more channels, a filter on each, squeeze-and-excitation, 1×1 to few; x added where shapes allow."""

    def __init__(self, cnf: Block, norm_layer: Norm) -> None:
        super().__init__()
        activation = nn.Hardswish if cnf.activation == "HS" else nn.ReLU
        conv: Any = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=activation)
        expanded = cnf.expanded_channels
        layers: list[nn.Module] = []
        if expanded != cnf.input_channels:
            layers.append(conv(cnf.input_channels, expanded, 1))
        stride = 1 if cnf.dilation > 1 else cnf.stride
        layers.append(conv(expanded, expanded, cnf.kernel, stride, groups=expanded, dilation=cnf.dilation))
        if cnf.use_se:
            layers.append(SqueezeExcitation(expanded, divisible(expanded // 4), scale_activation=nn.Hardsigmoid))
        layers.append(conv(expanded, cnf.out_channels, 1, activation_layer=None))
        self.block = nn.Sequential(*layers)
        self.out_channels = cnf.out_channels
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels

    def forward(self, input: Tensor) -> Tensor:
        return input + self.block(input) if self.use_res_connect else self.block(input)  # type: ignore[no-any-return]


class MobileNetV3(nn.Module):
    """A stem, inverted residuals, a 1×1 convolution, an average, two linear layers: (N, 3, H, W) → (N, num_classes).

    >>> mobilenet_v3_small(num_classes=5).eval()(tg.ones(1, 3, 32, 32)).shape
    (1, 5)
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[Block],
        last_channel: int,
        num_classes: int = 1000,
        block: Any = None,
        norm_layer: Norm | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        norm = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        first, last = inverted_residual_setting[0].input_channels, inverted_residual_setting[-1].out_channels
        how: dict[str, Any] = {"norm_layer": norm, "activation_layer": nn.Hardswish}
        self.features = nn.Sequential(
            Conv2dNormActivation(3, first, stride=2, **how),
            *((block or InvertedResidual)(each, norm) for each in inverted_residual_setting),
            Conv2dNormActivation(last, 6 * last, 1, **how),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(6 * last, last_channel),
            nn.Hardswish(inplace=True),
            nn.Dropout(dropout, inplace=True),
            nn.Linear(last_channel, num_classes),
        )
        initialise(self, kaiming_fan_out, small_normal)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


def _made(
    blocks: Callable[[int, int], list[Block]],
    last: int,
    width_mult: float = 1.0,
    reduced_tail: bool = False,
    dilated: bool = False,
    **kwargs: Any,
) -> MobileNetV3:
    """Args: reduced_tail: half the channels in the last stage; dilated: dilation in place of its stride."""
    divider = 2 if reduced_tail else 1
    setting = [block.scaled(width_mult) for block in blocks(divider, 2 if dilated else 1)]
    return MobileNetV3(setting, divisible(last // divider * width_mult), **kwargs)


def _large(divider: int, dilation: int) -> list[Block]:
    out, inner = 160 // divider, 960 // divider
    return [
        Block(16, 3, 16, 16, False, "RE", 1),
        Block(16, 3, 64, 24, False, "RE", 2),
        Block(24, 3, 72, 24, False, "RE", 1),
        Block(24, 5, 72, 40, True, "RE", 2),
        Block(40, 5, 120, 40, True, "RE", 1),
        Block(40, 5, 120, 40, True, "RE", 1),
        Block(40, 3, 240, 80, False, "HS", 2),
        Block(80, 3, 200, 80, False, "HS", 1),
        Block(80, 3, 184, 80, False, "HS", 1),
        Block(80, 3, 184, 80, False, "HS", 1),
        Block(80, 3, 480, 112, True, "HS", 1),
        Block(112, 3, 672, 112, True, "HS", 1),
        Block(112, 5, 672, out, True, "HS", 2, dilation),
        Block(out, 5, inner, out, True, "HS", 1, dilation),
        Block(out, 5, inner, out, True, "HS", 1, dilation),
    ]


def _small(divider: int, dilation: int) -> list[Block]:
    out, inner = 96 // divider, 576 // divider
    return [
        Block(16, 3, 16, 16, True, "RE", 2),
        Block(16, 3, 72, 24, False, "RE", 2),
        Block(24, 3, 88, 24, False, "RE", 1),
        Block(24, 5, 96, 40, True, "HS", 2),
        Block(40, 5, 240, 40, True, "HS", 1),
        Block(40, 5, 240, 40, True, "HS", 1),
        Block(40, 5, 120, 48, True, "HS", 1),
        Block(48, 5, 144, 48, True, "HS", 1),
        Block(48, 5, 288, out, True, "HS", 2, dilation),
        Block(out, 5, inner, out, True, "HS", 1, dilation),
        Block(out, 5, inner, out, True, "HS", 1, dilation),
    ]


@network()
def mobilenet_v3_large(**kwargs: Any) -> MobileNetV3:
    """MobileNet v3, large.

    >>> sum(p.numel() for p in mobilenet_v3_large().parameters())
    5483032
    """
    return _made(_large, 1280, **kwargs)


@network()
def mobilenet_v3_small(**kwargs: Any) -> MobileNetV3:
    """MobileNet v3, small.

    >>> sum(p.numel() for p in mobilenet_v3_small().parameters())
    2542856
    """
    return _made(_small, 1024, **kwargs)
