"""What both Inception networks are made of."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from ... import nn
from ...functions import stack
from ...nn import functional as F
from ...tensor import Tensor


class BasicConv2d(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


def through(x: Tensor, layers: Iterable[Any]) -> Tensor:
    """One layer after the other."""
    for layer in layers:
        x = layer(x)
    return x


def as_inception_was_trained(x: Tensor) -> Tensor:
    """Pictures normalised by ImageNet's statistics, as if by mean 0.5 and deviation 0.5."""
    moments = zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True)
    return stack([x[:, i] * (std / 0.5) + (mean - 0.5) / 0.5 for i, (mean, std) in enumerate(moments)], 1)


def truncated_init(model: nn.Module, std: float) -> None:
    """Weights from a normal distribution cut off at ±2; a layer may say its own `stddev`."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            own = getattr(module, "stddev", std)
            partial(nn.init.trunc_normal_, mean=0.0, std=own, a=-2, b=2)(module.weight)
