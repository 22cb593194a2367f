"""Activation functions, element by element, and the softmax over one dimension."""

from math import pi
from typing import Any

from ..autograd import elementwise, op
from .comparison import where
from .exponential import exp
from .reductions import sum_

# A gradient in one pass is an operation of its own, whose rules give the second derivatives.


@elementwise(x=lambda g, out: relu_grad(g, out))
def relu(backend: Any, x: Any) -> Any:
    """max(x, 0); the derivative at 0 is 0."""
    return backend.relu(x)


@elementwise(y=lambda g, r: relu_grad(g, r))
def relu_grad(backend: Any, y: Any, r: Any) -> Any:
    """y where r > 0, else 0, with r = relu(x)."""
    return backend.relu_grad(y, r)


@elementwise(x=lambda g, x, slope: leaky_relu_grad(g, x, slope=slope))
def leaky_relu(backend: Any, x: Any, *, slope: float) -> Any:
    """x for x > 0, slope · x below."""
    return backend.leaky_relu(x, slope)


@elementwise(y=lambda g, x, slope: leaky_relu_grad(g, x, slope=slope))
def leaky_relu_grad(backend: Any, y: Any, x: Any, *, slope: float) -> Any:
    """y for x > 0, slope · y below."""
    return backend.leaky_relu_grad(y, x, slope)


@elementwise(x=lambda g, x, low, high: hardtanh_grad(g, x, low=low, high=high))
def hardtanh(backend: Any, x: Any, *, low: float, high: float) -> Any:
    """x between low and high, which replace what lies outside; the derivative at both is 0."""
    return backend.hardtanh(x, low, high)


@elementwise(y=lambda g, x, low, high: hardtanh_grad(g, x, low=low, high=high))
def hardtanh_grad(backend: Any, y: Any, x: Any, *, low: float, high: float) -> Any:
    """y where low < x < high, else 0."""
    return backend.hardtanh_grad(y, x, low, high)


@elementwise(dtypes="float", x=lambda g, x: hardtanh_grad(g, x, low=-3.0, high=3.0) * (1 / 6))
def hardsigmoid(backend: Any, x: Any) -> Any:
    """min(max(x + 3, 0), 6) / 6"""
    return backend.hardsigmoid(x)


@elementwise(dtypes="float", x=lambda g, x: hardswish_grad(g, x))
def hardswish(backend: Any, x: Any) -> Any:
    """x · hardsigmoid(x) (Howard et al. 2019)."""
    return backend.hardswish(x)


@elementwise(
    y=lambda g, x: hardswish_grad(g, x),
    x=lambda g, y, x: hardtanh_grad(g * y, x, low=-3.0, high=3.0) * (1 / 3),
)
def hardswish_grad(backend: Any, y: Any, x: Any) -> Any:
    """y · (x/3 + 1/2) for −3 < x < 3, 0 below, y above."""
    return backend.hardswish_grad(y, x)


@elementwise(dtypes="float", x=lambda g, out: sigmoid_grad(g, out))
def sigmoid(backend: Any, x: Any) -> Any:
    """1 / (1 + e⁻ˣ); exact where it is small, and where the power overflows it is 0 all the same."""
    return backend.sigmoid(x)


@elementwise(y=lambda g, s: sigmoid_grad(g, s), s=lambda g, y, s: g * y * (1 - 2 * s))
def sigmoid_grad(backend: Any, y: Any, s: Any) -> Any:
    """y · s · (1 − s) with s = sigmoid(x)."""
    return backend.sigmoid_grad(y, s)


@elementwise(dtypes="float", x=lambda g, x, beta: g * sigmoid(beta * x))
def softplus(backend: Any, x: Any, *, beta: float) -> Any:
    """ln(1 + e^(βx)) / β, a smooth relu."""
    return backend.softplus(x, beta)


@elementwise(x=lambda g, x, alpha: elu_grad(g, x, alpha=alpha))
def elu(backend: Any, x: Any, *, alpha: float) -> Any:
    """x for x > 0, α(eˣ − 1) below (Clevert et al. 2016)."""
    return backend.elu(x, alpha)


@elementwise(
    y=lambda g, x, alpha: elu_grad(g, x, alpha=alpha),
    x=lambda g, y, x, alpha: where(x > 0, 0, elu_grad(g * y, x, alpha=alpha)),
)
def elu_grad(backend: Any, y: Any, x: Any, *, alpha: float) -> Any:
    """y for x > 0, y · α · eˣ below."""
    return backend.elu_grad(y, x, alpha)


@elementwise(dtypes="float", x=lambda g, x: silu_grad(g, x))
def silu(backend: Any, x: Any) -> Any:
    """x · sigmoid(x) (Hendrycks & Gimpel 2016; also called swish)."""
    return backend.silu(x)


def _silu_second_grad(g: Any, y: Any, x: Any) -> Any:
    s = sigmoid(x)
    return sigmoid_grad(g * y, s) * (2 + x * (1 - 2 * s))


@elementwise(y=lambda g, x: silu_grad(g, x), x=_silu_second_grad)
def silu_grad(backend: Any, y: Any, x: Any) -> Any:
    """y · s · (1 + x · (1 − s)) with s = sigmoid(x)."""
    return backend.silu_grad(y, x)


@elementwise(dtypes="float", x=lambda g, x: gelu_grad(g, x))
def gelu(backend: Any, x: Any) -> Any:
    """x · Φ(x), with Φ the normal distribution (Hendrycks & Gimpel 2016)."""
    return backend.gelu(x)


@elementwise(
    y=lambda g, x: gelu_grad(g, x),
    x=lambda g, y, x: g * y * ((2 - x * x) * exp(-0.5 * x * x) * (0.5 / pi) ** 0.5),
)
def gelu_grad(backend: Any, y: Any, x: Any) -> Any:
    """y · (Φ(x) + x · φ(x)), with φ = Φ′ = e^(−x²/2) / √2π."""
    return backend.gelu_grad(y, x)


@op(x=lambda g, out, dim: out * (g - sum_(g * out, dim=(dim,), keepdim=True)))
def softmax(backend: Any, x: Any, *, dim: int) -> Any:
    """e^xᵢ / Σⱼ e^xⱼ along a dimension; shifted by the maximum, so that nothing overflows."""
    with backend.quiet():
        powers = backend.xp.exp(x - backend.xp.max(x, axis=dim, keepdims=True))
        return powers / backend.xp.sum(powers, axis=dim, keepdims=True)


@op(x=lambda g, out, dim: g - exp(out) * sum_(g, dim=(dim,), keepdim=True))
def log_softmax(backend: Any, x: Any, *, dim: int) -> Any:
    """xᵢ − ln Σⱼ e^xⱼ along a dimension."""
    with backend.quiet():
        shifted = x - backend.xp.max(x, axis=dim, keepdims=True)
        return shifted - backend.xp.log(backend.xp.sum(backend.xp.exp(shifted), axis=dim, keepdims=True))
