"""Tensor methods that are elementary functions: exponentials, roots, angles. Each is one operation of the table."""

from typing import Self

from .. import ops
from .base import TensorBase


class ElementaryMethods(TensorBase):
    """Exponentials, logarithms, roots and the functions of angles."""

    __slots__ = ()

    def exp(self) -> Self:
        """e to the power of self.

        >>> tg.tensor([0.0, 1.0]).exp()
        tensor([1.0000, 2.7183])
        """
        return ops.exp(self)

    def expm1(self) -> Self:
        """eˣ − 1, exact for small x.

        >>> tg.tensor(1e-6).expm1()
        tensor(1.0000e-06)
        """
        return ops.expm1(self)

    def log(self) -> Self:
        """The natural logarithm.

        >>> tg.tensor([1.0, 10.0]).log()
        tensor([0.0000, 2.3026])
        """
        return ops.log(self)

    def log2(self) -> Self:
        """The logarithm to base 2.

        >>> tg.tensor([1.0, 8.0]).log2()
        tensor([0., 3.])
        """
        return ops.log2(self)

    def log10(self) -> Self:
        """The logarithm to base 10.

        >>> tg.tensor([1.0, 100.0]).log10()
        tensor([0.0000, 2.0000])
        """
        return ops.log10(self)

    def log1p(self) -> Self:
        """ln(1 + x), exact for small x.

        >>> tg.tensor(1e-6).log1p()
        tensor(1.0000e-06)
        """
        return ops.log1p(self)

    def sqrt(self) -> Self:
        """The square root.

        >>> tg.tensor([4.0, 9.0]).sqrt()
        tensor([2., 3.])
        """
        return ops.sqrt(self)

    def rsqrt(self) -> Self:
        """1 / √x

        >>> tg.tensor(4.0).rsqrt()
        tensor(0.5000)
        """
        return ops.rsqrt(self)

    def sin(self) -> Self:
        """The sine of an angle in radians.

        >>> tg.tensor(0.0).sin()
        tensor(0.)
        """
        return ops.sin(self)

    def cos(self) -> Self:
        """The cosine of an angle in radians.

        >>> tg.tensor(0.0).cos()
        tensor(1.)
        """
        return ops.cos(self)

    def tan(self) -> Self:
        """The tangent of an angle in radians.

        >>> tg.tensor(0.0).tan()
        tensor(0.)
        """
        return ops.tan(self)

    def asin(self) -> Self:
        """The angle whose sine is given, in radians.

        >>> tg.tensor(0.0).asin()
        tensor(0.)
        """
        return ops.asin(self)

    def acos(self) -> Self:
        """The angle whose cosine is given, in radians.

        >>> tg.tensor(1.0).acos()
        tensor(0.)
        """
        return ops.acos(self)

    def atan(self) -> Self:
        """The angle whose tangent is given, in radians.

        >>> tg.tensor(0.0).atan()
        tensor(0.)
        """
        return ops.atan(self)

    def sinh(self) -> Self:
        """The hyperbolic sine.

        >>> tg.tensor(0.0).sinh()
        tensor(0.)
        """
        return ops.sinh(self)

    def cosh(self) -> Self:
        """The hyperbolic cosine.

        >>> tg.tensor(0.0).cosh()
        tensor(1.)
        """
        return ops.cosh(self)

    def tanh(self) -> Self:
        """The hyperbolic tangent.

        >>> tg.tensor(0.0).tanh()
        tensor(0.)
        """
        return ops.tanh(self)

    def sigmoid(self) -> Self:
        """1 / (1 + e⁻ˣ)

        >>> tg.tensor(0.0).sigmoid()
        tensor(0.5000)
        """
        return ops.sigmoid(self)

    def relu(self) -> Self:
        """max(x, 0)

        >>> tg.tensor([-1.0, 2.0]).relu()
        tensor([0., 2.])
        """
        return ops.relu(self)

    arccos, arcsin, arctan = acos, asin, atan
