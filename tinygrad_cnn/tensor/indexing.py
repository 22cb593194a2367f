"""Tensor methods that read and write parts: indexing, splitting, gathering, scattering."""

from itertools import accumulate
from typing import Any, Literal, Self, overload

from .. import ops
from ..autograd import Node, taken, unrecordable
from ..autograd.modes import MODE, RECORD, SCOPE, in_scope
from ..autograd.tape import TAPE
from ..errors import DimensionError, ShapeError
from .base import TensorBase
from .reductions import dimension
from .words import numpy_words


class IndexingMethods(TensorBase):
    """Parts of a tensor. Numbers and slices give views."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Self:
        try:
            return ops.getitem(self, index=plain_index(index))
        except IndexError as error:
            raise IndexError(f"{error} (shape {tuple(self.shape)})") from None

    def __setitem__(self, index: Any, value: Any) -> None:
        place = plain_index(index)
        self.check_writable("x[...] = y")
        if self.view_of is not None:
            self.refresh()
        if not isinstance(value, TensorBase):
            value = self.plain.from_array(taken(self.backend.asarray, value, self.dtype))
        elif value.backend is not self.backend:
            raise TypeError(
                f"x[...] = y: x is on {self.device} and y on {value.device}; move y with .to({str(self.device)!r})"
            )
        elif value.dtype != self.dtype:
            value = ops.cast(value, dtype=self.dtype, source=value.dtype)
        while value.ndim and value.shape[0] == 1:  # PyTorch drops leading dimensions of size 1, even where none is left
            value = ops.reshape(value, shape=value.shape[1:])
        try:
            taken(_put, self.array, place, value.array)
        except (ValueError, IndexError) as error:
            kind = IndexError if isinstance(error, IndexError) else ShapeError
            raise kind(f"x[...] = y: {error} (x {tuple(self.shape)}, y {tuple(value.shape)})") from None
        node = None
        if MODE.get() is RECORD and (self.node is not None or value.node is not None):
            shapes, params = (self.shape, value.shape), {"index": place}
            node = Node(ops.setitem, params, (self.node, value.node), shapes, self.shape, self.dtype, SCOPE.get(), {})
        if (tape := TAPE.get()) is not None:
            tape.counted(self, "x[...] = y", node)
        self.record_write("x[...] = y", node)

    @numpy_words
    def select(self, dim: int, index: int) -> Self:
        """One slice of a dimension, which disappears.

        >>> tg.tensor([[1, 2], [3, 4]]).select(1, 0)
        tensor([1, 3])
        """
        place = dimension("select", dim, self.ndim)
        return self[(*(slice(None),) * place, index)]

    @numpy_words
    def narrow(self, dim: int, start: Any, length: int) -> Self:
        """`length` slices of a dimension, from `start` on.

        >>> tg.arange(5).narrow(0, 1, 3)
        tensor([1, 2, 3])
        """
        if not self.ndim:
            raise ShapeError(f"narrow: needs at least 1 dimension; got shape (){in_scope()}")
        place = dimension("narrow", dim, self.ndim)
        if isinstance(start, TensorBase):
            if start.ndim or start.dtype.kind not in "iu":
                raise ShapeError(
                    f"narrow: start must be an integer without dimensions; got shape {tuple(start.shape)}, "
                    f"dtype {start.dtype}{in_scope()}"
                )
            start = int(start.array)
        if not -self.shape[place] <= start <= self.shape[place]:
            raise DimensionError(
                f"narrow: start {start} is outside [{-self.shape[place]}, {self.shape[place]}] of dim {dim}{in_scope()}"
            )
        start = start + self.shape[place] if start < 0 else start
        if not 0 <= start <= start + length <= self.shape[place]:
            raise ShapeError(
                f"narrow: [{start}, {start + length}) is outside the {self.shape[place]} of dim {dim}{in_scope()}"
            )
        return self[(*(slice(None),) * place, slice(start, start + length))]

    def split(self, split_size: Any, dim: int = 0) -> tuple[Self, ...]:
        """Pieces of a size (the last may be smaller), or of the sizes listed.

        >>> tg.arange(5).split(2)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))
        """
        place = dimension("split", dim, self.ndim)
        length = self.shape[place]
        if isinstance(split_size, int):
            if split_size < 1:
                raise ValueError(f"split: the size of a piece must be at least 1; got {split_size}")
            lengths = [min(split_size, length - start) for start in range(0, length, split_size)] or [0]
        else:
            lengths = list(split_size)
            if sum(lengths) != length:
                raise ShapeError(
                    f"split: the sizes {lengths} add up to {sum(lengths)}, "
                    f"but dim {dim} of shape {tuple(self.shape)} has {length}"
                )
        starts = accumulate(lengths, initial=0)
        return tuple(self.narrow(place, start, n) for start, n in zip(starts, lengths, strict=False))

    @numpy_words
    def chunk(self, chunks: int, dim: int = 0) -> tuple[Self, ...]:
        """At most so many pieces of equal size (the last may be smaller).

        >>> tg.arange(5).chunk(2)
        (tensor([0, 1, 2]), tensor([3, 4]))
        """
        if chunks < 1:
            raise ValueError(f"chunk: the number of pieces must be at least 1; got {chunks}")
        length = self.shape[dimension("chunk", dim, self.ndim)]
        return self.split(max(-(-length // chunks), 1), dim)

    @numpy_words
    def unbind(self, dim: int = 0) -> tuple[Self, ...]:
        """All slices of a dimension.

        >>> tg.tensor([[1, 2], [3, 4]]).unbind()
        (tensor([1, 2]), tensor([3, 4]))
        """
        place = dimension("unbind", dim, self.ndim)
        return tuple(self.select(place, i) for i in range(self.shape[place]))

    @overload
    def nonzero(self, *, as_tuple: Literal[False] = False) -> Self: ...
    @overload
    def nonzero(self, *, as_tuple: Literal[True]) -> tuple[Self, ...]: ...
    def nonzero(self, *, as_tuple: bool = False) -> Any:
        """Where the values are not zero: one row of indices per value (or one tensor per dimension).

        >>> tg.tensor([0, 7, 8]).nonzero()
        tensor([[1],
                [2]])
        """
        if not self.ndim:
            found = self.plain.from_array(self.array.reshape(1)).nonzero(as_tuple=as_tuple)  # type: ignore[attr-defined]
            return found if as_tuple else found[:, :0]
        parts = self.array.nonzero()
        if as_tuple:
            return tuple(self.plain.from_array(part) for part in parts)
        return self.plain.from_array(self.backend.xp.stack(parts, axis=-1))


def _put(x: Any, place: Any, values: Any) -> None:
    x[place] = values


def plain_index(index: Any) -> Any:
    """An index without tensors and lists: arrays of integers or booleans in their places."""
    if isinstance(index, tuple):
        return tuple(plain_index(part) for part in index)
    if isinstance(index, TensorBase):
        index = index.array
        if index.ndim == 0 and index.dtype.kind in "iu":
            unrecordable("a number is taken from a tensor, to index with")
            return int(index)
    elif isinstance(index, list | range):
        from numpy import asarray, intp  # a list is the CPU's; other backends index with it too

        index = asarray(index) if len(index) else asarray(index, dtype=intp)
    if hasattr(index, "dtype") and index.dtype.kind not in "iub":
        raise IndexError(f"indices must be integers, booleans or slices; got dtype {index.dtype}")
    if isinstance(index, float):
        raise IndexError(f"indices must be integers, booleans or slices; got {index}")
    return index
