"""Tensor methods that put values in order. Ties keep their order, and NaN counts as the largest, as in PyTorch."""

from typing import Any, Self

from .. import ops
from ..autograd.modes import in_scope
from ..errors import ShapeError
from .base import TensorBase
from .reductions import ValuesAndIndices, dimension


class SortingMethods(TensorBase):
    """Orders along a dimension."""

    __slots__ = ()

    def _order(self, place: int, descending: bool) -> Any:
        """The positions of the values along a dimension, smallest or largest first, as an array."""
        xp, x = self.backend.xp, self.array
        if not descending:
            return xp.argsort(x, axis=place, kind="stable")
        # From the back, so that turning the result round leaves ties in their order.
        backwards = xp.argsort(xp.flip(x, axis=place), axis=place, kind="stable")
        return x.shape[place] - 1 - xp.flip(backwards, axis=place)

    def sort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> ValuesAndIndices:
        """The values along a dimension in order, and where they were; gradients go back there. Always stable.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([3.0, 1.0, 2.0]).sort(descending=True)
        ValuesAndIndices(values=tensor([3., 2., 1.]), indices=tensor([0, 2, 1]))
        """
        place = dimension("sort", dim, self.ndim)
        return self._first(place, self.shape[place] if self.ndim else 1, descending)

    def argsort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> Self:
        """Where the values are that `sort` gives."""
        indices: Self = self.sort(dim, descending).indices
        return indices

    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesAndIndices:
        """The k largest values along a dimension (or smallest), in order, and where they were.

        Raises:
            RuntimeError: when there are fewer.
        """
        place = dimension("topk", dim, self.ndim)
        length = self.shape[place] if self.ndim else 1
        if not 0 <= k <= length:
            raise ShapeError(f"topk: k must lie in [0, {length}], the size of dim {dim}; got {k}{in_scope()}")
        return self._first(place, k, largest)

    def _first(self, place: int, k: int, descending: bool) -> ValuesAndIndices:
        if not self.ndim:
            return ValuesAndIndices(ops.add(self, 0), self.plain.from_array(self.backend.xp.zeros((), dtype="int64")))
        where = self._order(place, descending)[(*(slice(None),) * place, slice(k))]
        return ValuesAndIndices(ops.gather_along(self, dim=place, index=where), self.plain.from_array(where))

    def unique(self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False) -> Any:
        """The different values in order; if wanted also which of them each element is, and how often each occurs."""
        xp, x = self.backend.xp, self.array
        values, inverse, counts = xp.unique(x, return_inverse=True, return_counts=True)
        wanted = ((values, True), (inverse.reshape(x.shape), return_inverse), (counts, return_counts))
        found = tuple(self.plain.from_array(array) for array, asked in wanted if asked)
        return found if len(found) > 1 else found[0]
