"""Tensor methods that work element by element, beyond arithmetic: special functions, special values, tests."""

from math import inf, pi
from math import log as ln
from typing import Any, Self

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import get_default_dtype, is_floating
from ..errors import ArgumentError, DtypeError
from .base import TensorBase
from .pairs import PairMethods


class PointwiseMethods(PairMethods):
    """Special functions and the like."""

    __slots__ = ()

    # exponentials and the like ----------------------------------------------------------------------------------------

    def exp2(self) -> Self:
        """2 to the power of self.

        >>> tg.tensor([0.0, 3.0]).exp2()
        tensor([1., 8.])
        """
        return ops.exp2(self)

    def asinh(self) -> Self:
        """The number whose hyperbolic sine is given.

        >>> tg.tensor(0.0).asinh()
        tensor(0.)
        """
        return ops.asinh(self)

    def acosh(self) -> Self:
        """The number ≥ 0 whose hyperbolic cosine is given; NaN below 1.

        >>> tg.tensor(1.0).acosh()
        tensor(0.)
        """
        return ops.acosh(self)

    def atanh(self) -> Self:
        """The number whose hyperbolic tangent is given; ±∞ at ±1, NaN beyond.

        >>> tg.tensor(0.0).atanh()
        tensor(0.)
        """
        return ops.atanh(self)

    def sinc(self) -> Self:
        """sin(πx) / (πx), which is 1 at 0.

        >>> tg.tensor([0.0, 1.0]).sinc().round(decimals=4)
        tensor([1., -0.])
        """
        return ops.sinc(self)

    def erf(self) -> Self:
        """The error function 2/√π ∫₀ˣ e^(−t²) dt.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([0.0, 0.5, 1.0]).erf()
        tensor([0.0000, 0.5205, 0.8427])
        """
        return ops.erf(self)

    def erfc(self) -> Self:
        """1 − erf(x), exact where that is small.

        >>> tg.tensor(0.0).erfc()
        tensor(1.)
        """
        return ops.erfc(self)

    def erfinv(self) -> Self:
        """The inverse of the error function; ±∞ at ±1, NaN beyond.

        >>> tg.tensor(0.0).erfinv()
        tensor(0.)
        """
        return ops.erfinv(self)

    def lgamma(self) -> Self:
        """The logarithm of |Γ(x)|; for whole n, Γ(n) = (n − 1)!.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([1.0, 5.0]).lgamma().exp()
        tensor([ 1.0000, 24.0000])
        """
        return ops.lgamma(self)

    def digamma(self) -> Self:
        """The derivative of `lgamma`.

        >>> tg.tensor(1.0).digamma()
        tensor(-0.5772)
        """
        return ops.digamma(self)

    def polygamma(self, n: int) -> Self:
        """The n-th derivative of `digamma`.

        Raises:
            RuntimeError: for n < 0.

        >>> tg.tensor(1.0).polygamma(1)
        tensor(1.6449)
        """
        if n < 0:
            raise ArgumentError(f"polygamma: n must not be negative; got {n}{in_scope()}")
        return ops.polygamma(self, n=n) if n else ops.digamma(self)

    def mvlgamma(self, p: int) -> Self:
        """ln Γₚ(x) of p dimensions: p(p − 1)/4 · ln π + Σⱼ lgamma(x − j/2) for j < p.

        Raises:
            RuntimeError: for p < 1.

        >>> tg.tensor(3.0).mvlgamma(1)
        tensor(0.6931)
        """
        if p < 1:
            raise ArgumentError(f"mvlgamma: p must be at least 1; got {p}{in_scope()}")
        out = ops.add(ops.lgamma(self), p * (p - 1) / 4 * ln(pi))
        for j in range(1, p):
            out = ops.add(out, ops.lgamma(ops.sub(self, j / 2)))
        return out

    def logit(self, eps: float | None = None) -> Self:
        """ln(x / (1 − x)), the inverse of the sigmoid; with `eps`, x is first clamped to [eps, 1 − eps].

        >>> tg.tensor(0.5).logit()
        tensor(0.)
        """
        x = self if is_floating(self.dtype) else ops.cast(self, dtype=get_default_dtype(), source=self.dtype)
        x = x if eps is None else ops.clamp(x, low=eps, high=1 - eps)
        return ops.log(ops.div(x, ops.sub(1, x)))

    def deg2rad(self) -> Self:
        """Degrees as radians.

        >>> tg.tensor([0.0, 180.0]).deg2rad()
        tensor([0.0000, 3.1416])
        """
        return ops.mul(self, pi / 180)

    def rad2deg(self) -> Self:
        """Radians as degrees.

        >>> tg.tensor(tg.pi).rad2deg()
        tensor(180.)
        """
        return ops.mul(self, 180 / pi)

    # signs, fractions, special values ---------------------------------------------------------------------------------

    def sgn(self) -> Self:
        """−1, 0 or 1.

        >>> tg.tensor([-3.0, 0.0, 2.0]).sgn()
        tensor([-1.,  0.,  1.])
        """
        return ops.sign(self)

    def signbit(self) -> Self:
        """Whether negative, −0 included.

        >>> tg.tensor([-1.0, 1.0]).signbit()
        tensor([ True, False])
        """
        return ops.signbit(self)

    def positive(self) -> Self:
        """Itself.

        Raises:
            RuntimeError: for booleans.

        >>> tg.tensor([1, -2]).positive()
        tensor([ 1, -2])
        """
        if self.dtype.kind == "b":
            raise DtypeError(f"positive: booleans have no sign; convert with .int(){in_scope()}")
        return self

    def frac(self) -> Self:
        """What follows the point, with the sign of self.

        >>> tg.tensor([1.5, -1.5]).frac()
        tensor([ 0.5000, -0.5000])
        """
        if not is_floating(self.dtype):
            raise DtypeError(f"frac: needs floating-point values; got dtype {self.dtype}{in_scope()}")
        return ops.sub(self, ops.trunc(self))

    def angle(self) -> Self:
        """The angle of a real number in the complex plane: 0, or π where negative; NaN stays.

        >>> tg.tensor([-1.0, 0.0, 1.0]).angle()
        tensor([3.1416, 0.0000, 0.0000])
        """
        x = self if is_floating(self.dtype) else ops.cast(self, dtype=get_default_dtype(), source=self.dtype)
        negative = ops.lt(x, 0)
        return ops.where(ops.isnan(x), x, ops.mul(ops.cast(negative, dtype=x.dtype, source=negative.dtype), pi))

    def conj(self) -> Self:
        """Itself: tensors hold real numbers.

        >>> tg.tensor([1.0]).resolve_neg()
        tensor([1.])
        """
        return self

    resolve_conj = resolve_neg = conj_physical = conj

    @property
    def real(self) -> Self:
        """Itself: tensors hold real numbers.

        >>> tg.tensor([1.0, 2.0]).real
        tensor([1., 2.])
        """
        return self

    def isposinf(self) -> Self:
        """Whether +∞.

        >>> tg.tensor([1.0, float("inf")]).isposinf()
        tensor([False,  True])
        """
        return ops.eq(self, inf)

    def isneginf(self) -> Self:
        """Whether −∞.

        >>> tg.tensor([1.0, -float("inf")]).isneginf()
        tensor([False,  True])
        """
        return ops.eq(self, -inf)

    def isreal(self) -> Self:
        """Whether real: true, since tensors hold real numbers.

        >>> tg.tensor([1.0, 2.0]).isreal()
        tensor([True, True])
        """
        return ops.eq(ops.isnan(self), ops.isnan(self))

    def nan_to_num(self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Self:
        """With NaN and ±∞ replaced: by 0 and the dtype's extreme numbers, or those given.

        >>> tg.tensor([float("nan"), 1.0]).nan_to_num()
        tensor([0., 1.])
        """
        if not is_floating(self.dtype):
            return ops.copy(self)
        limits = self.backend.xp.finfo(self.dtype)
        highest = float(limits.max) if posinf is None else posinf
        lowest = float(limits.min) if neginf is None else neginf
        out = ops.where(ops.eq(self, inf), highest, ops.where(ops.eq(self, -inf), lowest, self))
        return ops.where(ops.isnan(self), 0.0 if nan is None else nan, out)

    # agreement --------------------------------------------------------------------------------------------------------

    def isclose(self, other: TensorBase, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Self:
        """Whether |self − other| ≤ atol + rtol·|other|, element by element.

        Raises:
            RuntimeError: when the dtypes differ, or a tolerance is negative.

        >>> tg.tensor([1.0, 2.0]).isclose(tg.tensor([1.0, 2.1]))
        tensor([ True, False])
        """
        if self.dtype != other.dtype:
            raise DtypeError(f"isclose: the dtypes must be equal; got {self.dtype} and {other.dtype}{in_scope()}")
        if rtol < 0 or atol < 0:
            raise ArgumentError(
                f"isclose: tolerances must not be negative; got rtol {rtol} and atol {atol}{in_scope()}"
            )
        xp, x, y = self.backend.xp, self.array, other.array
        if self.dtype.kind == "b":
            return ops.eq(self.detach(), other.detach())
        with self.backend.quiet():
            close = xp.isfinite(x - y) & (xp.abs(x - y) <= atol + xp.abs(rtol * y))
        close = (x == y) | close
        close = close | (xp.isnan(x) & xp.isnan(y)) if equal_nan else close
        return self.plain.from_array(xp.asarray(close))  # type: ignore[return-value]

    def allclose(self, other: TensorBase, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
        """Whether |self − other| ≤ atol + rtol·|other| everywhere.

        >>> tg.tensor([1.0, 2.0]).allclose(tg.tensor([1.0, 2.0 + 1e-6]))
        True
        """
        return bool(self.isclose(other, rtol, atol, equal_nan).array.all())

    def equal(self, other: TensorBase) -> bool:
        """Whether shape and all values are equal.

        >>> tg.tensor([1, 2]).equal(tg.tensor([1, 2]))
        True
        """
        return self.shape == other.shape and bool((self.array == other.array).all())

    def isin(self, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Self:
        """Whether each value occurs among the test elements.

        >>> tg.tensor([1, 2, 3]).isin(tg.tensor([2, 3]))
        tensor([False,  True,  True])
        """
        wanted = test_elements.array if isinstance(test_elements, TensorBase) else test_elements
        return self.plain.from_array(self.backend.xp.isin(self.array, wanted, invert=invert))  # type: ignore[return-value]

    arcsinh, arccosh, arctanh = asinh, acosh, atanh
