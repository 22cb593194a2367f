"""Tensor methods that put values in order. Ties keep their order, and NaN counts as the largest, as in PyTorch."""

from typing import Any, Literal, Self, overload

from .. import ops
from ..autograd import unrecordable
from ..autograd.modes import in_scope
from ..errors import ShapeError
from .base import TensorBase
from .reductions import ValuesAndIndices, dimension
from .words import numpy_words


class SortingMethods(TensorBase):
    """Orders along a dimension."""

    __slots__ = ()

    def _order(self, place: int, descending: bool) -> Any:
        """The positions of the values along a dimension, smallest or largest first, as an array."""
        unrecordable("the order of values is found without an operation")
        xp, x = self.backend.xp, self.array
        if not descending:
            return xp.argsort(x, axis=place, kind="stable")
        # From the back, so that turning the result round leaves ties in their order.
        backwards = xp.argsort(xp.flip(x, axis=place), axis=place, kind="stable")
        return x.shape[place] - 1 - xp.flip(backwards, axis=place)

    @numpy_words
    def sort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> ValuesAndIndices:
        """The values along a dimension in order, and where they were; gradients go back there. Always stable.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([3.0, 1.0, 2.0]).sort(descending=True)
        ValuesAndIndices(values=tensor([3., 2., 1.]), indices=tensor([0, 2, 1]))
        """
        place = dimension("sort", dim, self.ndim)
        return self._first(place, self.shape[place] if self.ndim else 1, descending)

    @numpy_words
    def argsort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> Self:
        """Where the values are that `sort` gives.

        >>> tg.tensor([3, 1, 2]).argsort()
        tensor([1, 2, 0])
        """
        indices: Any = self.sort(dim, descending).indices
        return indices  # type: ignore[no-any-return]

    @numpy_words
    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesAndIndices:
        """The k largest values along a dimension (or smallest), in order, and where they were.

        Raises:
            RuntimeError: when there are fewer.

        >>> tg.tensor([3, 9, 5]).topk(2)
        ValuesAndIndices(values=tensor([9, 5]), indices=tensor([1, 2]))
        """
        place = dimension("topk", dim, self.ndim)
        length = self.shape[place] if self.ndim else 1
        if not 0 <= k <= length:
            raise ShapeError(f"topk: k must lie in [0, {length}], the size of dim {dim}; got {k}{in_scope()}")
        return self._first(place, k, largest)

    def _first(self, place: int, k: int, descending: bool) -> ValuesAndIndices:
        if not self.ndim:
            return ValuesAndIndices._make(
                (ops.add(self, 0), self.plain.from_array(self.backend.xp.zeros((), dtype="int64")))
            )
        where = self._order(place, descending)[(*(slice(None),) * place, slice(k))]
        return ValuesAndIndices._make((ops.gather_along(self, dim=place, index=where), self.plain.from_array(where)))

    def msort(self) -> Self:
        """The values along the first dimension in order.

        >>> tg.tensor([[3, 1], [2, 4]]).msort()
        tensor([[2, 1],
                [3, 4]])
        """
        values: Any = self.sort(0).values if self.ndim else ops.copy(self)
        return values  # type: ignore[no-any-return]

    @overload
    def unique(
        self,
        sorted: bool = True,
        return_inverse: Literal[False] = False,
        return_counts: Literal[False] = False,
        dim: int | None = None,
    ) -> Self: ...
    @overload
    def unique(
        self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any: ...
    def unique(
        self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any:
        """The different values in order (or slices of a dimension, compared as a whole).

        If wanted also which of them each element is, and how often each occurs. NaN equals nothing, not even NaN.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([3, 1, 3]).unique(return_counts=True)
        (tensor([1, 3]), tensor([1, 2]))
        """
        xp, x = self.backend.xp, self.array
        place = None if dim is None else dimension("unique", dim, self.ndim)
        if place is not None and self.ndim and not x.shape[place] and x.size == 0:
            values, inverse, counts = x.copy(), xp.zeros(0, "int64"), xp.zeros(0, "int64")
        elif place is not None and self.ndim and not x.size:
            raise ShapeError(f"unique: the slices of dim {dim} of shape {tuple(x.shape)} are empty{in_scope()}")
        else:
            values, inverse, counts = xp.unique(
                x, return_inverse=True, return_counts=True, axis=place if self.ndim else None, equal_nan=False
            )
            inverse = inverse.reshape(x.shape if place is None or not self.ndim else -1)
        return self._found((values, inverse, counts), return_inverse, return_counts)

    @numpy_words
    def unique_consecutive(
        self, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any:
        """The values (or slices of a dimension) without those that equal the one before; further results as `unique`.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([1, 1, 2, 1]).unique_consecutive()
        tensor([1, 2, 1])
        """
        xp, x = self.backend.xp, self.array
        place = 0 if dim is None else dimension("unique_consecutive", dim, self.ndim)
        slices = x.reshape(-1) if dim is None or not self.ndim else xp.moveaxis(x, place, 0)
        if dim is not None and self.ndim and not x.size and x.shape[place]:
            raise ShapeError(f"unique_consecutive: the slices of dim {dim} of shape {x.shape} are empty{in_scope()}")
        rows = slices.reshape(len(slices), -1) if slices.size else slices.reshape(len(slices), 1)
        fresh = xp.concatenate([xp.ones(min(len(rows), 1), bool), (rows[1:] != rows[:-1]).any(axis=-1)])
        starts = fresh.nonzero()[0]
        values = slices[starts] if dim is None or not self.ndim else xp.moveaxis(slices[starts], 0, place)
        inverse = xp.cumsum(fresh) - 1
        counts = xp.diff(xp.append(starts, len(rows)))
        shape = x.shape if dim is None else -1
        return self._found((values, inverse.reshape(shape), counts), return_inverse, return_counts)

    def _found(self, arrays: tuple[Any, Any, Any], return_inverse: bool, return_counts: bool) -> Any:
        wanted = zip(arrays, (True, return_inverse, return_counts), strict=True)
        found = tuple(self.plain.from_array(array) for array, asked in wanted if asked)
        return found if len(found) > 1 else found[0]
