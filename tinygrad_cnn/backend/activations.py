"""Activation functions and their derivatives, plainly, for any array library: the reference for compiled ones.

Each gradient takes `g`, the gradient of the output, and `x` or `out`, whichever its formula is shorter in. A result has
the memory order of the input.
"""

from contextlib import AbstractContextManager
from math import pi
from typing import Any

from .error_function import erf, erfc

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

    def relu_over(self, x: Array) -> Array:
        """`relu(x)`, which may be written over x: for memory that nobody else reads."""
        return self.relu(x)

    def relu_grad_over(self, g: Array, out: Array) -> Array:
        """`relu_grad(g, out)`, which may be written over g."""
        return self.relu_grad(g, out)

    def add_relu(self, x: Array, y: Array) -> Array:
        """relu(x + y)"""
        with self.quiet():
            return self.relu_over(x + y)

    def leaky_relu(self, x: Array, slope: float) -> Array:
        """x for x > 0, slope · x below."""
        return self.xp.where(x > 0, x, slope * x)

    def leaky_relu_grad(self, g: Array, x: Array, slope: float) -> Array:
        """g for x > 0, slope · g below."""
        return self.xp.where(x > 0, g, slope * g)

    def hardtanh(self, x: Array, low: float, high: float) -> Array:
        """x between low and high, which replace what lies outside."""
        return self.xp.clip(x, low, high).astype(x.dtype, copy=False)

    def hardtanh_grad(self, g: Array, x: Array, low: float, high: float) -> Array:
        """g where low < x < high (or x is NaN), else 0."""
        return self.xp.where((x <= low) | (x >= high), 0, g)

    def hardsigmoid(self, x: Array) -> Array:
        """min(max(x + 3, 0), 6) / 6"""
        return self.xp.clip(x + 3, 0, 6) / 6

    def hardswish(self, x: Array) -> Array:
        """x · hardsigmoid(x)"""
        return x * self.hardsigmoid(x)

    def hardswish_grad(self, g: Array, x: Array) -> Array:
        """g · (x/3 + 1/2) for −3 < x < 3, 0 below, g above."""
        return g * self.xp.where(x <= -3, 0, self.xp.where(x >= 3, 1, x / 3 + 0.5))

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

    def gelu(self, x: Array) -> Array:
        """x · Φ(x), with Φ the normal distribution."""
        return x * self._normal(x)

    def gelu_grad(self, g: Array, x: Array) -> Array:
        """g · (Φ(x) + x·φ(x)) with φ = Φ′ = e^(−x²/2) / √2π."""
        return g * (self._normal(x) + x * (self.xp.exp(-0.5 * x * x) * (0.5 / pi) ** 0.5))

    def softplus(self, x: Array, beta: float) -> Array:
        """ln(1 + e^(βx)) / β"""
        return self.xp.logaddexp(beta * x, 0) / beta

    def erf(self, x: Array) -> Array:
        """2/√π ∫₀ˣ e^(−t²) dt"""
        with self.quiet():
            return erf(self.xp, x)

    def erfc(self, x: Array) -> Array:
        """1 − erf(x), exact where erf(x) is nearly 1."""
        with self.quiet():
            return erfc(self.xp, x)

    def _normal(self, x: Array) -> Array:
        """Φ(x) = erfc(−x/√2) / 2"""
        return 0.5 * self.erfc(-(0.5**0.5) * x)
