"""Sums of the columns of a matrix, in blocks of rows of a fixed size: one order for any number of threads."""

from typing import Any

import numpy as np
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


@serial
def _collect(parts: Any, out: Any) -> None:
    """Each column of the parts is added to the element of out that it repeats, in float64."""
    count = len(out)
    totals = np.zeros(count)
    for part in range(len(parts)):
        for start in range(0, parts.shape[1], count):
            for j in range(count):
                totals[j] += parts[part, start + j]
    for j in range(count):
        out[j] = totals[j]


@kernel
def column_sums(x: Any, step: int, out: Any) -> None:
    """The sum of each column, in blocks of `step` rows; x may hold several rows of the length of out in one."""
    parts = np.empty(((len(x) + step - 1) // step, x.shape[1]), dtype=np.float32)
    for block in prange(len(parts)):
        _block_sums(x[block * step : (block + 1) * step], parts[block])
    _collect(parts, out)


@kernel
def block_sums(x: Any, step: int, out: Any) -> None:
    """The sum of each column over each block of `step` rows."""
    for block in prange(len(out)):
        _block_sums(x[block * step : (block + 1) * step], out[block])
