"""Steps of the optimizers: one pass over the memory of a parameter, in blocks for all threads.

Options come as an array, so that one compilation serves all their types.
"""

from math import sqrt
from typing import Any

from numba import prange

from .compile import kernel, serial

BLOCK = 1 << 14


@serial
def _adam_block(p: Any, g: Any, mean: Any, square: Any, options: Any) -> None:
    keep, decay, new, new_square, rate, floor = options
    for i in range(len(p)):
        slope = g[i] + decay * p[i] if decay != 0 else g[i]
        mean[i] += new * (slope - mean[i])
        square[i] += new_square * (slope * slope - square[i])
        p[i] = p[i] * keep - rate * mean[i] / (sqrt(square[i]) + floor)


@kernel
def adam(p: Any, g: Any, mean: Any, square: Any, options: Any) -> None:
    """One step of Adam for parameters, gradients and both means, in place."""
    for block in prange((len(p) + BLOCK - 1) // BLOCK):
        at = slice(block * BLOCK, (block + 1) * BLOCK)
        _adam_block(p[at], g[at], mean[at], square[at], options)


@serial
def _sgd_block(p: Any, g: Any, buffer: Any, options: Any) -> None:
    rate, decay, momentum, new, ahead = options
    if len(buffer) == 0:
        for i in range(len(p)):
            p[i] -= rate * (g[i] + decay * p[i] if decay != 0 else g[i])
    else:
        for i in range(len(p)):
            slope = g[i] + decay * p[i] if decay != 0 else g[i]
            kept = momentum * buffer[i] + new * slope
            buffer[i] = kept
            p[i] -= rate * (slope + momentum * kept if ahead != 0 else kept)


@kernel
def sgd(p: Any, g: Any, buffer: Any, options: Any) -> None:
    """One step of descent in place; without momentum `buffer` is empty."""
    for block in prange((len(p) + BLOCK - 1) // BLOCK):
        at = slice(block * BLOCK, (block + 1) * BLOCK)
        _sgd_block(p[at], g[at], buffer[at], options)
