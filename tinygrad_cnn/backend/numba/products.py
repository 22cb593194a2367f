"""Matrix products, compiled: blocks of sums in registers, what they read packed where the cache holds it.

A task computes a part of the result from all that it needs, in one order, whatever the number of threads.
"""

from typing import Any

import numba
import numpy as np

from . import direct
from .compile import kernel, serial
from .dots import dots
from .simd import WIDTH, load, store
from .transposing import transpose_block

ROWS = 192  # of the result that one task computes
PANEL, DEPTH = 64, 256  # columns and rows of the right matrix that are packed at a time
SPAN, LENGTH = 16, 1024  # the same for one that is transposed
# Rows of one power of two apart would share one line of the cache.
PITCH = LENGTH + WIDTH


@kernel
def product(
    a: Any, starts: Any, steps: Any, b: Any, turned: bool, bias: Any, out: Any, places: Any, strips: Any
) -> None:
    """a · b + bias → out, where a[starts[i] + steps[k]] is row i, column k of the left matrix; the bias may be empty.

    b is transposed if `turned`. Row i of out begins at places[i], and strips[i] is i · PANEL; these tables repeat the
    last row, for blocks that are not full.
    """
    rows, columns = out.shape
    depth = len(steps)
    across, down = -(-columns // PANEL), -(-rows // ROWS)
    for task in numba.prange(across * down):
        first, column = task // across * ROWS, task % across * PANEL
        last, width = min(first + ROWS, rows), min(PANEL, columns - column)
        vectors = -(-width // WIDTH)
        lanes = width - (vectors - 1) * WIDTH
        panel, sums = np.empty((DEPTH + 2) * PANEL, dtype=np.float32), np.empty(ROWS * PANEL, dtype=np.float32)
        skew = -(panel.ctypes.data // 4) % WIDTH  # vectors that cross a line of the cache are read twice
        for c in range(0, width, WIDTH):
            store(panel, skew + c, width - c, load(bias, column + c, width - c if len(bias) else 0))
        for k in range(0, depth, DEPTH):
            stop = min(k + DEPTH, depth)
            if turned:
                for c in range(0, width, WIDTH):
                    for i in range(k, stop, WIDTH):
                        at, to = (column + c) * depth + i, skew + (i - k + 1) * PANEL + c
                        transpose_block(b, at, depth, min(WIDTH, width - c), min(WIDTH, stop - i), panel, to, PANEL)
            else:
                for i in range(k, stop):
                    _copy(b, i * columns + column, width, panel, skew + (i - k + 1) * PANEL)
            of = skew + PANEL
            if k == 0:
                direct.biased_rows(
                    *(vectors, a, 0, starts, first, last, steps, 0, stop),
                    *(panel, of, PANEL, lanes, out, column, places),
                )
            else:  # sums of sums: errors grow with the number of blocks, not of products
                at = -first * PANEL
                direct.rows(
                    vectors, a, 0, starts, first, last, steps[k:stop], panel, of, PANEL, lanes, sums, at, strips
                )
                for r in range(first, last):
                    _add(sums, (r - first) * PANEL, width, out, places[r] + column)


@kernel
def product_transposed(a: Any, b: Any, bias: Any, out: Any) -> None:
    """a · bᵀ + bias → out; the bias may be empty."""
    rows, columns = out.shape
    depth = a.shape[1]
    across, down = -(-columns // SPAN), -(-rows // ROWS)
    for task in numba.prange(across * down):
        top, left = task // across * ROWS, task % across * SPAN
        bottom, right = min(top + ROWS, rows), min(left + SPAN, columns)
        for r in range(top, bottom):
            for c in range(left, right):
                out[r, c] = bias[c] if len(bias) else np.float32(0)
        span = np.empty(SPAN * PITCH, dtype=np.float32)
        for k in range(0, depth, LENGTH):
            count = min(LENGTH, depth - k)
            for c in range(left, right):
                _copy(b, c * depth + k, count, span, (c - left) * PITCH)
            for r in range(top, bottom, 6):
                for c in range(left, right, 4):
                    at, of, to = r * depth + k, (c - left) * PITCH, r * columns + c
                    dots(6, 4, a, at, depth, bottom - 1 - r, span, of, PITCH, right - 1 - c, count, out, to, columns)


@serial
def _copy(x: Any, at: int, count: int, out: Any, to: int) -> None:
    for i in range(0, count, WIDTH):
        store(out, to + i, count - i, load(x, at + i, count - i))


@serial
def _add(x: Any, at: int, count: int, out: Any, to: int) -> None:
    for i in range(0, count, WIDTH):
        store(out, to + i, count - i, load(out, to + i, count - i) + load(x, at + i, count - i))
