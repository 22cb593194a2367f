"""EfficientNet: Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks" (2019), and
"EfficientNetV2: smaller models and faster training" (2021).
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, sqrt
from typing import Any, NamedTuple

from ... import nn
from ...tensor import Tensor
from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from ..ops.stochastic_depth import StochasticDepth
from .initial import divisible, initialise, kaiming_fan_out
from .registry import network

Norm = Callable[..., nn.Module]


class Stage(NamedTuple):
    """A row of the papers' tables; a fused block has one k×k convolution in place of 1×1 and a filter per channel."""

    expand_ratio: float
    kernel: int
    stride: int
    input_channels: int
    out_channels: int
    num_layers: int
    fused: bool = False

    def scaled(self, width_mult: float, depth_mult: float) -> "Stage":
        """With other widths and depths."""
        return self._replace(
            input_channels=divisible(self.input_channels * width_mult),
            out_channels=divisible(self.out_channels * width_mult),
            num_layers=ceil(self.num_layers * depth_mult),
        )


class MBConv(nn.Module):
    """Expand, filter each channel, squeeze-and-excitation, project; x added (unless dropped) where shapes allow."""

    def __init__(self, stage: Stage, stochastic_depth_prob: float, norm_layer: Norm) -> None:
        super().__init__()
        conv: Any = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        inp, out = stage.input_channels, stage.out_channels
        expanded = divisible(inp * stage.expand_ratio)
        self.block = nn.Sequential(*self._layers(stage, conv, inp, expanded, out))
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.use_res_connect = stage.stride == 1 and inp == out
        self.out_channels = out

    def _layers(self, stage: Stage, conv: Any, inp: int, expanded: int, out: int) -> list[nn.Module]:
        layers = [] if expanded == inp else [conv(inp, expanded, 1)]
        squeeze = SqueezeExcitation(expanded, max(1, inp // 4), partial(nn.SiLU, inplace=True))
        return [
            *layers,
            conv(expanded, expanded, stage.kernel, stage.stride, groups=expanded),
            squeeze,
            conv(expanded, out, 1, activation_layer=None),
        ]

    def forward(self, input: Tensor) -> Tensor:
        result = self.block(input)
        return self.stochastic_depth(result) + input if self.use_res_connect else result


class FusedMBConv(MBConv):
    """A k×k convolution that expands, and a projection; without expansion, the convolution alone."""

    def _layers(self, stage: Stage, conv: Any, inp: int, expanded: int, out: int) -> list[nn.Module]:
        if expanded == inp:
            return [conv(inp, out, stage.kernel, stage.stride)]
        return [conv(inp, expanded, stage.kernel, stage.stride), conv(expanded, out, 1, activation_layer=None)]


class EfficientNet(nn.Module):
    """A stem, stages of MBConv blocks, a 1×1 convolution, an average, a linear layer: (N, 3, H, W) → (N, num_classes).

    Args:
        stochastic_depth_prob: with which the last block is left out in training; it rises from 0 with the depth.
        last_channel: of the last convolution. Default: four times those before it.

    >>> efficientnet_b0(num_classes=5)(tg.ones(2, 3, 32, 32)).shape
    (2, 5)
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[Stage],
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer: Norm | None = None,
        last_channel: int | None = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        how: dict[str, Any] = {"norm_layer": norm, "activation_layer": nn.SiLU}
        total = sum(stage.num_layers for stage in inverted_residual_setting)
        layers: list[nn.Module] = [Conv2dNormActivation(3, inverted_residual_setting[0].input_channels, 3, 2, **how)]
        number = 0
        for stage in inverted_residual_setting:
            blocks = []
            for i in range(stage.num_layers):
                own = stage._replace(input_channels=stage.out_channels, stride=1) if i else stage
                block = FusedMBConv if stage.fused else MBConv
                blocks.append(block(own, stochastic_depth_prob * number / total, norm))
                number += 1
            layers.append(nn.Sequential(*blocks))
        channels = inverted_residual_setting[-1].out_channels
        last = 4 * channels if last_channel is None else last_channel
        self.features = nn.Sequential(*layers, Conv2dNormActivation(channels, last, 1, **how))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(dropout, inplace=True), nn.Linear(last, num_classes))
        bound = 1 / sqrt(num_classes)
        initialise(self, kaiming_fan_out, lambda weight: nn.init.uniform_(weight, -bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


_B = (
    Stage(1, 3, 1, 32, 16, 1),
    Stage(6, 3, 2, 16, 24, 2),
    Stage(6, 5, 2, 24, 40, 2),
    Stage(6, 3, 2, 40, 80, 3),
    Stage(6, 5, 1, 80, 112, 3),
    Stage(6, 5, 2, 112, 192, 4),
    Stage(6, 3, 1, 192, 320, 1),
)
_V2 = {
    "s": (
        Stage(1, 3, 1, 24, 24, 2, True),
        Stage(4, 3, 2, 24, 48, 4, True),
        Stage(4, 3, 2, 48, 64, 4, True),
        Stage(4, 3, 2, 64, 128, 6),
        Stage(6, 3, 1, 128, 160, 9),
        Stage(6, 3, 2, 160, 256, 15),
    ),
    "m": (
        Stage(1, 3, 1, 24, 24, 3, True),
        Stage(4, 3, 2, 24, 48, 5, True),
        Stage(4, 3, 2, 48, 80, 5, True),
        Stage(4, 3, 2, 80, 160, 7),
        Stage(6, 3, 1, 160, 176, 14),
        Stage(6, 3, 2, 176, 304, 18),
        Stage(6, 3, 1, 304, 512, 5),
    ),
    "l": (
        Stage(1, 3, 1, 32, 32, 4, True),
        Stage(4, 3, 2, 32, 64, 7, True),
        Stage(4, 3, 2, 64, 96, 7, True),
        Stage(4, 3, 2, 96, 192, 10),
        Stage(6, 3, 1, 192, 224, 19),
        Stage(6, 3, 2, 224, 384, 25),
        Stage(6, 3, 1, 384, 640, 7),
    ),
}
_TENSORFLOW: Norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)


def _b(width: float, depth: float, dropout: float, kwargs: dict[str, Any]) -> EfficientNet:
    return EfficientNet([stage.scaled(width, depth) for stage in _B], **{"dropout": dropout, **kwargs})


def _v2(size: str, dropout: float, kwargs: dict[str, Any]) -> EfficientNet:
    norm = partial(nn.BatchNorm2d, eps=0.001)
    return EfficientNet(_V2[size], last_channel=1280, **{"dropout": dropout, "norm_layer": norm, **kwargs})


@network()
def efficientnet_b0(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B0.

    >>> sum(p.numel() for p in efficientnet_b0().parameters())
    5288548
    """
    return _b(1.0, 1.0, 0.2, kwargs)


@network()
def efficientnet_b1(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B1.

    >>> sum(p.numel() for p in efficientnet_b1().parameters())
    7794184
    """
    return _b(1.0, 1.1, 0.2, kwargs)


@network()
def efficientnet_b2(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B2.

    >>> sum(p.numel() for p in efficientnet_b2().parameters())  # doctest: +SKIP
    9109994
    """
    return _b(1.1, 1.2, 0.3, kwargs)


@network()
def efficientnet_b3(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B3.

    >>> sum(p.numel() for p in efficientnet_b3().parameters())  # doctest: +SKIP
    12233232
    """
    return _b(1.2, 1.4, 0.3, kwargs)


@network()
def efficientnet_b4(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B4.

    >>> sum(p.numel() for p in efficientnet_b4().parameters())  # doctest: +SKIP
    19341616
    """
    return _b(1.4, 1.8, 0.4, kwargs)


@network()
def efficientnet_b5(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B5.

    >>> sum(p.numel() for p in efficientnet_b5().parameters())  # doctest: +SKIP
    30389784
    """
    return _b(1.6, 2.2, 0.4, {"norm_layer": _TENSORFLOW, **kwargs})


@network()
def efficientnet_b6(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B6.

    >>> sum(p.numel() for p in efficientnet_b6().parameters())  # doctest: +SKIP
    43040704
    """
    return _b(1.8, 2.6, 0.5, {"norm_layer": _TENSORFLOW, **kwargs})


@network()
def efficientnet_b7(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B7.

    >>> sum(p.numel() for p in efficientnet_b7().parameters())  # doctest: +SKIP
    66347960
    """
    return _b(2.0, 3.1, 0.5, {"norm_layer": _TENSORFLOW, **kwargs})


@network()
def efficientnet_v2_s(**kwargs: Any) -> EfficientNet:
    """EfficientNetV2-S.

    >>> sum(p.numel() for p in efficientnet_v2_s().parameters())  # doctest: +SKIP
    21458488
    """
    return _v2("s", 0.2, kwargs)


@network()
def efficientnet_v2_m(**kwargs: Any) -> EfficientNet:
    """EfficientNetV2-M.

    >>> sum(p.numel() for p in efficientnet_v2_m().parameters())  # doctest: +SKIP
    54139356
    """
    return _v2("m", 0.3, kwargs)


@network()
def efficientnet_v2_l(**kwargs: Any) -> EfficientNet:
    """EfficientNetV2-L.

    >>> sum(p.numel() for p in efficientnet_v2_l().parameters())  # doctest: +SKIP
    118515272
    """
    return _v2("l", 0.4, kwargs)
