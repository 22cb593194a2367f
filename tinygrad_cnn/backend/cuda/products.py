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


def add_bias(out: Any, b: Any, rectified: bool) -> None:
    """out ← out + b along the last dimension of row-major memory of fewer than 2³¹ values, or relu of that."""
    arguments = (out, None, contiguous(b), out, np.uint32(out.size), divisor_argument(len(b)), np.int32(rectified))
    launch("channels", "scale_channels", type_name(out.dtype), packs(out), *arguments)


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
        return self._linear(x, w, b, rectified=False)

    def linear_relu(self, x: Any, w: Any, b: Any) -> Any:
        """`Backend.linear_relu`, with relu in the pass that adds b."""
        return self._linear(x, w, b, rectified=True)

    def _linear(self, x: Any, w: Any, b: Any, rectified: bool) -> Any:
        rows = x.reshape(-1, x.shape[-1]) if x.size else x.reshape(prod(x.shape[:-1]), x.shape[-1])
        out = product(rows, w.T, empty((len(rows), w.shape[0]), x.dtype))
        if b is not None and out.size and out.size < 1 << 31 and b.dtype == x.dtype and x.dtype.char in MULTIPLIED:
            add_bias(out, b, rectified)
        else:
            if b is not None:
                out += b
            out = self.relu(out) if rectified else out
        return out.reshape(*x.shape[:-1], w.shape[0])


def _spread(x: Any, batch: tuple[int, ...]) -> Any:
    """The matrices of x as often as the batch needs them, without a copy."""
    return x if x.shape[:-2] == batch else own(cupy.broadcast_to(x, (*batch, *x.shape[-2:])))
