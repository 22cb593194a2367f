"""Tensor methods that compare, and that connect truth values. Each is one operation of the table."""

from typing import Any, Self

from .. import ops
from .base import TensorBase


class ComparisonMethods(TensorBase):
    """Comparison and logic, by name."""

    __slots__ = ()

    def eq(self, other: Any) -> Self:
        """Whether equal, element by element.

        >>> tg.tensor([1, 2]).eq(2)
        tensor([False,  True])
        """
        return ops.eq(self, other)

    def ne(self, other: Any) -> Self:
        """Whether different, element by element.

        >>> tg.tensor([1, 2]).ne(2)
        tensor([ True, False])
        """
        return ops.ne(self, other)

    def lt(self, other: Any) -> Self:
        """Whether less, element by element.

        >>> tg.tensor([1, 2]).lt(2)
        tensor([ True, False])
        """
        return ops.lt(self, other)

    def le(self, other: Any) -> Self:
        """Whether less or equal, element by element.

        >>> tg.tensor([1, 2]).le(1)
        tensor([ True, False])
        """
        return ops.le(self, other)

    def gt(self, other: Any) -> Self:
        """Whether greater, element by element.

        >>> tg.tensor([1, 2]).gt(1)
        tensor([False,  True])
        """
        return ops.gt(self, other)

    def ge(self, other: Any) -> Self:
        """Whether greater or equal, element by element.

        >>> tg.tensor([1, 2]).ge(2)
        tensor([False,  True])
        """
        return ops.ge(self, other)

    def logical_and(self, other: Any) -> Self:
        """Whether both are nonzero.

        >>> tg.tensor([True, True]).logical_and(tg.tensor([True, False]))
        tensor([ True, False])
        """
        return ops.logical_and(self, other)

    def logical_or(self, other: Any) -> Self:
        """Whether at least one is nonzero.

        >>> tg.tensor([True, False]).logical_or(tg.tensor([False, False]))
        tensor([ True, False])
        """
        return ops.logical_or(self, other)

    def logical_xor(self, other: Any) -> Self:
        """Whether exactly one is nonzero.

        >>> tg.tensor([True, True]).logical_xor(tg.tensor([True, False]))
        tensor([False,  True])
        """
        return ops.logical_xor(self, other)

    def logical_not(self) -> Self:
        """Whether zero.

        >>> tg.tensor([0, 2]).logical_not()
        tensor([ True, False])
        """
        return ops.logical_not(self)

    def isnan(self) -> Self:
        """Whether not a number.

        >>> tg.tensor([1.0, float("nan")]).isnan()
        tensor([False,  True])
        """
        return ops.isnan(self)

    def isinf(self) -> Self:
        """Whether infinite.

        >>> tg.tensor([1.0, float("inf")]).isinf()
        tensor([False,  True])
        """
        return ops.isinf(self)

    def isfinite(self) -> Self:
        """Whether neither infinite nor NaN.

        >>> tg.tensor([1.0, float("inf")]).isfinite()
        tensor([ True, False])
        """
        return ops.isfinite(self)

    greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
