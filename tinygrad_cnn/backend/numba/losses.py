"""Softmax and cross entropy, row by row, in one pass."""

from math import exp, log
from typing import Any

import numpy as np
from numba import prange

from .compile import kernel, serial

BLOCK = 256  # rows


@serial
def _loss_block(x: Any, target: Any, out: Any) -> None:
    for i in range(len(x)):
        row = x[i]
        most, total = row.max(), np.float32(0)
        for j in range(len(row)):
            total += exp(row[j] - most)
        fits = 0 <= target[i] < len(row)  # the public functions have checked that
        out[i] = log(total) - (row[target[i]] - most) if fits else np.nan


@kernel
def loss(x: Any, target: Any, out: Any) -> None:
    """−ln softmax(x)[target] for each row."""
    for block in prange((len(x) + BLOCK - 1) // BLOCK):
        at = slice(block * BLOCK, (block + 1) * BLOCK)
        _loss_block(x[at], target[at], out[at])


@serial
def _grad_block(g: Any, x: Any, target: Any, out: Any) -> None:
    for i in range(len(x)):
        row, result = x[i], out[i]
        most, total = row.max(), np.float32(0)
        for j in range(len(row)):
            result[j] = exp(row[j] - most)
            total += result[j]
        scale = g[i] / total
        for j in range(len(row)):
            result[j] *= scale
        if 0 <= target[i] < len(row):
            result[target[i]] -= g[i]


@kernel
def grad(g: Any, x: Any, target: Any, out: Any) -> None:
    """g · (softmax(x) − one-hot(target)) for each row."""
    for block in prange((len(x) + BLOCK - 1) // BLOCK):
        at = slice(block * BLOCK, (block + 1) * BLOCK)
        _grad_block(g[at], x[at], target[at], out[at])
