"""MobileNet v2: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks" (2018)."""

from collections.abc import Callable, Sequence
from typing import Any

from ... import nn
from ...tensor import Tensor
from ..ops.misc import Conv2dNormActivation
from .initial import divisible, initialise, kaiming_fan_out, small_normal
from .registry import network


class InvertedResidual(nn.Module):
    """1×1 to more channels, 3×3 on each of them, 1×1 to few, without an activation; x added where shapes allow."""

    def __init__(
        self, inp: int, oup: int, stride: int, expand_ratio: float, norm_layer: Callable[..., nn.Module] | None = None
    ) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"InvertedResidual: stride must be 1 or 2; got {stride}")
        norm = norm_layer or nn.BatchNorm2d
        hidden = round(inp * expand_ratio)
        how: dict[str, Any] = {"norm_layer": norm, "activation_layer": nn.ReLU6}
        layers: list[nn.Module] = []
        if expand_ratio != 1:
            layers.append(Conv2dNormActivation(inp, hidden, 1, **how))
        layers += [
            Conv2dNormActivation(hidden, hidden, stride=stride, groups=hidden, **how),
            nn.Conv2d(hidden, oup, 1, bias=False),
            norm(oup),
        ]
        self.conv = nn.Sequential(*layers)
        self.stride = stride
        self.out_channels = oup
        self.use_res_connect = stride == 1 and inp == oup

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.use_res_connect else self.conv(x)  # type: ignore[no-any-return]


# Expansion, channels, blocks, stride of the first.
SETTING = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class MobileNetV2(nn.Module):
    """A stem, seventeen inverted residuals, a 1×1 convolution, an average, a linear layer: (N, 3, H, W) → (N, classes).

    Args:
        width_mult: scales the channels of all layers.
        inverted_residual_setting: (expansion, channels, blocks, stride of the first block) of each stage.
        round_nearest: what channels are multiples of.

    >>> MobileNetV2(num_classes=5, width_mult=0.25).eval()(tg.ones(1, 3, 32, 32)).shape
    (1, 5)
    """

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8,
        block: Any = None,
        norm_layer: Callable[..., nn.Module] | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        setting = SETTING if inverted_residual_setting is None else inverted_residual_setting
        if not len(setting) or any(len(stage) != 4 for stage in setting):
            raise ValueError(f"MobileNetV2: a stage is (expansion, channels, blocks, stride); got {setting}")
        channels = divisible(32 * width_mult, round_nearest)
        self.last_channel = divisible(1280 * max(1.0, width_mult), round_nearest)
        features: list[nn.Module] = [
            Conv2dNormActivation(3, channels, stride=2, norm_layer=norm, activation_layer=nn.ReLU6)
        ]
        for expansion, wanted, blocks, stride in setting:
            out = divisible(wanted * width_mult, round_nearest)
            for i in range(blocks):
                made = (block or InvertedResidual)(channels, out, 1 if i else stride, expansion, norm_layer=norm)
                features.append(made)
                channels = out
        features.append(
            Conv2dNormActivation(channels, self.last_channel, 1, norm_layer=norm, activation_layer=nn.ReLU6)
        )
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.last_channel, num_classes))
        initialise(self, kaiming_fan_out, small_normal)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean((2, 3)))  # type: ignore[no-any-return]


@network()
def mobilenet_v2(**kwargs: Any) -> MobileNetV2:
    """MobileNet v2.

    >>> sum(p.numel() for p in mobilenet_v2().parameters())
    3504872
    """
    return MobileNetV2(**kwargs)
