"""Layer normalisation of rows (R, D): a row stays in the cache between the passes over it.

A row is summed in float32 piece by piece, the pieces in float64; gradients of weight and bias are sums over blocks of
rows, which `combine_sums` adds in float64. So bits do not depend on the number of threads.
"""

from math import sqrt
from typing import Any

import numpy as np
from numba import prange

from .compile import inlined, kernel

PIECE = 1024  # values that are added in float32


@inlined
def _mean(row: Any) -> Any:
    total = 0.0
    for first in range(0, len(row), PIECE):
        piece = row[first : first + PIECE]
        part: Any = np.float32(0)
        for j in range(len(piece)):
            part += piece[j]
        total += part
    return np.float32(total / len(row))


@inlined
def _invstd(row: Any, mean: Any, eps: float) -> Any:
    total = 0.0
    for first in range(0, len(row), PIECE):
        piece = row[first : first + PIECE]
        part: Any = np.float32(0)
        for j in range(len(piece)):
            part += (piece[j] - mean) ** 2
        total += part
    return np.float32(1 / sqrt(total / len(row) + eps))


@inlined
def _normalize(row: Any, mean: Any, scale: Any, weight: Any, bias: Any, out: Any) -> None:
    for j in range(len(row)):
        out[j] = (row[j] - mean) * scale * weight[j] + bias[j]


@kernel
def normalize_rows(x: Any, weight: Any, bias: Any, eps: float, step: int, mean: Any, invstd: Any, out: Any) -> None:
    """(x − mean) · invstd · weight + bias for each row, with its statistics; `step` rows at a time."""
    for block in prange((len(x) + step - 1) // step):
        for i in range(block * step, min((block + 1) * step, len(x))):
            mean[i] = _mean(x[i])
            invstd[i] = _invstd(x[i], mean[i], eps)
            _normalize(x[i], mean[i], invstd[i], weight, bias, out[i])


@inlined
def _row_sums(g: Any, x: Any, weight: Any, mean: Any, invstd: Any, along: Any, plain: Any) -> Any:
    """Σ g·weight and Σ g·weight·x̂; g·x̂ and g are added to `along` and `plain`."""
    level, slope = 0.0, 0.0
    for first in range(0, len(x), PIECE):
        at = slice(first, first + PIECE)
        gradient, row, factor, products, sums = g[at], x[at], weight[at], along[at], plain[at]
        a: Any = np.float32(0)
        b: Any = np.float32(0)
        for j in range(len(row)):
            turned = gradient[j] * ((row[j] - mean) * invstd)
            products[j] += turned
            sums[j] += gradient[j]
            a += gradient[j] * factor[j]
            b += turned * factor[j]
        level += a
        slope += b
    return np.float32(level / len(x)), np.float32(slope / len(x))


@inlined
def _row_grad(g: Any, x: Any, weight: Any, mean: Any, invstd: Any, level: Any, slope: Any, out: Any) -> None:
    for j in range(len(x)):
        out[j] = invstd * (g[j] * weight[j] - level - (x[j] - mean) * invstd * slope)


@kernel
def row_gradients(
    g: Any, x: Any, weight: Any, mean: Any, invstd: Any, step: int, along: Any, plain: Any, out: Any
) -> None:
    """invstd · P(g·weight) for each row; for each block of `step` rows the sums of g·x̂ and g per column."""
    for block in prange(len(along)):
        products, sums = along[block], plain[block]
        products[:] = 0
        sums[:] = 0
        for i in range(block * step, min((block + 1) * step, len(x))):
            level, slope = _row_sums(g[i], x[i], weight, mean[i], invstd[i], products, sums)
            _row_grad(g[i], x[i], weight, mean[i], invstd[i], level, slope, out[i])
