"""Matrix products through compiled kernels."""

from functools import lru_cache

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend
from .lazy import kernels
from .memory import empty

FEW = 1 << 18  # products up to which BLAS stays on one thread
NARROW = 4  # rows or columns from which a product is more than reading one of the matrices
COST = 2e-5  # microseconds per product on one thread
TURNED = 32  # rows from which on a transposed matrix is turned back while it is packed
SPARE = 8  # rows that the last block may lack

_no_bias = np.empty(0, dtype=np.float32)


class ProductKernels(NumpyBackend):
    """The backend's products of float32 matrices."""

    # BLAS is as fast on its own, but its threads spin for a while after each product, on the cores that the kernels
    # before and after it run on.

    def matmul(self, x: Array, y: Array) -> Array:
        """`Backend.matmul`; batches of matrices are left to NumPy."""
        if y.ndim == 2 and _applies(x, y):
            return product(x.reshape(-1, x.shape[-1]), y, None).reshape(*x.shape[:-1], y.shape[1])
        return super().matmul(x, y)

    def linear(self, x: Array, w: Array, b: Array | None) -> Array:
        """`Backend.linear` with the bias in the same pass."""
        if w.ndim == 2 and _applies(x, w.T) and (b is None or (b.dtype == x.dtype and b.shape == w.shape[:1])):
            return product(x.reshape(-1, x.shape[-1]), w.T, b).reshape(*x.shape[:-1], len(w))
        return super().linear(x, w, b)


def _applies(x: Array, y: Array) -> bool:
    """Whether (…, n, k) @ (k, m) is a product that kernels are for."""
    if x.ndim < 2 or x.dtype != np.float32 or y.dtype != np.float32 or x.shape[-1] != len(y):
        return False
    return bool(x.size * y.shape[1] > FEW and x.size >= NARROW * len(y) and y.shape[1] >= NARROW)


def product(a: Array, b: Array, bias: Array | None) -> Array:
    """a · b + bias of matrices of float32, of any memory order."""
    products = kernels.products

    out = empty((len(a), b.shape[1]))
    cost = a.size * b.shape[1] * COST
    bias = _no_bias if bias is None else np.ascontiguousarray(bias)
    upright = b.flags.c_contiguous or not b.T.flags.c_contiguous
    if len(a) < TURNED and not upright:
        products.product_transposed.fitting(cost)(np.ascontiguousarray(a), b.T, bias, out)
        return out
    turned = a.T.flags.c_contiguous
    a = a.T if turned else np.ascontiguousarray(a)
    starts, steps = _places(len(out), 1 if turned else len(b)), _places(len(b), len(out) if turned else 1)
    tables = _places(len(out), out.shape[1]), _places(len(out), products.PANEL)
    right = np.ascontiguousarray(b if upright else b.T)
    products.product.fitting(cost)(a, starts, steps[:-SPARE], right, not upright, bias, out, *tables)
    return out


@lru_cache(maxsize=256)
def _places(count: int, step: int) -> Array:
    """Where so many lines begin that lie a step apart; the last one is repeated."""
    return np.minimum(np.arange(count + SPARE), count - 1) * step
