"""MNASNet-B1: Tan et al., "MnasNet: platform-aware neural architecture search for mobile" (2019)."""

from typing import Any

from ... import nn
from ...tensor import Tensor
from .initial import divisible, initialise, kaiming_fan_out
from .registry import network

_MOMENTUM = 1 - 0.9997  # as TensorFlow's
# Channels, kernel, stride of the first block, expansion, blocks.
_STACKS = ((24, 3, 2, 3, 3), (40, 5, 2, 3, 3), (80, 5, 2, 6, 3), (96, 3, 1, 6, 2), (192, 5, 2, 6, 4), (320, 3, 1, 6, 1))


def _conv(inp: int, oup: int, kernel: int, stride: int = 1, groups: int = 1, relu: bool = True) -> list[nn.Module]:
    conv = nn.Conv2d(inp, oup, kernel, stride, kernel // 2, groups=groups, bias=False)
    norm = nn.BatchNorm2d(oup, momentum=_MOMENTUM)
    return [conv, norm, nn.ReLU(inplace=True)] if relu else [conv, norm]


class _InvertedResidual(nn.Module):
    """1×1 to more channels, a filter on each of them, 1×1 to few; x added where shapes allow."""

    def __init__(self, inp: int, oup: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inp * expansion
        self.apply_residual = inp == oup and stride == 1
        self.layers = nn.Sequential(
            *_conv(inp, hidden, 1), *_conv(hidden, hidden, kernel, stride, hidden), *_conv(hidden, oup, 1, relu=False)
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.layers(input) + input if self.apply_residual else self.layers(input)  # type: ignore[no-any-return]


class MNASNet(nn.Module):
    """A stem, six stacks of inverted residuals, a 1×1 convolution, an average, a linear layer.

    Args:
        alpha: scales the channels of all layers but the last.

    >>> MNASNet(0.5, num_classes=5).eval()(tg.ones(1, 3, 32, 32)).shape
    (1, 5)
    """

    _version = 2  # of the state: in version 1 the stem did not scale

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        if alpha <= 0:
            raise ValueError(f"MNASNet: alpha must be positive; got {alpha}")
        self.alpha = alpha
        self.num_classes = num_classes
        first, channels = divisible(32 * alpha), divisible(16 * alpha)
        layers = [
            *_conv(3, first, 3, 2),
            *_conv(first, first, 3, groups=first),
            *_conv(first, channels, 1, relu=False),
        ]
        for wanted, kernel, stride, expansion, repeats in _STACKS:
            out = divisible(wanted * alpha)
            blocks = [
                _InvertedResidual(out if i else channels, out, kernel, 1 if i else stride, expansion)
                for i in range(repeats)
            ]
            layers.append(nn.Sequential(*blocks))
            channels = out
        layers += _conv(channels, 1280, 1)
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(dropout, inplace=True), nn.Linear(1280, num_classes))
        initialise(
            self,
            kaiming_fan_out,
            lambda weight: nn.init.kaiming_uniform_(weight, mode="fan_out", nonlinearity="sigmoid"),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.layers(x).mean((2, 3)))  # type: ignore[no-any-return]


@network()
def mnasnet0_5(**kwargs: Any) -> MNASNet:
    """MNASNet, half the width.

    >>> sum(p.numel() for p in mnasnet0_5().parameters())
    2218512
    """
    return MNASNet(0.5, **kwargs)


@network()
def mnasnet0_75(**kwargs: Any) -> MNASNet:
    """MNASNet, 0.75 times the width.

    >>> sum(p.numel() for p in mnasnet0_75().parameters())
    3170208
    """
    return MNASNet(0.75, **kwargs)


@network()
def mnasnet1_0(**kwargs: Any) -> MNASNet:
    """MNASNet.

    >>> sum(p.numel() for p in mnasnet1_0().parameters())
    4383312
    """
    return MNASNet(1.0, **kwargs)


@network()
def mnasnet1_3(**kwargs: Any) -> MNASNet:
    """MNASNet, 1.3 times the width.

    >>> sum(p.numel() for p in mnasnet1_3().parameters())
    6282256
    """
    return MNASNet(1.3, **kwargs)
