"""What PyTorch has in `torch.nn.modules.instancenorm`."""

from ..lazy import LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d
from ..statistics import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, InstanceNormBase

_InstanceNorm = InstanceNormBase

__all__ = [
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "_InstanceNorm",
]
