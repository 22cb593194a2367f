"""Tensor methods that keep their result in the tensor's own memory: `name_` for `name`, and `x += y`."""

from typing import Any, Self

from .. import ops
from .arithmetic import ArithmeticMethods, check_divisor, check_exponent, check_fill
from .base import TensorBase
from .old_order import factors_may_come_first


class InPlaceMethods(ArithmeticMethods):
    """The in-place forms of arithmetic."""

    __slots__ = ()

    # operators --------------------------------------------------------------------------------------------------------

    def __iadd__(self, other: Any) -> Self:
        return self.in_place("add_", ops.add, self, other)

    def __isub__(self, other: Any) -> Self:
        return self.in_place("sub_", ops.sub, self, other)

    def __imul__(self, other: Any) -> Self:
        return self.in_place("mul_", ops.mul, self, other)

    def __itruediv__(self, other: Any) -> Self:
        return self.in_place("div_", ops.div, self, other)

    def __ifloordiv__(self, other: Any) -> Self:
        return self.floor_divide_(other)

    def __imod__(self, other: Any) -> Self:
        return self.remainder_(other)

    def __ipow__(self, other: Any) -> Self:
        return self.pow_(other)

    def __iand__(self, other: Any) -> Self:
        return self.bitwise_and_(other)

    def __ior__(self, other: Any) -> Self:
        return self.bitwise_or_(other)

    def __ixor__(self, other: Any) -> Self:
        return self.bitwise_xor_(other)

    # by name ----------------------------------------------------------------------------------------------------------

    @factors_may_come_first(1, "alpha")
    def add_(self, other: Any, *, alpha: float = 1) -> Self:
        """`add`, in place.

        >>> tg.ones(2).add_(tg.ones(2), alpha=2)
        tensor([3., 3.])
        """
        return self.in_place("add_", ops.add, self, other if alpha == 1 else other * alpha)

    @factors_may_come_first(1, "alpha")
    def sub_(self, other: Any, *, alpha: float = 1) -> Self:
        """`sub`, in place.

        >>> tg.tensor([1, 2]).sub_(1, alpha=10)
        tensor([-9, -8])
        """
        return self.in_place("sub_", ops.sub, self, other if alpha == 1 else other * alpha)

    def mul_(self, other: Any) -> Self:
        """`mul`, in place.

        >>> tg.tensor([1, 2]).mul_(3)
        tensor([3, 6])
        """
        return self.in_place("mul_", ops.mul, self, other)

    def div_(self, other: Any, *, rounding_mode: str | None = None) -> Self:
        """`div`, in place.

        >>> tg.tensor([7.0, -7.0]).div_(2)
        tensor([ 3.5000, -3.5000])
        """
        if rounding_mode is None:
            return self.in_place("div_", ops.div, self, other)
        return self.in_place("div_", ArithmeticMethods.div, self, other, rounding_mode=rounding_mode)

    def pow_(self, exponent: Any) -> Self:
        """`pow`, in place.

        >>> tg.tensor([1, 2, 3]).pow_(2)
        tensor([1, 4, 9])
        """
        check_exponent(self, exponent)
        return self.in_place("pow_", ops.pow_, self, exponent)

    def floor_divide_(self, other: Any) -> Self:
        """`floor_divide`, in place.

        >>> tg.tensor([7, -7]).floor_divide_(2)
        tensor([ 3, -4])
        """
        check_divisor("floor_divide_", self, other)
        return self.in_place("floor_divide_", ops.floor_divide, self, other)

    def remainder_(self, other: Any) -> Self:
        """`remainder`, in place.

        >>> tg.tensor([7, -7]).remainder_(3)
        tensor([1, 2])
        """
        check_divisor("remainder_", self, other)
        return self.in_place("remainder_", ops.remainder, self, other)

    def bitwise_and_(self, other: Any) -> Self:
        """`bitwise_and`, in place.

        >>> tg.tensor([6, 3]).bitwise_and_(2)
        tensor([2, 2])
        """
        return self.in_place("bitwise_and_", ops.bitwise_and, self, other)

    def bitwise_or_(self, other: Any) -> Self:
        """`bitwise_or`, in place.

        >>> tg.tensor([4, 1]).bitwise_or_(2)
        tensor([6, 3])
        """
        return self.in_place("bitwise_or_", ops.bitwise_or, self, other)

    def bitwise_xor_(self, other: Any) -> Self:
        """`bitwise_xor`, in place.

        >>> tg.tensor([6, 3]).bitwise_xor_(2)
        tensor([4, 1])
        """
        return self.in_place("bitwise_xor_", ops.bitwise_xor, self, other)

    def neg_(self) -> Self:
        """`neg`, in place.

        >>> tg.tensor([1, -2]).neg_()
        tensor([-1,  2])
        """
        return self.in_place("neg_", ops.neg, self)

    def abs_(self) -> Self:
        """`abs`, in place.

        >>> tg.tensor([-1.0, 2.0]).abs_()
        tensor([1., 2.])
        """
        return self.in_place("abs_", ops.abs_, self)

    def exp_(self) -> Self:
        """`exp`, in place.

        >>> tg.tensor([0.0, 1.0]).exp_()
        tensor([1.0000, 2.7183])
        """
        return self.in_place("exp_", ops.exp, self)

    def log_(self) -> Self:
        """`log`, in place.

        >>> tg.tensor([1.0, 10.0]).log_()
        tensor([0.0000, 2.3026])
        """
        return self.in_place("log_", ops.log, self)

    def sqrt_(self) -> Self:
        """`sqrt`, in place.

        >>> tg.tensor([4.0, 9.0]).sqrt_()
        tensor([2., 3.])
        """
        return self.in_place("sqrt_", ops.sqrt, self)

    def tanh_(self) -> Self:
        """`tanh`, in place.

        >>> tg.tensor(0.0).tanh_()
        tensor(0.)
        """
        return self.in_place("tanh_", ops.tanh, self)

    def sigmoid_(self) -> Self:
        """`sigmoid`, in place.

        >>> tg.tensor(0.0).sigmoid_()
        tensor(0.5000)
        """
        return self.in_place("sigmoid_", ops.sigmoid, self)

    def relu_(self) -> Self:
        """`relu`, in place.

        >>> tg.tensor([-1.0, 2.0]).relu_()
        tensor([0., 2.])
        """
        return self.in_place("relu_", ops.relu, self)

    def clamp_(self, min: Any = None, max: Any = None) -> Self:
        """`clamp`, in place; between numbers or tensors.

        >>> tg.tensor([-2, 0, 5]).clamp_(-1, 3)
        tensor([-1,  0,  3])
        """
        if min is None and max is None:
            raise ValueError("clamp_: give min, max or both; got neither")
        if isinstance(min, TensorBase) or isinstance(max, TensorBase):
            raised = self if min is None else self.in_place("clamp_", ops.maximum, self, min)
            return raised if max is None else raised.in_place("clamp_", ops.minimum, raised, max)
        return self.in_place("clamp_", ops.clamp, self, low=min, high=max)

    def masked_fill_(self, mask: Any, value: Any) -> Self:
        """`masked_fill`, in place.

        >>> tg.tensor([1, 2]).masked_fill_(tg.tensor([True, False]), 9)
        tensor([9, 2])
        """
        return self.in_place("masked_fill_", ops.where, mask, check_fill("masked_fill_", self, mask, value), self)

    absolute_, multiply_, negative_, subtract_ = abs_, mul_, neg_, sub_
    divide_ = true_divide_ = div_
    clip_ = clamp_
