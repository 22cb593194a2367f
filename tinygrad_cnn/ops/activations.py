"""Activation functions, element by element, and the softmax over one dimension."""

from typing import Any

from ..autograd import elementwise, op
from .comparison import where
from .exponential import exp
from .reductions import sum_


@elementwise(x=lambda g, out: g * (out > 0))
def relu(backend: Any, x: Any) -> Any:
    """max(x, 0); the derivative at 0 is 0."""
    return backend.xp.maximum(x, 0)


@elementwise(x=lambda g, x, slope: where(x > 0, g, slope * g))
def leaky_relu(backend: Any, x: Any, *, slope: float) -> Any:
    """x for x > 0, slope · x below."""
    return backend.xp.where(x > 0, x, slope * x)


@elementwise(dtypes="float", x=lambda g, out: g * out * (1 - out))
def sigmoid(backend: Any, x: Any) -> Any:
    """1 / (1 + e⁻ˣ); exact where it is small, and where the power overflows it is 0 all the same."""
    with backend.quiet():
        return 1 / (1 + backend.xp.exp(-x))


@elementwise(dtypes="float", x=lambda g, x, beta: g * sigmoid(beta * x))
def softplus(backend: Any, x: Any, *, beta: float) -> Any:
    """ln(1 + e^(βx)) / β, a smooth relu."""
    return backend.xp.logaddexp(beta * x, 0) / beta


@elementwise(x=lambda g, x, alpha: g * where(x > 0, 1, alpha * exp(where(x > 0, 0, x))))
def elu(backend: Any, x: Any, *, alpha: float) -> Any:
    """x for x > 0, α(eˣ − 1) below (Clevert et al. 2016)."""
    return backend.xp.where(x > 0, x, alpha * backend.xp.expm1(backend.xp.minimum(x, 0)))


def _silu_grad(g: Any, x: Any) -> Any:
    s = sigmoid(x)
    return g * s * (1 + x * (1 - s))


@elementwise(dtypes="float", x=_silu_grad)
def silu(backend: Any, x: Any) -> Any:
    """x · sigmoid(x) (Hendrycks & Gimpel 2016; also called swish)."""
    with backend.quiet():
        return x / (1 + backend.xp.exp(-x))


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
