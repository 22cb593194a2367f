"""Diagonals and windows of neighbours: views that read, each with the adjoint that adds back."""

from typing import Any

from ..autograd import op


@op(
    x=lambda g, x_shape, offset, dim1, dim2: onto_diagonal(g, shape=x_shape, offset=offset, dim1=dim1, dim2=dim2),
    view=True,
)
def diagonal(backend: Any, x: Any, *, offset: int, dim1: int, dim2: int) -> Any:
    """The elements (i, i + offset) of two dimensions, which leave, in a new last one; a view."""
    out = backend.xp.diagonal(x, offset, dim1, dim2)
    if x.flags.writeable and not out.flags.writeable:  # NumPy hands out a view that can't be written to
        out.flags.writeable = True
    return out


@op(x=lambda g, offset, dim1, dim2: diagonal(g, offset=offset, dim1=dim1, dim2=dim2))
def onto_diagonal(backend: Any, x: Any, *, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Any:
    """Zeros of a shape with x on the diagonal of two dimensions."""
    out = backend.xp.zeros(shape, dtype=x.dtype)
    diagonal.forward(backend, out, offset=offset, dim1=dim1, dim2=dim2)[...] = x
    return out


@op(x=lambda g, x_shape, dim, size, step: add_neighbours(g, shape=x_shape, dim=dim, size=size, step=step), view=True)
def neighbours(backend: Any, x: Any, *, dim: int, size: int, step: int) -> Any:
    """All windows of a size along a dimension, `step` apart, their elements in a new last dimension; a view."""
    windows = backend.xp.lib.stride_tricks.sliding_window_view(x, size, axis=dim, writeable=x.flags.writeable)
    return windows[(*(slice(None),) * dim, slice(None, None, step))]


@op(x=lambda g, dim, size, step: neighbours(g, dim=dim, size=size, step=step))
def add_neighbours(backend: Any, x: Any, *, shape: tuple[int, ...], dim: int, size: int, step: int) -> Any:
    """Zeros of a shape to which each window is added where `neighbours` reads it."""
    out = backend.xp.zeros(shape, dtype=x.dtype)
    for i in range(size):
        stop = i + (x.shape[dim] - 1) * step + 1
        out[(*(slice(None),) * dim, slice(i, stop, step))] += x[..., i]
    return out


def _places(backend: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Any:
    """The number in memory of each element of a strided view."""
    xp = backend.xp
    out = xp.asarray(offset)
    for i, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        out = out + (xp.arange(n) * stride).reshape([-1 if i == d else 1 for d in range(len(shape))])
    return out


@op(
    x=lambda g, x_shape, strides, offset: add_strided(g, size=x_shape, strides=strides, offset=offset),
    view=True,
)
def strided(backend: Any, x: Any, *, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Any:
    """A view of the memory of x, which is row-major: element (i, j, …) is number offset + i·s₀ + j·s₁ + …"""
    width = x.dtype.itemsize
    line = backend.xp.reshape(backend.xp.ascontiguousarray(x), -1)[offset:]
    return backend.xp.lib.stride_tricks.as_strided(line, shape, tuple(s * width for s in strides))


@op(x=lambda g, x_shape, strides, offset: strided(g, shape=x_shape, strides=strides, offset=offset))
def add_strided(backend: Any, x: Any, *, size: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Any:
    """Zeros of a size to which each element is added where `strided` reads it."""
    return backend.scatter_add(_places(backend, x.shape, strides, offset), x, size)
