"""Activation functions and their derivatives, plainly, for any array library: the reference for compiled ones.

Each gradient takes `g`, the gradient of the output, and `x` or `out`, whichever its formula is shorter in. A result has
the memory order of the input.
"""

from contextlib import AbstractContextManager
from typing import Any

Array = Any


class ActivationKernels:
    """What a backend computes element by element in one pass where it can."""

    xp: Any

    def quiet(self) -> AbstractContextManager[Any]:
        """A block in which 1 / 0 and the like give ±inf and NaN without a warning."""
        raise NotImplementedError

    def relu(self, x: Array) -> Array:
        """max(x, 0)"""
        return self.xp.maximum(x, 0)

    def relu_grad(self, g: Array, out: Array) -> Array:
        """g where out > 0 (or NaN), else 0."""
        return self.xp.where(out <= 0, 0, g)

    def leaky_relu(self, x: Array, slope: float) -> Array:
        """x for x > 0, slope · x below."""
        return self.xp.where(x > 0, x, slope * x)

    def leaky_relu_grad(self, g: Array, x: Array, slope: float) -> Array:
        """g for x > 0, slope · g below."""
        return self.xp.where(x > 0, g, slope * g)

    def elu(self, x: Array, alpha: float) -> Array:
        """x for x > 0, α(eˣ − 1) below."""
        return self.xp.where(x > 0, x, alpha * self.xp.expm1(self.xp.minimum(x, 0)))

    def elu_grad(self, g: Array, x: Array, alpha: float) -> Array:
        """g for x > 0, g · α · eˣ below."""
        return self.xp.where(x > 0, g, g * alpha * self.xp.exp(self.xp.minimum(x, 0)))

    def sigmoid(self, x: Array) -> Array:
        """1 / (1 + e⁻ˣ)"""
        with self.quiet():
            return 1 / (1 + self.xp.exp(-x))

    def sigmoid_grad(self, g: Array, out: Array) -> Array:
        """g · out · (1 − out)"""
        return g * out * (1 - out)

    def tanh(self, x: Array) -> Array:
        """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)"""
        return self.xp.tanh(x)

    def tanh_grad(self, g: Array, out: Array) -> Array:
        """g · (1 − out²)"""
        return g * (1 - out * out)

    def silu(self, x: Array) -> Array:
        """x / (1 + e⁻ˣ)"""
        with self.quiet():
            return x / (1 + self.xp.exp(-x))

    def silu_grad(self, g: Array, x: Array) -> Array:
        """g · s · (1 + x · (1 − s)) with s = sigmoid(x)."""
        with self.quiet():
            s = self.sigmoid(x)
            return g * s * (1 + x * (1 - s))

    def softplus(self, x: Array, beta: float) -> Array:
        """ln(1 + e^(βx)) / β"""
        return self.xp.logaddexp(beta * x, 0) / beta
