"""Memory on a CUDA device: new arrays, and arrays seen in the order in which they lie."""

from typing import Any

import cupy

from ..memory import channels_at_end
from ..window import Ints
from .array import Array, in_rows, inverse, memory_order


def empty(shape: Ints, dtype: Any) -> Any:
    """Memory with any values, in row-major order."""
    return Array(shape, dtype=dtype)


def channels_last(x: Any) -> Any:
    """Images (N, C, …) as an array (N, …, C) in row-major order, copied where they lie otherwise."""
    return contiguous(channels_at_end(x))


def contiguous(x: Any) -> Any:
    """Row-major order, a copy only where it is another."""
    return x if in_rows(x) else cupy.ascontiguousarray(x).view(Array)


class Lines:
    """Arrays of one shape as kernels see them that go through memory from one end to the other.

    The first array decides about the order; the others are copied where they lie otherwise.
    """

    def __init__(self, *arrays: Any) -> None:
        first = arrays[0]
        self.back: Ints | None = None
        if in_rows(first):
            self.arrays = tuple(map(contiguous, arrays))
        else:
            order = memory_order(first)
            self.back = inverse(order)
            self.arrays = tuple(contiguous(x.transpose(order)) for x in arrays)

    def empty(self, dtype: Any) -> Any:
        """Memory for a result."""
        return empty(self.arrays[0].shape, dtype)

    def seen(self, x: Any) -> Any:
        """A result in the dimensions of the arrays that were given."""
        return x if self.back is None else x.transpose(self.back)
