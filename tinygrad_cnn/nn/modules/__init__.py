"""PyTorch's files of layers, for programs that import from them: here all of them lead to `tinygrad_cnn.nn`.

>>> from tinygrad_cnn.nn.modules.conv import Conv2d
>>> from tinygrad_cnn.nn.modules.batchnorm import _BatchNorm
>>> from tinygrad_cnn import nn
>>> Conv2d is nn.Conv2d, issubclass(nn.BatchNorm2d, _BatchNorm)
(True, True)
"""

import sys
from types import ModuleType
from typing import Any

from ... import nn
from ..convolution import ConvolutionBase, TransposedBase
from ..dropout import DropoutBase
from ..loss import Loss, WeightedLoss
from ..normalization import BatchNormBase
from ..statistics import InstanceNormBase
from . import utils

_FILES = (
    *("activation", "adaptive", "batchnorm", "channelshuffle", "container", "conv", "distance", "dropout", "flatten"),
    *("fold", "instancenorm", "lazy", "linear", "loss", "module", "normalization", "padding", "pixelshuffle"),
    *("pooling", "rnn", "sparse", "transformer", "upsampling"),
)
# The bases that programs ask for in `isinstance`, under PyTorch's names.
_BASES = {
    "_BatchNorm": BatchNormBase,
    "_NormBase": BatchNormBase,
    "_InstanceNorm": InstanceNormBase,
    "_ConvNd": ConvolutionBase,
    "_ConvTransposeNd": TransposedBase,
    "_DropoutNd": DropoutBase,
    "_Loss": Loss,
    "_WeightedLoss": WeightedLoss,
}

__all__ = ["utils"]


def __getattr__(name: str) -> Any:
    if name in _BASES:
        return _BASES[name]
    if (name.startswith("__") and name != "__all__") or not hasattr(nn, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    return getattr(nn, name)


for _file in _FILES:
    _face = ModuleType(f"{__name__}.{_file}", "All of `tinygrad_cnn.nn`.")
    _face.__getattr__ = __getattr__  # type: ignore[method-assign] # asked as any module's
    sys.modules[_face.__name__] = globals()[_file] = _face
