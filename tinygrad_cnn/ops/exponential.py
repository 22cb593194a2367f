"""Exponentials, logarithms, roots and trigonometry, element by element. Integers become floats first."""

from math import log as ln
from math import pi
from typing import Any

from ..autograd import elementwise
from .comparison import where


@elementwise(dtypes="float", x=lambda g, out: g * out)
def exp(backend: Any, x: Any) -> Any:
    """eˣ"""
    with backend.quiet():
        return backend.xp.exp(x)


@elementwise(dtypes="float", x=lambda g, out: g * (out + 1))
def expm1(backend: Any, x: Any) -> Any:
    """eˣ − 1, exact for small x."""
    with backend.quiet():
        return backend.xp.expm1(x)


@elementwise(dtypes="float", x=lambda g, out: g * out * ln(2))
def exp2(backend: Any, x: Any) -> Any:
    """2ˣ"""
    with backend.quiet():
        return backend.xp.exp2(x)


@elementwise(dtypes="float", x=lambda g, x: g / x)
def log(backend: Any, x: Any) -> Any:
    """ln x"""
    with backend.quiet():
        return backend.xp.log(x)


@elementwise(dtypes="float", x=lambda g, x: g / (x * ln(2)))
def log2(backend: Any, x: Any) -> Any:
    """log₂ x"""
    with backend.quiet():
        return backend.xp.log2(x)


@elementwise(dtypes="float", x=lambda g, x: g / (x * ln(10)))
def log10(backend: Any, x: Any) -> Any:
    """log₁₀ x"""
    with backend.quiet():
        return backend.xp.log10(x)


@elementwise(dtypes="float", x=lambda g, x: g / (x + 1))
def log1p(backend: Any, x: Any) -> Any:
    """ln(1 + x), exact for small x."""
    with backend.quiet():
        return backend.xp.log1p(x)


@elementwise(dtypes="float", x=lambda g, out: g / (2 * out))
def sqrt(backend: Any, x: Any) -> Any:
    """√x"""
    with backend.quiet():
        return backend.xp.sqrt(x)


@elementwise(dtypes="float", x=lambda g, out: -0.5 * g * out * out * out)
def rsqrt(backend: Any, x: Any) -> Any:
    """1 / √x"""
    with backend.quiet():
        return 1 / backend.xp.sqrt(x)


@elementwise(dtypes="float", x=lambda g, x: g * cos(x))
def sin(backend: Any, x: Any) -> Any:
    """sin x"""
    with backend.quiet():
        return backend.xp.sin(x)


@elementwise(dtypes="float", x=lambda g, x: -g * sin(x))
def cos(backend: Any, x: Any) -> Any:
    """cos x"""
    with backend.quiet():
        return backend.xp.cos(x)


@elementwise(dtypes="float", x=lambda g, out: g * (1 + out * out))
def tan(backend: Any, x: Any) -> Any:
    """tan x"""
    with backend.quiet():
        return backend.xp.tan(x)


@elementwise(dtypes="float", x=lambda g, x: g * cosh(x))
def sinh(backend: Any, x: Any) -> Any:
    """(eˣ − e⁻ˣ) / 2"""
    with backend.quiet():
        return backend.xp.sinh(x)


@elementwise(dtypes="float", x=lambda g, x: g * sinh(x))
def cosh(backend: Any, x: Any) -> Any:
    """(eˣ + e⁻ˣ) / 2"""
    with backend.quiet():
        return backend.xp.cosh(x)


@elementwise(dtypes="float", x=lambda g, x: g * rsqrt(1 - x * x))
def asin(backend: Any, x: Any) -> Any:
    """The angle in [−π/2, π/2] whose sine is x, in radians."""
    with backend.quiet():
        return backend.xp.arcsin(x)


@elementwise(dtypes="float", x=lambda g, x: -g * rsqrt(1 - x * x))
def acos(backend: Any, x: Any) -> Any:
    """The angle in [0, π] whose cosine is x, in radians."""
    with backend.quiet():
        return backend.xp.arccos(x)


@elementwise(dtypes="float", x=lambda g, x: g / (1 + x * x))
def atan(backend: Any, x: Any) -> Any:
    """The angle in (−π/2, π/2) whose tangent is x, in radians."""
    return backend.xp.arctan(x)


@elementwise(dtypes="float", x=lambda g, out: tanh_grad(g, out))
def tanh(backend: Any, x: Any) -> Any:
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)"""
    return backend.tanh(x)


@elementwise(y=lambda g, t: tanh_grad(g, t), t=lambda g, y, t: -2 * g * y * t)
def tanh_grad(backend: Any, y: Any, t: Any) -> Any:
    """y · (1 − t²) with t = tanh(x)."""
    return backend.tanh_grad(y, t)


@elementwise(dtypes="float", x=lambda g, x: g * rsqrt(x * x + 1))
def asinh(backend: Any, x: Any) -> Any:
    """The number whose sinh is x."""
    with backend.quiet():
        return backend.xp.arcsinh(x)


@elementwise(dtypes="float", x=lambda g, x: g * rsqrt(x - 1) * rsqrt(x + 1))
def acosh(backend: Any, x: Any) -> Any:
    """The number ≥ 0 whose cosh is x; NaN below 1."""
    with backend.quiet():
        return backend.xp.arccosh(x)


@elementwise(dtypes="float", x=lambda g, x: g / (1 - x * x))
def atanh(backend: Any, x: Any) -> Any:
    """The number whose tanh is x; ±∞ at ±1, NaN beyond."""
    with backend.quiet():
        return backend.xp.arctanh(x)


def _sinc_grad(g: Any, x: Any) -> Any:
    safe = where(x == 0, 1, x)
    angle = safe * pi
    return g * where(x == 0, 0, (angle * cos(angle) - sin(angle)) / (angle * safe))


@elementwise(dtypes="float", x=_sinc_grad)
def sinc(backend: Any, x: Any) -> Any:
    """sin(πx) / (πx), which is 1 at 0."""
    return backend.xp.sinc(x).astype(x.dtype)
