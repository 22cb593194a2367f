"""Reductions over dimensions. `dim` is a tuple of non-negative numbers; `keepdim` leaves a 1 in their places."""

from typing import Any

from ..autograd import broadcast_to, op
from .arithmetic import cast
from .comparison import where
from .exponential import exp
from .indexing import getitem
from .shape import flip, pad, reshape


def expand_reduced(g: Any, shape: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Spread the gradient of a reduction over what was reduced."""
    return broadcast_to(g if g.ndim == 0 else restore_dims(g, shape, dim, keepdim), shape=shape)


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
    return x.sum(axis=dim, keepdims=keepdim, dtype=_wide(x))


@op(x=lambda g, x_shape: expand_reduced(g, x_shape, (0, *range(2, len(x_shape))), keepdim=False))
def channel_sum(backend: Any, x: Any) -> Any:
    """Σ x over batch and space: (N, C, …) → (C), the gradient of what is added to each channel."""
    return backend.channel_sum(x)


@op(x=lambda g, x_shape, dim, keepdim: expand_reduced(g / max(_count(x_shape, dim), 1), x_shape, dim, keepdim))
def mean(backend: Any, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Σ x / n; NaN for n = 0."""
    with backend.quiet():
        if x.ndim > 2 and dim == tuple(range(2, x.ndim)):
            total = backend.pixel_sum(x)
            total = total.reshape(*total.shape, *(1,) * len(dim)) if keepdim else total
            return backend.xp.true_divide(total, _count(x.shape, dim))
        return backend.xp.true_divide(x.sum(axis=dim, keepdims=keepdim), _count(x.shape, dim))


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


def _std_grad(g: Any, x: Any, out: Any, dim: tuple[int, ...], correction: float, keepdim: bool) -> Any:
    slope = where(out == 0, 0, 0.5 / where(out == 0, 1, out))
    return _var_grad(g * slope, x, dim, correction, keepdim)


@op(x=_std_grad)
def std(backend: Any, x: Any, *, dim: tuple[int, ...], correction: float, keepdim: bool) -> Any:
    """√var; the derivative at 0 is 0."""
    with backend.quiet():
        return backend.xp.sqrt(var.forward(backend, x, dim=dim, correction=correction, keepdim=keepdim))


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


@op(x=lambda g, x, out: _share_among_equals(g, x, out, tuple(range(x.ndim)), keepdim=False))
def median(backend: Any, x: Any, *, skip_nan: bool) -> Any:
    """The middle of all values, the lower of two; NaN if one is, unless skipped. Equal ones share the gradient."""
    xp = backend.xp
    line = xp.sort(xp.reshape(x, -1))  # NaN comes last
    missing = int(xp.sum(xp.isnan(line)))
    if missing and not skip_nan:
        return line[-1:].reshape(())
    known = len(line) - missing
    return line[(known - 1) // 2 if known else 0].reshape(())


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


def _products_of_others(x: Any, dim: int) -> Any:
    """Πⱼ≠ᵢ xⱼ for every i along a dimension of at least 2, without division, so that it is right for zeros too.

    The product of all others is one's neighbour in a pair, times the product of all other pairs.
    """
    before, n, after = x.shape[:dim], x.shape[dim], x.shape[dim + 1 :]
    if n % 2:
        x = pad(x, pads=tuple((0, int(i == dim)) for i in range(x.ndim)), value=1)
    half = (n + 1) // 2
    pairs = reshape(x, shape=(*before, half, 2, *after))
    others = flip(pairs, dim=(dim + 1,))
    if half > 1:
        beyond = _products_of_others(prod(pairs, dim=dim + 1), dim)
        others = others * reshape(beyond, shape=(*before, half, 1, *after))
    out = reshape(others, shape=(*before, 2 * half, *after))
    return getitem(out, index=(*(slice(None),) * dim, slice(n))) if n % 2 else out


def _prod_grad(g: Any, x: Any, dim: int) -> Any:
    g = reshape(g, shape=(*x.shape[:dim], 1, *x.shape[dim + 1 :]))
    return g * _products_of_others(x, dim) if x.shape[dim] > 1 else broadcast_to(g, shape=x.shape)


@op(x=_prod_grad)
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
