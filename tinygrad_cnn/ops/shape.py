"""Operations that move values without changing them."""

from typing import Any

from ..autograd import op
from .indexing import getitem


@op(x=lambda g, x_shape: reshape(g, shape=x_shape), view=True)
def reshape(backend: Any, x: Any, *, shape: tuple[int, ...]) -> Any:
    """The same values, row by row, in another shape; shares memory where the order of the values allows it."""
    return backend.xp.reshape(x, shape)


def _inverse(dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(dims)), key=dims.__getitem__))


@op(x=lambda g, dims: permute(g, dims=_inverse(dims)), view=True)
def permute(backend: Any, x: Any, *, dims: tuple[int, ...]) -> Any:
    """Dimensions in another order: dimension i of the result is dimension dims[i] of x."""
    return backend.xp.permute_dims(x, dims)


@op(x=lambda g, dim: flip(g, dim=dim))
def flip(backend: Any, x: Any, *, dim: tuple[int, ...]) -> Any:
    """Back to front along the dimensions."""
    return backend.xp.flip(x, axis=dim).copy()


@op(x=lambda g, shifts, dim: roll(g, shifts=tuple(-s for s in shifts), dim=dim))
def roll(backend: Any, x: Any, *, shifts: tuple[int, ...], dim: tuple[int, ...]) -> Any:
    """Shifted along the dimensions; what leaves at one end comes in at the other."""
    return backend.xp.roll(x, shifts, axis=dim)


def _parts(g: Any, input_shapes: Any, dim: int) -> list[Any]:
    """Cut a gradient where `concat` joined its inputs."""
    parts, start = [], 0
    for shape in input_shapes:
        stop = start + shape[dim]
        parts.append(getitem(g, index=(*(slice(None),) * dim, slice(start, stop))))
        start = stop
    return parts


@op(joint=_parts, dtypes="promote")
def concat(backend: Any, *tensors: Any, dim: int) -> Any:
    """One after the other along a dimension."""
    return backend.xp.concatenate(tensors, axis=dim)


@op(x=lambda g, pads: pad(g, pads=tuple((-before, -after) for before, after in pads), value=0))
def pad(backend: Any, x: Any, *, pads: tuple[tuple[int, int], ...], value: float) -> Any:
    """x in a frame of a constant, (before, after) wide in each dimension; a negative width cuts off instead."""
    out = backend.xp.full([n + a + b for n, (a, b) in zip(x.shape, pads, strict=True)], value, dtype=x.dtype)
    inner = x[tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, pads, strict=True))]
    out[tuple(slice(max(a, 0), max(a, 0) + n) for n, (a, _) in zip(inner.shape, pads, strict=True))] = inner
    return out


@op(x=lambda g, diagonal: tril(g, diagonal=diagonal))
def tril(backend: Any, x: Any, *, diagonal: int) -> Any:
    """The last two dimensions' lower triangle, zeros above the diagonal."""
    return backend.xp.tril(x, diagonal)


@op(x=lambda g, diagonal: triu(g, diagonal=diagonal))
def triu(backend: Any, x: Any, *, diagonal: int) -> Any:
    """The last two dimensions' upper triangle, zeros below the diagonal."""
    return backend.xp.triu(x, diagonal)
