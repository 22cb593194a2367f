"""torchvision's newer names for the same transforms, of pictures alone: boxes and masks do not move along."""

from typing import Any

import numpy as np

from ...creation import randn_like
from ...dtypes import as_dtype
from ...tensor import Tensor, as_tensor
from ..pil import is_pil
from . import *  # noqa: F403 - the same classes
from . import functional as F
from .mixing import CutMix, MixUp  # noqa: F401 - found here
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


class ToPureTensor(Transform):
    """The same: tensors are tensors."""

    def forward(self, inpt: Any) -> Any:
        return inpt


class Identity(ToPureTensor):
    """The same."""


class GaussianNoise(Transform):
    """Noise added to pictures of floats.

    Args:
        mean, sigma: of the noise.
        clip: whether values stay in [0, 1].
    """

    shown = ("mean", "sigma", "clip")

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> None:
        super().__init__()
        self.mean, self.sigma, self.clip = mean, sigma, clip

    def forward(self, inpt: Tensor) -> Tensor:
        if not inpt.is_floating_point():
            raise ValueError(f"GaussianNoise: expected pictures of floats; got dtype {inpt.dtype}; use ToDtype first")
        noisy = inpt + self.mean + randn_like(inpt) * self.sigma
        return noisy.clamp(0, 1) if self.clip else noisy
