"""Running products and the like along a dimension. Their gradients are linear recurrences from the other end."""

from typing import Any

from ..autograd import op
from .arithmetic import clamp
from .comparison import where
from .exponential import exp
from .indexing import getitem
from .shape import flip, pad


def _delayed(x: Any, dim: int, first: float) -> Any:
    """x one place later along the dimension, a number in front."""
    n = x.shape[dim]
    longer = pad(x, pads=tuple((int(i == dim), 0) for i in range(x.ndim)), value=first)
    return getitem(longer, index=(*(slice(None),) * dim, slice(n)))


def _backwards(a: Any, b: Any, dim: int) -> Any:
    """rᵢ = bᵢ + aᵢ₊₁ rᵢ₊₁, from the last element to the first."""
    mirrored = recurrence(_delayed(flip(a, dim=(dim,)), dim, 0), flip(b, dim=(dim,)), dim=dim)
    return flip(mirrored, dim=(dim,))


@op(
    a=lambda g, a, out, dim: _backwards(a, g, dim) * _delayed(out, dim, 0),
    b=lambda g, a, dim: _backwards(a, g, dim),
)
def recurrence(backend: Any, a: Any, b: Any, *, dim: int) -> Any:
    """r₀ = b₀, rᵢ = bᵢ + aᵢ rᵢ₋₁ along a dimension."""
    xp = backend.xp
    out = xp.array(b)
    along, factors = xp.moveaxis(out, dim, 0), xp.moveaxis(a, dim, 0)
    for i in range(1, len(along)):
        along[i] += factors[i] * along[i - 1]
    return out


@op(x=lambda g, x, out, dim: _delayed(out, dim, 1) * _backwards(x, g, dim))
def cumprod(backend: Any, x: Any, *, dim: int) -> Any:
    """Running products along a dimension. The gradient divides by nothing, so that it is right for zeros too."""
    return backend.xp.cumprod(x, axis=dim, dtype="int64" if x.dtype.kind in "biu" else x.dtype)


def _logcumsumexp_grad(g: Any, x: Any, out: Any, dim: int) -> Any:
    # Σₖ≥ᵢ gₖ e^(xᵢ − outₖ); as `out` never falls, each factor e^(outᵢ₋₁ − outᵢ) is at most 1.
    steps = clamp(_delayed(out, dim, 0) - out, low=None, high=0.0)
    never = out == -float("inf")
    factors = where(never | (steps != steps), 0, exp(steps))  # noqa: PLR0124 - −∞ − −∞ is NaN
    return where(never, 0, exp(x - where(never, 0, out))) * _backwards(factors, g, dim)


@op(x=_logcumsumexp_grad)
def logcumsumexp(backend: Any, x: Any, *, dim: int) -> Any:
    """ln Σⱼ≤ᵢ e^xⱼ along a dimension, without overflow."""
    with backend.quiet():
        return backend.xp.logaddexp.accumulate(x, axis=dim) if x.shape[dim] else x.copy()
