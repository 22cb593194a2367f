"""Products of vectors and matrices, and what is made of their powers."""

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..autograd.modes import in_scope
from ..errors import ArgumentError, ShapeError
from ..functions.out import with_out
from ..functions.wrap import tensor_list
from ..tensor import Tensor
from ..tensor.words import numpy_words


@with_out
@numpy_words
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of 3 along a dimension; both broadcast.

    >>> import tinygrad_cnn as tg
    >>> cross(tg.tensor([1, 0, 0]), tg.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    if input.ndim != other.ndim or input.shape[dim] != 3 or other.shape[dim] != 3:
        raise ShapeError(
            f"cross: both must have as many dimensions, with 3 elements in dim {dim}; "
            f"got {tuple(input.shape)} and {tuple(other.shape)}{in_scope()}"
        )
    try:
        shape = input.backend.xp.broadcast_shapes(input.shape, other.shape)
    except ValueError:
        raise ShapeError(f"cross: {tuple(input.shape)} and {tuple(other.shape)} do not broadcast{in_scope()}") from None
    return input.expand(shape).cross(other.expand(shape), dim)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:  # noqa: N803
    """The diagonal of each matrix; a view.

    >>> import tinygrad_cnn as tg
    >>> diagonal(tg.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return A.diagonal(offset, dim1, dim2)


@with_out
@numpy_words
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products of vectors along a dimension; both broadcast.

    >>> import tinygrad_cnn as tg
    >>> vecdot(tg.tensor([[1, 2], [3, 4]]), tg.tensor([1, 1]))
    tensor([3, 7])
    """
    return (x * y).sum(dim)


@with_out
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of several matrices (the first and the last may be vectors), in the order that costs least.

    >>> import tinygrad_cnn as tg
    >>> multi_dot([tg.ones(1, 10), tg.ones(10, 2), tg.ones(2)])
    tensor([20.])
    """
    listed = tensor_list("multi_dot", tensors)
    if len(listed) < 2:
        raise ArgumentError(f"multi_dot: expected at least 2 tensors; got 1{in_scope()}")
    first, last = listed[0].ndim == 1, listed[-1].ndim == 1
    listed[0] = listed[0].unsqueeze(0) if first else listed[0]
    listed[-1] = listed[-1].unsqueeze(1) if last else listed[-1]
    for i, x in enumerate(listed):
        if x.ndim != 2:
            raise ShapeError(f"multi_dot: expects matrices; number {i} has shape {tuple(x.shape)}{in_scope()}")
    sizes = [x.shape[0] for x in listed] + [listed[-1].shape[1]]
    count = len(listed)
    costs = {(i, i): (0, i) for i in range(count)}  # of the stretch from i to j: its cost, and where to cut it
    for width in range(1, count):  # the cheapest place to cut each stretch, the short ones first
        for i in range(count - width):
            j = i + width
            costs[i, j] = min(
                (costs[i, k][0] + costs[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )

    def product(i: int, j: int) -> Tensor:
        cut = costs[i, j][1]
        return listed[i] if i == j else product(i, cut).mm(product(cut + 1, j))

    out = product(0, count - 1)
    out = out.squeeze(0) if first else out
    return out.squeeze(-1) if last else out


def vander(x: Tensor, N: int | None = None) -> Tensor:  # noqa: N803
    """The powers 0 to N − 1 of the elements of vectors, (…, n) → (…, n, N), by default as many as elements.

    Raises:
        RuntimeError: for N ≤ 1.

    >>> import tinygrad_cnn as tg
    >>> vander(tg.tensor([2, 3]), 3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    x = x if x.ndim else x.reshape(1)
    count = x.shape[-1] if N is None else N
    if N is not None and N <= 1:
        raise ArgumentError(f"vander: N must be greater than 1; got {N}{in_scope()}")
    values: Any = x.long() if x.dtype.kind in "biu" else x
    ones: Tensor = values.new_ones((*x.shape, 1))
    if count <= 1:
        return ones
    factors = values.unsqueeze(-1).expand((*x.shape, count - 1))
    return ops.concat(ones, factors.cumprod(-1), dim=x.ndim)
