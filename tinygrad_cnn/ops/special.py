"""Special functions that NumPy lacks: the error function, the gamma function's logarithm and its derivatives.

The gamma family and `erfinv` are computed in float64 whatever the dtype of x; relative errors below hold for float64.
"""

from math import factorial, sqrt
from math import log as ln
from math import pi as PI
from typing import Any

from ..autograd import elementwise
from .exponential import exp


def _polynomial(x: Any, coefficients: Any) -> Any:
    """Σ cₖ xᵏ by Horner's rule."""
    out = coefficients[-1]
    for c in coefficients[-2::-1]:
        out = out * x + c
    return out


@elementwise(dtypes="float", x=lambda g, x: g * (2 / sqrt(PI)) * exp(-x * x))
def erf(backend: Any, x: Any) -> Any:
    """2/√π ∫₀ˣ e^(−t²) dt, to a relative error of 3e-16."""
    return backend.erf(x)


@elementwise(dtypes="float", x=lambda g, x: g * (-2 / sqrt(PI)) * exp(-x * x))
def erfc(backend: Any, x: Any) -> Any:
    """1 − erf(x), exact where erf(x) is nearly 1: to a relative error of x² · 2e-16."""
    return backend.erfc(x)


@elementwise(dtypes="float", x=lambda g, out: g * (sqrt(PI) / 2) * exp(out * out))
def erfinv(backend: Any, x: Any) -> Any:
    """The y with erf(y) = x, to a relative error of 1e-15; ±∞ at ±1, NaN beyond.

    Winitzki's closed formula (2008) is right to 2e-3; each of the three steps of Halley that follow trebles the digits.
    """
    xp = backend.xp
    with backend.quiet():
        exact = xp.abs(x).astype("float64")
        beyond = (1 - exact) * (1 + exact)  # 1 − x²
        half = 2 / (PI * 0.147) + xp.log(beyond) / 2
        y = xp.sqrt(xp.maximum(xp.sqrt(half * half - xp.log(beyond) / 0.147) - half, 0))
        for _ in range(3):
            error = (1 - exact) - erfc.forward(backend, y)  # what erf(y) has too much, exact in the tail too
            error = xp.where(exact < 0.5, erf.forward(backend, y) - exact, error)
            step = error / (2 / sqrt(PI) * xp.exp(-y * y))
            y = y - step / (1 + y * step)
        y = xp.where(exact == 1, float("inf"), xp.where(exact > 1, float("nan"), y))
        return xp.copysign(y, x).astype(x.dtype)


# B₂ⱼ, Bernoulli's numbers, of which the asymptotic series of the gamma family are made.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_FAR = 10  # where those series are exact


@elementwise(dtypes="float", x=lambda g, x: g * digamma(x))
def lgamma(backend: Any, x: Any) -> Any:
    """ln |Γ(x)|, to an error of 1e-15 (1 + |result|): Stirling's series at x + 10, and Γ(x + 1) = x Γ(x) back to x.

    Below 1/2 by the reflection Γ(x) Γ(1 − x) = π / sin πx; ∞ at 0, −1, −2, …
    """
    xp = backend.xp
    with backend.quiet():
        wide = x.astype("float64")
        positive = xp.where(wide < 0.5, 1 - wide, wide)
        far = positive + _FAR
        series = sum(b / (2 * j * (2 * j - 1)) * far ** (1 - 2 * j) for j, b in enumerate(_BERNOULLI, start=1))
        product = 1.0
        for k in range(_FAR):
            product = product * xp.where(positive < 1e20, positive + k, 1)
        out = (far - 0.5) * xp.log(far) - far + ln(2 * PI) / 2 + series - xp.log(product)
        out = xp.where(positive < 1e20, out, positive * (xp.log(positive) - 1))
        sine = xp.abs(xp.sin(PI * (wide - xp.round(wide))))
        out = xp.where(wide < 0.5, xp.log(PI / sine) - out, out)
        return xp.where(xp.isinf(wide), float("inf"), out).astype(x.dtype)


@elementwise(dtypes="float", x=lambda g, x: g * polygamma(x, n=1))
def digamma(backend: Any, x: Any) -> Any:
    """ψ(x) = d/dx ln Γ(x), to a relative error of 1e-15 away from its zeros; −∞ at 0 (∞ at −0), NaN at −1, −2, …"""
    xp = backend.xp
    with backend.quiet():
        wide = x.astype("float64")
        positive = xp.where(wide < 0.5, 1 - wide, wide)
        far = positive + _FAR
        series = sum(b / (2 * j) * far ** (-2 * j) for j, b in enumerate(_BERNOULLI, start=1))
        out = xp.log(far) - 0.5 / far - series - sum(1 / (positive + k) for k in range(_FAR))
        out = xp.where(wide < 0.5, out - PI / xp.tan(PI * (wide - xp.round(wide))), out)
        out = xp.where((wide < 0) & (wide == xp.round(wide)), float("nan"), out)
        return xp.where(wide == 0, xp.copysign(float("inf"), -wide), out).astype(x.dtype)


def _cotangent_derivative(n: int) -> tuple[int, ...]:
    """The coefficients of the polynomial P with dⁿ/dxⁿ cot x = P(cot x): P₀(c) = c, Pₙ₊₁(c) = −(1 + c²) Pₙ′(c)."""
    p = [0, 1]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(p)][1:]
        p = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return tuple(p)


@elementwise(dtypes="float", x=lambda g, x, n: g * polygamma(x, n=n + 1))
def polygamma(backend: Any, x: Any, *, n: int) -> Any:
    """ψ⁽ⁿ⁾(x), the n-th derivative of digamma for n ≥ 1, to a relative error of about 1e-14.

    (−1)ⁿ⁺¹ n! Σₖ (x + k)⁻ⁿ⁻¹, the far end of the sum by Euler and Maclaurin; below 1/2 by the reflection
    ψ⁽ⁿ⁾(x) = (−1)ⁿ ψ⁽ⁿ⁾(1 − x) − dⁿ/dxⁿ π cot πx.
    """
    xp, s = backend.xp, n + 1
    with backend.quiet():
        wide = x.astype("float64")
        positive = xp.where(wide < 0.5, 1 - wide, wide)
        far = positive + _FAR + n
        total = sum((positive + k) ** -s for k in range(_FAR + n)) + far ** (1 - s) / (s - 1) + far**-s / 2
        rising, power = float(s), far ** (-s - 1)
        for j, b in enumerate(_BERNOULLI, start=1):
            total = total + b / factorial(2 * j) * rising * power
            rising *= (s + 2 * j - 1) * (s + 2 * j)
            power = power / (far * far)
        out = (-1) ** (n + 1) * factorial(n) * total
        cotangent = 1 / xp.tan(PI * (wide - xp.round(wide)))
        reflected = (-1) ** n * out - PI**s * _polynomial(cotangent, _cotangent_derivative(n))
        return xp.where(wide < 0.5, reflected, out).astype(x.dtype)
