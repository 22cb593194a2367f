"""Tensor methods that cut: pieces of given sizes, or of equal ones, along a dimension."""

from operator import index as as_int
from typing import Any, Self

from .. import ops
from ..autograd.modes import in_scope
from ..errors import ArgumentError, DtypeError, ShapeError
from .base import TensorBase
from .reductions import dimension
from .shapes import ShapeMethods
from .words import numpy_words


class CuttingMethods(ShapeMethods):
    """Pieces."""

    __slots__ = ()

    def split_with_sizes(self, split_sizes: Any, dim: int = 0) -> tuple[Self, ...]:
        """Pieces of these sizes.

        >>> tg.arange(5).split_with_sizes([4, 1])
        (tensor([0, 1, 2, 3]), tensor([4]))
        """
        return self.split(list(split_sizes), dim)  # type: ignore[attr-defined, no-any-return]

    @numpy_words
    def tensor_split(self, indices_or_sections: Any, dim: int = 0) -> tuple[Self, ...]:
        """So many pieces, the first ones larger by one where it does not come out even; or cuts at these indices.

        >>> import tinygrad_cnn as tg
        >>> [len(part) for part in tg.arange(7).tensor_split(3)]
        [3, 2, 2]
        """
        if not self.ndim:
            raise ShapeError(f"tensor_split: needs at least 1 dimension; got shape (){in_scope()}")
        place = dimension("tensor_split", dim, self.ndim)
        length = self.shape[place]
        if isinstance(indices_or_sections, TensorBase):
            if indices_or_sections.ndim > 1 or indices_or_sections.dtype != "int64":
                raise DtypeError(
                    f"tensor_split: expected a number or a vector of int64; got shape "
                    f"{tuple(indices_or_sections.shape)}, dtype {indices_or_sections.dtype}{in_scope()}"
                )
            indices_or_sections = indices_or_sections.array.tolist()
        if isinstance(indices_or_sections, int):
            if indices_or_sections < 1:
                raise ArgumentError(f"tensor_split: at least 1 section; got {indices_or_sections}{in_scope()}")
            each, more = divmod(length, indices_or_sections)
            cuts = [i * each + min(i, more) for i in range(1, indices_or_sections)]
        else:
            cuts = [as_int(i) for i in indices_or_sections]
        edges = [0, *cuts, length]
        return tuple(
            ops.getitem(self, index=(*(slice(None),) * place, slice(a, b)))
            for a, b in zip(edges[:-1], [*cuts, None], strict=True)
        )

    def unsafe_split(self, split_size: Any, dim: int = 0) -> tuple[Self, ...]:
        """Another name of `split`; autograd follows writes to the pieces in either.

        >>> tg.arange(4).unsafe_split(3)
        (tensor([0, 1, 2]), tensor([3]))
        """
        return self.split(split_size, dim)  # type: ignore[attr-defined, no-any-return]

    def unsafe_split_with_sizes(self, split_sizes: Any, dim: int = 0) -> tuple[Self, ...]:
        """Another name of `split_with_sizes`.

        >>> tg.arange(3).unsafe_split_with_sizes([1, 2])
        (tensor([0]), tensor([1, 2]))
        """
        return self.split_with_sizes(split_sizes, dim)

    def unsafe_chunk(self, chunks: int, dim: int = 0) -> tuple[Self, ...]:
        """Another name of `chunk`.

        >>> tg.arange(4).unsafe_chunk(2)
        (tensor([0, 1]), tensor([2, 3]))
        """
        return self.chunk(chunks, dim)  # type: ignore[attr-defined, no-any-return]

    def narrow_copy(self, dim: int, start: int, length: int) -> Self:
        """`narrow`, as a copy.

        >>> tg.arange(5).narrow_copy(0, 1, 3)
        tensor([1, 2, 3])
        """
        return ops.copy(self.narrow(dim, start, length))  # type: ignore[attr-defined, no-any-return]

    def _split_along(self, op: str, place: int, least: int, indices_or_sections: Any) -> tuple[Self, ...]:
        if self.ndim < least:
            raise ShapeError(f"{op}: needs at least {least} dimensions; got shape {tuple(self.shape)}{in_scope()}")
        if isinstance(indices_or_sections, int) and (
            indices_or_sections < 1 or self.shape[place] % indices_or_sections
        ):
            raise ShapeError(
                f"{op}: the {self.shape[place]} of dim {place} can't be cut into {indices_or_sections} "
                f"equal pieces{in_scope()}"
            )
        return self.tensor_split(indices_or_sections, place)

    def hsplit(self, indices_or_sections: Any) -> tuple[Self, ...]:
        """`tensor_split` of columns: along the second dimension, of a vector along its first, into equal pieces.

        >>> tg.arange(4).hsplit(2)
        (tensor([0, 1]), tensor([2, 3]))
        """
        return self._split_along("hsplit", min(self.ndim - 1, 1), 1, indices_or_sections)

    def vsplit(self, indices_or_sections: Any) -> tuple[Self, ...]:
        """`tensor_split` of rows: along the first of at least two dimensions, into equal pieces.

        >>> tg.arange(4).view(2, 2).vsplit(2)
        (tensor([[0, 1]]), tensor([[2, 3]]))
        """
        return self._split_along("vsplit", 0, 2, indices_or_sections)

    def dsplit(self, indices_or_sections: Any) -> tuple[Self, ...]:
        """`tensor_split` along the third dimension, into equal pieces.

        >>> [part.shape for part in tg.ones(1, 2, 4).dsplit(2)]
        [(1, 2, 2), (1, 2, 2)]
        """
        return self._split_along("dsplit", 2, 3, indices_or_sections)
