"""Scattering with products and extremes in place of sums.

`kept` is where x itself takes part: None for everywhere, else a mask of the places that the index leaves alone.
"""

from typing import Any

from ..autograd import op
from .arithmetic import cast
from .comparison import eq, where
from .indexing import gather_along, scatter_along


def _places(backend: Any, shape: tuple[int, ...], dim: int, index: Any) -> Any:
    """The number in the flattened array of each element that an index along a dimension names."""
    count = 1
    for n in shape:
        count *= n
    numbers = backend.xp.arange(count).reshape(shape)
    return gather_along.forward(backend, numbers, dim=dim, index=index).reshape(-1)


def _shares(x: Any, src: Any, out: Any, dim: int, index: Any) -> tuple[Any, Any, Any]:
    """Which elements of x and src are the extreme, as 0 and 1, and how many share each place."""
    of_x, of_src = eq(x, out), eq(src, gather_along(out, dim=dim, index=index))
    of_x = cast(of_x, dtype=out.dtype, source=of_x.dtype)
    of_src = cast(of_src, dtype=out.dtype, source=of_src.dtype)
    count = of_x + scatter_along(of_src, shape=tuple(x.shape), dim=dim, index=index)
    return of_x, of_src, where(count == 0, 1, count)


def _extreme_x_grad(g: Any, x: Any, src: Any, out: Any, dim: int, index: Any, kept: Any) -> Any:
    of_x, _, count = _shares(x, src, out, dim, index)
    share = g * of_x / count
    return share if kept is None else where(kept, share, 0)


def _extreme_src_grad(g: Any, x: Any, src: Any, out: Any, dim: int, index: Any) -> Any:
    _, of_src, count = _shares(x, src, out, dim, index)
    return gather_along(g / count, dim=dim, index=index) * of_src


@op(dtypes="equal", x=_extreme_x_grad, src=_extreme_src_grad)
def scatter_extreme(backend: Any, x: Any, src: Any, *, dim: int, index: Any, kept: Any, largest: bool) -> Any:
    """x with, at each place, the largest (smallest) of it and the values sent there; equal ones share the gradient."""
    xp = backend.xp
    if kept is None:
        out = x.copy()
    else:
        limits = None if x.dtype.kind in "fb" else xp.iinfo(x.dtype)
        lowest, highest = (-float("inf"), float("inf")) if limits is None else (int(limits.min), int(limits.max))
        out = xp.where(kept, x, xp.asarray(lowest if largest else highest).astype(x.dtype))
        out = out if x.dtype.kind != "b" else kept & x if largest else ~kept | x
    line = out.reshape(-1)
    (xp.maximum if largest else xp.minimum).at(line, _places(backend, x.shape, dim, index), src.reshape(-1))
    return line.reshape(x.shape)


def _prod_x_grad(g: Any, x: Any, src: Any, dim: int, index: Any, kept: Any) -> Any:
    filled = where(x == 0, 1, x)
    others = scatter_prod(filled, src, dim=dim, index=index, kept=kept) / filled
    return g * others if kept is None else where(kept, g, 0)


def _prod_src_grad(g: Any, x: Any, src: Any, dim: int, index: Any, kept: Any) -> Any:
    # The product of the others is the whole divided by this factor; where that is the only zero, the product with 1 in
    # its place; where there are more zeros, 0.
    target: dict[str, Any] = {"dim": dim, "index": index}
    zero = src == 0
    ones = cast(zero, dtype=g.dtype, source=zero.dtype)
    zeros = gather_along(scatter_along(ones, shape=tuple(x.shape), **target), **target)
    without = gather_along(scatter_prod(x, where(zero & (zeros == 1), 1, src), kept=kept, **target), **target)
    whole = gather_along(scatter_prod(x, src, kept=kept, **target), **target)
    others = where(zero, where(zeros > 1, 0, without), whole / where(zero, 1, src))
    return gather_along(g, dim=dim, index=index) * others


@op(dtypes="equal", x=_prod_x_grad, src=_prod_src_grad)
def scatter_prod(backend: Any, x: Any, src: Any, *, dim: int, index: Any, kept: Any) -> Any:
    """x with each place multiplied by the values that the index sends there."""
    line = (x.copy() if kept is None else backend.xp.where(kept, x, x.dtype.type(1))).reshape(-1)
    backend.xp.multiply.at(line, _places(backend, x.shape, dim, index), src.reshape(-1))
    return line.reshape(x.shape)
