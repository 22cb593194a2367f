"""Pooling over channels-last images with few channels, or few pixels, image by image.

Without padding, vectors run along a whole row of windows, channels and all: value q of the row reads at `base[q]`, and
tap t of a window lies `offset[t]` further on. Images and results are flat here, one line per image.
"""

from typing import Any

import numpy as np
from numba import prange

from .compile import kernel, serial


@serial
def _maxima_of_image(x: Any, stride: int, base: Any, offset: Any, rows: int, values: Any, taps: Any) -> None:
    length = len(base)
    pixels_of_tap = np.empty(length, dtype=np.float32)
    for i in range(rows):
        best, which = values[i * length : (i + 1) * length], taps[i * length : (i + 1) * length]
        pixels = x[i * stride :]
        for q in range(length):
            best[q] = pixels[base[q]]
            which[q] = 0
        for t in range(1, len(offset)):
            tap, pixels = np.uint8(t), x[i * stride + offset[t] :]
            for q in range(length):  # apart from the comparison, which runs in vectors
                pixels_of_tap[q] = pixels[base[q]]
            for q in range(length):
                value, so_far, number = pixels_of_tap[q], best[q], which[q]
                better = (not value <= so_far) & (so_far == so_far)  # noqa: PLR0124 - NaN differs from itself
                best[q] = value if better else so_far
                which[q] = tap if better else number


@kernel
def maxima(x: Any, stride: int, base: Any, offset: Any, rows: int, values: Any, taps: Any) -> None:
    """The largest pixel of each window, and its tap; the first of equals, and NaN above all."""
    for n in prange(len(x)):
        _maxima_of_image(x[n], stride, base, offset, rows, values[n], taps[n])


@serial
def _image_to_taps(g: Any, taps: Any, stride: int, base: Any, offset: Any, rows: int, out: Any) -> None:
    length, last = len(base), len(offset) - 1
    out[:] = 0
    for i in range(rows):
        values, which = g[i * length : (i + 1) * length], taps[i * length : (i + 1) * length]
        pixels = out[i * stride :]
        for q in range(length):
            pixels[base[q] + offset[min(which[q], last)]] = values[q]


@kernel
def to_taps(g: Any, taps: Any, stride: int, base: Any, offset: Any, rows: int, out: Any) -> None:
    """Each value at the pixel of its window's tap, zeros elsewhere; windows must not overlap."""
    for n in prange(len(g)):
        _image_to_taps(g[n], taps[n], stride, base, offset, rows, out[n])
