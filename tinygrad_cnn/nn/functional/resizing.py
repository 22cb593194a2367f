"""Images of other sizes: interpolation, and channels rearranged as pixels."""

from collections.abc import Sequence
from functools import lru_cache
from math import floor, prod
from typing import Any

import numpy as np

from ... import ops
from ...autograd.modes import in_scope
from ...backend import pooling_window
from ...errors import ShapeError
from ...tensor import Tensor
from .adaptive import adaptive_average, along
from .checks import need_tensors


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Images of another size: (N, C, …) → (N, C, …), 1 to 3 spatial dimensions.

    Args:
        input: the images.
        size: the new size, one int or one per dimension; or
        scale_factor: the factor, one or one per dimension.
        mode: "nearest", "nearest-exact", "linear" (sequences), "bilinear" and "bicubic" (images), "trilinear"
            (volumes), "area" (means, as of adaptive pooling).
        align_corners: whether the corners' centres stay where they are, or else the corners.
        recompute_scale_factor: take the factor between the sizes, not the one given.
        antialias: for "bilinear" and "bicubic": where images shrink, each new pixel weighs all that it covers.

    Raises:
        ValueError: for arguments that do not fit each other.

    >>> import tinygrad_cnn as tg
    >>> interpolate(tg.tensor([[[1.0, 2.0]]]), scale_factor=2).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    need_tensors("interpolate", input=input)
    rank = input.ndim - 2
    if not 1 <= rank <= 3:
        raise NotImplementedError(
            f"interpolate: expected (N, C, …) with 1 to 3 more dimensions; got shape {tuple(input.shape)}{in_scope()}"
        )
    if antialias and mode not in {"bilinear", "bicubic"}:
        raise ValueError(
            f"interpolate: antialias can only be set with bilinear and bicubic; got mode {mode!r}{in_scope()}"
        )
    if (size is None) == (scale_factor is None):
        raise ValueError(f"interpolate: give either size or scale_factor{in_scope()}")
    ranks = {"linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}
    if mode not in (*ranks, "nearest", "nearest-exact", "area"):
        raise NotImplementedError(
            f"interpolate: mode must be one of nearest, nearest-exact, area, {', '.join(ranks)}; "
            f"got {mode!r}{in_scope()}"
        )
    if rank not in ranks.get(mode, (1, 2, 3)):
        raise NotImplementedError(
            f"interpolate: mode {mode!r} needs {ranks[mode][0] + 2} dimensions; got shape "
            f"{tuple(input.shape)}{in_scope()}"
        )
    if align_corners is not None and mode not in ranks:
        raise ValueError(
            f"interpolate: align_corners can only be set with linear, bilinear, bicubic and trilinear; got mode "
            f"{mode!r}{in_scope()}"
        )
    given = _per_dimension("scale_factor" if size is None else "size", scale_factor if size is None else size, rank)
    image = tuple(input.shape[2:])
    factors: Sequence[float | None] = [None] * rank
    if size is None:
        sizes = tuple(floor(n * float(f)) for n, f in zip(image, given, strict=True))
        if not recompute_scale_factor:
            factors = [float(f) for f in given]
    else:
        sizes = tuple(int(n) for n in given)
    if min(sizes) < 1 or min(image) < 1:
        raise ShapeError(f"interpolate: sizes must be positive; got {image} → {sizes}{in_scope()}")
    if mode == "area":
        return adaptive_average("interpolate", input, sizes, rank)
    exact = mode == "nearest-exact"
    if mode.startswith("nearest") and all(
        _repeats(_nearest(*along, exact), n) for n, *along in zip(image, image, sizes, factors, strict=True)
    ):
        times = tuple(out // n for n, out in zip(image, sizes, strict=True))
        window = pooling_window("interpolate", rank, times)
        return ops.spread_windows(input, shape=(*input.shape[:2], *sizes), window=window)
    for place, (n, out, factor) in enumerate(zip(image, sizes, factors, strict=True)):
        if n == out and (factor is None or factor == 1):
            continue
        if mode.startswith("nearest"):
            index = input.backend.asarray(_nearest(n, out, factor, exact))
            input = ops.getitem(input, index=(*(slice(None),) * (place + 2), index))
        else:
            weights = _smooth_weights if antialias else _weights
            input = along(input, place + 2, weights(n, out, factor, mode == "bicubic", bool(align_corners)))
    return input


def _per_dimension(name: str, value: Any, rank: int) -> tuple[Any, ...]:
    values = tuple(value) if isinstance(value, tuple | list) else (value,) * rank
    if len(values) != rank:
        raise ValueError(f"interpolate: {name} must be a number or {rank} of them; got {value!r}{in_scope()}")
    return values


@lru_cache(maxsize=512)
def _nearest(size: int, count: int, factor: float | None, exact: bool) -> Any:
    """The pixel that each new one repeats; counted in float32, as in PyTorch."""
    scale = np.float32(size / count if factor is None else 1 / factor)
    places = np.arange(count, dtype=np.float32) + np.float32(0.5 if exact else 0)
    return np.minimum((places * scale).astype(np.int64), size - 1)


def _repeats(index: Any, size: int) -> bool:
    """Whether every pixel is repeated equally often, in its place, as a pooling's adjoint does."""
    return len(index) % size == 0 and bool((index == np.arange(len(index)) // (len(index) // size)).all())


@lru_cache(maxsize=512)
def _smooth_weights(size: int, count: int, factor: float | None, cubic: bool, corners: bool) -> Any:
    """The same with a filter as wide as the step between new pixels; the cubic one with a = −0.5, as Pillow's."""
    if corners:
        step = (size - 1) / (count - 1) if count > 1 else 0.0
    else:
        step = size / count if factor is None else 1 / factor
    width = max(step, 1.0)
    support = (2 if cubic else 1) * width
    matrix = np.zeros((count, size))
    for row, centre in zip(matrix, step * (np.arange(count) + 0.5), strict=True):
        first, last = max(int(centre - support + 0.5), 0), min(int(centre + support + 0.5), size)
        far = np.abs(np.arange(first, last) - centre + 0.5) / width
        if cubic:
            outer = np.where(far < 2, ((-0.5 * far + 2.5) * far - 4) * far + 2, 0)
            weight = np.where(far < 1, (1.5 * far - 2.5) * far * far + 1, outer)
        else:
            weight = np.maximum(1 - far, 0)
        row[first:last] = weight / weight.sum()
    return matrix


@lru_cache(maxsize=512)
def _weights(size: int, count: int, factor: float | None, cubic: bool, corners: bool) -> Any:
    """The matrix (count, size) of linear or cubic (Keys 1981, a = −0.75) interpolation."""
    places = np.arange(count)
    if corners:
        centres = places * ((size - 1) / (count - 1) if count > 1 else 0.0)
    else:
        centres = (places + 0.5) * (size / count if factor is None else 1 / factor) - 0.5
        centres = centres if cubic else np.maximum(centres, 0)
    first = np.floor(centres).astype(int)
    matrix = np.zeros((count, size))
    for step in (-1, 0, 1, 2) if cubic else (0, 1):
        far = np.abs(centres - (first + step))
        if cubic:
            near = (1.25 * far - 2.25) * far * far + 1
            weight = np.where(far <= 1, near, ((-0.75 * far + 3.75) * far - 6) * far + 3)
        else:
            weight = 1 - far
        np.add.at(matrix, (places, np.clip(first + step, 0, size - 1)), weight)
    return matrix


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """`interpolate` by its old name.

    >>> F.upsample(tg.ones(1, 1, 2, 2), scale_factor=2).shape
    (1, 1, 4, 4)
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode "nearest", by its old name.

    >>> F.upsample_nearest(tg.ones(1, 1, 2, 2), scale_factor=2).shape
    (1, 1, 4, 4)
    """
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode "bilinear" and the corners' centres kept, by its old name.

    >>> F.upsample_bilinear(tg.tensor([[[[0.0, 2.0]]]]), size=(1, 3)).flatten()
    tensor([0., 1., 2.])
    """
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


def _images(op: str, x: Tensor, divisor: int, what: str, factor: Any) -> tuple[int, int, int]:
    need_tensors(op, input=x)
    if not hasattr(factor, "__index__") or factor < 1:
        raise ValueError(f"{op}: {what} must be a positive int; got {factor!r}{in_scope()}")
    if x.ndim < 3 or x.shape[-3] % divisor:
        raise ShapeError(
            f"{op}: expected (…, C, H, W) with a number of channels that {divisor} divides; got shape "
            f"{tuple(x.shape)}{in_scope()}"
        )
    return x.shape[-3], x.shape[-2], x.shape[-1]


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels as pixels: (…, C·r², H, W) → (…, C, H·r, W·r) (Shi et al. 2016).

    >>> import tinygrad_cnn as tg
    >>> pixel_shuffle(tg.arange(4.0).reshape(1, 4, 1, 1), 2).tolist()
    [[[[0.0, 1.0], [2.0, 3.0]]]]
    """
    r = upscale_factor
    square = r * r if hasattr(r, "__index__") and r > 0 else 1
    c, h, w = _images("pixel_shuffle", input, square, "upscale_factor", r)
    parts = input.reshape(prod(input.shape[:-3]), c // square, r, r, h, w)
    return parts.permute(0, 1, 4, 2, 5, 3).reshape(*input.shape[:-3], c // square, h * r, w * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Pixels as channels, the inverse of `pixel_shuffle`: (…, C, H·r, W·r) → (…, C·r², H, W).

    >>> F.pixel_unshuffle(tg.ones(1, 1, 4, 4), 2).shape
    (1, 4, 2, 2)
    """
    r = downscale_factor
    c, h, w = _images("pixel_unshuffle", input, 1, "downscale_factor", r)
    if h % r or w % r:
        raise ShapeError(f"pixel_unshuffle: {h} × {w} pixels can't be divided by {r}{in_scope()}")
    parts = input.reshape(prod(input.shape[:-3]), c, h // r, r, w // r, r)
    return parts.permute(0, 1, 3, 5, 2, 4).reshape(*input.shape[:-3], c * r * r, h // r, w // r)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of g groups dealt out in turn: channel c of group i goes to c·g + i (Zhang et al. 2018).

    >>> F.channel_shuffle(tg.arange(4).reshape(1, 4, 1, 1), 2).flatten()
    tensor([0, 2, 1, 3])
    """
    need_tensors("channel_shuffle", input=input)
    if input.ndim < 3 or groups < 1 or input.shape[1] % groups:
        raise ShapeError(
            f"channel_shuffle: {groups} groups don't divide the channels of shape {tuple(input.shape)}{in_scope()}"
        )
    n, c, *rest = input.shape
    return input.reshape(n, groups, c // groups, *rest).transpose(1, 2).reshape(n, c, *rest)


__all__ = [
    "channel_shuffle",
    "interpolate",
    "pixel_shuffle",
    "pixel_unshuffle",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]
