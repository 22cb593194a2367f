"""Activation functions through compiled kernels."""

from typing import Any

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend
from .lazy import kernels
from .memory import empty, memory_order

SMALL = 1 << 12  # fewer values cost less than the calls around a compiled kernel
# Microseconds per value on one thread: where memory is the limit, and where exponentials are.
MEMORY, EXPONENTIAL = 2e-4, 4e-4


class PointwiseKernels(NumpyBackend):
    """The backend's activation functions."""

    # NumPy computes them on one thread, step by step, with an array for each step.

    def relu(self, x: Array) -> Array:
        """`Backend.relu` on all threads."""
        return super().relu(x) if _small(x) else _mapped("relu", MEMORY, x)

    def relu_grad(self, g: Array, out: Array) -> Array:
        """`Backend.relu_grad` in one pass."""
        return super().relu_grad(g, out) if _small(out, g) else _mapped("relu_grad", MEMORY, out, g)

    def relu_over(self, x: Array) -> Array:
        """`Backend.relu_over`, written over x where kernels pay."""
        return self.relu(x) if _small(x) else _mapped("relu", MEMORY, x, over=True)

    def relu_grad_over(self, g: Array, out: Array) -> Array:
        """`Backend.relu_grad_over`, written over g where kernels pay."""
        return self.relu_grad(g, out) if _small(out, g) else _mapped("relu_grad", MEMORY, out, g, over=True)

    def leaky_relu(self, x: Array, slope: float) -> Array:
        """`Backend.leaky_relu` in one pass."""
        return super().leaky_relu(x, slope) if _small(x) else _mapped("leaky_relu", MEMORY, x, number=slope)

    def leaky_relu_grad(self, g: Array, x: Array, slope: float) -> Array:
        """`Backend.leaky_relu_grad` in one pass."""
        if _small(x, g):
            return super().leaky_relu_grad(g, x, slope)
        return _mapped("leaky_relu_grad", MEMORY, x, g, slope)

    def hardtanh(self, x: Array, low: float, high: float) -> Array:
        """`Backend.hardtanh` on all threads."""
        return super().hardtanh(x, low, high) if _small(x) else _mapped("hardtanh", MEMORY, x, number=(low, high))

    def hardtanh_grad(self, g: Array, x: Array, low: float, high: float) -> Array:
        """`Backend.hardtanh_grad` in one pass."""
        if _small(x, g):
            return super().hardtanh_grad(g, x, low, high)
        return _mapped("hardtanh_grad", MEMORY, x, g, (low, high))

    def hardsigmoid(self, x: Array) -> Array:
        """`Backend.hardsigmoid` in one pass."""
        return super().hardsigmoid(x) if _small(x) else _mapped("hardsigmoid", MEMORY, x)

    def hardswish(self, x: Array) -> Array:
        """`Backend.hardswish` in one pass."""
        return super().hardswish(x) if _small(x) else _mapped("hardswish", MEMORY, x)

    def hardswish_grad(self, g: Array, x: Array) -> Array:
        """`Backend.hardswish_grad` in one pass."""
        return super().hardswish_grad(g, x) if _small(x, g) else _mapped("hardswish_grad", MEMORY, x, g)

    def elu(self, x: Array, alpha: float) -> Array:
        """`Backend.elu` in one pass."""
        return super().elu(x, alpha) if _small(x) else _mapped("elu", EXPONENTIAL, x, number=alpha)

    def elu_grad(self, g: Array, x: Array, alpha: float) -> Array:
        """`Backend.elu_grad` in one pass."""
        return super().elu_grad(g, x, alpha) if _small(x, g) else _mapped("elu_grad", EXPONENTIAL, x, g, alpha)

    def sigmoid(self, x: Array) -> Array:
        """`Backend.sigmoid` in one pass."""
        return super().sigmoid(x) if _small(x) else _mapped("sigmoid", EXPONENTIAL, x)

    def sigmoid_grad(self, g: Array, out: Array) -> Array:
        """`Backend.sigmoid_grad` in one pass."""
        return super().sigmoid_grad(g, out) if _small(out, g) else _mapped("sigmoid_grad", MEMORY, out, g)

    def tanh(self, x: Array) -> Array:
        """`Backend.tanh` on all threads."""
        return super().tanh(x) if _small(x) else _mapped("tanh", EXPONENTIAL, x)

    def tanh_grad(self, g: Array, out: Array) -> Array:
        """`Backend.tanh_grad` in one pass."""
        return super().tanh_grad(g, out) if _small(out, g) else _mapped("tanh_grad", MEMORY, out, g)

    def silu(self, x: Array) -> Array:
        """`Backend.silu` in one pass."""
        return super().silu(x) if _small(x) else _mapped("silu", EXPONENTIAL, x)

    def silu_grad(self, g: Array, x: Array) -> Array:
        """`Backend.silu_grad` in one pass."""
        return super().silu_grad(g, x) if _small(x, g) else _mapped("silu_grad", EXPONENTIAL, x, g)

    def gelu(self, x: Array) -> Array:
        """`Backend.gelu` in one pass."""
        return super().gelu(x) if _small(x) else _mapped("gelu", 2 * EXPONENTIAL, x)

    def gelu_grad(self, g: Array, x: Array) -> Array:
        """`Backend.gelu_grad` in one pass."""
        return super().gelu_grad(g, x) if _small(x, g) else _mapped("gelu_grad", 2 * EXPONENTIAL, x, g)

    def softplus(self, x: Array, beta: float) -> Array:
        """`Backend.softplus` in one pass."""
        return super().softplus(x, beta) if _small(x) else _mapped("softplus", 2 * EXPONENTIAL, x, number=beta)


def _small(x: Array, g: Array | None = None) -> bool:
    """Whether kernels do not pay, or do not apply: they are for float32 and for two arrays of one shape."""
    if x.size < SMALL or x.dtype != np.float32:
        return True
    return g is not None and (g.dtype != np.float32 or g.shape != x.shape)


def _mapped(name: str, cost: float, x: Array, g: Array | None = None, number: Any = 0, *, over: bool = False) -> Array:
    """The function of that name of x, or of g and x, in the memory order of x; where possible `over` the first."""
    mapped = kernels.pointwise.mapped

    order = None if x.flags.c_contiguous else memory_order(x)
    arrays = [x] if g is None else [g, x]
    if order is not None:
        arrays = [array.transpose(order) for array in arrays]
    over = over and arrays[0].flags.c_contiguous and arrays[0].flags.writeable
    out = arrays[0] if over else empty(arrays[0].shape)
    flat = [np.ascontiguousarray(array).reshape(-1) for array in arrays]  # copied where it lies otherwise
    numbers = tuple(map(np.float32, number)) if isinstance(number, tuple) else np.float32(number)
    mapped(name).fitting(x.size * cost)(*flat, numbers, out.reshape(-1))
    if order is None:
        return out
    back = [0] * len(order)
    for place, dim in enumerate(order):
        back[dim] = place
    return out.transpose(back)
