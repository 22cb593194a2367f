"""Softmax and cross entropy, row by row, in one pass."""

from math import log
from typing import Any

import numpy as np
from numba import prange

from .compile import inlined, kernel, serial
from .pointwise import bits, exact, exp, number

BLOCK = 1 << 12  # values
SIGN, REST = np.int32(31), np.int32(0x7FFFFFFF)
LOWEST = np.int32(-0x80000000)


@inlined
def _ordered(b: Any) -> Any:
    """The bits of a float as an integer that compares as the float does, and back; NaN is above infinity."""
    return np.int32(b ^ (np.int32(b >> SIGN) & REST))


@inlined
def _largest(row: Any) -> Any:
    """The largest number, found among integers: LLVM keeps the order of comparisons of floats, as one may be NaN."""
    most = LOWEST
    for j in range(len(row)):
        most = max(most, _ordered(bits(row[j])))
    return number(_ordered(most))


@exact
def _minus_log(total: Any, score: Any, most: Any) -> Any:
    """−ln(e^(score − most) / total), the scores subtracted first: log(total) + most would lose digits."""
    return log(total) - (score - most)


@serial
def _powers(x: Any, out: Any) -> None:
    """exp(x − the largest of its row), the exponentials in one run whatever the length of a row."""
    for i in range(len(x)):
        row, result = x[i], out[i]
        most = _largest(row)
        for j in range(len(row)):
            result[j] = row[j] - most
    flat = out.reshape(-1)
    for k in range(len(flat)):
        flat[k] = exp(flat[k])


@serial
def _loss_block(x: Any, target: Any, powers: Any, out: Any) -> None:
    _powers(x, powers)
    for i in range(len(x)):
        row, total = x[i], np.float32(0)
        for j in range(len(row)):
            total += powers[i, j]
        fits = 0 <= target[i] < len(row)  # the public functions have checked that
        out[i] = _minus_log(total, row[target[i]], _largest(row)) if fits else np.nan


@kernel
def loss(x: Any, target: Any, out: Any) -> Any:
    """−ln softmax(x)[target] for each row; returns their mean."""
    rows = max(1, BLOCK // x.shape[1])
    for block in prange((len(x) + rows - 1) // rows):
        at = slice(block * rows, (block + 1) * rows)
        part = x[at]
        _loss_block(part, target[at], np.empty(part.shape, dtype=np.float32), out[at])
    mean: float = _mean(out)
    return mean


@serial
def _mean(x: Any) -> Any:
    total = 0.0
    for i in range(len(x)):
        total += x[i]
    return total / len(x)


@serial
def _grad_block(g: Any, step: int, x: Any, target: Any, out: Any) -> None:
    _powers(x, out)
    for i in range(len(x)):
        result, total = out[i], np.float32(0)
        for j in range(len(result)):
            total += result[j]
        slope = g[i * step]
        scale = slope / total
        for j in range(len(result)):
            result[j] *= scale
        if 0 <= target[i] < len(result):
            result[target[i]] -= slope


@kernel
def grad(g: Any, step: int, x: Any, target: Any, out: Any) -> None:
    """g · (softmax(x) − one-hot(target)) for each row, which has its own g, or all one if the step is 0."""
    rows = max(1, BLOCK // x.shape[1])
    for block in prange((len(x) + rows - 1) // rows):
        at = slice(block * rows, (block + 1) * rows)
        _grad_block(g[block * rows * step :], step, x[at], target[at], out[at])
