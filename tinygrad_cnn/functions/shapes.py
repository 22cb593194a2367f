"""Functions that move values without changing them: the methods of the same names, and those of several tensors."""

import itertools
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import result_type
from ..errors import ArgumentError, ShapeError
from ..tensor import Tensor, dimension
from ..tensor.words import numpy_words
from .out import with_out
from .wrap import of_a_tensor, tensor_list

adjoint = of_a_tensor(Tensor.adjoint)
as_strided = of_a_tensor(Tensor.as_strided)
as_strided_scatter = of_a_tensor(Tensor.as_strided_scatter)
broadcast_to = of_a_tensor(Tensor.broadcast_to)
chunk = of_a_tensor(Tensor.chunk)
clone = of_a_tensor(Tensor.clone)
conj = of_a_tensor(Tensor.conj)
contiguous = of_a_tensor(Tensor.contiguous)
detach = of_a_tensor(Tensor.detach)
diag = of_a_tensor(Tensor.diag)
diag_embed = of_a_tensor(Tensor.diag_embed)
diagflat = of_a_tensor(Tensor.diagflat)
diagonal = of_a_tensor(Tensor.diagonal)
diagonal_scatter = of_a_tensor(Tensor.diagonal_scatter)
dsplit = of_a_tensor(Tensor.dsplit)
expand_as = of_a_tensor(Tensor.expand_as)
flatten = of_a_tensor(Tensor.flatten)
flip = of_a_tensor(Tensor.flip)
fliplr = of_a_tensor(Tensor.fliplr)
flipud = of_a_tensor(Tensor.flipud)
hsplit = of_a_tensor(Tensor.hsplit)
movedim = of_a_tensor(Tensor.movedim)
narrow = of_a_tensor(Tensor.narrow)
numel = of_a_tensor(Tensor.numel)
permute = of_a_tensor(Tensor.permute)
ravel = of_a_tensor(Tensor.ravel)
reshape = of_a_tensor(Tensor.reshape)
roll = of_a_tensor(Tensor.roll)
rot90 = of_a_tensor(Tensor.rot90)
select = of_a_tensor(Tensor.select)
select_scatter = of_a_tensor(Tensor.select_scatter)
slice_scatter = of_a_tensor(Tensor.slice_scatter)
pieces = of_a_tensor(Tensor.split, "split")
split_with_sizes = of_a_tensor(Tensor.split_with_sizes)
squeeze = of_a_tensor(Tensor.squeeze)
sum_to_size = of_a_tensor(Tensor.sum_to_size)
t = of_a_tensor(Tensor.t)
tensor_split = of_a_tensor(Tensor.tensor_split)
tile = of_a_tensor(Tensor.tile)
transpose = of_a_tensor(Tensor.transpose)
tril = of_a_tensor(Tensor.tril)
triu = of_a_tensor(Tensor.triu)
unbind = of_a_tensor(Tensor.unbind)
unflatten = of_a_tensor(Tensor.unflatten)
unsqueeze = of_a_tensor(Tensor.unsqueeze)
view_as = of_a_tensor(Tensor.view_as)
vsplit = of_a_tensor(Tensor.vsplit)
swapaxes = swapdims = transpose
resolve_conj = resolve_neg = conj_physical = conj
moveaxis = movedim
unsafe_chunk = chunk
unsafe_split_with_sizes = split_with_sizes


@with_out
def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """The tensors one after the other along an existing dimension; the other sizes must agree.

    1-d tensors without elements are left out.

    Raises:
        RuntimeError: when they do not, with the first that differs.

    >>> import tinygrad_cnn as tg
    >>> cat([tg.ones(2, 1), tg.zeros(2, 2)], dim=1).shape
    (2, 3)
    """
    every = tensor_list("cat", tensors)
    # A loop may start with tensor([]): a 1-d tensor without elements fits anywhere, though its dtype counts.
    listed = [x for x in every if x.shape != (0,)] or every
    first = listed[0]
    if not first.ndim:
        raise ShapeError(f"cat: zero-dimensional tensors cannot be concatenated; use stack{in_scope()}")
    place = dimension("cat", dim if axis is None else axis, first.ndim)
    for i, other in enumerate(listed[1:], start=1):
        if other.ndim != first.ndim or any(
            n != m for d, (n, m) in enumerate(zip(first.shape, other.shape, strict=True)) if d != place
        ):
            raise ShapeError(
                f"cat: tensors must agree in all but dim {dim}; "
                f"tensor 0 has shape {tuple(first.shape)}, tensor {i} {tuple(other.shape)}{in_scope()}"
            )
    out = ops.concat(*listed, dim=place)
    return out if len(listed) == len(every) else out.to(result_type([x.dtype for x in (*every, out)], [], []))


@with_out
@numpy_words
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, side by side along a new dimension.

    >>> stack([tg.tensor([1, 2]), tg.tensor([3, 4])], dim=1)
    tensor([[1, 3],
            [2, 4]])
    """
    listed = tensor_list("stack", tensors)
    for i, other in enumerate(listed):
        if other.shape != listed[0].shape:
            raise ShapeError(
                f"stack: tensors must have one shape; "
                f"tensor 0 has {tuple(listed[0].shape)}, tensor {i} {tuple(other.shape)}{in_scope()}"
            )
    return cat([x.unsqueeze(dim) for x in listed], dimension("stack", dim, listed[0].ndim + 1))


concat = concatenate = cat


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Coordinate grids: grid i holds the values of vector i along dimension i ("xy" exchanges the first two).

    Raises:
        RuntimeError: for tensors with more than one dimension, unequal dtypes or another word.

    >>> meshgrid(tg.tensor([1, 2]), tg.tensor([3, 4]))
    (tensor([[1, 1],
            [2, 2]]), tensor([[3, 4],
            [3, 4]]))
    """
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], tuple | list) else tensors
    vectors = tensor_list("meshgrid", given)
    if indexing not in ("ij", "xy"):
        raise ArgumentError(f"meshgrid: indexing must be 'ij' or 'xy'; got {indexing!r}{in_scope()}")
    for i, v in enumerate(vectors):
        if v.ndim > 1 or v.dtype != vectors[0].dtype:
            raise ShapeError(
                f"meshgrid: expects vectors of one dtype; number {i} has shape {tuple(v.shape)}, "
                f"dtype {v.dtype}{in_scope()}"
            )
    if indexing == "xy" and len(vectors) > 1:
        vectors[:2] = vectors[1::-1]
    shape = tuple(v.numel() for v in vectors)
    grids = [v.reshape([-1 if j == i else 1 for j in range(len(vectors))]).expand(shape) for i, v in enumerate(vectors)]
    if indexing == "xy" and len(vectors) > 1:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def _listed(op: str, tensors: Any) -> list[Tensor]:
    return tensor_list(op, tensors[0] if len(tensors) == 1 and isinstance(tensors[0], tuple | list) else tensors)


def _each(op: str, tensors: tuple[Any, ...], least: int, shape: Any) -> Any:
    """Each tensor with at least so many dimensions: one alone for one, a tuple for several."""
    alone = len(tensors) == 1 and isinstance(tensors[0], Tensor)
    grown = tuple(x if x.ndim >= least else x.reshape(shape(x.shape)) for x in _listed(op, tensors))
    return grown[0] if alone else grown


def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one dimension.

    >>> atleast_1d(tg.tensor(3))
    tensor([3])
    """
    return _each("atleast_1d", tensors, 1, lambda shape: (1,))


def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two dimensions; a vector becomes a row.

    >>> atleast_2d(tg.tensor([3, 4]))
    tensor([[3, 4]])
    """
    return _each("atleast_2d", tensors, 2, lambda shape: (1, *(shape or (1,))))


def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three dimensions: a vector (1, n, 1), a matrix (n, m, 1).

    >>> atleast_3d(tg.ones(2)).shape, atleast_3d(tg.ones(2, 3)).shape
    ((1, 2, 1), (2, 3, 1))
    """
    return _each("atleast_3d", tensors, 3, lambda shape: (*shape, 1) if len(shape) == 2 else (1, *(shape or (1,)), 1))


@with_out
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: along the second dimension, vectors along their first.

    >>> hstack((tg.tensor([1, 2]), tg.tensor([3])))
    tensor([1, 2, 3])
    """
    grown = [atleast_1d(x) for x in tensor_list("hstack", tensors)]
    return cat(grown, dim=min(1, grown[0].ndim - 1))


@with_out
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One below the other: along the first of at least two dimensions.

    >>> vstack((tg.tensor([1, 2]), tg.tensor([3, 4])))
    tensor([[1, 2],
            [3, 4]])
    """
    return cat([atleast_2d(x) for x in tensor_list("vstack", tensors)], dim=0)


row_stack = vstack


@with_out
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """One behind the other: along the third dimension.

    >>> dstack((tg.tensor([1, 2]), tg.tensor([3, 4])))
    tensor([[[1, 3],
             [2, 4]]])
    """
    return cat([atleast_3d(x) for x in tensor_list("dstack", tensors)], dim=2)


@with_out
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side; vectors and numbers are columns.

    >>> column_stack((tg.tensor([1, 2]), tg.tensor([3, 4])))
    tensor([[1, 3],
            [2, 4]])
    """
    return hstack([x.reshape(-1, 1) if x.ndim < 2 else x for x in tensor_list("column_stack", tensors)])


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that shapes broadcast to.

    Raises:
        RuntimeError: when they do not.

    >>> broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    listed = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    out = [1] * max(map(len, listed), default=0)
    for shape in listed:
        for i, n in enumerate(reversed(shape), start=1):
            if n < 0:
                raise ShapeError(f"broadcast_shapes: sizes must not be negative; got {shape}{in_scope()}")
            if n != 1:
                if out[-i] not in (1, n):
                    raise ShapeError(
                        f"broadcast_shapes: {' and '.join(map(str, listed))} do not fit together{in_scope()}"
                    )
                out[-i] = n
    return tuple(out)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to the shape that they broadcast to.

    >>> broadcast_tensors(tg.tensor([1, 2]), tg.tensor(0))
    (tensor([1, 2]), tensor([0, 0]))
    """
    listed = _listed("broadcast_tensors", tensors)
    shape = broadcast_shapes(*(x.shape for x in listed))
    return tuple(x.expand(shape) for x in listed)


def block_diag(*tensors: Any) -> Tensor:
    """The matrix with these matrices one after the other along its diagonal; vectors are rows.

    >>> import tinygrad_cnn as tg
    >>> block_diag(tg.tensor([[1, 2]]), tg.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    blocks = [atleast_2d(x) for x in _listed("block_diag", tensors)]
    dtype = result_type([x.dtype for x in blocks], [], [])
    for i, x in enumerate(blocks):
        if x.ndim > 2:
            raise ShapeError(f"block_diag: expects at most 2 dimensions; number {i} has {tuple(x.shape)}{in_scope()}")
    width, before, rows = sum(x.shape[1] for x in blocks), 0, []
    for x in blocks:
        after = width - before - x.shape[1]
        rows.append(ops.pad(x.to(dtype), pads=((0, 0), (before, after)), value=0))
        before += x.shape[1]
    return cat(rows, dim=0)


def cartesian_prod(*tensors: Any) -> Tensor:
    """All ways to take one value of each vector, one per row; of one vector, itself.

    >>> cartesian_prod(tg.tensor([1, 2]), tg.tensor([3]))
    tensor([[1, 3],
            [2, 3]])
    """
    vectors = _listed("cartesian_prod", tensors)
    for i, v in enumerate(vectors):
        if v.ndim != 1:
            raise ShapeError(f"cartesian_prod: expects vectors; number {i} has shape {tuple(v.shape)}{in_scope()}")
    if len(vectors) == 1:
        return vectors[0]
    return stack([grid.reshape(-1) for grid in meshgrid(vectors)], dim=1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of r values of a vector, in order, one per row.

    >>> import tinygrad_cnn as tg
    >>> combinations(tg.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input.ndim != 1:
        raise ShapeError(f"combinations: expects a vector; got shape {tuple(input.shape)}{in_scope()}")
    if r < 0:
        raise ArgumentError(f"combinations: r must not be negative; got {r}{in_scope()}")
    if r == 0:
        return input.new_empty(0)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    chosen = input.new_tensor(list(choose(range(len(input)), r)), dtype="int64").reshape(-1, r)
    return input[chosen]


@numpy_words
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each slice of a dimension so many times in a row; called with repeats alone, the numbers of the slices.

    >>> repeat_interleave(tg.tensor([5, 6]), 2), repeat_interleave(tg.tensor([1, 2]))
    (tensor([5, 5, 6, 6]), tensor([0, 1, 1]))
    """
    if repeats is None:
        numbers = Tensor.from_array(input.backend.xp.arange(len(input)))
        return numbers.repeat_interleave(input, 0, output_size=output_size)
    return input.repeat_interleave(repeats, dim, output_size=output_size)


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """`Tensor.split`, under PyTorch's names of the arguments.

    >>> import tinygrad_cnn as tg
    >>> split(tg.arange(5), split_size_or_sections=[4, 1])
    (tensor([0, 1, 2, 3]), tensor([4]))
    """
    return pieces(tensor, split_size_or_sections, dim)


unsafe_split = split

__all__ = [
    "adjoint",
    "as_strided",
    "as_strided_scatter",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "broadcast_shapes",
    "broadcast_tensors",
    "broadcast_to",
    "cartesian_prod",
    "cat",
    "chunk",
    "clone",
    "column_stack",
    "combinations",
    "concat",
    "concatenate",
    "conj",
    "conj_physical",
    "contiguous",
    "detach",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diagonal_scatter",
    "dsplit",
    "dstack",
    "expand_as",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "meshgrid",
    "moveaxis",
    "movedim",
    "narrow",
    "numel",
    "permute",
    "ravel",
    "repeat_interleave",
    "reshape",
    "resolve_conj",
    "resolve_neg",
    "roll",
    "rot90",
    "row_stack",
    "select",
    "select_scatter",
    "slice_scatter",
    "split",
    "split_with_sizes",
    "squeeze",
    "stack",
    "sum_to_size",
    "swapaxes",
    "swapdims",
    "t",
    "tensor_split",
    "tile",
    "transpose",
    "tril",
    "triu",
    "unbind",
    "unflatten",
    "unsafe_chunk",
    "unsafe_split",
    "unsafe_split_with_sizes",
    "unsqueeze",
    "view_as",
    "vsplit",
    "vstack",
]
