"""Functions that read and write parts, and that put values in order: the methods of the same names."""

from typing import Any

from ..autograd.modes import in_scope
from ..dtypes import as_dtype, int64
from ..errors import ArgumentError, DtypeError, ShapeError
from ..tensor import Tensor, backend_for
from .out import with_out
from .wrap import of_a_tensor

argsort = of_a_tensor(Tensor.argsort)
argwhere = of_a_tensor(Tensor.argwhere)
gather = of_a_tensor(Tensor.gather)
index_add = of_a_tensor(Tensor.index_add)
index_copy = of_a_tensor(Tensor.index_copy)
index_fill = of_a_tensor(Tensor.index_fill)
index_put = of_a_tensor(Tensor.index_put)
index_reduce = of_a_tensor(Tensor.index_reduce)
index_select = of_a_tensor(Tensor.index_select)
masked_fill = of_a_tensor(Tensor.masked_fill)
masked_scatter = of_a_tensor(Tensor.masked_scatter)
masked_select = of_a_tensor(Tensor.masked_select)
msort = of_a_tensor(Tensor.msort)
nonzero = of_a_tensor(Tensor.nonzero)
put = of_a_tensor(Tensor.put)
scatter = of_a_tensor(Tensor.scatter)
scatter_add = of_a_tensor(Tensor.scatter_add)
scatter_reduce = of_a_tensor(Tensor.scatter_reduce)
sort = of_a_tensor(Tensor.sort)
take = of_a_tensor(Tensor.take)
take_along_dim = of_a_tensor(Tensor.take_along_dim)
topk = of_a_tensor(Tensor.topk)
unique = of_a_tensor(Tensor.unique)
unique_consecutive = of_a_tensor(Tensor.unique_consecutive)


@with_out
def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where each value would have to be put into a sorted sequence to keep it sorted.

    Args:
        sorted_sequence: a vector, or vectors in the last dimension, one for each of the values' vectors.
        right: behind equal values instead of in front of them; `side` says so by "left" or "right".
        sorter: the order that sorts the sequence, if it is not sorted.

    Raises:
        RuntimeError: for shapes or dtypes that do not fit, or a contradiction between `side` and `right`.

    >>> import tinygrad_cnn as tg
    >>> searchsorted(tg.tensor([1, 3, 5]), tg.tensor([3, 6]))
    tensor([1, 3])
    """
    if side not in (None, "left", "right"):
        raise ArgumentError(f"searchsorted: side must be 'left' or 'right'; got {side!r}{in_scope()}")
    if side == "left" and right:
        raise ArgumentError(f"searchsorted: side 'left' and right=True contradict each other{in_scope()}")
    xp, sequence = sorted_sequence.backend.xp, sorted_sequence.array
    values = input.array if isinstance(input, Tensor) else xp.asarray(input)
    if isinstance(input, Tensor) and input.dtype != sorted_sequence.dtype:
        raise DtypeError(
            f"searchsorted: the sequence has dtype {sorted_sequence.dtype}, the values {input.dtype}{in_scope()}"
        )
    if not sequence.ndim:
        raise ShapeError(f"searchsorted: the sequence needs at least 1 dimension; got shape (){in_scope()}")
    if sequence.ndim > 1 and sequence.shape[:-1] != values.shape[:-1]:
        raise ShapeError(
            f"searchsorted: sequences {sequence.shape} and values {values.shape} must agree "
            f"in all but the last dimension{in_scope()}"
        )
    if sorter is not None:
        if sorter.shape != sorted_sequence.shape:
            raise ShapeError(f"searchsorted: sorter {tuple(sorter.shape)} for a sequence {sequence.shape}{in_scope()}")
        if sorter.dtype != "int64":
            raise DtypeError(f"searchsorted: sorter must be int64; got {sorter.dtype}{in_scope()}")
        if sorter.array.size and (sorter.array.min() < 0 or sorter.array.max() >= sequence.shape[-1]):
            raise ArgumentError(f"searchsorted: sorter index out of range [0, {sequence.shape[-1] - 1}]{in_scope()}")
        sequence = xp.take_along_axis(sequence, sorter.array, axis=-1)
    dtype, where = "int32" if out_int32 else "int64", "right" if right or side == "right" else "left"
    if sequence.ndim == 1:
        return Tensor.from_array(xp.asarray(xp.searchsorted(sequence, values, side=where)).astype(dtype))
    out = xp.zeros(values.shape, dtype=dtype)
    rows = out.reshape(-1, out.shape[-1]) if out.size else []
    flat = sequence.reshape(-1, sequence.shape[-1]) if len(rows) else []
    for row, line, wanted in zip(rows, flat, values.reshape(-1, values.shape[-1]) if len(rows) else [], strict=True):
        row[...] = xp.searchsorted(line, wanted, side=where)
    return Tensor.from_array(out)


@with_out
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """In which of the intervals between sorted boundaries each value lies; one on a boundary in the lower.

    With `right`, in the upper.

    >>> import tinygrad_cnn as tg
    >>> bucketize(tg.tensor([0.5, 2.0]), tg.tensor([1.0, 2.0, 3.0]))
    tensor([0, 1])
    """
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize: boundaries must be a vector; got shape {tuple(boundaries.shape)}{in_scope()}")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def _triangle(op: str, inside: Any, row: int, col: int, dtype: Any, device: Any) -> Tensor:
    if row < 0 or col < 0:
        raise ArgumentError(f"{op}: sizes must not be negative; got {row} and {col}{in_scope()}")
    xp = backend_for(device).xp
    where = inside(xp.arange(row)[:, None], xp.arange(col)[None, :])
    return Tensor.from_array(xp.stack(where.nonzero()).astype(as_dtype(dtype)))


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = int64, device: Any = None) -> Tensor:
    """The indices (2, n) of the elements of a row × col matrix on and below a diagonal, row by row.

    >>> tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle("tril_indices", lambda i, j: j <= i + offset, row, col, dtype, device)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = int64, device: Any = None) -> Tensor:
    """The indices (2, n) of the elements of a row × col matrix on and above a diagonal, row by row.

    >>> triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle("triu_indices", lambda i, j: j >= i + offset, row, col, dtype, device)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The index per dimension of elements that are numbered in the flattened tensor.

    >>> unravel_index(tg.tensor([5]), (2, 3))
    (tensor([1]), tensor([2]))
    """
    out, rest = [], indices
    for n in reversed((shape,) if isinstance(shape, int) else tuple(shape)):
        out.append(rest % n)
        rest = rest // n
    return tuple(reversed(out))


__all__ = [
    "argsort",
    "argwhere",
    "bucketize",
    "gather",
    "index_add",
    "index_copy",
    "index_fill",
    "index_put",
    "index_reduce",
    "index_select",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "msort",
    "nonzero",
    "put",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "searchsorted",
    "sort",
    "take",
    "take_along_dim",
    "topk",
    "unique",
    "unique_consecutive",
    "tril_indices",
    "triu_indices",
    "unravel_index",
]
