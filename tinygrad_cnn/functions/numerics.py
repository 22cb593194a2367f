"""Numerical functions of whole tensors: slopes by differences, counts in bins, powers."""

import builtins
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import as_dtype, is_floating
from ..errors import ArgumentError, DtypeError, ShapeError
from ..tensor import Tensor, dimensions
from .out import with_out


class Histogram(NamedTuple):
    """What `histogram` returns: how many values lie in each bin, and the edges of the bins."""

    hist: Tensor
    bin_edges: Any


def gradient(
    input: Tensor, *, spacing: Any = 1, dim: int | Sequence[int] | None = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """The slope of values along each dimension, from their neighbours' differences.

    Args:
        spacing: the distance of neighbours, one number or one per dimension; or vectors of the values' places.
        dim: along which dimensions, by default all.
        edge_order: how exact the slopes at the ends are, 1 or 2.

    Raises:
        RuntimeError: for too few values along a dimension, or spacings of another number than the dimensions.

    >>> import tinygrad_cnn as tg
    >>> gradient(tg.tensor([0.0, 1.0, 4.0, 9.0]))
    (tensor([1., 2., 4., 5.]),)
    """
    dims = dimensions("gradient", dim, input.ndim)
    if edge_order not in (1, 2):
        raise ArgumentError(f"gradient: edge_order must be 1 or 2; got {edge_order}{in_scope()}")
    x: Any = input if is_floating(input.dtype) else input.float()
    spacing = 1 if spacing is None else spacing
    several = isinstance(spacing, list | tuple)
    if several and len(spacing) != len(dims):
        raise ShapeError(f"gradient: {len(spacing)} spacings for {len(dims)} dimensions{in_scope()}")
    out = []
    for i, d in enumerate(dims):
        n = input.shape[d]
        if n < edge_order + 1:
            raise ShapeError(
                f"gradient: edge_order {edge_order} needs {edge_order + 1} values; dim {d} has {n}{in_scope()}"
            )
        gap = spacing[i] if several else spacing
        if isinstance(gap, Tensor) and gap.ndim:
            if gap.ndim > 1 or len(gap) != n:
                raise ShapeError(f"gradient: {tuple(gap.shape)} places for the {n} values of dim {d}{in_scope()}")
            steps = gap.detach().array[1:] - gap.detach().array[:-1]
        else:
            width = gap.item() if isinstance(gap, Tensor) else gap
            steps = x.backend.xp.full(n - 1, width, dtype="float64")
        out.append(_slope(x, d, steps.astype(x.dtype), edge_order))
    return tuple(out)


def _slope(x: Any, dim: int, steps: Any, edge_order: int) -> Tensor:
    """Central differences inside; at the ends those of the nearest parabola or line."""

    def part(start: int | None, stop: int | None) -> Any:
        return x[(*(slice(None),) * dim, slice(start, stop))]

    def along(values: Any) -> Any:
        return Tensor.from_array(values.reshape(-1, *(1,) * (x.ndim - dim - 1)))

    before, after = along(steps[:-1]), along(steps[1:])
    parts = []
    if len(steps) > 1:
        total = before + after
        parts.append(
            part(None, -2) * (-after / (before * total))
            + part(1, -1) * ((after - before) / (before * after))
            + part(2, None) * (before / (after * total))
        )
    if edge_order == 1:
        first = (part(1, 2) - part(0, 1)) / along(steps[:1])
        last = (part(-1, None) - part(-2, -1)) / along(steps[-1:])
    else:
        a, b = along(steps[:1]), along(steps[1:2])
        first = part(0, 1) * (-(2 * a + b) / (a * (a + b))) + part(1, 2) * ((a + b) / (a * b))
        first = first - part(2, 3) * (a / (b * (a + b)))
        a, b = along(steps[-2:-1]), along(steps[-1:])
        last = part(-3, -2) * (b / (a * (a + b))) - part(-2, -1) * ((a + b) / (a * b))
        last = last + part(-1, None) * ((a + 2 * b) / (b * (a + b)))
    out: Tensor = ops.concat(first, *parts, last, dim=dim)
    return out


def _checked(op: str, input: Tensor, weight: Tensor | None, shape: tuple[int, ...]) -> Any:
    if not is_floating(input.dtype):
        raise DtypeError(f"{op}: needs floating-point values; got dtype {input.dtype}{in_scope()}")
    if weight is None:
        return None
    if weight.dtype != input.dtype:
        raise DtypeError(f"{op}: values are {input.dtype} and weights {weight.dtype}{in_scope()}")
    if weight.shape != shape:
        raise ShapeError(f"{op}: {tuple(weight.shape)} weights for {shape} values{in_scope()}")
    return weight.array.reshape(-1)


@with_out
def histogram(
    input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Histogram:
    """How many values (or how much of their weight) lie in each bin.

    Args:
        bins: how many of equal width, or a vector of their edges.
        range: (low, high) of the bins, by default of the values.
        density: divide so that the integral is 1.

    Raises:
        RuntimeError: for integers, weights that do not fit, no bins, or a range that is none.

    >>> import tinygrad_cnn as tg
    >>> histogram(tg.tensor([1.0, 2.0, 1.0]), 4, range=(0, 3)).hist
    tensor([0., 2., 1., 0.])
    """
    weights = _checked("histogram", input, weight, tuple(input.shape))
    if isinstance(bins, Tensor):
        if bins.ndim != 1 or bins.dtype != input.dtype:
            raise ShapeError(
                f"histogram: edges must be a vector of {input.dtype}; got {tuple(bins.shape)}, {bins.dtype}{in_scope()}"
            )
    elif bins < 1:
        raise ArgumentError(f"histogram: bins must be at least 1; got {bins}{in_scope()}")
    found, edges = _counted("histogram", input, input.array.reshape(-1, 1), [bins], [range], weights, density)
    return Histogram(found, edges[0])


def _counted(
    op: str, input: Tensor, points: Any, bins: list[Any], ranges: list[Any], weights: Any, density: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """How many of the points (N, n), or how much of their weight, lie in each box, and the edges of the boxes."""
    xp, all_edges = input.backend.xp, []
    where: Any = 0
    inside: Any = True
    for i, (wanted, limits) in enumerate(zip(bins, ranges, strict=True)):
        values = points[:, i]
        if isinstance(wanted, Tensor):
            edges = wanted.array
        else:
            edges = xp.linspace(*_limits(op, values, limits), wanted + 1).astype(points.dtype)
        number, fits = _bin_of(xp, values, edges)
        where, inside = where * (len(edges) - 1) + number, inside & fits
        all_edges.append(edges)
    shape = [len(edges) - 1 for edges in all_edges]
    counts = xp.bincount(where[inside], None if weights is None else weights[inside], minlength=prod(shape))
    counts = counts.reshape(shape).astype(points.dtype)
    if density:
        with input.backend.quiet():
            counts = counts / counts.sum()
            for i, edges in enumerate(all_edges):
                counts = counts / xp.diff(edges).reshape(-1, *(1,) * (len(shape) - i - 1))
    return Tensor.from_array(counts), tuple(Tensor.from_array(edges) for edges in all_edges)


def _bin_of(xp: Any, values: Any, edges: Any) -> tuple[Any, Any]:
    """The bin that bisection finds for each value, and whether it lies between the first edge and the last at all.

    Bisection is written out because it says what edges mean that are not sorted, too, and does it as PyTorch.
    """
    last = len(edges) - 1
    low, high = xp.zeros(values.shape, "int64"), xp.full(values.shape, last + 1)
    for _ in range(len(edges).bit_length()):
        middle = (low + high) // 2
        right = (low < high) & (edges[xp.minimum(middle, last)] <= values)
        low, high = xp.where(right, middle + 1, low), xp.where(right, high, middle)
    return xp.clip(low - 1, 0, last - 1), (values >= edges[0]) & (values <= edges[-1])


def _limits(op: str, values: Any, wanted: Any) -> tuple[float, float]:
    if wanted is None:
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    else:
        low, high = wanted
        if low > high:
            raise ArgumentError(f"{op}: the range goes from {low} down to {high}{in_scope()}")
    if not values.size and wanted is None:
        return 0.0, 1.0
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def histogramdd(
    input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Histogram:
    """How many of the points (…, n) lie in each box of a grid.

    Args:
        bins: how many bins, for all n coordinates or for each, or vectors of their edges.
        range: low and high of each coordinate, one after the other; by default of the points.

    >>> import tinygrad_cnn as tg
    >>> histogramdd(tg.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), [2, 2]).hist
    tensor([[0., 1.],
            [1., 1.]])
    """
    if input.ndim < 2:
        raise ShapeError(f"histogramdd: expects points (…, n); got shape {tuple(input.shape)}{in_scope()}")
    n, batch = input.shape[-1], tuple(input.shape[:-1])
    weights = _checked("histogramdd", input, weight, batch)
    points = input.array.reshape(prod(batch), n)
    wanted = [bins] * n if isinstance(bins, int) else list(bins)
    if len(wanted) != n:
        raise ShapeError(f"histogramdd: bins for {len(wanted)} coordinates; the points have {n}{in_scope()}")
    ranges = [None if range is None else (range[2 * i], range[2 * i + 1]) for i in builtins.range(n)]
    return Histogram(*_counted("histogramdd", input, points, wanted, ranges, weights, density))


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: N803 - PyTorch's name
    """The powers of the elements of a vector, a row for each: from N − 1 down to 0, or up.

    >>> import tinygrad_cnn as tg
    >>> vander(tg.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    if x.ndim != 1:
        raise ShapeError(f"vander: expects a vector; got shape {tuple(x.shape)}{in_scope()}")
    count = len(x) if N is None else N
    if count < 0:
        raise ArgumentError(f"vander: N must not be negative; got {N}{in_scope()}")
    values: Any = x.long() if x.dtype.kind in "biu" else x
    out: Tensor = values.new_ones((len(x), count))
    if count > 1:
        powers = values.unsqueeze(1).expand((len(x), count - 1)).cumprod(1)
        out = ops.concat(out[:, :1], powers, dim=1)
    return out if increasing else out.flip(1)


@with_out
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The indices of the first `size` values that are not zero, one row each; if there are less, `fill_value`.

    >>> import tinygrad_cnn as tg
    >>> nonzero_static(tg.tensor([0, 5, 0, 7]), size=3)
    tensor([[ 1],
            [ 3],
            [-1]])
    """
    if size < 0:
        raise ArgumentError(f"nonzero_static: size must not be negative; got {size}{in_scope()}")
    found: Tensor = input.nonzero()[:size]
    out: Tensor = input.new_full((size, input.ndim), fill_value, dtype=as_dtype("int64"))
    out[: len(found)] = found
    return out


__all__ = ["gradient", "histogram", "histogramdd", "nonzero_static", "vander"]
