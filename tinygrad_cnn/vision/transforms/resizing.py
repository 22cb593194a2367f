"""Other sizes. To resize is a linear map along each axis: out = A · image · Bᵀ, with rows of weights that sum to 1."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...tensor import as_tensor
from ..pil import is_pil
from .sampling import BICUBIC, BILINEAR, NEAREST, FloatArray, InterpolationMode, check_picture, mode_of, of_pil

EXACT = InterpolationMode.NEAREST_EXACT
_FOR_TENSORS = (NEAREST, EXACT, BILINEAR, BICUBIC)


def size_of(img: Any) -> tuple[int, int]:
    """(height, width) of a PIL image or of images (…, H, W)."""
    return (img.height, img.width) if is_pil(img) else (img.shape[-2], img.shape[-1])


def resize(
    img: Any,
    size: Any,
    interpolation: InterpolationMode | str | int = BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """Images (…, C, H, W), or a PIL image, in another size.

    Args:
        size: (height, width); an int is the shorter side, and the shape stays.
        interpolation: a tensor's is nearest, nearest-exact, bilinear or bicubic.
        max_size: the longer side is not made longer than this; for an int size.
        antialias: when a tensor shrinks, average over all the pixels that one covers, as PIL always does.

    >>> import tinygrad_cnn as tg
    >>> resize(tg.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 3.5714,  5.1429],
             [ 9.8571, 11.4286]]])

    Raises:
        ValueError: for a size that is not positive, or does not fit max_size.
        TypeError: for anything but a tensor or a PIL image.
    """
    if not is_pil(img):
        check_picture("resize", img)
    h, w = _wanted(size_of(img), size, max_size)
    mode = mode_of("resize", interpolation, tuple(InterpolationMode) if is_pil(img) else _FOR_TENSORS)
    if (h, w) == size_of(img):
        return img
    if is_pil(img):
        return img.resize((w, h), of_pil(mode))
    if mode in (NEAREST, EXACT):
        half = 0.5 if mode is EXACT else 0.0
        rows, columns = (_nearest(n, m, half) for n, m in zip(size_of(img), (h, w), strict=True))
        return img[..., rows, :][..., columns]
    working = img if img.dtype in (np.float32, np.float64) else img.float()
    down, across = (
        as_tensor(weights(n, m, mode, bool(antialias)), dtype=working.dtype, device=img.device)
        for n, m in zip(size_of(img), (h, w), strict=True)
    )
    out = down @ working @ across.t()
    if img.dtype.kind in "iu":
        bounds = np.iinfo(img.dtype)
        out = out.round().clamp(max(bounds.min, -(2**31)), min(bounds.max, 2**31))
    return out.to(img.dtype)


def _wanted(now: tuple[int, int], size: Any, max_size: int | None) -> tuple[int, int]:
    """(height, width) of the result."""
    sizes = [size] if isinstance(size, int | np.integer) else list(size) if isinstance(size, Sequence) else []
    if len(sizes) not in (1, 2) or not all(isinstance(n, int | np.integer) and n > 0 for n in sizes):
        raise ShapeError(f"resize: size is a positive int or (height, width); got {size!r}")
    if len(sizes) == 2:
        if max_size is not None:
            raise ValueError(f"resize: max_size is for a size that is an int; got {size!r}")
        return int(sizes[0]), int(sizes[1])
    short, long = sorted(now)
    new_short = int(sizes[0])
    new_long = int(new_short * long / short)
    if max_size is not None:
        if max_size <= new_short:
            raise ValueError(
                f"resize: max_size must be above the size of the shorter side, {new_short}; got {max_size}"
            )
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_long, new_short) if now[0] > now[1] else (new_short, new_long)


def _nearest(n: int, m: int, half: float) -> Any:
    """Which of n pixels each of m takes."""
    return np.minimum(((np.arange(m) + half) * (n / m)).astype(np.int64), n - 1)


@lru_cache(64)
def weights(n: int, m: int, mode: InterpolationMode, antialias: bool) -> FloatArray:
    """The matrix (m, n) that makes m pixels of n.

    Pixel i of the result lies at (i + ½)·n/m − ½. A pixel of the input weighs by its distance from there: a triangle
    (bilinear), or Keys' cubic (1981), stretched by n/m where pixels become fewer and `antialias` is on.
    """
    scale = n / m
    places = (np.arange(m) + 0.5) * scale - 0.5
    stretch = max(scale, 1.0) if antialias else 1.0
    reach = (1 if mode is BILINEAR else 2) * stretch
    margin = 0 if antialias else 3  # without it pixels past the edge are like the edge's own
    distance = np.abs(np.arange(-margin, n + margin) - places[:, None]) / stretch
    triangle = mode is BILINEAR
    matrix = np.maximum(1 - distance, 0) if triangle else _cubic(distance, -0.5 if antialias else -0.75)
    matrix[distance * stretch >= reach] = 0
    if margin:
        matrix[:, margin] += matrix[:, :margin].sum(axis=1)
        matrix[:, -margin - 1] += matrix[:, -margin:].sum(axis=1)
        matrix = matrix[:, margin:-margin]
    matrix = matrix / matrix.sum(axis=1, keepdims=True)
    matrix.setflags(write=False)
    return matrix  # type: ignore[no-any-return]


def _cubic(d: FloatArray, a: float) -> FloatArray:
    """Keys' cubic: 1 at 0, 0 at 1 and 2, with slope a at 1."""
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    out: FloatArray = np.where(d <= 1, near, np.where(d < 2, far, 0.0))
    return out


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: InterpolationMode | str | int = BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """`crop`, then `resize`."""
    from .cropping import crop

    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def as_size(caller: str, size: Any) -> tuple[int, int]:
    """(height, width); one number is both.

    Raises:
        ValueError: for anything else.
    """
    sizes = [size] if isinstance(size, int | np.integer) else list(size) if isinstance(size, Sequence) else []
    if len(sizes) not in (1, 2) or not all(isinstance(n, int | np.integer) and n > 0 for n in sizes):
        raise ShapeError(f"{caller}: size is a positive int or (height, width); got {size!r}")
    return int(sizes[0]), int(sizes[-1])
