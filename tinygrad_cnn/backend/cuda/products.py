"""Matrix products on CUDA: by cuBLAS directly where its library and the strides allow it, else by CuPy."""

from math import prod
from typing import Any

import cupy
import numpy as np

from ..base import Backend
from . import cublas
from .array import in_rows, own
from .kernels import divisor_argument, launch, packs, type_name
from .memory import contiguous, empty


def product(a: Any, b: Any, out: Any) -> Any:
    """a @ b for matrices, written into `out`, which may be part of a wider matrix; returns it."""
    if not cublas.multiply(a, b, out, 1):
        if in_rows(out):
            cupy.matmul(a, b, out=out)
        else:
            out[...] = cupy.matmul(a, b)
    return out


MULTIPLIED = "efdE"  # the characters of float16, float32, float64 and bfloat16, whose kernels sum in float32 or wider


class Products(Backend):
    """Matrix products of CUDA arrays. CuPy's can't be captured, and copy what is transposed in a batch."""

    def matmul(self, x: Any, y: Any) -> Any:
        """`Backend.matmul`."""
        if (
            x.dtype.char not in MULTIPLIED
            or min(x.ndim, y.ndim) < 2
            or x.dtype != y.dtype
            or x.shape[-1] != y.shape[-2]
        ):
            return own(cupy.matmul(x, y))
        batch = cupy.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        out = empty((*batch, x.shape[-2], y.shape[-1]), x.dtype)
        wide_x, wide_y = _spread(x, batch), _spread(y, batch)
        if cublas.multiply(wide_x, wide_y, out, prod(batch)):
            return out
        if cublas.multiply(contiguous(wide_x), contiguous(wide_y), out, prod(batch)):
            return out
        return own(cupy.matmul(x, y))

    def linear(self, x: Any, w: Any, b: Any) -> Any:
        """`Backend.linear` as one product of matrices, which takes transposed ones as they are."""
        rows = x.reshape(-1, x.shape[-1]) if x.size else x.reshape(prod(x.shape[:-1]), x.shape[-1])
        out = product(rows, w.T, empty((len(rows), w.shape[0]), x.dtype))
        if b is not None and out.size:
            kind, by, count = type_name(x.dtype), divisor_argument(w.shape[0]), np.uint32(out.size)
            if out.size >= 1 << 31 or b.dtype != x.dtype:
                out += b
            else:
                arguments = (out, None, contiguous(b), out, count, by)
                launch("channels", "scale_channels", kind, packs(out), *arguments)
        return out.reshape(*x.shape[:-1], w.shape[0])


def _spread(x: Any, batch: tuple[int, ...]) -> Any:
    """The matrices of x as often as the batch needs them, without a copy."""
    return x if x.shape[:-2] == batch else own(cupy.broadcast_to(x, (*batch, *x.shape[-2:])))
