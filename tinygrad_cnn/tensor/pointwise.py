"""Tensor methods that work element by element, beyond arithmetic: special functions, pairs, mixtures, tests."""

from math import inf, pi
from math import log as ln
from typing import Any, Self

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import as_dtype, get_default_dtype, is_floating
from ..errors import ArgumentError, DtypeError
from .base import TensorBase


class PointwiseMethods(TensorBase):
    """Special functions and the like."""

    __slots__ = ()

    # exponentials and the like ----------------------------------------------------------------------------------------

    def exp2(self) -> Self:
        """2 to the power of self."""
        return ops.exp2(self)

    def asinh(self) -> Self:
        """The number whose hyperbolic sine is given."""
        return ops.asinh(self)

    def acosh(self) -> Self:
        """The number ≥ 0 whose hyperbolic cosine is given; NaN below 1."""
        return ops.acosh(self)

    def atanh(self) -> Self:
        """The number whose hyperbolic tangent is given; ±∞ at ±1, NaN beyond."""
        return ops.atanh(self)

    def sinc(self) -> Self:
        """sin(πx) / (πx), which is 1 at 0."""
        return ops.sinc(self)

    def erf(self) -> Self:
        """The error function 2/√π ∫₀ˣ e^(−t²) dt.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([0.0, 0.5, 1.0]).erf()
        tensor([0.0000, 0.5205, 0.8427])
        """
        return ops.erf(self)

    def erfc(self) -> Self:
        """1 − erf(x), exact where that is small."""
        return ops.erfc(self)

    def erfinv(self) -> Self:
        """The inverse of the error function; ±∞ at ±1, NaN beyond."""
        return ops.erfinv(self)

    def lgamma(self) -> Self:
        """The logarithm of |Γ(x)|; for whole n, Γ(n) = (n − 1)!.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([1.0, 5.0]).lgamma().exp()
        tensor([ 1.0000, 24.0000])
        """
        return ops.lgamma(self)

    def digamma(self) -> Self:
        """The derivative of `lgamma`."""
        return ops.digamma(self)

    def polygamma(self, n: int) -> Self:
        """The n-th derivative of `digamma`.

        Raises:
            RuntimeError: for n < 0.
        """
        if n < 0:
            raise ArgumentError(f"polygamma: n must not be negative; got {n}{in_scope()}")
        return ops.polygamma(self, n=n) if n else ops.digamma(self)

    def mvlgamma(self, p: int) -> Self:
        """ln Γₚ(x) of p dimensions: p(p − 1)/4 · ln π + Σⱼ lgamma(x − j/2) for j < p.

        Raises:
            RuntimeError: for p < 1.
        """
        if p < 1:
            raise ArgumentError(f"mvlgamma: p must be at least 1; got {p}{in_scope()}")
        out = ops.add(ops.lgamma(self), p * (p - 1) / 4 * ln(pi))
        for j in range(1, p):
            out = ops.add(out, ops.lgamma(ops.sub(self, j / 2)))
        return out

    def logit(self, eps: float | None = None) -> Self:
        """ln(x / (1 − x)), the inverse of the sigmoid; with `eps`, x is first clamped to [eps, 1 − eps]."""
        x = self if is_floating(self.dtype) else ops.cast(self, dtype=get_default_dtype(), source=self.dtype)
        x = x if eps is None else ops.clamp(x, low=eps, high=1 - eps)
        return ops.log(ops.div(x, ops.sub(1, x)))

    def deg2rad(self) -> Self:
        """Degrees as radians."""
        return ops.mul(self, pi / 180)

    def rad2deg(self) -> Self:
        """Radians as degrees."""
        return ops.mul(self, 180 / pi)

    # signs, fractions, special values ---------------------------------------------------------------------------------

    def sgn(self) -> Self:
        """−1, 0 or 1."""
        return ops.sign(self)

    def signbit(self) -> Self:
        """Whether negative, −0 included."""
        return ops.signbit(self)

    def positive(self) -> Self:
        """Itself.

        Raises:
            RuntimeError: for booleans.
        """
        if self.dtype.kind == "b":
            raise DtypeError(f"positive: booleans have no sign; convert with .int(){in_scope()}")
        return self

    def frac(self) -> Self:
        """What follows the point, with the sign of self."""
        if not is_floating(self.dtype):
            raise DtypeError(f"frac: needs floating-point values; got dtype {self.dtype}{in_scope()}")
        return ops.sub(self, ops.trunc(self))

    def angle(self) -> Self:
        """The angle of a real number in the complex plane: 0, or π where negative; NaN stays."""
        x = self if is_floating(self.dtype) else ops.cast(self, dtype=get_default_dtype(), source=self.dtype)
        negative = ops.lt(x, 0)
        return ops.where(ops.isnan(x), x, ops.mul(ops.cast(negative, dtype=x.dtype, source=negative.dtype), pi))

    def conj(self) -> Self:
        """Itself: tensors hold real numbers."""
        return self

    resolve_conj = resolve_neg = conj_physical = conj

    @property
    def real(self) -> Self:
        """Itself: tensors hold real numbers."""
        return self

    def isposinf(self) -> Self:
        """Whether +∞."""
        return ops.eq(self, inf)

    def isneginf(self) -> Self:
        """Whether −∞."""
        return ops.eq(self, -inf)

    def isreal(self) -> Self:
        """Whether real: true, since tensors hold real numbers."""
        return ops.eq(ops.isnan(self), ops.isnan(self))

    def nan_to_num(self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Self:
        """With NaN and ±∞ replaced: by 0 and the dtype's extreme numbers, or those given."""
        if not is_floating(self.dtype):
            return ops.copy(self)
        limits = self.backend.xp.finfo(self.dtype)
        highest = float(limits.max) if posinf is None else posinf
        lowest = float(limits.min) if neginf is None else neginf
        out = ops.where(ops.eq(self, inf), highest, ops.where(ops.eq(self, -inf), lowest, self))
        return ops.where(ops.isnan(self), 0.0 if nan is None else nan, out)

    # pairs ------------------------------------------------------------------------------------------------------------

    def atan2(self, other: TensorBase) -> Self:
        """The angle of the point with height self and width other, in radians."""
        return ops.atan2(self, other)

    def hypot(self, other: TensorBase) -> Self:
        """√(self² + other²)"""
        return ops.hypot(self, other)

    def copysign(self, other: Any) -> Self:
        """|self| with the sign of other."""
        return ops.copysign(self, other)

    def fmod(self, other: Any) -> Self:
        """What division by other leaves, with the sign of self; `remainder` has that of other."""
        from .arithmetic import check_divisor

        check_divisor("fmod", self, other)
        return ops.fmod(self, other)

    def fmax(self, other: TensorBase) -> Self:
        """The larger of the two, or the one that is not NaN."""
        return ops.fmax(self, other)

    def fmin(self, other: TensorBase) -> Self:
        """The smaller of the two, or the one that is not NaN."""
        return ops.fmin(self, other)

    def logaddexp(self, other: TensorBase) -> Self:
        """ln(e^self + e^other), without overflow."""
        return ops.logaddexp(self, other)

    def logaddexp2(self, other: TensorBase) -> Self:
        """log₂(2^self + 2^other), without overflow."""
        return ops.logaddexp2(self, other)

    def xlogy(self, other: Any) -> Self:
        """self · ln other, and 0 for self = 0."""
        return ops.xlogy(self, other)

    def heaviside(self, values: TensorBase) -> Self:
        """The step function: 0 below 0, 1 above, and `values` at 0.

        Raises:
            RuntimeError: when the dtypes differ.
        """
        if self.dtype != values.dtype:
            raise DtypeError(f"heaviside: the dtypes must be equal; got {self.dtype} and {values.dtype}{in_scope()}")
        return ops.heaviside(self, values)

    def nextafter(self, other: TensorBase) -> Self:
        """The next number that the dtype can hold, on the way to other."""
        return ops.nextafter(self, other)

    def gcd(self, other: TensorBase) -> Self:
        """The greatest common divisor of integers."""
        return ops.gcd(self, other)

    def lcm(self, other: TensorBase) -> Self:
        """The least common multiple of integers."""
        return ops.lcm(self, other)

    def ldexp(self, other: Any) -> Self:
        """self · 2^other"""
        return ops.mul(self, ops.pow_(2.0, other))

    def float_power(self, exponent: Any) -> Self:
        """self to a power, in float64."""
        wide = as_dtype("float64")
        base: Any = self  # a number, where the function was called with one first
        if hasattr(base, "dtype"):
            base = ops.cast(base, dtype=wide, source=base.dtype)
        if isinstance(exponent, TensorBase):
            exponent = ops.cast(exponent, dtype=wide, source=exponent.dtype)
        return ops.pow_(base, exponent)  # type: ignore[no-any-return]

    def rsub(self, other: Any, *, alpha: float = 1) -> Self:
        """other − alpha · self"""
        return ops.sub(other, self if alpha == 1 else ops.mul(self, alpha))  # type: ignore[no-any-return]

    def bitwise_left_shift(self, other: Any) -> Self:
        """self · 2^other, in integers."""
        return ops.bitwise_left_shift(self, other)

    def bitwise_right_shift(self, other: Any) -> Self:
        """⌊self / 2^other⌋, in integers."""
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

    def addcmul(self, tensor1: TensorBase, tensor2: TensorBase, *, value: float = 1) -> Self:
        """self + value · tensor1 · tensor2"""
        product = ops.mul(tensor1, tensor2)
        return ops.add(self, product if value == 1 else ops.mul(product, value))

    def addcdiv(self, tensor1: TensorBase, tensor2: TensorBase, *, value: float = 1) -> Self:
        """self + value · tensor1 / tensor2

        Raises:
            RuntimeError: for integers, whose quotients are fractions.
        """
        if not (is_floating(tensor1.dtype) or is_floating(tensor2.dtype)):
            raise DtypeError(f"addcdiv: integers can't be divided here; convert one with .float(){in_scope()}")
        quotient = ops.div(tensor1, tensor2)
        return ops.add(self, quotient if value == 1 else ops.mul(quotient, value))

    def clamp_min(self, min: Any) -> Self:
        """Values below min raised to it."""
        return self.clamp(min=min)  # type: ignore[attr-defined, no-any-return]

    def clamp_max(self, max: Any) -> Self:
        """Values above max lowered to it."""
        return self.clamp(max=max)  # type: ignore[attr-defined, no-any-return]

    # agreement --------------------------------------------------------------------------------------------------------

    def isclose(self, other: TensorBase, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Self:
        """Whether |self − other| ≤ atol + rtol·|other|, element by element.

        Raises:
            RuntimeError: when the dtypes differ, or a tolerance is negative.
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
        """Whether |self − other| ≤ atol + rtol·|other| everywhere."""
        return bool(self.isclose(other, rtol, atol, equal_nan).array.all())

    def equal(self, other: TensorBase) -> bool:
        """Whether shape and all values are equal."""
        return self.shape == other.shape and bool((self.array == other.array).all())

    def isin(self, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Self:
        """Whether each value occurs among the test elements."""
        wanted = test_elements.array if isinstance(test_elements, TensorBase) else test_elements
        return self.plain.from_array(self.backend.xp.isin(self.array, wanted, invert=invert))  # type: ignore[return-value]

    arcsinh, arccosh, arctanh, arctan2 = asinh, acosh, atanh, atan2
