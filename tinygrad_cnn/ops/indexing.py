"""Indexing: reading and writing parts of an array. Reading and adding into zeros are each other's adjoints."""

from typing import Any

from ..autograd import op, sum_to


def _is_basic(index: Any) -> bool:
    """Whether an index of numbers, slices, None and Ellipsis alone: it names every element at most once."""
    parts = index if isinstance(index, tuple) else (index,)
    return not any(hasattr(part, "shape") for part in parts)


@op(x=lambda g, x_shape, index: scatter_items(g, shape=x_shape, index=index), view=True)
def getitem(backend: Any, x: Any, *, index: Any) -> Any:
    """x[index], for every kind of index NumPy knows; a view for numbers and slices."""
    out = x[index]
    if not isinstance(out, backend.array_type):  # NumPy made a number of one element: with an Ellipsis it is a view
        out = x[(*(index if isinstance(index, tuple) else (index,)), ...)]
    return out


@op(x=lambda g, index: getitem(g, index=index))
def scatter_items(backend: Any, x: Any, *, shape: tuple[int, ...], index: Any) -> Any:
    """Zeros of a shape with x added at the index: an element named twice receives twice."""
    if _is_basic(index):
        out = backend.xp.zeros(shape, dtype=x.dtype)
        out[index] = x
        return out
    return backend.scatter_add(_positions(backend, shape)[index], x, shape)


@op(
    x=lambda g, index: setitem(g, 0, index=index),
    values=lambda g, values_shape, index: sum_to(getitem(g, index=index), shape=values_shape),
)
def setitem(backend: Any, x: Any, values: Any, *, index: Any) -> Any:
    """A copy of x with `values`, broadcast, at the index."""
    out = x.copy()
    out[index] = values
    return out


@op(x=lambda g, x_shape, dim, index: scatter_along(g, shape=x_shape, dim=dim, index=index))
def gather_along(backend: Any, x: Any, *, dim: int, index: Any) -> Any:
    """out[i, j, …] = x[i, index[i, j, …], …], the index in dimension `dim`; the others may be shorter than x's."""
    kept = tuple(slice(None) if i == dim else slice(n) for i, n in enumerate(index.shape))
    return backend.xp.take_along_axis(x[kept], index, axis=dim)


@op(x=lambda g, dim, index: gather_along(g, dim=dim, index=index))
def scatter_along(backend: Any, x: Any, *, shape: tuple[int, ...], dim: int, index: Any) -> Any:
    """Zeros of a shape with each x[i, j, …] added at [i, index[i, j, …], …]; the adjoint of `gather_along`."""
    positions = gather_along.forward(backend, _positions(backend, shape), dim=dim, index=index)
    return backend.scatter_add(positions, x[tuple(map(slice, index.shape))], shape)


def _positions(backend: Any, shape: tuple[int, ...]) -> Any:
    """Each element's number in the flattened array."""
    count = 1
    for n in shape:
        count *= n
    return backend.xp.arange(count).reshape(shape)


# Writing through a view: what autograd records for the view's base.


def follow(x: Any, view: tuple[tuple[Any, dict[str, Any]], ...]) -> Any:
    """Take the same views of x, one after the other: pairs of an operation and its parameters."""
    for operation, params in view:
        x = operation(x, **params)
    return x


@op(
    x=lambda g, view: write_view(g, 0, view=view),
    values=lambda g, values_shape, view: sum_to(follow(g, view), shape=values_shape),
)
def write_view(backend: Any, x: Any, values: Any, *, view: Any) -> Any:
    """A copy of x in which a view of it holds `values`."""
    out = x.copy()
    follow(out, view)[...] = values
    return out
