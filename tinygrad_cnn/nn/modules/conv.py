"""What PyTorch has in `torch.nn.modules.conv`."""

from ..convolution import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvolutionBase,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    TransposedBase,
)
from ..lazy import (
    LazyConv1d,
    LazyConv2d,
    LazyConv3d,
    LazyConvolutionMixin,
    LazyConvTranspose1d,
    LazyConvTranspose2d,
    LazyConvTranspose3d,
)

_ConvNd = ConvolutionBase
_ConvTransposeNd = TransposedBase
_LazyConvXdMixin = LazyConvolutionMixin

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "_ConvNd",
    "_ConvTransposeNd",
    "_LazyConvXdMixin",
]
