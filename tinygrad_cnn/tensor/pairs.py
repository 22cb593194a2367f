"""Tensor methods that make one value of two or three, element by element, beyond arithmetic."""

from typing import Any, Self

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import as_dtype, is_floating
from ..errors import DtypeError
from .base import TensorBase
from .old_order import factors_may_come_first


class PairMethods(TensorBase):
    """Pairs and mixtures."""

    __slots__ = ()

    # pairs ------------------------------------------------------------------------------------------------------------

    def atan2(self, other: TensorBase) -> Self:
        """The angle of the point with height self and width other, in radians.

        >>> tg.tensor([0.0, 1.0]).atan2(tg.tensor([1.0, 0.0]))
        tensor([0.0000, 1.5708])
        """
        return ops.atan2(self, other)

    def hypot(self, other: TensorBase) -> Self:
        """√(self² + other²)

        >>> tg.tensor(3.0).hypot(tg.tensor(4.0))
        tensor(5.)
        """
        return ops.hypot(self, other)

    def copysign(self, other: Any) -> Self:
        """|self| with the sign of other.

        >>> tg.tensor([1.0, 2.0]).copysign(tg.tensor([-0.5, 0.5]))
        tensor([-1.,  2.])
        """
        return ops.copysign(self, other)

    def fmod(self, other: Any) -> Self:
        """What division by other leaves, with the sign of self; `remainder` has that of other.

        >>> tg.tensor([7, -7]).fmod(3)
        tensor([ 1, -1])
        """
        from .arithmetic import check_divisor

        check_divisor("fmod", self, other)
        return ops.fmod(self, other)

    def fmax(self, other: TensorBase) -> Self:
        """The larger of the two, or the one that is not NaN.

        >>> tg.tensor([1.0, float("nan")]).fmax(tg.tensor([0.0, 2.0]))
        tensor([1., 2.])
        """
        return ops.fmax(self, other)

    def fmin(self, other: TensorBase) -> Self:
        """The smaller of the two, or the one that is not NaN.

        >>> tg.tensor([1.0, float("nan")]).fmin(tg.tensor([0.0, 2.0]))
        tensor([0., 2.])
        """
        return ops.fmin(self, other)

    def logaddexp(self, other: TensorBase) -> Self:
        """ln(e^self + e^other), without overflow.

        >>> tg.tensor(0.0).logaddexp(tg.tensor(0.0))
        tensor(0.6931)
        """
        return ops.logaddexp(self, other)

    def logaddexp2(self, other: TensorBase) -> Self:
        """log₂(2^self + 2^other), without overflow.

        >>> tg.tensor(2.0).logaddexp2(tg.tensor(2.0))
        tensor(3.)
        """
        return ops.logaddexp2(self, other)

    def xlogy(self, other: Any) -> Self:
        """self · ln other, and 0 for self = 0.

        >>> tg.tensor([0.0, 2.0]).xlogy(tg.tensor([0.0, 1.0]))
        tensor([0., 0.])
        """
        return ops.xlogy(self, other)

    def heaviside(self, values: TensorBase) -> Self:
        """The step function: 0 below 0, 1 above, and `values` at 0.

        Raises:
            RuntimeError: when the dtypes differ.

        >>> tg.tensor([-1.0, 0.0, 1.0]).heaviside(tg.tensor(0.5))
        tensor([0.0000, 0.5000, 1.0000])
        """
        if self.dtype != values.dtype:
            raise DtypeError(f"heaviside: the dtypes must be equal; got {self.dtype} and {values.dtype}{in_scope()}")
        return ops.heaviside(self, values)

    def nextafter(self, other: TensorBase) -> Self:
        """The next number that the dtype can hold, on the way to other.

        >>> tg.tensor(1.0).nextafter(tg.tensor(2.0)) > 1
        tensor(True)
        """
        return ops.nextafter(self, other)

    def gcd(self, other: TensorBase) -> Self:
        """The greatest common divisor of integers.

        >>> tg.tensor([12, 18]).gcd(tg.tensor([8, 27]))
        tensor([4, 9])
        """
        return ops.gcd(self, other)

    def lcm(self, other: TensorBase) -> Self:
        """The least common multiple of integers.

        >>> tg.tensor([4, 6]).lcm(tg.tensor([6, 9]))
        tensor([12, 18])
        """
        return ops.lcm(self, other)

    def ldexp(self, other: Any) -> Self:
        """self · 2^other

        >>> tg.tensor([1.0, 3.0]).ldexp(tg.tensor([2, 3]))
        tensor([ 4., 24.])
        """
        return ops.mul(self, ops.pow_(2.0, other))

    def float_power(self, exponent: Any) -> Self:
        """self to a power, in float64.

        >>> tg.tensor([1, 2]).float_power(2)
        tensor([1., 4.], dtype=float64)
        """
        wide = as_dtype("float64")
        base: Any = self  # a number, where the function was called with one first
        if hasattr(base, "dtype"):
            base = ops.cast(base, dtype=wide, source=base.dtype)
        if isinstance(exponent, TensorBase):
            exponent = ops.cast(exponent, dtype=wide, source=exponent.dtype)
        return ops.pow_(base, exponent)  # type: ignore[no-any-return]

    def rsub(self, other: Any, *, alpha: float = 1) -> Self:
        """other − alpha · self

        >>> tg.tensor([1, 2]).rsub(10)
        tensor([9, 8])
        """
        return ops.sub(other, self if alpha == 1 else ops.mul(self, alpha))  # type: ignore[no-any-return]

    def bitwise_left_shift(self, other: Any) -> Self:
        """self · 2^other, in integers.

        >>> tg.tensor([1, 3]).bitwise_left_shift(2)
        tensor([ 4, 12])
        """
        return ops.bitwise_left_shift(self, other)

    def bitwise_right_shift(self, other: Any) -> Self:
        """⌊self / 2^other⌋, in integers.

        >>> tg.tensor([4, 12]).bitwise_right_shift(2)
        tensor([1, 3])
        """
        return ops.bitwise_right_shift(self, other)

    __lshift__ = bitwise_left_shift
    __rshift__ = bitwise_right_shift

    # mixtures ---------------------------------------------------------------------------------------------------------

    def lerp(self, end: TensorBase, weight: Any) -> Self:
        """self + weight · (end − self)

        Raises:
            RuntimeError: when the dtypes differ.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([0.0, 10.0]).lerp(tg.tensor([10.0, 20.0]), 0.25)
        tensor([ 2.5000, 12.5000])
        """
        for name, other in (("end", end), ("weight", weight)):
            if isinstance(other, TensorBase) and other.dtype != self.dtype:
                raise DtypeError(f"lerp: self has dtype {self.dtype} and {name} {other.dtype}{in_scope()}")
        return ops.add(self, ops.mul(weight, ops.sub(end, self)))

    @factors_may_come_first(2, "value")
    def addcmul(self, tensor1: TensorBase, tensor2: TensorBase, *, value: float = 1) -> Self:
        """self + value · tensor1 · tensor2

        >>> tg.tensor(1.0).addcmul(tg.tensor(2.0), tg.tensor(3.0), value=10)
        tensor(61.)
        """
        product = ops.mul(tensor1, tensor2)
        return ops.add(self, product if value == 1 else ops.mul(product, value))

    @factors_may_come_first(2, "value")
    def addcdiv(self, tensor1: TensorBase, tensor2: TensorBase, *, value: float = 1) -> Self:
        """self + value · tensor1 / tensor2

        Raises:
            RuntimeError: for integers, whose quotients are fractions.

        >>> tg.tensor(1.0).addcdiv(tg.tensor(6.0), tg.tensor(3.0), value=10)
        tensor(21.)
        """
        if not (is_floating(tensor1.dtype) or is_floating(tensor2.dtype)):
            raise DtypeError(f"addcdiv: integers can't be divided here; convert one with .float(){in_scope()}")
        quotient = ops.div(tensor1, tensor2)
        return ops.add(self, quotient if value == 1 else ops.mul(quotient, value))

    def clamp_min(self, min: Any) -> Self:
        """Values below min raised to it.

        >>> tg.tensor([-2, 0, 5]).clamp_min(-1)
        tensor([-1,  0,  5])
        """
        return self.clamp(min=min)  # type: ignore[attr-defined, no-any-return]

    def clamp_max(self, max: Any) -> Self:
        """Values above max lowered to it.

        >>> tg.tensor([-2, 0, 5]).clamp_max(3)
        tensor([-2,  0,  3])
        """
        return self.clamp(max=max)  # type: ignore[attr-defined, no-any-return]

    arctan2 = atan2
