"""What PyTorch has in `torch.nn.modules.batchnorm`."""

from ..lazy import LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d, LazyNorm
from ..normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormBase, NormBase, SyncBatchNorm

_NormBase = NormBase
_BatchNorm = BatchNormBase
_LazyNormBase = LazyNorm

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
    "_BatchNorm",
    "_LazyNormBase",
    "_NormBase",
]
