"""From pictures to tensors of the range and statistics that a network expects, and back; as functions."""

from typing import Any

import numpy as np

from ...dtypes import as_dtype, get_default_dtype, is_floating
from ...errors import ShapeError
from ...tensor import Tensor, as_tensor
from ..pil import image_module, is_pil


def to_tensor(pic: Any) -> Tensor:
    """A PIL image or an array (H, W, C) or (H, W) as a tensor (C, H, W).

    uint8 values become floats in [0, 1], divided by 255; values of other dtypes stay as they are.

    Raises:
        TypeError: for anything else.
        ValueError: for an array with another number of dimensions.
    """
    if is_pil(pic):
        # Palettes, bits and CMYK aside, a PIL image is the array that NumPy reads from it.
        array = np.asarray(pic)
        array = np.where(array, np.uint8(255), np.uint8(0)) if array.dtype == np.bool_ else array
    elif isinstance(pic, np.ndarray):
        array = pic
    else:
        raise TypeError(f"to_tensor: expected a PIL image or a NumPy array; got {type(pic).__name__}")
    array = _known(array)
    if array.ndim not in (2, 3):
        raise ShapeError(f"to_tensor: expected an image (H, W) or (H, W, C); got shape {array.shape}")
    planes = np.array((array if array.ndim == 3 else array[:, :, None]).transpose(2, 0, 1), order="C")
    if planes.dtype == np.uint8:
        planes = planes.astype(get_default_dtype()) / np.asarray(255, dtype=get_default_dtype())
    return as_tensor(planes)


def pil_to_tensor(pic: Any) -> Tensor:
    """A PIL image as a tensor (C, H, W) of its own numbers, mostly uint8.

    Raises:
        TypeError: for anything else.
    """
    if not is_pil(pic):
        raise TypeError(f"pil_to_tensor: expected a PIL image; got {type(pic).__name__}")
    array = np.array(pic)
    array = array.astype(np.uint8) * 255 if array.dtype == np.bool_ else _known(array)
    return as_tensor(np.array((array if array.ndim == 3 else array[:, :, None]).transpose(2, 0, 1), order="C"))


def _known(array: Any) -> Any:
    """In a dtype that tensors have: uint16 as int32."""
    return array.astype(np.int32) if array.dtype == np.uint16 else array


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (C, H, W) or (H, W), or an array (H, W, C) or (H, W), as a PIL image.

    Floats are multiplied by 255 and cut to bytes, unless the mode is "F". The mode that fits the number of channels is
    the default: L, LA, RGB or RGBA.

    >>> import tinygrad_cnn as tg
    >>> to_pil_image(tg.ones(3, 4, 5)).size
    (5, 4)

    Raises:
        TypeError: for anything else, or a dtype that images do not have.
        ValueError: for another number of dimensions or channels, or a mode that does not fit.
    """
    if isinstance(pic, Tensor):
        array = pic.numpy(force=True)
        array = array if array.ndim != 3 else array.transpose(1, 2, 0)
        if is_floating(array.dtype) and mode != "F":
            array = (array * 255).astype(np.uint8)
    elif isinstance(pic, np.ndarray):
        array = pic
    else:
        raise TypeError(f"to_pil_image: expected a tensor or a NumPy array; got {type(pic).__name__}")
    array = array if array.ndim != 2 else array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4):
        raise ShapeError(f"to_pil_image: expected an image of 1 to 4 channels; got shape {tuple(pic.shape)}")
    channels = array.shape[2]
    wide = {np.dtype("int16"): "I;16", np.dtype("int32"): "I", np.dtype("float32"): "F"}
    if channels == 1:
        fits: tuple[Any, ...] = ("L", "1", "P") if array.dtype == np.uint8 else (wide.get(array.dtype),)
        array = array[:, :, 0]
    else:
        fits = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}[channels]
    if array.dtype != np.uint8 and (channels > 1 or fits == (None,)):
        raise TypeError(
            f"to_pil_image: an image of {channels} channels has no dtype {array.dtype}; use uint8 or floats"
        )
    if mode is not None and mode not in fits:
        raise ValueError(f"to_pil_image: {channels} channels of {array.dtype} can be of mode {fits}; got {mode!r}")
    contiguous = np.ascontiguousarray(array)
    if mode is None or channels == 1:
        image = image_module().fromarray(contiguous)
        return image if mode in (None, image.mode) else image.convert(mode)
    # The same bytes, meant as another kind of colours.
    return image_module().frombytes(mode, (array.shape[1], array.shape[0]), contiguous.tobytes())


def convert_image_dtype(image: Tensor, dtype: Any = None) -> Tensor:
    """The same picture in another dtype: floats lie in [0, 1], integers reach from 0 to the largest of their kind.

    >>> import tinygrad_cnn as tg
    >>> convert_image_dtype(tg.tensor([0, 128, 255], dtype=tg.uint8), tg.float32)
    tensor([0.0000, 0.5020, 1.0000])

    Raises:
        TypeError: for anything but a tensor.
    """
    if not isinstance(image, Tensor):
        raise TypeError(f"convert_image_dtype: expected a tensor; got {type(image).__name__}")
    wanted = get_default_dtype() if dtype is None else as_dtype(dtype)
    if image.dtype == wanted:
        return image
    if is_floating(image.dtype):
        if is_floating(wanted):
            return image.to(wanted)
        top = largest(wanted)
        # Each integer gets an equal share of [0, 1], and 1.0 does not overflow.
        return (image * (top + 1 - 1e-3)).to(wanted)
    if is_floating(wanted):
        return image.to(wanted) / largest(image.dtype)
    factor = (largest(image.dtype) + 1) // (largest(wanted) + 1)
    if factor >= 1:
        return (image // factor).to(wanted)
    return image.to(wanted) * ((largest(wanted) + 1) // (largest(image.dtype) + 1))


def largest(dtype: Any) -> int:
    """The value of white: 1 for floats, the largest number for integers."""
    return 1 if dtype.kind == "b" or is_floating(dtype) else int(np.iinfo(dtype).max)


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
