"""Pooling through compiled kernels."""

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend
from ..window import Ints, Window
from .lazy import kernels
from .memory import channels_last, empty

SMALL = 1 << 17  # images of fewer values are pooled before the threads have started
FEW = 16  # fewer channels do not fill a vector register
MANY = 128  # from here on pixels that gather are faster than windows that write
FEWEST = 1 << 12  # sums over fewer values cost less than the calls around a compiled kernel
COST = 3e-4  # microseconds per value on one thread
WIDE_COST = 1.5e-4  # where channels fill vector registers
ADDED_COST = 2e-3  # per value added to a pixel


class PoolingKernels(NumpyBackend):
    """The backend's poolings."""

    # NumPy passes over the whole image once or several times per tap, on one thread.

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """`Backend.max_pool2d` in one pass."""
        if (x.size < 4 * SMALL or x.shape[1] < FEW) and (line := _line(x, x.shape, window)) is not None:
            return _maxima_by_lines(x, window, line)
        if not _applies(x, x.shape, window):
            return super().max_pool2d(x, window)
        pooling = kernels.pooling

        rows, columns = tables(window, x.shape[2:])[0]
        values = _result(x, (len(rows), len(columns)))
        taps = empty(values.shape, np.uint8)
        pooling.maxima.fitting(x.size * WIDE_COST)(channels_last(x), rows, columns, window.size[1], values, taps)
        return _images(values), _images(taps)

    def pools_like_relu(self, x: Array, window: Window) -> bool:
        """`Backend.pools_like_relu`: compiled kernels write 0 where no window's maximum is."""
        return _fits(x, window)

    def pool_gather(self, x: Array, taps: Array, window: Window) -> Array:
        """`Backend.pool_gather` in one pass."""
        if not _applies(x, x.shape, window) or taps.shape != _pooled(x.shape, window):
            return super().pool_gather(x, taps, window)
        pooling = kernels.pooling

        rows, columns = tables(window, x.shape[2:])[0]
        out = _result(x, taps.shape[2:])
        pooling.at_taps.fitting(x.size * WIDE_COST)(
            channels_last(x), channels_last(taps), rows, columns, window.size[1], out
        )
        return _images(out)

    def pool_scatter(self, g: Array, taps: Array, shape: Ints, window: Window) -> Array:
        """`Backend.pool_scatter`: values go to their pixels, or are added there where windows overlap."""
        if g.shape != taps.shape or g.shape != _pooled(shape, window):
            return super().pool_scatter(g, taps, shape, window)
        apart = not window.overlaps and (shape[1] < MANY or prod(shape) < SMALL)
        if apart and (line := _line(g, shape, window)) is not None:
            return _to_taps_by_lines(g, taps, shape, line)
        if not _fits(g, window):
            return super().pool_scatter(g, taps, shape, window)
        pooling = kernels.pooling

        out, given = _result(g, shape[2:]), (channels_last(g), channels_last(taps))
        if window.overlaps or shape[1] < FEW:
            pooling.add_at_taps.fitting(g.size * ADDED_COST)(*given, *_pixels_of_taps(window, shape[2:]), out)
        else:
            pooling.to_taps.fitting(out.size * WIDE_COST)(*given, *tables(window, shape[2:])[1], window.size[1], out)
        return _images(out)

    def sum_windows(self, x: Array, window: Window) -> Array:
        """`Backend.sum_windows` in one pass."""
        if not _fits(x, window) or x.size < FEWEST:
            return super().sum_windows(x, window)
        pooling = kernels.pooling

        rows, columns = tables(window, x.shape[2:])[0]
        out = _result(x, (len(rows), len(columns)))
        pooling.sums.fitting(x.size * WIDE_COST)(channels_last(x), rows, columns, out)
        return _images(out)

    def spread_windows(self, g: Array, shape: Ints, window: Window) -> Array:
        """`Backend.spread_windows`: the sum, for each pixel, of the windows that hold it."""
        if g.shape != _pooled(shape, window) or not _fits(g, window) or prod(shape) < FEWEST:
            return super().spread_windows(g, shape, window)
        pooling = kernels.pooling

        rows, columns = tables(window, shape[2:])[1]
        out = _result(g, shape[2:])
        pooling.sums.fitting(out.size * WIDE_COST)(channels_last(g), rows, columns, out)
        return _images(out)


Line = tuple[int, Array, Array]  # pixels from one row of windows to the next, base and offset: see narrow_pooling.py


def _maxima_by_lines(x: Array, window: Window, line: Line) -> tuple[Array, Array]:
    narrow_pooling = kernels.narrow_pooling

    height, width = _pooled(x.shape, window)[2:]
    values = _result(x, (height, width))
    taps = empty(values.shape, np.uint8)
    maxima = narrow_pooling.maxima.fitting(x.size * COST)
    maxima(_lines(channels_last(x)), *line, height, _lines(values), _lines(taps))
    return _images(values), _images(taps)


def _to_taps_by_lines(g: Array, taps: Array, shape: Ints, line: Line) -> Array:
    narrow_pooling = kernels.narrow_pooling

    out = _result(g, shape[2:])
    to_taps = narrow_pooling.to_taps.fitting(out.size * COST / 2)
    to_taps(_lines(channels_last(g)), _lines(channels_last(taps)), *line, g.shape[2], _lines(out))
    return _images(out)


@lru_cache(maxsize=1024)
def _pixels_of_taps(window: Window, image: Ints) -> tuple[Array, ...]:
    """For rows and columns: the pixel at each tap of each window, −1 in the padding."""
    tables = []
    for n, count, k, s, d, (before, _) in zip(
        image, window.output_size(image), window.size, window.stride, window.dilation, window.padding, strict=True
    ):
        pixels = np.arange(count)[:, None] * s + np.arange(k) * d - before
        tables.append(np.where(pixels < n, np.maximum(pixels, -1), -1))
    return tuple(tables)


def _lines(x: Array) -> Array:
    return x.reshape(len(x), -1)


def _line(x: Array, shape: Ints, window: Window) -> Line | None:
    """What `narrow_pooling.py` needs to know of a window, None where it does not serve."""
    return _line_of(window, shape[1], shape[2:]) if _fits(x, window) else None


@lru_cache(maxsize=1024)
def _line_of(window: Window, channels: int, image: Ints) -> Line | None:
    if any(map(any, window.pads(image))):
        return None
    width, (down, across) = image[1] * channels, window.dilation
    columns = np.arange(window.output_size(image)[1]) * window.stride[1] * channels
    base = columns[:, None] + np.arange(channels)
    offset = np.arange(window.size[0])[:, None] * down * width + np.arange(window.size[1]) * across * channels
    return window.stride[0] * width, base.reshape(-1), offset.reshape(-1)


def _applies(x: Array, shape: Ints, window: Window) -> bool:
    """Whether the kernels of `pooling.py` serve: enough pixels and channels to be worth it."""
    return _fits(x, window) and shape[1] >= FEW and max(x.size, prod(shape)) >= SMALL


def _fits(x: Array, window: Window) -> bool:
    """Whether x is of float32, and the taps of the window of uint8."""
    return bool(x.dtype == np.float32 and window.rank == 2 and window.tap_count <= 256 and x.size)


@lru_cache(maxsize=1024)
def _pooled(shape: Ints, window: Window) -> Ints:
    return (*shape[:2], *window.output_size(shape[2:]))


@lru_cache(maxsize=1024)
def tables(window: Window, image: Ints) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """For rows and columns: by window the (pixel, tap) it reads; and by pixel the (window, tap) that read it.

    Each line of a table lists its pairs from the front; −1 ends it.
    """
    reads, readers = [], []
    for n, count, k, s, d, (before, _) in zip(
        image, window.output_size(image), window.size, window.stride, window.dilation, window.padding, strict=True
    ):
        pixels = np.arange(count)[:, None] * s + np.arange(k) * d - before
        place, tap = np.nonzero((pixels >= 0) & (pixels < n))
        pixel = pixels[place, tap]
        reads.append(_lists(count, place, pixel, tap))
        readers.append(_lists(n, pixel, place, tap))
    return (reads[0], reads[1]), (readers[0], readers[1])


def _lists(count: int, keys: Array, values: Array, taps: Array) -> Array:
    lists: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for key, value, tap in zip(keys.tolist(), values.tolist(), taps.tolist(), strict=True):
        lists[key].append((value, tap))
    table = np.full((count, max(map(len, lists)) + 1, 2), -1)
    for line, pairs in zip(table, lists, strict=True):
        line[: len(pairs)] = np.array(pairs).reshape(-1, 2)
    return table


def _result(x: Array, image: Ints) -> Any:
    return empty((x.shape[0], *image, x.shape[1]), x.dtype)


def _images(x: Array) -> Array:
    return x.transpose(0, 3, 1, 2)
