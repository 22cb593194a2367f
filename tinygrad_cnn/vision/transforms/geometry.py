"""Transforms that move pixels. Each output pixel asks where it comes from, and the input is read there: one gather."""

from enum import Enum
from math import isfinite
from typing import Any

import numpy as np

from ...data.sampler import drawing_from
from ...dtypes import is_floating
from ...errors import ShapeError
from ...random import Generator
from ...tensor import Tensor

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


class InterpolationMode(Enum):
    """How an image is read between its pixels."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"


class RandomAffine:
    """Rotate, shift, scale and shear each image by random amounts; what comes from outside is `fill`.

    torchvision's transform, with three differences: each image of a batch gets amounts of its own, shifts are not
    rounded to whole pixels, and `generator` says what the amounts are drawn from.

    Args:
        degrees: the range of angles (lowest, highest), clockwise; a number d stands for (−d, d).
        translate: the largest shift to either side as fractions (of the width, of the height).
        scale: the range of factors (lowest, highest).
        shear: the range of shear angles in degrees along x, (lowest, highest) or a number s for (−s, s); four numbers
            are the range along x and the range along y.
        interpolation: "nearest", torchvision's default, or "bilinear"; also as an `InterpolationMode`.
        fill: the value of pixels from outside, a number or one per channel.
        center: the fixed point, (x, y) in pixels from the upper left corner. Default: the middle.
        generator: what is drawn from. Default: the CPU's generator, which `manual_seed` starts anew.

    >>> import tinygrad_cnn as tg
    >>> digits = tg.rand(16, 1, 8, 8)
    >>> jitter = RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1), interpolation="bilinear")
    >>> jitter(digits).shape
    (16, 1, 8, 8)

    Raises:
        ValueError: for ranges that are out of order, or amounts that make no sense.
        TypeError: when called with anything but a tensor.
    """

    def __init__(
        self,
        degrees: Any,
        translate: Any = None,
        scale: Any = None,
        shear: Any = None,
        interpolation: InterpolationMode | str = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Any = None,
        generator: Generator | None = None,
    ) -> None:
        self.degrees = _range("degrees", degrees)
        self.translate = None if translate is None else _pair("translate", translate)
        if self.translate is not None and not all(0 <= part <= 1 for part in self.translate):
            raise ValueError(
                f"RandomAffine: translate is a fraction of the width and of the height, from 0 to 1; got {translate}; "
                "divide pixels by the size"
            )
        self.scale = None if scale is None else _range("scale", scale if isinstance(scale, tuple | list) else (scale,))
        if self.scale is not None and self.scale[0] <= 0:
            raise ValueError(f"RandomAffine: scale factors must be positive; got {scale}")
        self.shear = None
        if shear is not None:
            both = isinstance(shear, tuple | list) and len(shear) == 4
            self.shear = (_range("shear", shear[:2] if both else shear), _range("shear", shear[2:] if both else 0))
        self.interpolation = _mode("RandomAffine", interpolation)
        self.fill = fill
        self.center = None if center is None else _pair("center", center)
        self.generator = generator
        drawing_from("RandomAffine", generator)

    def __call__(self, img: Tensor) -> Tensor:
        _check("RandomAffine", img)
        count = int(np.prod(img.shape[:-3], dtype=np.int64))
        # All six numbers are drawn for every image, so that turning one of them off leaves the others as they were.
        uniform = drawing_from("RandomAffine", self.generator).uniform((6, count), np.float64)
        draws = np.asarray(uniform.tolist()).reshape(6, -1)
        width, height = img.shape[-1], img.shape[-2]
        shift = self.translate or (0, 0)
        shear = self.shear or ((0, 0), (0, 0))
        return affine(
            img,
            angle=_between(self.degrees, draws[0]),
            translate=(width * shift[0] * (2 * draws[1] - 1), height * shift[1] * (2 * draws[2] - 1)),
            scale=_between(self.scale or (1, 1), draws[3]),
            shear=(_between(shear[0], draws[4]), _between(shear[1], draws[5])),
            interpolation=self.interpolation,
            fill=self.fill,
            center=self.center,
        )

    def __repr__(self) -> str:
        names = ("degrees", "translate", "scale", "shear", "center")
        said = [f"{name}={getattr(self, name)}" for name in names if getattr(self, name) is not None]
        return f"RandomAffine({', '.join([*said, f'interpolation={self.interpolation.value!r}', f'fill={self.fill}'])})"


def affine(
    img: Tensor,
    angle: Any,
    translate: Any,
    scale: Any,
    shear: Any,
    interpolation: InterpolationMode | str = InterpolationMode.NEAREST,
    fill: Any = 0,
    center: Any = None,
) -> Tensor:
    """Images (…, C, H, W) sheared, scaled and rotated around `center`, then shifted.

    Each amount is a number, or an array of one per image. The result takes no part in a graph.

    Args:
        img: the images; values of integer images are rounded.
        angle: in degrees, clockwise.
        translate: (right, down) in pixels.
        scale: the factor.
        shear: (along x, along y) in degrees, or along x alone.
        interpolation: "nearest" or "bilinear", also as an `InterpolationMode`.
        fill: the value of pixels from outside, a number or one per channel.
        center: (x, y) in pixels from the upper left corner. Default: the middle.

    >>> import tinygrad_cnn as tg
    >>> affine(tg.tensor([[[1.0, 2.0], [3.0, 4.0]]]), angle=90, translate=(0, 0), scale=1, shear=0)
    tensor([[[3., 1.],
             [4., 2.]]])
    """
    _check("affine", img)
    mode = _mode("affine", interpolation)
    count = int(np.prod(img.shape[:-3], dtype=np.int64))
    c, h, w = img.shape[-3:]
    middle = (0.0, 0.0) if center is None else (center[0] - w / 2, center[1] - h / 2)
    shears = shear if isinstance(shear, tuple | list) and len(shear) == 2 else (_single(shear), 0)
    amounts = [np.broadcast_to(np.asarray(a, dtype=np.float64), (count,)) for a in (angle, *translate, scale, *shears)]
    if not all(np.isfinite(a).all() for a in amounts) or (amounts[3] <= 0).any():
        raise ValueError("affine: angle, translate, scale and shear must be finite, and scale positive")
    back = _inverse(middle, *amounts)
    rows, columns = np.arange(h) + 0.5 - h / 2, np.arange(w) + 0.5 - w / 2
    # Where each output pixel comes from, in pixels of the input: (N, H, W).
    x, y = (
        (m[:, 0, None, None] * columns + m[:, 1, None, None] * rows[:, None] + m[:, 2, None, None] + n / 2 - 0.5)
        for m, n in zip(back, (w, h), strict=True)
    )
    frame = _fills(fill, c, img)
    images = img.array.reshape(count, c, h, w)
    out = _read(img.backend, images, x, y, frame, mode)
    return Tensor.from_array(out.reshape(img.shape))


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


def _read(backend: Any, images: Any, x: FloatArray, y: FloatArray, frame: Any, mode: InterpolationMode) -> Any:
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


def _fills(fill: Any, channels: int, img: Tensor) -> FloatArray:
    values = np.asarray(fill, dtype=np.float64).reshape(-1)
    if values.size not in (1, channels):
        raise ShapeError(
            f"affine: fill has {values.size} values, but images {tuple(img.shape)} have {channels} channels"
        )
    return values


def _check(caller: str, img: Any) -> None:
    if not isinstance(img, Tensor):
        raise TypeError(
            f"{caller}: expected a tensor (C, H, W) or (N, C, H, W); got {type(img).__name__}; put ToTensor() before"
        )
    if img.ndim < 3:
        raise ShapeError(f"{caller}: expected a tensor (C, H, W) or (N, C, H, W); got shape {tuple(img.shape)}")


def _mode(caller: str, interpolation: Any) -> InterpolationMode:
    try:
        return InterpolationMode(getattr(interpolation, "value", interpolation))
    except ValueError:
        known = " or ".join(repr(mode.value) for mode in InterpolationMode)
        raise ValueError(f"{caller}: interpolation must be {known}; got {interpolation!r}") from None


def _single(value: Any) -> Any:
    """A number or an array of one per image; a list with one number is that number."""
    return value[0] if isinstance(value, tuple | list) and len(value) == 1 else value


def _pair(name: str, values: Any) -> tuple[float, float]:
    if not isinstance(values, tuple | list) or len(values) != 2 or not all(_number(value) for value in values):
        raise ValueError(f"RandomAffine: {name} must be two numbers; got {values!r}")
    return values[0], values[1]


def _range(name: str, values: Any) -> tuple[float, float]:
    """(lowest, highest); a number d stands for (−d, d)."""
    if _number(values):
        if values < 0:
            raise ValueError(f"RandomAffine: {name} must not be negative where it is one number; got {values}")
        return -values, values
    lowest, highest = _pair(name, values)
    if lowest > highest:
        raise ValueError(f"RandomAffine: {name} must be (lowest, highest); got {values!r}")
    return lowest, highest


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and isfinite(value)


def _between(bounds: tuple[float, float], fraction: FloatArray) -> FloatArray:
    return bounds[0] + (bounds[1] - bounds[0]) * fraction
