"""Steps of the optimizers: one pass over the memory of all parameters, in blocks for all threads.

Parameters lie in many places. A kernel gets a table with a row for each: the addresses of its arrays, which the caller
keeps alive, its size, and the row of its options; so that one launch serves them all.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
from numba import carray, prange, types
from numba.extending import intrinsic

from ..base import Array
from .compile import kernel, serial

BLOCK = 1 << 14


GRADIENT, SIZE, OPTIONS = 1, -2, -1  # columns of a table


class Table:
    """A table for arrays of one dimension in C order, by row: parameter, gradient, state.

    Attributes:
        values: addresses, sizes and rows of options; as many columns as arrays in a row, and two more.
        ends: the number of the block after each row's last.
        total: elements of all parameters.
    """

    def __init__(self, rows: Sequence[Sequence[Array]]) -> None:
        values = [[*map(address, arrays), len(arrays[0]), 0] for arrays in rows]
        self.values = np.array(values)
        self.ends = np.cumsum((self.values[:, SIZE] + BLOCK - 1) // BLOCK)
        self.total = int(self.values[:, SIZE].sum())


@serial
def address(x: Any) -> Any:
    """Where an array begins."""
    return x.ctypes.data


@intrinsic
def _pointer(typing_context: Any, address: Any) -> Any:
    """An address as a pointer to float32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float32)(address), generate


@serial
def _values(address: Any, start: Any, count: Any) -> Any:
    return carray(_pointer(address + 4 * start), count)


@serial
def _place(table: Any, ends: Any, block: Any) -> Any:
    """The row that a block belongs to, and what it covers there."""
    row = np.searchsorted(ends, block, side="right")
    start = (block - (ends[row - 1] if row > 0 else 0)) * BLOCK
    return row, start, min(BLOCK, table[row, SIZE] - start)


@serial
def _adam_block(p: Any, g: Any, mean: Any, square: Any, options: Any) -> None:
    keep, decay, new, new_square, rate, floor = options
    for i in range(len(p)):
        slope = g[i] + decay * p[i] if decay != 0 else g[i]
        mean[i] += new * (slope - mean[i])
        square[i] += new_square * (slope * slope - square[i])
        p[i] = p[i] * keep - rate * mean[i] / (sqrt(square[i]) + floor)


@kernel
def adam(table: Any, ends: Any, options: Any) -> None:
    """One step of Adam in place; a row is parameters, gradients, both means, size, options."""
    for block in prange(ends[-1]):
        row, start, count = _place(table, ends, block)
        p, g = _values(table[row, 0], start, count), _values(table[row, 1], start, count)
        mean, square = _values(table[row, 2], start, count), _values(table[row, 3], start, count)
        _adam_block(p, g, mean, square, options[table[row, OPTIONS]])


@serial
def _sgd_block(p: Any, g: Any, buffer: Any, options: Any) -> None:
    rate, decay, momentum, new, ahead = options
    if momentum == 0:
        for i in range(len(p)):
            p[i] -= rate * (g[i] + decay * p[i] if decay != 0 else g[i])
    else:
        for i in range(len(p)):
            slope = g[i] + decay * p[i] if decay != 0 else g[i]
            kept = momentum * buffer[i] + new * slope
            buffer[i] = kept
            p[i] -= rate * (slope + momentum * kept if ahead != 0 else kept)


@kernel
def sgd(table: Any, ends: Any, options: Any) -> None:
    """One step of descent in place; a row is parameters, gradients, buffers (read with momentum), size, options."""
    for block in prange(ends[-1]):
        row, start, count = _place(table, ends, block)
        p, g = _values(table[row, 0], start, count), _values(table[row, 1], start, count)
        buffer = _values(table[row, 2], start, count)
        _sgd_block(p, g, buffer, options[table[row, OPTIONS]])
