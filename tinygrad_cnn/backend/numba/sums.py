"""Sums of the columns of a matrix, in blocks of rows of a fixed size: one order for any number of threads."""

from typing import Any

from numba import prange

from .compile import kernel, serial


@serial
def _block_sums(x: Any, out: Any) -> None:
    even = len(x) // 4 * 4
    out[:] = 0
    for i in range(0, even, 4):  # four rows at a time: a quarter of the additions that wait for one another
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for j in range(len(out)):
            out[j] += (a[j] + b[j]) + (c[j] + d[j])
    for i in range(even, len(x)):
        a = x[i]
        for j in range(len(out)):
            out[j] += a[j]


@kernel
def column_sums(x: Any, step: int, out: Any) -> None:
    """The sum of each column over each block of `step` rows."""
    for block in prange(len(out)):
        _block_sums(x[block * step : (block + 1) * step], out[block])
