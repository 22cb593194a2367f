"""Reading pictures between their pixels: the interpolation modes, and one gather that every warp of a tensor is."""

from enum import Enum
from typing import Any

import numpy as np

from ...dtypes import is_floating
from ...errors import ShapeError
from ...tensor import Tensor
from ..pil import image_module

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


class InterpolationMode(Enum):
    """How an image is read between its pixels.

    >>> InterpolationMode("bilinear") is InterpolationMode.BILINEAR
    True
    """

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    # For PIL images alone:
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


NEAREST, BILINEAR, BICUBIC = InterpolationMode.NEAREST, InterpolationMode.BILINEAR, InterpolationMode.BICUBIC
_OF_PIL = ("NEAREST", "LANCZOS", "BILINEAR", "BICUBIC", "BOX", "HAMMING")  # PIL's numbers for them


def mode_of(caller: str, interpolation: Any, allowed: tuple[InterpolationMode, ...] = tuple(InterpolationMode)) -> Any:
    """The mode, from a mode, its name, or PIL's number for it.

    Raises:
        ValueError: for another one.
    """
    value = getattr(interpolation, "value", interpolation)
    if isinstance(value, int) and 0 <= value < len(_OF_PIL):
        value = InterpolationMode[_OF_PIL[value]].value
    if value not in [mode.value for mode in allowed]:
        known = " or ".join(repr(mode.value) for mode in allowed)
        raise ValueError(f"{caller}: interpolation must be {known}; got {interpolation!r}")
    return InterpolationMode(value)


def of_pil(mode: InterpolationMode) -> Any:
    """PIL's constant for a mode."""
    name = "NEAREST" if mode is InterpolationMode.NEAREST_EXACT else mode.name
    return getattr(image_module().Resampling, name)


def read_at(backend: Any, images: Any, x: FloatArray, y: FloatArray, frame: Any, mode: InterpolationMode) -> Any:
    """Images (N, C, H, W) read at the places x, y (N, H, W), from a copy of them inside a frame of the fill."""
    xp = backend.xp
    n, c, h, w = images.shape
    working = images.dtype if images.dtype in (np.float32, np.float64) else np.dtype(np.float32)
    # Two pixels of frame on each side: places are clipped to one pixel outside, and bilinear reads the pixel after.
    framed = xp.empty((n, h + 4, w + 4, c), dtype=working)
    framed[...] = backend.asarray(frame.astype(working))
    framed[:, 2:-2, 2:-2] = images.transpose(0, 2, 3, 1)
    pixels = framed.reshape(-1, c)
    x, y = np.clip(x, -1.0, w) + 2, np.clip(y, -1.0, h) + 2
    if mode is InterpolationMode.NEAREST:
        taps: list[tuple[Any, Any, Any]] = [(np.rint(y).astype(np.int64), np.rint(x).astype(np.int64), None)]
    else:
        left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        dx, dy = x - left, y - top
        taps = [
            (top, left, (1 - dy) * (1 - dx)),
            (top, left + 1, (1 - dy) * dx),
            (top + 1, left, dy * (1 - dx)),
            (top + 1, left + 1, dy * dx),
        ]
    first = (np.arange(n) * (h + 4) * (w + 4))[:, None, None]
    out: Any = None
    for row, column, weight in taps:
        values = pixels[backend.asarray(first + row * (w + 4) + column)]  # (N, H, W, C)
        if weight is not None:
            values *= backend.asarray(weight[..., None].astype(working))
        out = values if out is None else out + values
    if not is_floating(images.dtype):
        out = xp.rint(out)
    return xp.ascontiguousarray(out.transpose(0, 3, 1, 2)).astype(images.dtype, copy=False)


def fills(caller: str, fill: Any, channels: int, img: Tensor) -> FloatArray:
    """The value of pixels from outside, one or one per channel."""
    values = np.asarray(0 if fill is None else fill, dtype=np.float64).reshape(-1)
    if values.size not in (1, channels):
        raise ShapeError(
            f"{caller}: fill has {values.size} values, but images {tuple(img.shape)} have {channels} channels"
        )
    return values


def check_picture(caller: str, img: Any) -> None:
    """A TypeError for anything but a tensor, a ValueError for fewer than three dimensions."""
    if not isinstance(img, Tensor):
        raise TypeError(
            f"{caller}: expected a tensor (C, H, W) or (N, C, H, W); got {type(img).__name__}; put ToTensor() before"
        )
    if img.ndim < 3:
        raise ShapeError(f"{caller}: expected a tensor (C, H, W) or (N, C, H, W); got shape {tuple(img.shape)}")
