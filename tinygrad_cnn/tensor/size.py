"""The shape of a tensor."""

from math import prod
from typing import Any, SupportsIndex, overload


class Size(tuple[int, ...]):
    """The size of each dimension: a tuple, and printed as one, that can count the elements.

    >>> import tinygrad_cnn as tg
    >>> shape = tg.ones(2, 3, 4).shape
    >>> shape, shape.numel(), shape[1:].numel(), shape + (1,)
    ((2, 3, 4), 24, 12, (2, 3, 4, 1))
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return prod(self)

    @overload
    def __getitem__(self, index: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> "Size": ...
    def __getitem__(self, index: Any) -> Any:
        item = super().__getitem__(index)
        return Size(item) if isinstance(index, slice) else item

    def __add__(self, other: Any) -> Any:
        joined = super().__add__(tuple(other)) if isinstance(other, list) else super().__add__(other)
        return Size(joined)

    def __mul__(self, count: SupportsIndex) -> "Size":
        return Size(super().__mul__(count))

    __rmul__ = __mul__
