"""From pictures to tensors of the range and statistics that a network expects."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...dtypes import get_default_dtype, is_floating
from ...errors import ShapeError
from ...tensor import Tensor, as_tensor


class Compose:
    """One transform after the other.

    >>> to_input = Compose([ToTensor(), Normalize([0.5], [0.5])])
    >>> to_input(np.full((8, 8, 1), 255, dtype=np.uint8)).max()
    tensor(1.)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "\n".join(["Compose(", *(f"    {transform}" for transform in self.transforms), ")"])


class ToTensor:
    """From a PIL image or an array (H, W, C) or (H, W) to a tensor (C, H, W); see `to_tensor`."""

    def __call__(self, pic: Any) -> Tensor:
        return to_tensor(pic)

    def __repr__(self) -> str:
        return "ToTensor()"


class Normalize:
    """(x − mean) / std, with a mean and a standard deviation per channel; see `normalize`.

    >>> Normalize(mean=[0.5], std=[0.25])(as_tensor([[[1.0, 0.5]]]))
    tensor([[[2., 0.]]])
    """

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def __call__(self, tensor: Tensor) -> Tensor:
        return normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


def to_tensor(pic: Any) -> Tensor:
    """A PIL image or an array (H, W, C) or (H, W) as a tensor (C, H, W).

    uint8 values become floats in [0, 1], divided by 255; values of other dtypes stay as they are.

    Raises:
        TypeError: for anything else.
        ValueError: for an array with another number of dimensions.
    """
    if _is_pil(pic):
        # Palettes, bits and CMYK aside, a PIL image is the array that NumPy reads from it.
        array = np.asarray(pic)
        array = np.where(array, np.uint8(255), np.uint8(0)) if array.dtype == np.bool_ else array
    elif isinstance(pic, np.ndarray):
        array = pic
    else:
        raise TypeError(f"to_tensor: expected a PIL image or a NumPy array; got {type(pic).__name__}")
    if array.ndim not in (2, 3):
        raise ShapeError(f"to_tensor: expected an image (H, W) or (H, W, C); got shape {array.shape}")
    planes = np.array((array if array.ndim == 3 else array[:, :, None]).transpose(2, 0, 1), order="C")
    if planes.dtype == np.uint8:
        planes = planes.astype(get_default_dtype()) / np.asarray(255, dtype=get_default_dtype())
    return as_tensor(planes)


def _is_pil(pic: Any) -> bool:
    """Whether this is a PIL image; if PIL was never imported, there are none."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(pic, module.Image)


def normalize(tensor: Tensor, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    """(x − mean) / std for images (…, C, H, W), with a mean and a standard deviation per channel or one for all.

    Raises:
        TypeError: for anything but a floating-point tensor.
        ValueError: for other shapes, or a standard deviation of 0.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"normalize: expected a tensor; got {type(tensor).__name__}; put ToTensor() before Normalize")
    if not is_floating(tensor.dtype):
        raise TypeError(f"normalize: expected floating-point values; got {tensor.dtype}; use .float() / 255 for bytes")
    if tensor.ndim < 3:
        raise ShapeError(f"normalize: expected images (..., C, H, W); got shape {tuple(tensor.shape)}")
    per_channel = []
    for name, values in (("mean", mean), ("std", std)):
        numbers = as_tensor(values, dtype=tensor.dtype, device=tensor.device).reshape(-1, 1, 1)
        if len(numbers) not in (1, tensor.shape[-3]):
            raise ShapeError(
                f"normalize: {name} has {len(numbers)} values, but images {tuple(tensor.shape)} have "
                f"{tensor.shape[-3]} channels"
            )
        per_channel.append(numbers)
    centre, scale = per_channel
    if not scale.all():
        raise ValueError(f"normalize: std must not be 0; got {std}")
    return tensor.sub_(centre).div_(scale) if inplace else (tensor - centre) / scale
