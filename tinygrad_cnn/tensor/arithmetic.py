"""Tensor methods of arithmetic: operators, and what stands behind them, by name. Each is one operation of the table."""

from typing import Any, Self

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import is_floating
from ..errors import DtypeError, ShapeError
from .base import TensorBase
from .comparison import ComparisonMethods
from .elementary import ElementaryMethods
from .old_order import factors_may_come_first


def check_divisor(op: str, x: Any, y: Any) -> None:
    """Refuse to divide integers by 0: there is no integer for the result. Floats become ±inf or NaN.

    Raises:
        RuntimeError: with PyTorch's word for it.
    """
    if any(isinstance(side, float) or getattr(getattr(side, "dtype", None), "kind", "i") == "f" for side in (x, y)):
        return
    divisor = y.array if isinstance(y, TensorBase) else y
    zero = divisor == 0
    if zero if isinstance(zero, bool) else zero.any():
        raise RuntimeError(f"{op}: ZeroDivisionError: an integer is divided by 0; convert with .float() for inf or NaN")


def check_exponent(x: Any, exponent: Any) -> None:
    """Refuse integers to a negative power.

    Raises:
        RuntimeError: as in PyTorch.
    """
    if isinstance(exponent, int) and exponent < 0 and not is_floating(x.dtype):
        raise DtypeError(f"pow: integers to the negative power {exponent} are fractions; convert with .float() first")


def check_fill(op: str, x: TensorBase, mask: Any, value: Any) -> Any:
    """A value as the dtype of x has it.

    Raises:
        RuntimeError: for a mask that is not bool, a value with dimensions, or one that the dtype cannot hold.
    """
    if getattr(mask, "dtype", None) != "bool":
        raise DtypeError(f"{op}: the mask must be bool; got {getattr(mask, 'dtype', type(mask).__name__)}{in_scope()}")
    if isinstance(value, TensorBase):
        if value.ndim:
            raise ShapeError(f"{op}: value must have no dimensions; got shape {tuple(value.shape)}{in_scope()}")
        return value if value.dtype == x.dtype else ops.cast(value, dtype=x.dtype, source=value.dtype)
    if isinstance(value, complex) or (x.dtype.kind in "iu" and value != int(value)):
        raise DtypeError(f"{op}: {value} can't be kept in dtype {x.dtype}{in_scope()}")
    return bool(value) if x.dtype.kind == "b" else int(value) if x.dtype.kind in "iu" else value


class ArithmeticMethods(ElementaryMethods, ComparisonMethods):
    """Operators, and arithmetic by name."""

    __slots__ = ()
    __hash__ = object.__hash__  # tensors compare element by element, and are told apart by identity

    # operators --------------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Self:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Self:
        return ops.add(self, other)

    def __sub__(self, other: Any) -> Self:
        return ops.sub(self, other)

    def __rsub__(self, other: Any) -> Self:
        return ops.sub(other, self)  # type: ignore[no-any-return]

    def __mul__(self, other: Any) -> Self:
        return ops.mul(self, other)

    def __rmul__(self, other: Any) -> Self:
        return ops.mul(self, other)

    def __truediv__(self, other: Any) -> Self:
        return ops.div(self, other)

    def __rtruediv__(self, other: Any) -> Self:
        return ops.div(other, self)  # type: ignore[no-any-return]

    def __floordiv__(self, other: Any) -> Self:
        return self.floor_divide(other)

    def __rfloordiv__(self, other: Any) -> Self:
        check_divisor("floor_divide", other, self)
        return ops.floor_divide(other, self)  # type: ignore[no-any-return]

    def __mod__(self, other: Any) -> Self:
        return self.remainder(other)

    def __rmod__(self, other: Any) -> Self:
        check_divisor("remainder", other, self)
        return ops.remainder(other, self)  # type: ignore[no-any-return]

    def __pow__(self, other: Any) -> Self:
        return self.pow(other)

    def __rpow__(self, other: Any) -> Self:
        return ops.pow_(other, self)  # type: ignore[no-any-return]

    def __neg__(self) -> Self:
        return self.neg()

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return ops.abs_(self)

    def __invert__(self) -> Self:
        return ops.bitwise_not(self)

    def __and__(self, other: Any) -> Self:
        return ops.bitwise_and(self, other)

    def __rand__(self, other: Any) -> Self:
        return ops.bitwise_and(self, other)

    def __or__(self, other: Any) -> Self:
        return ops.bitwise_or(self, other)

    def __ror__(self, other: Any) -> Self:
        return ops.bitwise_or(self, other)

    def __xor__(self, other: Any) -> Self:
        return ops.bitwise_xor(self, other)

    def __rxor__(self, other: Any) -> Self:
        return ops.bitwise_xor(self, other)

    def __eq__(self, other: Any) -> Self:  # type: ignore[override]
        return ops.eq(self, other)

    def __ne__(self, other: Any) -> Self:  # type: ignore[override]
        return ops.ne(self, other)

    def __lt__(self, other: Any) -> Self:
        return ops.lt(self, other)

    def __le__(self, other: Any) -> Self:
        return ops.le(self, other)

    def __gt__(self, other: Any) -> Self:
        return ops.gt(self, other)

    def __ge__(self, other: Any) -> Self:
        return ops.ge(self, other)

    # arithmetic by name -----------------------------------------------------------------------------------------------

    @factors_may_come_first(1, "alpha")
    def add(self, other: Any, *, alpha: float = 1) -> Self:
        """self + alpha · other

        >>> tg.tensor([1, 2]).add(10, alpha=2)
        tensor([21, 22])
        """
        return ops.add(self, other if alpha == 1 else other * alpha)

    @factors_may_come_first(1, "alpha")
    def sub(self, other: Any, *, alpha: float = 1) -> Self:
        """self − alpha · other

        >>> tg.tensor([1, 2]).sub(1, alpha=10)
        tensor([-9, -8])
        """
        return ops.sub(self, other if alpha == 1 else other * alpha)

    def mul(self, other: Any) -> Self:
        """self · other

        >>> tg.tensor([1, 2]).mul(3)
        tensor([3, 6])
        """
        return ops.mul(self, other)

    def div(self, other: Any, *, rounding_mode: str | None = None) -> Self:
        """self / other, exact or rounded: towards zero for "trunc", down for "floor".

        >>> tg.tensor([7, -7]).div(2, rounding_mode="floor")
        tensor([ 3, -4])
        """
        if rounding_mode is None:
            return ops.div(self, other)
        if rounding_mode not in ("trunc", "floor"):
            raise ValueError(f"div: rounding_mode must be None, 'trunc' or 'floor'; got {rounding_mode!r}")
        if rounding_mode == "floor":
            return self.floor_divide(other)
        check_divisor("div", self, other)
        quotient = ops.trunc(ops.div(self, other))
        integers = (
            not is_floating(self.dtype)
            and getattr(getattr(other, "dtype", None), "kind", "f" if isinstance(other, float) else "i") != "f"
        )
        return ops.cast(quotient, dtype=self.dtype, source=quotient.dtype) if integers else quotient

    def pow(self, exponent: Any) -> Self:
        """self to a power; of integers to a negative one is an error, as in PyTorch.

        >>> tg.tensor([1, 2, 3]).pow(2)
        tensor([1, 4, 9])
        """
        if type(exponent) in (int, float) and exponent == 2 and (type(exponent) is int or is_floating(self.dtype)):
            return ops.square(self)
        check_exponent(self, exponent)
        return ops.pow_(self, exponent)

    def square(self) -> Self:
        """self²; of booleans in int64.

        >>> tg.tensor([2, -3]).square()
        tensor([4, 9])
        """
        return ops.mul(self, ops.mul(self, 1)) if self.dtype.kind == "b" else ops.square(self)

    def neg(self) -> Self:
        """−self

        >>> tg.tensor([1, -2]).neg()
        tensor([-1,  2])
        """
        if self.dtype.kind == "b":
            raise DtypeError(f"neg: booleans have no sign; use ~ or logical_not{in_scope()}")
        return ops.neg(self)

    def reciprocal(self) -> Self:
        """1 / self

        >>> tg.tensor([2.0, 4.0]).reciprocal()
        tensor([0.5000, 0.2500])
        """
        return ops.reciprocal(self)

    def abs(self) -> Self:
        """|self|

        >>> tg.tensor([-1.5, 2.0]).abs()
        tensor([1.5000, 2.0000])
        """
        return ops.abs_(self)

    def sign(self) -> Self:
        """−1, 0 or 1.

        >>> tg.tensor([-3.0, 0.0, 2.0]).sign()
        tensor([-1.,  0.,  1.])
        """
        return ops.sign(self)

    def floor(self) -> Self:
        """Rounded down.

        >>> tg.tensor([1.8, -1.2]).floor()
        tensor([ 1., -2.])
        """
        return ops.floor(self)

    def ceil(self) -> Self:
        """Rounded up.

        >>> tg.tensor([1.2, -1.2]).ceil()
        tensor([ 2., -1.])
        """
        return ops.ceil(self)

    def round(self, *, decimals: int = 0) -> Self:
        """Rounded to the nearest, halves to even.

        >>> tg.tensor([1.26, -0.5]).round(decimals=1)
        tensor([ 1.3000, -0.5000])
        """
        return ops.round_(self) if decimals == 0 else ops.round_(self * 10.0**decimals) / 10.0**decimals

    def trunc(self) -> Self:
        """Rounded towards zero.

        >>> tg.tensor([1.8, -1.8]).trunc()
        tensor([ 1., -1.])
        """
        return ops.trunc(self)

    def remainder(self, other: Any) -> Self:
        """What division by other leaves, with the sign of other.

        >>> tg.tensor([7, -7]).remainder(3)
        tensor([1, 2])
        """
        check_divisor("remainder", self, other)
        return ops.remainder(self, other)

    def floor_divide(self, other: Any) -> Self:
        """⌊self / other⌋

        >>> tg.tensor([7, -7]).floor_divide(2)
        tensor([ 3, -4])
        """
        check_divisor("floor_divide", self, other)
        return ops.floor_divide(self, other)

    def maximum(self, other: Any) -> Self:
        """The larger of the two, element by element.

        >>> tg.tensor([1, 5]).maximum(tg.tensor([3, 2]))
        tensor([3, 5])
        """
        return ops.maximum(self, other)

    def minimum(self, other: Any) -> Self:
        """The smaller of the two, element by element.

        >>> tg.tensor([1, 5]).minimum(tg.tensor([3, 2]))
        tensor([1, 2])
        """
        return ops.minimum(self, other)

    def clamp(self, min: Any = None, max: Any = None) -> Self:
        """Values below min raised to it, values above max lowered to it; numbers or tensors.

        >>> tg.tensor([-2, 0, 5]).clamp(-1, 3)
        tensor([-1,  0,  3])
        """
        if min is None and max is None:
            raise ValueError("clamp: give min, max or both; got neither")
        if isinstance(min, TensorBase) or isinstance(max, TensorBase):
            # NaN among the bounds gives NaN; a value on a bound keeps the gradient.
            out = self if min is None else ops.where(ops.lt(self, min) | (min != min), min, self)  # noqa: PLR0124
            return out if max is None else ops.where(ops.gt(out, max) | (max != max), max, out)  # noqa: PLR0124
        if not is_floating(self.dtype) and (isinstance(min, float) or isinstance(max, float)):
            return self + 0.0 if self.array.size == 0 else ops.clamp(self + 0.0, low=min, high=max)
        return ops.clamp(self, low=min, high=max)

    clip = clamp

    def where(self, condition: Any, other: Any) -> Self:
        """self where the condition holds, else other.

        >>> tg.tensor([1, 2]).where(tg.tensor([True, False]), 0)
        tensor([1, 0])
        """
        return ops.where(condition, self, other)  # type: ignore[no-any-return]

    def masked_fill(self, mask: Any, value: Any) -> Self:
        """`value`, a number or a tensor without dimensions, where the mask is true, else self; in self's dtype.

        >>> tg.tensor([1, 2]).masked_fill(tg.tensor([True, False]), 9)
        tensor([9, 2])
        """
        return ops.where(mask, check_fill("masked_fill", self, mask, value), self)  # type: ignore[no-any-return]

    def bitwise_and(self, other: Any) -> Self:
        """The bits set in both; of booleans, whether both are true.

        >>> tg.tensor([6, 3]).bitwise_and(2)
        tensor([2, 2])
        """
        return ops.bitwise_and(self, other)

    def bitwise_or(self, other: Any) -> Self:
        """The bits set in at least one.

        >>> tg.tensor([4, 1]).bitwise_or(2)
        tensor([6, 3])
        """
        return ops.bitwise_or(self, other)

    def bitwise_xor(self, other: Any) -> Self:
        """The bits set in exactly one.

        >>> tg.tensor([6, 3]).bitwise_xor(2)
        tensor([4, 1])
        """
        return ops.bitwise_xor(self, other)

    def bitwise_not(self) -> Self:
        """Every bit the other way.

        >>> tg.tensor([0, 5]).bitwise_not()
        tensor([-1, -6])
        """
        return ops.bitwise_not(self)

    # other names ------------------------------------------------------------------------------------------------------

    absolute = abs
    divide = true_divide = div
    fix, multiply, negative, subtract = trunc, mul, neg, sub
