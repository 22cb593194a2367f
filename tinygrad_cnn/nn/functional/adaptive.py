"""Pooling over windows that are chosen so that the result has a wanted size, and its way back (unpooling)."""

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ... import ops
from ...autograd import taken
from ...autograd.modes import in_scope
from ...errors import ArgumentError, ShapeError
from ...random import stream
from ...tensor import Tensor
from .checks import need_tensors
from .pooling import avg_pool2d, batched


def _bounds(size: int, count: int) -> list[tuple[int, int]]:
    """Where `count` windows that cover `size` pixels begin and end."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


@lru_cache(maxsize=512)
def _averages(size: int, count: int) -> Any:
    """The matrix (count, size) that takes the mean of each window."""
    matrix = np.zeros((count, size))
    for row, (start, stop) in zip(matrix, _bounds(size, count), strict=True):
        row[start:stop] = 1 / (stop - start)
    return matrix


def along(x: Tensor, dim: int, matrix: Any) -> Tensor:
    """x with each line along a dimension multiplied by a matrix (new, old)."""
    factors = Tensor.from_array(x.backend.asarray(matrix.astype(x.dtype)))
    if dim == x.ndim - 1:
        return ops.matmul(x, ops.permute(factors, dims=(1, 0)))
    return (
        ops.matmul(factors, x) if dim == x.ndim - 2 else along(x.movedim(dim, -1), x.ndim - 1, matrix).movedim(-1, dim)
    )


@lru_cache(maxsize=512)
def _members(size: int, count: int) -> Any:
    """The pixels of each window (count, most pixels of any); a shorter window repeats its last."""
    bounds = _bounds(size, count)
    longest = max((stop - start for start, stop in bounds), default=1)
    starts = np.array([start for start, _ in bounds], dtype=np.int64)[:, None]
    ends = np.array([stop - 1 for _, stop in bounds], dtype=np.int64)[:, None]
    return np.minimum(starts + np.arange(longest), ends)


def _sizes(op: str, x: Tensor, output_size: Any, rank: int) -> tuple[int, ...]:
    batched(op, x, rank)
    wanted = (output_size,) * rank if isinstance(output_size, int) or output_size is None else tuple(output_size)
    if len(wanted) != rank:
        raise ArgumentError(f"{op}: output_size must be an int or {rank} of them; got {output_size!r}{in_scope()}")
    sizes = tuple(n if w is None else int(w) for n, w in zip(x.shape[-rank:], wanted, strict=True))
    if min(sizes) < 0:
        raise ArgumentError(f"{op}: output_size must not be negative; got {output_size!r}{in_scope()}")
    return sizes


def adaptive_average(op: str, x: Tensor, output_size: Any, rank: int) -> Tensor:
    """Means of windows that cover the last `rank` dimensions."""
    sizes = _sizes(op, x, output_size, rank)
    if all(n == 1 for n in sizes):
        return x.mean(tuple(range(-rank, 0)), keepdim=True)
    image = tuple(x.shape[-rank:])
    if rank == 2 and all(sizes) and all(n % out == 0 for n, out in zip(image, sizes, strict=True)):
        return avg_pool2d(x, (image[0] // sizes[0], image[1] // sizes[1]))
    for place, (n, out) in enumerate(zip(image, sizes, strict=True)):
        if n != out:
            x = along(x, x.ndim - rank + place, _averages(n, out))
    return x


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """`adaptive_avg_pool2d` of sequences (N, C, L).

    >>> F.adaptive_avg_pool1d(tg.tensor([[1.0, 3.0, 5.0, 7.0]]), 2)
    tensor([[2., 6.]])
    """
    return adaptive_average("adaptive_avg_pool1d", input, output_size, 1)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Means of windows chosen so that the result has the wanted size; None keeps a size.

    Window i of n holds the pixels from ⌊iH/n⌋ to ⌈(i + 1)H/n⌉ − 1.

    >>> import tinygrad_cnn as tg
    >>> adaptive_avg_pool2d(tg.arange(16.0).reshape(1, 1, 4, 4), 1).item()
    7.5
    """
    return adaptive_average("adaptive_avg_pool2d", input, output_size, 2)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """`adaptive_avg_pool2d` of volumes (N, C, D, H, W).

    >>> F.adaptive_avg_pool3d(tg.ones(1, 2, 4, 4, 4), 1).shape
    (1, 2, 1, 1, 1)
    """
    return adaptive_average("adaptive_avg_pool3d", input, output_size, 3)


def _numbers(tables: Sequence[Any], image: tuple[int, ...]) -> Any:
    """The number in the flattened image of every pixel of every window, from those of each dimension.

    Tables (…, windows, pixels), one per dimension → (…, windows of all dimensions, pixels of all).
    """
    rank = len(tables)
    flat: Any = 0
    for i, (table, n) in enumerate(zip(tables, image, strict=True)):
        windows, pixels = table.shape[-2:]
        shape = [1] * (2 * rank)
        shape[i], shape[rank + i] = windows, pixels
        flat = flat * n + table.reshape(*table.shape[:-2], *shape)
    return flat.reshape(*flat.shape[:-rank], prod(flat.shape[-rank:]))


def _positions_of_maxima(xp: Any, flat: Any, table: Any) -> Any:
    """Which pixel holds each window's maximum, the first of equals: (N, C, pixels) → (N, C, windows).

    The table lists the pixels: (windows, pixels) for all channels, or (N, C, windows, pixels).
    """
    if table.ndim == 2:
        values = flat[..., table]
        table = xp.broadcast_to(table, values.shape)
    else:
        values = xp.take_along_axis(flat, table.reshape(*flat.shape[:2], prod(table.shape[2:])), axis=-1).reshape(
            table.shape
        )
    return xp.take_along_axis(table, values.argmax(-1)[..., None], axis=-1)[..., 0]


def _maxima(x: Tensor, numbers: Any, rank: int, ndim: int, return_indices: bool) -> Any:
    """The maximum of each window of listed pixels, and where it is."""
    shape = (*x.shape[:2], *numbers.shape[-1 - rank : -1])
    flat = x.reshape(*x.shape[:2], prod(x.shape[2:]))
    each = numbers.shape[: numbers.ndim - 1 - rank]
    table = x.backend.asarray(numbers.reshape(*each, prod(shape[2:]), numbers.shape[-1]))
    indices = taken(_positions_of_maxima, x.backend.xp, flat.array, table)
    out = ops.gather_along(flat, dim=2, index=indices).reshape(shape)
    places = Tensor.from_array(indices).reshape(shape)
    if ndim == rank + 1:
        out, places = out.squeeze(0), places.squeeze(0)
    return (out, places) if return_indices else out


def _adaptive_max(op: str, input: Tensor, output_size: Any, rank: int, return_indices: bool) -> Any:
    sizes = _sizes(op, input, output_size, rank)
    x = batched(op, input, rank)
    image = tuple(x.shape[2:])
    tables = [_members(n, out) for n, out in zip(image, sizes, strict=True)]
    return _maxima(x, _numbers(tables, image), rank, input.ndim, return_indices)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """`adaptive_max_pool2d` of sequences (N, C, L).

    >>> F.adaptive_max_pool1d(tg.tensor([[1.0, 3.0, 5.0, 7.0]]), 2)
    tensor([[3., 7.]])
    """
    return _adaptive_max("adaptive_max_pool1d", input, output_size, 1, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of windows chosen so that the result has the wanted size; None keeps a size.

    The windows are those of `adaptive_avg_pool2d`; `return_indices` returns, beside the maxima, where each is in the
    flattened image (int64).

    >>> import tinygrad_cnn as tg
    >>> adaptive_max_pool2d(tg.arange(16.0).reshape(1, 1, 4, 4), 1).item()
    15.0
    """
    return _adaptive_max("adaptive_max_pool2d", input, output_size, 2, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """`adaptive_max_pool2d` of volumes (N, C, D, H, W).

    >>> F.adaptive_max_pool3d(tg.ones(1, 2, 4, 4, 4), 1).shape
    (1, 2, 1, 1, 1)
    """
    return _adaptive_max("adaptive_max_pool3d", input, output_size, 3, return_indices)


def _starts(n: int, count: int, size: int, u: Any) -> Any:
    """Where `count` windows of `size` pixels begin, at steps that a random number u in [0, 1) shifts."""
    step = (n - size) / (count - 1) if count > 1 else 0.0
    places = (np.arange(count) + u[..., None]) * step
    starts = places.astype(np.int64) - (u[..., None] * step).astype(np.int64)
    starts[..., -1] = n - size
    return starts


def _fractional_max(
    op: str, rank: int, input: Tensor, size: Any, output_size: Any, ratio: Any, return_indices: bool, samples: Any
) -> Any:
    x = batched(op, input, rank)
    image = tuple(x.shape[2:])
    sizes = (size,) * rank if isinstance(size, int) else tuple(size)
    if (output_size is None) == (ratio is None):
        raise ValueError(f"{op}: give either output_size or output_ratio{in_scope()}")
    if output_size is None:
        ratios = (ratio,) * rank if isinstance(ratio, int | float) else tuple(ratio)
        if not all(0 < r < 1 for r in ratios):
            raise ValueError(f"{op}: output_ratio must lie between 0 and 1; got {ratio}{in_scope()}")
        output_size = tuple(int(n * r) for n, r in zip(image, ratios, strict=True))
    counts = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
    if len(counts) != rank or len(sizes) != rank:
        raise ArgumentError(
            f"{op}: kernel_size and output_size must be ints or {rank} of them; got {size} and {output_size}"
            f"{in_scope()}"
        )
    if not all(c + k - 1 <= n and c > 0 and k > 0 for c, k, n in zip(counts, sizes, image, strict=True)):
        raise ShapeError(f"{op}: {counts} windows of {sizes} pixels don't fit into {image}{in_scope()}")
    if samples is None:
        draws = x.backend.to_numpy(stream(None, like=x).uniform((*x.shape[:2], rank), np.dtype("float64")))
    else:
        draws = x.backend.to_numpy(samples.array)
        draws = draws[0] if x.shape[0] == 1 and draws.ndim == 3 and len(draws) > 1 else draws
        draws = draws.reshape(*x.shape[:2], rank)
    order = (1, 0) if rank == 2 else (0, 1, 2)  # PyTorch's: of images the first number is the width's
    tables = [
        _starts(n, c, k, draws[..., which])[..., None] + np.arange(k)
        for n, c, k, which in zip(image, counts, sizes, order, strict=True)
    ]
    return _maxima(x, _numbers(tables, image), rank, input.ndim, return_indices)


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Maxima of windows at random steps, so that the size shrinks by a factor that is no integer (Graham 2014).

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size: of the windows.
        output_size: how many windows there are; or
        output_ratio: how many for each pixel.
        return_indices: return, beside the maxima, where each is in the flattened image.
        _random_samples: the random numbers (N, C, 2) in [0, 1), instead of new ones.

    >>> F.fractional_max_pool2d(tg.ones(1, 1, 6, 6), 2, output_size=4).shape
    (1, 1, 4, 4)
    """
    return _fractional_max(
        *("fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)
    )


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """`fractional_max_pool2d` of volumes: (N, C, D, H, W).

    >>> F.fractional_max_pool3d(tg.ones(1, 1, 6, 6, 6), 2, output_size=4).shape
    (1, 1, 4, 4, 4)
    """
    return _fractional_max(
        *("fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)
    )


def _unpool(
    op: str, rank: int, input: Tensor, indices: Tensor, size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    need_tensors(op, input=input, indices=indices)
    x, places = batched(op, input, rank), batched(op, indices, rank)
    if indices.dtype != np.int64:
        raise ArgumentError(f"{op}: indices must be int64; got {indices.dtype}{in_scope()}")
    if x.shape != places.shape:
        raise ShapeError(
            f"{op}: indices {tuple(indices.shape)} must have the shape of x {tuple(input.shape)}{in_scope()}"
        )
    sizes = (size,) * rank if isinstance(size, int) else tuple(size)
    strides = sizes if stride is None else (stride,) * rank if isinstance(stride, int) else tuple(stride)
    pads = (padding,) * rank if isinstance(padding, int) else tuple(padding)
    smallest = tuple((n - 1) * s + k - 2 * p for n, s, k, p in zip(x.shape[2:], strides, sizes, pads, strict=True))
    if output_size is None:
        image = smallest
    else:
        image = tuple(output_size)[-rank:]
        fits = len(tuple(output_size)) in (rank, rank + 2) and all(
            low - s < n < low + s for n, low, s in zip(image, smallest, strides, strict=True)
        )
        if not fits:
            raise ValueError(
                f"{op}: output_size must be within a stride {strides} of {smallest}; got {tuple(output_size)}"
                f"{in_scope()}"
            )
    if min(image) < 1:
        raise ShapeError(f"{op}: x {tuple(input.shape)} would become {image}{in_scope()}")
    pixels = prod(image)
    lines = places.reshape(*x.shape[:2], prod(x.shape[2:]))
    taken(_check_places, op, lines.array, pixels, in_scope())
    blank = Tensor.from_array(x.backend.xp.zeros((*x.shape[:2], pixels), dtype=x.dtype))
    out = blank.scatter(2, lines, x.reshape(lines.shape)).reshape(*x.shape[:2], *image)
    return out if input.ndim == rank + 2 else out.squeeze(0)


def _check_places(op: str, places: Any, pixels: int, scope: str) -> None:
    wrong = places[(places < 0) | (places >= pixels)]
    if wrong.size:
        raise ArgumentError(f"{op}: index {int(wrong[0])} is outside of an image of {pixels} pixels{scope}")


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """`max_unpool2d` of sequences (N, C, L).

    >>> F.max_unpool1d(tg.tensor([[7.0]]), tg.tensor([[1]]), 2)
    tensor([[0., 7.]])
    """
    return _unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Each value at the place in a larger image that `max_pool2d(…, return_indices=True)` found it at; zeros elsewhere.

    (N, C, H, W) → (N, C, (H − 1)s + k − 2p, …), or `output_size`. Of several values with one place the last stays.

    Raises:
        RuntimeError: for an index outside of the image.

    >>> import tinygrad_cnn as tg
    >>> out, places = tg.nn.functional.max_pool2d(tg.arange(4.0).reshape(1, 1, 2, 2), 2, return_indices=True)
    >>> max_unpool2d(out, places, 2).tolist()
    [[[[0.0, 0.0], [0.0, 3.0]]]]
    """
    return _unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """`max_unpool2d` of volumes (N, C, D, H, W).

    >>> F.max_unpool3d(tg.ones(1, 1, 1, 1), tg.zeros(1, 1, 1, 1, dtype=tg.int64), 2).sum()
    tensor(1.)
    """
    return _unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]
