"""Pictures from files to tensors and back."""

import sys
from enum import Enum
from io import BytesIO
from os import PathLike
from typing import Any

import numpy as np

from ..tensor import Tensor
from .pil import image_module
from .transforms.functional import pil_to_tensor, to_pil_image

__all__ = [
    "ImageReadMode",
    "decode_image",
    "decode_jpeg",
    "decode_png",
    "encode_jpeg",
    "encode_png",
    "read_file",
    "read_image",
    "write_file",
    "write_jpeg",
    "write_png",
]
__path__: list[str] = []  # as of a package, for the line below
image = sys.modules[__name__]  # programs write torchvision.io.image.ImageReadMode, after the file that it lies in there


class ImageReadMode(Enum):
    """How many channels to read: those that are there, or those of PIL's mode."""

    UNCHANGED = None
    GRAY = "L"
    GRAY_ALPHA = "LA"
    RGB = "RGB"
    RGB_ALPHA = "RGBA"


def read_image(path: Any, mode: ImageReadMode = ImageReadMode.UNCHANGED) -> Tensor:
    """The picture in a file as a tensor (C, H, W) of bytes.

    Raises:
        ImportError: without Pillow.
    """
    with image_module().open(path) as picture:
        return pil_to_tensor(picture if mode.value is None else picture.convert(mode.value))


def decode_image(input: Any, mode: ImageReadMode | str = ImageReadMode.UNCHANGED) -> Tensor:
    """The picture in a file, given by its name or as a tensor of its bytes, as a tensor (C, H, W) of bytes.

    Raises:
        ImportError: without Pillow.
        ValueError: for a mode that is none.
    """
    if isinstance(mode, str):
        if mode not in ImageReadMode.__members__:
            raise ValueError(f"decode_image: mode must be one of {', '.join(ImageReadMode.__members__)}; got {mode!r}")
        mode = ImageReadMode[mode]
    return read_image(BytesIO(input.numpy().tobytes()) if isinstance(input, Tensor) else input, mode)


decode_png = decode_jpeg = decode_image


def read_file(path: str | PathLike[str]) -> Tensor:
    """The bytes of a file."""
    return Tensor.from_array(np.fromfile(path, np.uint8))


def write_file(filename: str | PathLike[str], data: Tensor) -> None:
    """Write a tensor of bytes to a file."""
    data.numpy().tofile(filename)


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """The bytes of a PNG file of a tensor (C, H, W) of bytes."""
    file = BytesIO()
    _bytes("encode_png", input).save(file, format="png", compress_level=compression_level)
    return Tensor.from_array(np.frombuffer(file.getvalue(), np.uint8).copy())


def encode_jpeg(input: Tensor, quality: int = 75) -> Tensor:
    """The bytes of a JPEG file of a tensor (C, H, W) of bytes."""
    file = BytesIO()
    _bytes("encode_jpeg", input).save(file, format="jpeg", quality=quality)
    return Tensor.from_array(np.frombuffer(file.getvalue(), np.uint8).copy())


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
