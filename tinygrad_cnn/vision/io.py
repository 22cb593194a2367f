"""Pictures from files to tensors and back."""

from enum import Enum
from os import PathLike
from typing import Any

import numpy as np

from ..tensor import Tensor
from .pil import image_module
from .transforms.functional import pil_to_tensor, to_pil_image

__all__ = ["ImageReadMode", "read_image", "write_jpeg", "write_png"]


class ImageReadMode(Enum):
    """How many channels to read: those that are there, or those of PIL's mode."""

    UNCHANGED = None
    GRAY = "L"
    GRAY_ALPHA = "LA"
    RGB = "RGB"
    RGB_ALPHA = "RGBA"


def read_image(path: str | PathLike[str], mode: ImageReadMode = ImageReadMode.UNCHANGED) -> Tensor:
    """The picture in a file as a tensor (C, H, W) of bytes.

    Raises:
        ImportError: without Pillow.
    """
    with image_module().open(path) as picture:
        return pil_to_tensor(picture if mode.value is None else picture.convert(mode.value))


def write_png(input: Tensor, filename: str | PathLike[str], compression_level: int = 6) -> None:
    """Write a tensor (C, H, W) of bytes to a PNG file."""
    _bytes("write_png", input).save(filename, format="png", compress_level=compression_level)


def write_jpeg(input: Tensor, filename: str | PathLike[str], quality: int = 75) -> None:
    """Write a tensor (C, H, W) of bytes to a JPEG file."""
    _bytes("write_jpeg", input).save(filename, format="jpeg", quality=quality)


def _bytes(caller: str, picture: Any) -> Any:
    if not isinstance(picture, Tensor) or picture.dtype != np.uint8:
        raise TypeError(f"{caller}: expected a tensor of bytes (uint8); got {getattr(picture, 'dtype', type(picture))}")
    return to_pil_image(picture)
