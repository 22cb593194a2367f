"""Pixels moved, as functions: each output pixel asks where it comes from, and the input is read there."""

from collections.abc import Sequence
from math import ceil, floor
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..pil import image_module, is_pil
from .sampling import BILINEAR, NEAREST, FloatArray, InterpolationMode, check_picture, fills, mode_of, of_pil, read_at

_FOR_TENSORS = (NEAREST, BILINEAR)


def affine(
    img: Any,
    angle: Any,
    translate: Any,
    scale: Any,
    shear: Any,
    interpolation: InterpolationMode | str | int = NEAREST,
    fill: Any = 0,
    center: Any = None,
) -> Any:
    """Images (…, C, H, W), or a PIL image, sheared, scaled and rotated around `center`, then shifted.

    Each amount is a number, or an array of one per image. The result takes no part in a graph.

    Args:
        img: the images; values of integer images are rounded.
        angle: in degrees, clockwise.
        translate: (right, down) in pixels.
        scale: the factor.
        shear: (along x, along y) in degrees, or along x alone.
        interpolation: "nearest" or "bilinear" (or "bicubic", for a PIL image), also as an `InterpolationMode`.
        fill: the value of pixels from outside, a number or one per channel.
        center: (x, y) in pixels from the upper left corner. Default: the middle.

    >>> import tinygrad_cnn as tg
    >>> affine(tg.tensor([[[1.0, 2.0], [3.0, 4.0]]]), angle=90, translate=(0, 0), scale=1, shear=0)
    tensor([[[3., 1.],
             [4., 2.]]])
    """
    (h, w), count = _sizes("affine", img)
    middle = (0.0, 0.0) if center is None else (center[0] - w / 2, center[1] - h / 2)
    shears = shear if isinstance(shear, tuple | list) and len(shear) == 2 else (_single(shear), 0)
    amounts = [np.broadcast_to(np.asarray(a, dtype=np.float64), (count,)) for a in (angle, *translate, scale, *shears)]
    if not all(np.isfinite(a).all() for a in amounts) or (amounts[3] <= 0).any():
        raise ValueError("affine: angle, translate, scale and shear must be finite, and scale positive")
    return _moved("affine", img, _inverse(middle, *amounts), (h, w), interpolation, fill)


def rotate(
    img: Any,
    angle: float,
    interpolation: InterpolationMode | str | int = NEAREST,
    expand: bool = False,
    center: Any = None,
    fill: Any = None,
) -> Any:
    """Images (…, C, H, W), or a PIL image, turned counter-clockwise by an angle in degrees.

    Args:
        expand: make the image so large that all of it is seen; for turns around the middle.

    >>> import tinygrad_cnn as tg
    >>> rotate(tg.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 90)
    tensor([[[2., 4.],
             [1., 3.]]])
    """
    if is_pil(img):
        mode = of_pil(mode_of("rotate", interpolation))
        return img.rotate(angle, mode, expand, center, fillcolor=pil_fill(img, fill))
    (h, w), count = _sizes("rotate", img)
    middle = (0.0, 0.0) if center is None else (center[0] - w / 2, center[1] - h / 2)
    zero, one = np.zeros(count), np.ones(count)
    back = _inverse(middle, zero - angle, zero, zero, one, zero, zero)
    size = (h, w)
    if expand:
        across, down = (float(np.abs(m[0, :2]) @ (w / 2, h / 2)) for m in back)
        size = (_span(h, down), _span(w, across))
    return _moved("rotate", img, back, size, interpolation, fill)


def perspective(
    img: Any,
    startpoints: Sequence[Sequence[float]],
    endpoints: Sequence[Sequence[float]],
    interpolation: InterpolationMode | str | int = BILINEAR,
    fill: Any = None,
) -> Any:
    """Images (…, C, H, W), or a PIL image, as seen from elsewhere: four points (x, y) go to four others.

    >>> import tinygrad_cnn as tg
    >>> corners = [(0, 0), (3, 0), (3, 3), (0, 3)]
    >>> image = tg.rand(1, 4, 4)
    >>> bool(perspective(image, corners, corners).allclose(image, atol=1e-5))
    True
    """
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(f"perspective: expected four points and where they go; got {startpoints} and {endpoints}")
    # x' (g x + h y + 1) = a x + b y + c for each point, and so for y': eight equations for a … h.
    rows, right = [], []
    for (x, y), (from_x, from_y) in zip(endpoints, startpoints, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -from_x * x, -from_x * y], [0, 0, 0, x, y, 1, -from_y * x, -from_y * y]]
        right += [from_x, from_y]
    a, b, c, d, e, f, g, h = np.linalg.lstsq(np.array(rows, dtype=np.float64), np.array(right, np.float64))[0].tolist()
    if is_pil(img):
        mode = of_pil(mode_of("perspective", interpolation))
        transform = image_module().Transform.PERSPECTIVE
        return img.transform(img.size, transform, (a, b, c, d, e, f, g, h), mode, fillcolor=pil_fill(img, fill))
    (height, width), count = _sizes("perspective", img)
    column, row = np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5
    below = g * column + h * row + 1
    places = ((a * column + b * row + c) / below - 0.5, (d * column + e * row + f) / below - 0.5)
    across, down = (np.broadcast_to(place, (count, height, width)) for place in places)
    return _read_tensor("perspective", img, across, down, interpolation, fill)


def _span(size: int, half: float) -> int:
    """The pixels from half below the middle to half above it, counted from the image's corner, as PIL does."""
    below, above = round(size / 2 - half, 4), round(size / 2 + half, 4)
    return ceil(above) - floor(below)


def _sizes(caller: str, img: Any) -> tuple[tuple[int, int], int]:
    """((height, width), how many images)."""
    if is_pil(img):
        return (img.height, img.width), 1
    check_picture(caller, img)
    return (img.shape[-2], img.shape[-1]), int(np.prod(img.shape[:-3], dtype=np.int64))


def _moved(
    caller: str, img: Any, back: tuple[FloatArray, FloatArray], size: tuple[int, int], interpolation: Any, fill: Any
) -> Any:
    """The output of a size whose pixels come from where the rows of the matrices (N, 3) say, from the middles."""
    (h, w), _ = _sizes(caller, img)
    if is_pil(img):
        # PIL counts from the upper left corner.
        matrix = []
        for m, half in zip(back, (w / 2, h / 2), strict=True):
            p, q, shift = m[0].tolist()
            matrix += [p, q, shift + half - p * size[1] / 2 - q * size[0] / 2]
        mode, transform = of_pil(mode_of(caller, interpolation)), image_module().Transform.AFFINE
        return img.transform(size[::-1], transform, matrix, mode, fillcolor=pil_fill(img, fill))
    rows, columns = (np.arange(n) + 0.5 - n / 2 for n in size)
    # Where each output pixel comes from, in pixels of the input: (N, H, W).
    x, y = (
        (m[:, 0, None, None] * columns + m[:, 1, None, None] * rows[:, None] + m[:, 2, None, None] + n / 2 - 0.5)
        for m, n in zip(back, (w, h), strict=True)
    )
    return _read_tensor(caller, img, x, y, interpolation, fill)


def _read_tensor(caller: str, img: Tensor, x: FloatArray, y: FloatArray, interpolation: Any, fill: Any) -> Tensor:
    mode = mode_of(caller, interpolation, _FOR_TENSORS)
    c, h, w = img.shape[-3:]
    frame = fills(caller, fill, c, img)
    out = read_at(img.backend, img.array.reshape(len(x), c, h, w), x, y, frame, mode)
    return Tensor.from_array(out.reshape(*img.shape[:-2], *x.shape[1:]))


def pil_fill(img: Any, fill: Any) -> Any:
    """The fill as PIL wants it: a tuple of ints with a number for each band, or a number."""
    bands = len(img.getbands())
    values = list(fill) if isinstance(fill, tuple | list) else [0 if fill is None else fill]
    if len(values) not in (1, bands):
        raise ValueError(f"fill has {len(values)} values, but the image ({img.mode}) has {bands} bands")
    if img.mode == "F":
        return float(values[0])
    numbers = [int(value) for value in values]
    return numbers[0] if bands == 1 else tuple(numbers if len(numbers) == bands else numbers * bands)


def _inverse(
    center: tuple[float, float],
    angle: FloatArray,
    right: FloatArray,
    down: FloatArray,
    scale: FloatArray,
    shear_x: FloatArray,
    shear_y: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The two rows of the matrices (N, 3) that lead from an output pixel to its place in the input, from the image's
    middle.

    Forward it is T(translate) · T(center) · R(angle) · S(shear) · scale · T(−center), as in torchvision.
    """
    turn, sx, sy = np.deg2rad(angle), np.deg2rad(shear_x), np.deg2rad(shear_y)
    # R · S: a shear along y tilts the axes by sy before the shear along x.
    a = np.cos(turn - sy) / np.cos(sy)
    b = -np.cos(turn - sy) * np.tan(sx) / np.cos(sy) - np.sin(turn)
    c = np.sin(turn - sy) / np.cos(sy)
    d = -np.sin(turn - sy) * np.tan(sx) / np.cos(sy) + np.cos(turn)
    # det(R · S) = 1, so the inverse is [[d, −b], [−c, a]].
    rows = []
    for p, q, home in ((d, -b, center[0]), (-c, a, center[1])):
        p, q = p / scale, q / scale
        rows.append(np.stack([p, q, home - p * (center[0] + right) - q * (center[1] + down)], axis=1))
    return rows[0], rows[1]


def _single(value: Any) -> Any:
    """A number or an array of one per image; a list with one number is that number."""
    return value[0] if isinstance(value, tuple | list) and len(value) == 1 else value
