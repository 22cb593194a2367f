"""How arrays lie in memory, for kernels that want it in one run."""

from math import gcd
from typing import Any

import numpy as np

from ..base import Array
from ..memory import channels_at_end, channels_second, empty
from .lazy import kernels

TRANSPOSED = 1 << 12  # fewer values NumPy transposes as quickly
COST = 3e-4  # microseconds per value on one thread


def memory_order(x: Array) -> list[int]:
    """The dimensions from the widest stride to the narrowest."""
    strides = x.strides
    return sorted(range(x.ndim), key=lambda dim: -strides[dim])


def flat_views(first: Array, *others: Array) -> list[Array] | None:
    """Arrays of one shape and one memory order without gaps as views of one dimension; None for all else.

    The first must be of float32, the others of float32 or bool.
    """
    if first.dtype != np.float32 or any(x.dtype not in (np.float32, np.bool_) for x in others):
        return None
    if any(x.shape != first.shape for x in others):
        return None
    arrays = [first, *others]
    if not first.flags.c_contiguous:
        order = memory_order(first)
        arrays = [x.transpose(order) for x in arrays]
    return [x.reshape(-1) for x in arrays] if all(x.flags.c_contiguous for x in arrays) else None


def channels_last(x: Array) -> Array:
    """Images (N, C, …) as (N, …, C), copied where their memory has another order."""
    last = channels_at_end(x)
    if last.flags.c_contiguous:
        return last
    if not x.flags.c_contiguous or not _transposes(x):
        return np.ascontiguousarray(last)
    return _transposed(x, len(x), x.shape[1]).reshape(last.shape)


def row_major(x: Array) -> Array:
    """x, or a copy in row-major order where its memory has another one."""
    if x.flags.c_contiguous or x.ndim < 3 or not _transposes(x):
        return np.ascontiguousarray(x)
    last = channels_at_end(x)
    if not last.flags.c_contiguous:
        return np.ascontiguousarray(x)
    return _transposed(last, len(x), x.size // (len(x) * x.shape[1])).reshape(x.shape)


def transposed(x: Array) -> Array:
    """The transpose of a matrix, in row-major order."""
    if not x.flags.c_contiguous or not _transposes(x):
        return np.ascontiguousarray(x.T)
    return _transposed(x, 1, len(x)).reshape(x.shape[::-1])


def _transposes(x: Array) -> bool:
    return bool(x.dtype == np.float32 and x.size >= TRANSPOSED and x.flags.writeable)


def _transposed(x: Array, matrices: int, rows: int) -> Array:
    """The transposes of so many matrices that lie one after the other."""
    transposing = kernels.transposing

    out = empty((x.size,))
    columns = x.size // (matrices * rows)
    transposing.transpose.fitting(x.size * COST)(x.reshape(-1), matrices, rows, columns, out)
    return out


def in_order_of(like: Array, x: Array) -> Array:
    """x, or a copy whose memory has the order of another array of its shape."""
    order = memory_order(like)
    if x.transpose(order).flags.c_contiguous:
        return x
    if x.ndim > 2:
        if like.flags.c_contiguous:
            return row_major(x)
        if channels_at_end(like).flags.c_contiguous:
            return channels_second(channels_last(x))
    copy = empty_like(like, x.dtype)
    copy[...] = x
    return copy


def empty_like(x: Array, dtype: Any = None) -> Array:
    """Memory with any values for an array of x's shape, dimensions in x's order, without gaps."""
    dtype = x.dtype if dtype is None else dtype
    if x.flags.c_contiguous:
        return empty(x.shape, dtype)
    order = memory_order(x)
    inverse = [0] * x.ndim
    for place, dim in enumerate(order):
        inverse[dim] = place
    return empty(tuple([x.shape[dim] for dim in order]), dtype).transpose(inverse)


def image_blocks(x: Array, wide: int, most: int) -> tuple[int, int]:
    """How many pixels of (N, C, …) to join to a row of about `wide` values, and into how many blocks to cut an image.

    A block has about `most` values; all have one size.
    """
    channels, pixels = x.shape[1], x.size // (len(x) * x.shape[1])
    fold = gcd(pixels, 1 << (max(wide // channels, 1).bit_length() - 1))
    rows, least = pixels // fold, -(-pixels * channels // most)
    return fold, next((count for count in range(least, 4 * least) if rows % count == 0), 1)


__all__ = [
    "channels_last",
    "empty",
    "empty_like",
    "flat_views",
    "image_blocks",
    "in_order_of",
    "memory_order",
    "row_major",
]
