"""torchvision's newer names for the same transforms, of pictures alone: boxes and masks do not move along."""

from typing import Any

import numpy as np

from ...dtypes import as_dtype
from ...tensor import Tensor, as_tensor
from ..pil import is_pil
from . import *  # noqa: F403 - the same classes
from . import functional as F
from .standard import Transform


class ToImage(Transform):
    """From a PIL image or an array (H, W, C) to a tensor (C, H, W) of its own numbers; tensors stay."""

    def forward(self, inpt: Any) -> Tensor:
        if isinstance(inpt, Tensor):
            return inpt
        if is_pil(inpt):
            return F.pil_to_tensor(inpt)
        array = np.atleast_3d(np.asarray(inpt))
        return as_tensor(np.array(array.transpose(2, 0, 1), order="C"))


class ToDtype(Transform):
    """Another dtype; with `scale`, the same picture in it: see `convert_image_dtype`."""

    shown = ("dtype", "scale")

    def __init__(self, dtype: Any, scale: bool = False) -> None:
        super().__init__()
        self.dtype = dtype
        self.scale = scale

    def forward(self, inpt: Tensor) -> Tensor:
        return F.convert_image_dtype(inpt, self.dtype) if self.scale else inpt.to(as_dtype(self.dtype))
