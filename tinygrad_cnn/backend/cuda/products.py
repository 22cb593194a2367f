"""Matrix products on CUDA."""

from typing import Any

import cupy

from ..base import Backend
from .array import in_rows, own
from .memory import empty


def product(a: Any, b: Any, out: Any) -> Any:
    """a @ b for matrices, written into `out`, which may be part of a wider matrix; returns it."""
    if in_rows(out):
        cupy.matmul(a, b, out=out)
    else:
        out[...] = cupy.matmul(a, b)
    return out


class Products(Backend):
    """Matrix products of CUDA arrays."""

    def matmul(self, x: Any, y: Any) -> Any:
        """`Backend.matmul`."""
        return own(cupy.matmul(x, y))

    def linear(self, x: Any, w: Any, b: Any) -> Any:
        """`Backend.linear` as one product of matrices, which takes transposed ones as they are."""
        rows = x.reshape(-1, x.shape[-1]) if x.size else x.reshape(x.size // max(x.shape[-1], 1), x.shape[-1])
        out = product(rows, w.T, empty((len(rows), w.shape[0]), x.dtype))
        if b is not None:
            out += b
        return out.reshape(*x.shape[:-1], w.shape[0])
