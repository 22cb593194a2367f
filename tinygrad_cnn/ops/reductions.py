"""Reductions over dimensions. `dim` is a tuple of non-negative numbers; `keepdim` leaves a 1 in their places."""

from typing import Any

from ..autograd import broadcast_to, op
from .arithmetic import cast
from .comparison import where
from .exponential import exp
from .shape import flip, reshape


def expand_reduced(g: Any, shape: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Spread the gradient of a reduction over what was reduced."""
    return broadcast_to(restore_dims(g, shape, dim, keepdim), shape=shape)


def restore_dims(out: Any, shape: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """The result of a reduction with 1 in place of each reduced dimension."""
    return out if keepdim else reshape(out, shape=tuple(1 if i in dim else n for i, n in enumerate(shape)))


def _count(shape: Any, dim: tuple[int, ...]) -> int:
    count = 1
    for i in dim:
        count *= shape[i]
    return count


def _wide(x: Any) -> Any:
    """The dtype in which x is summed: int64 for integers, its own for floats."""
    return "int64" if x.dtype.kind in "biu" else x.dtype


@op(x=lambda g, x_shape, dim, keepdim: expand_reduced(g, x_shape, dim, keepdim))
def sum_(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Σ x"""
    return backend.xp.sum(x, axis=dim, keepdims=keepdim, dtype=_wide(x))


@op(x=lambda g, x_shape, dim, keepdim: expand_reduced(g / max(_count(x_shape, dim), 1), x_shape, dim, keepdim))
def mean(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Σ x / n; NaN for n = 0."""
    with backend.quiet():
        return backend.xp.true_divide(backend.xp.sum(x, axis=dim, keepdims=keepdim), _count(x.shape, dim))


def _var_grad(g: Any, x: Any, dim: tuple[int, ...], correction: float, keepdim: bool) -> Any:
    free = _count(x.shape, dim) - correction
    scale = 2 / free if free > 0 else float("nan")
    return expand_reduced(g * scale, x.shape, dim, keepdim) * (x - mean(x, dim=dim, keepdim=True))


@op(x=_var_grad)
def var(backend: Any, x: Any, *, dim: tuple[int, ...], correction: float, keepdim: bool) -> Any:
    """Σ (x − mean)² / (n − correction)"""
    with backend.quiet():
        count = _count(x.shape, dim)
        deviations = x - backend.xp.true_divide(backend.xp.sum(x, axis=dim, keepdims=True), count)
        return backend.xp.true_divide(
            backend.xp.sum(deviations * deviations, axis=dim, keepdims=keepdim), max(count - correction, 0)
        )


def _share_among_equals(g: Any, x: Any, out: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Equal maxima share the gradient."""
    equal = x == restore_dims(out, x.shape, dim, keepdim)
    weight = cast(equal, dtype=x.dtype, source=equal.dtype)
    return expand_reduced(g, x.shape, dim, keepdim) * weight / sum_(weight, dim=dim, keepdim=True)


@op(x=_share_among_equals)
def amax(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """The maximum; equal ones share the gradient."""
    return backend.xp.max(x, axis=dim, keepdims=keepdim)


@op(x=_share_among_equals)
def amin(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """The minimum; equal ones share the gradient."""
    return backend.xp.min(x, axis=dim, keepdims=keepdim)


@op()
def argmax(backend: Any, x: Any, *, dim: int | None, keepdim: bool) -> Any:
    """Where the maximum is (the first of equals), in the flattened array when dim is None."""
    return backend.xp.argmax(x, axis=dim, keepdims=keepdim)


@op()
def argmin(backend: Any, x: Any, *, dim: int | None, keepdim: bool) -> Any:
    """Where the minimum is (the first of equals), in the flattened array when dim is None."""
    return backend.xp.argmin(x, axis=dim, keepdims=keepdim)


@op()
def any_(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Whether one is nonzero."""
    return backend.xp.any(x, axis=dim, keepdims=keepdim)


@op()
def all_(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Whether none is zero."""
    return backend.xp.all(x, axis=dim, keepdims=keepdim)


def _product_of_others(g: Any, x: Any, dim: int) -> Any:
    """∂ prod / ∂xᵢ = Πⱼ≠ᵢ xⱼ, as a product over a matrix whose diagonal is 1: right for zeros, and for every order."""
    before, n, after = x.shape[:dim], x.shape[dim], x.shape[dim + 1 :]
    diagonal = reshape(_identity(x, n=n), shape=(*(1,) * dim, n, n, *(1,) * len(after)))
    factors = where(diagonal, 1, reshape(x, shape=(*before, 1, n, *after)))  # row i holds all factors but the i-th
    return reshape(g, shape=(*before, 1, *after)) * prod(factors, dim=dim + 1)


@op()
def _identity(backend: Any, x: Any, *, n: int) -> Any:
    """The n × n identity as booleans, on x's device."""
    return backend.xp.eye(n, dtype=bool)


@op(x=_product_of_others)
def prod(backend: Any, x: Any, *, dim: int) -> Any:
    """Π x along one dimension."""
    return backend.xp.prod(x, axis=dim, dtype=_wide(x))


@op(x=lambda g, dim: flip(cumsum(flip(g, dim=(dim,)), dim=dim), dim=(dim,)))
def cumsum(backend: Any, x: Any, *, dim: int) -> Any:
    """Running sums along a dimension."""
    return backend.xp.cumsum(x, axis=dim, dtype=_wide(x))


def _softmax_share(g: Any, x: Any, out: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    # Where every x is −∞ so is `out`; with 0 instead the share e^(x − out) is 0, as it should be.
    out = restore_dims(out, x.shape, dim, keepdim)
    return expand_reduced(g, x.shape, dim, keepdim) * exp(x - where(out == -float("inf"), 0, out))


@op(x=_softmax_share)
def logsumexp(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """ln Σ eˣ, shifted by the maximum, so that nothing overflows."""
    xp = backend.xp
    with backend.quiet():
        largest = (xp.max if _count(x.shape, dim) else xp.sum)(x, axis=dim, keepdims=True)  # 0 where there is nothing
        largest = xp.where(xp.isfinite(largest), largest, x.dtype.type(0))
        out = xp.log(xp.sum(xp.exp(x - largest), axis=dim, keepdims=True)) + largest
    return out if keepdim else xp.squeeze(out, axis=dim)


@op(x=lambda g, x, x_shape, out, dim, keepdim: expand_reduced(g / where(out == 0, 1, out), x_shape, dim, keepdim) * x)
def euclidean_norm(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """√Σ x²; the derivative at 0 is 0."""
    return backend.xp.sqrt(backend.xp.sum(x * x, axis=dim, keepdims=keepdim))
