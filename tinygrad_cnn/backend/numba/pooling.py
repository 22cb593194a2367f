"""Pooling over channels-last images (N, H, W, C): rows of the result in parallel, channels in vector registers.

Which pixels a window reads, and which windows read a pixel, stands in a small table per dimension. With them a pooling
and its adjoint are the same kind of loop: each value of the result gathers what belongs to it, and is written once.
"""

from typing import Any

import numpy as np
from numba import prange

from .compile import kernel, serial
from .simd import WIDTH, load, splat, store

STRIP = 32  # channels to which one unit of work adds


@serial
def _maxima_of_row(x: Any, row: Any, columns: Any, width: int, values: Any, taps: Any) -> None:
    for j in range(values.shape[0]):
        best, which = values[j], taps[j]
        for c in range(len(best)):
            best[c] = -np.inf
            which[c] = 0
        for a in range(row.shape[0]):
            h = row[a, 0]
            if h < 0:
                break
            for b in range(columns.shape[1]):
                w = columns[j, b, 0]
                if w < 0:
                    break
                tap, pixel = np.uint8(row[a, 1] * width + columns[j, b, 1]), x[h, w]
                for c in range(len(best)):
                    value, so_far, number = pixel[c], best[c], which[c]
                    better = (not value <= so_far) & (so_far == so_far)  # noqa: PLR0124 - NaN differs from itself
                    best[c] = value if better else so_far
                    which[c] = tap if better else number


@kernel
def maxima(x: Any, rows: Any, columns: Any, width: int, values: Any, taps: Any) -> None:
    """The largest pixel of each window, and its tap; the first of equals, NaN above all, −∞ where there is none."""
    height = values.shape[1]
    for place in prange(values.shape[0] * height):
        n, i = place // height, place % height
        _maxima_of_row(x[n], rows[i], columns, width, values[n, i], taps[n, i])


@serial
def _row_at_taps(x: Any, taps: Any, row: Any, columns: Any, width: int, out: Any) -> None:
    for j in range(out.shape[0]):
        which, values = taps[j], out[j]
        for c in range(len(values)):
            values[c] = 0
        for a in range(row.shape[0]):
            h = row[a, 0]
            if h < 0:
                break
            for b in range(columns.shape[1]):
                w = columns[j, b, 0]
                if w < 0:
                    break
                tap, pixel = np.uint8(row[a, 1] * width + columns[j, b, 1]), x[h, w]
                for c in range(len(values)):
                    value, so_far = pixel[c], values[c]
                    values[c] = value if which[c] == tap else so_far


@kernel
def at_taps(x: Any, taps: Any, rows: Any, columns: Any, width: int, out: Any) -> None:
    """The pixel at each window's tap."""
    height = out.shape[1]
    for place in prange(out.shape[0] * height):
        n, i = place // height, place % height
        _row_at_taps(x[n], taps[n, i], rows[i], columns, width, out[n, i])


@serial
def _row_to_taps(g: Any, taps: Any, row: Any, columns: Any, width: int, out: Any) -> None:
    for j in range(out.shape[0]):
        sums, first = out[j], True
        for a in range(row.shape[0]):
            h = row[a, 0]
            if h < 0:
                break
            for b in range(columns.shape[1]):
                w = columns[j, b, 0]
                if w < 0:
                    break
                tap, value, which = np.uint8(row[a, 1] * width + columns[j, b, 1]), g[h, w], taps[h, w]
                if first:
                    for c in range(len(sums)):
                        sums[c] = value[c] if which[c] == tap else np.float32(0)
                else:
                    for c in range(len(sums)):
                        sums[c] += value[c] if which[c] == tap else np.float32(0)
                first = False
        if first:
            for c in range(len(sums)):
                sums[c] = 0


@kernel
def to_taps(g: Any, taps: Any, rows: Any, columns: Any, width: int, out: Any) -> None:
    """For each pixel the sum of the windows whose tap it is."""
    height = out.shape[1]
    for place in prange(out.shape[0] * height):
        n, i = place // height, place % height
        _row_to_taps(g[n], taps[n], rows[i], columns, width, out[n, i])


@serial
def _strip_added_at_taps(g: Any, taps: Any, rows: Any, columns: Any, first: int, last: int, out: Any) -> None:
    height, width, channels = out.shape
    pixels = out.reshape(-1)
    for pixel in range(height * width):
        pixels[pixel * channels + first : pixel * channels + last] = 0
    places = np.empty(rows.shape[1] * columns.shape[1], dtype=np.int64)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            for a in range(rows.shape[1]):
                for b in range(columns.shape[1]):
                    h, w = rows[i, a], columns[j, b]
                    places[a * columns.shape[1] + b] = (h * width + w) * channels if h >= 0 and w >= 0 else -1
            values, which = g[i, j], taps[i, j]
            for c in range(first, last):
                place = places[which[c]]
                if place >= 0:
                    pixels[place + c] += values[c]


@kernel
def add_at_taps(g: Any, taps: Any, rows: Any, columns: Any, out: Any) -> None:
    """Each value added to the pixel of its window's tap; tables say where a window's taps lie, −1 for padding."""
    strips = (out.shape[3] + STRIP - 1) // STRIP
    for task in prange(len(g) * strips):
        n, first = task // strips, task % strips * STRIP
        _strip_added_at_taps(g[n], taps[n], rows, columns, first, min(first + STRIP, out.shape[3]), out[n])


@serial
def _row_of_sums(x: Any, at: int, line: int, channels: int, row: Any, columns: Any, out: Any, to: int) -> None:
    for j in range(len(columns)):
        for c in range(0, channels, WIDTH):
            total = splat(np.float32(0))
            for a in range(row.shape[0]):
                if row[a, 0] < 0:
                    break
                for b in range(columns.shape[1]):
                    if columns[j, b, 0] < 0:
                        break
                    total = total + load(x, at + row[a, 0] * line + columns[j, b, 0] * channels + c, channels - c)
            store(out, to + j * channels + c, channels - c, total)


@kernel
def sums(x: Any, rows: Any, columns: Any, out: Any) -> None:
    """At each place the sum of what the tables name."""
    images, height, width, channels = out.shape
    line, size = x.shape[2] * channels, x.size // images
    pixels, results = x.reshape(-1), out.reshape(-1)
    for place in prange(images * height):
        n, i = np.int64(place) // height, np.int64(place) % height
        to = (n * height + i) * width * channels
        _row_of_sums(pixels, n * size, line, channels, rows[i], columns, results, to)
