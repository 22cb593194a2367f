"""Losses through compiled kernels."""

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend
from .lazy import kernels
from .memory import empty

COST = 6e-4  # microseconds per value on one thread


class LossKernels(NumpyBackend):
    """The backend's losses."""

    # NumPy makes an array for each step of the formula; where rows are short its calls cost more than the arithmetic.

    def softmax_cross_entropy(self, x: Array, target: Array) -> Array:
        """`Backend.softmax_cross_entropy` in one pass."""
        if not _applies(x, target):
            return super().softmax_cross_entropy(x, target)
        losses = kernels.losses

        out = np.empty(len(x), dtype=x.dtype)
        losses.loss.fitting(x.size * COST)(np.ascontiguousarray(x), _numbers(target), out)
        return out

    def softmax_cross_entropy_grad(self, g: Array, x: Array, target: Array) -> Array:
        """`Backend.softmax_cross_entropy_grad` in one pass."""
        if not _applies(x, target) or g.dtype != x.dtype or g.shape != target.shape:
            return super().softmax_cross_entropy_grad(g, x, target)
        losses = kernels.losses

        out, x, g = empty(x.shape, x.dtype), np.ascontiguousarray(x), np.ascontiguousarray(g)
        losses.grad.fitting(x.size * COST)(g, x, _numbers(target), out)
        return out


def _applies(x: Array, target: Array) -> bool:
    fitting = x.ndim == 2 and target.shape == x.shape[:1]
    return bool(fitting and x.dtype == np.float32 and x.size > 0)


def _numbers(target: Array) -> Array:
    return np.ascontiguousarray(target, dtype=np.int64)
