"""Norms over dimensions: (Σ |x|^p)^(1/p), and what that means for p = 0 and p = ±∞."""

from math import inf
from typing import Any

from ..autograd import op
from .arithmetic import abs_, cast, sign
from .comparison import where
from .reductions import expand_reduced, restore_dims, sum_


@op(x=lambda g, x, x_shape, out, dim, keepdim: expand_reduced(g / where(out == 0, inf, out), x_shape, dim, keepdim) * x)
def euclidean_norm(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """√Σ x²; at 0 its derivatives count as 0, the second too."""
    return backend.xp.sqrt(backend.xp.sum(x * x, axis=dim, keepdims=keepdim))


def _norm_grad(g: Any, x: Any, out: Any, p: float, dim: tuple[int, ...], keepdim: bool) -> Any:
    g = expand_reduced(g, x.shape, dim, keepdim)
    if p == 0:
        return g * 0
    if p == 1:
        return g * sign(x)
    out = restore_dims(out, x.shape, dim, keepdim)
    size = abs_(x)
    if abs(p) == inf:  # equal ones share the gradient
        equal = size == out
        weight = cast(equal, dtype=x.dtype, source=equal.dtype)
        return g * sign(x) * weight / sum_(weight, dim=dim, keepdim=True)
    # sign(x) (|x| / out)^(p−1), where 0 to a negative power counts as 0
    share = where(x == 0, 0, (where(x == 0, 1, size) / where(out == 0, 1, out)) ** (p - 1))
    return g * sign(x) * share


@op(x=_norm_grad)
def norm(backend: Any, x: Any, *, p: float, dim: tuple[int, ...], keepdim: bool) -> Any:
    """(Σ |x|^p)^(1/p); for p = 0 how many are not zero, for ±∞ the largest or smallest |x|."""
    xp = backend.xp
    size = xp.abs(x)
    with backend.quiet():
        if p == inf:
            return xp.max(size, axis=dim, keepdims=keepdim)
        if p == -inf:
            return xp.min(size, axis=dim, keepdims=keepdim)
        if p == 0:
            return xp.sum(size != 0, axis=dim, keepdims=keepdim).astype(x.dtype)
        return xp.sum(size**p, axis=dim, keepdims=keepdim) ** (1 / p)
