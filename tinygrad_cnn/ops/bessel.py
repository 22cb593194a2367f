"""Bessel functions of order 0 and 1 and Airy's function, computed in float64 whatever the dtype of x.

Integrals of periodic functions, and of those that fall off doubly exponentially, are sums over few nodes to all digits.
"""

from functools import cache
from math import cos, gamma, pi, sin, sqrt
from typing import Any

from ..autograd import elementwise
from .comparison import where

EULER = 0.5772156649015329
NODES = 32
NEAR = 25  # up to here the integral, beyond Hankel's series


@cache
def _nodes() -> tuple[tuple[float, float], ...]:
    """sin τ for midpoints τ of [0, π/2], and Σ (−1)ᵏ cos(2kτ) / k, by which cos(x sin τ) gives Σ (−1)ᵏ J₂ₖ(x) / k."""
    angles = [(j + 0.5) * pi / 2 / NODES for j in range(NODES)]
    return tuple((sin(t), sum((-1) ** k / k * cos(2 * k * t) for k in range(1, NODES + 1))) for t in angles)


def _hankel(xp: Any, x: Any, order: int) -> tuple[Any, Any]:
    """Jₙ and Yₙ far out: √(2/πx) (P cos χ − Q sin χ) and √(2/πx) (P sin χ + Q cos χ) with χ = x − nπ/2 − π/4."""
    term, sums = 1.0, [0.0, 0.0]
    for k in range(24):
        if k:
            term = term * (4 * order * order - (2 * k - 1) ** 2) / (8 * k * x)
        sums[k % 2] = sums[k % 2] + (term if k % 4 < 2 else -term)
    angle, size = x - (order / 2 + 0.25) * pi, xp.sqrt(2 / (pi * x))
    c, s = xp.cos(angle), xp.sin(angle)
    return size * (sums[0] * c - sums[1] * s), size * (sums[0] * s + sums[1] * c)


def _slope(g: Any, x: Any, out: Any, order: int, other: Any) -> Any:
    """Z₀′ = −Z₁ and Z₁′ = Z₀ − Z₁ / x for Z of J and Y; J₁′(0) = 1/2."""
    if order == 0:
        return -g * other(x, order=1)
    return g * where(x == 0, 0.5, other(x, order=0) - out / where(x == 0, 1, x))


@elementwise(dtypes="float", x=lambda g, x, out, order: _slope(g, x, out, order, bessel_j))
def bessel_j(backend: Any, x: Any, *, order: int) -> Any:
    """The Bessel function Jₙ(x) of order n = 0 or 1, to an error of 1e-15; 0 at ±∞.

    Up to 25 the integral 2/π ∫ cos(x sin τ) dτ (or sin τ sin(x sin τ)) over [0, π/2], then Hankel's series.
    """
    xp = backend.xp
    with backend.quiet():
        size = xp.abs(x).astype("float64")
        near, total = xp.minimum(size, NEAR), 0.0
        for s, _ in _nodes():
            total = total + (s * xp.sin(near * s) if order else xp.cos(near * s))
        out = xp.where(size <= NEAR, total / NODES, _hankel(xp, xp.maximum(size, NEAR), order)[0])
        out = xp.where(xp.isinf(size), 0, out)
        return (out * xp.sign(x) if order else out).astype(x.dtype)


@elementwise(dtypes="float", x=lambda g, x, out, order: _slope(g, x, out, order, bessel_y))
def bessel_y(backend: Any, x: Any, *, order: int) -> Any:
    """The Bessel function of the second kind Yₙ(x), n = 0 or 1, to an error of 2e-15 (1 + |result|); NaN below 0.

    Up to 25 Neumann's series Y₀ = 2/π (ln(x/2) + γ) J₀ − 4/π Σ (−1)ᵏ J₂ₖ / k, and Y₁ = −Y₀′; then Hankel's series.
    """
    xp = backend.xp
    with backend.quiet():
        wide = x.astype("float64")
        near = xp.clip(wide, 0, NEAR)
        j0, j1, series = 0.0, 0.0, 0.0
        for s, weight in _nodes():
            even, odd = xp.cos(near * s), s * xp.sin(near * s)
            j0, j1, series = j0 + even, j1 + odd, series + weight * (odd if order else even)
        grown = xp.log(near / 2) + EULER
        out = (grown * j0 - 2 * series) if order == 0 else (grown * j1 - j0 / near - 2 * series)
        out = xp.where(wide <= NEAR, 2 / pi / NODES * out, _hankel(xp, xp.maximum(wide, NEAR), order)[1])
        out = xp.where(wide == 0, -float("inf"), xp.where(xp.isinf(wide), 0, out))
        return xp.where(wide < 0, float("nan"), out).astype(x.dtype)


def _k_grad(g: Any, x: Any, out: Any, order: int, scaled: bool) -> Any:
    slope = -bessel_k(x, order=1 - order, scaled=scaled)
    if order:
        slope = slope - out / x
    return g * (slope + out if scaled else slope)


def _cosh_integral(xp: Any, x: Any, order: float) -> Any:
    """eˣ K(x) = ∫₀^∞ exp(−x (cosh t − 1)) cosh(order · t) dt for x ≥ 2, at nodes as wide apart as the integrand is."""
    step, total = 0.3 / xp.sqrt(x), 0.5
    for k in range(1, 31):
        t = k * step
        total = total + xp.exp(-2 * x * xp.sinh(t / 2) ** 2) * xp.cosh(order * t)
    return total * step


@elementwise(dtypes="float", x=_k_grad)
def bessel_k(backend: Any, x: Any, *, order: int, scaled: bool) -> Any:
    """The modified Bessel function of the second kind Kₙ(x), n = 0 or 1, times eˣ if `scaled`; relative error 2e-15.

    Up to 2 its power series, then ∫₀^∞ e^(−x cosh t) cosh nt dt; ∞ at 0, NaN below.
    """
    xp = backend.xp
    with backend.quiet():
        wide = x.astype("float64")
        near, far = xp.clip(wide, 0, 2), xp.clip(wide, 2, None)
        half = near / 2
        grown, square = xp.log(half) + EULER, half * half
        out, term, harmonic = 0.0, 1.0, 0.0
        for k in range(20):  # the term is x²ᵏ / (2ᵏ k!)²
            share = harmonic - grown
            out = out + (term * share if order == 0 else term / (k + 1) * (-share - 1 / (2 * k + 2)))
            harmonic += 1 / (k + 1)
            term = term * square / (k + 1) ** 2
        out = out if order == 0 else 1 / near + half * out
        distant = _cosh_integral(xp, far, order)
        if scaled:
            out = out * xp.exp(near)
        else:
            distant = distant * xp.exp(-far)
        out = xp.where(wide <= 2, out, xp.where(xp.isinf(wide), 0, distant))
        out = xp.where(wide == 0, float("inf"), out)
        return xp.where(wide < 0, float("nan"), out).astype(x.dtype)


def _airy_series(x: Any, slope: bool) -> Any:
    """Maclaurin's series of Ai or Ai′, by c₁ Σ 3ᵏ (1/3)ₖ x³ᵏ / (3k)! − c₂ Σ 3ᵏ (2/3)ₖ x³ᵏ⁺¹ / (3k + 1)!."""
    first, second = 1 / (3 ** (2 / 3) * gamma(2 / 3)), x / (3 ** (1 / 3) * gamma(1 / 3))
    total: Any = 0.0
    for k in range(45):
        # The derivative of a xⁿ is n/x · a xⁿ; what is left of x⁰ has none.
        total = total + ((3 * k * first - (3 * k + 1) * second) if slope else (first - second))
        first = first * x**3 / ((3 * k + 2) * (3 * k + 3))
        second = second * x**3 / ((3 * k + 3) * (3 * k + 4))
    return total


@elementwise(
    dtypes="float", x=lambda g, x, slope: g * (x * airy_ai(x, slope=False) if slope else airy_ai(x, slope=True))
)
def airy_ai(backend: Any, x: Any, *, slope: bool) -> Any:
    """Airy's function Ai(x), or its derivative, with Ai″ = x Ai: to an error of 1e-11 (1 + |result|).

    Around 0 Maclaurin's series; above 2.1 by K of order 1/3 or 2/3; below −7 the asymptotic series in 3/2 |x|^−1.5.
    """
    xp = backend.xp
    with backend.quiet():
        wide = x.astype("float64")
        middle = xp.clip(wide, -7, 2.1)
        out = _airy_series(middle, slope)
        if slope:
            out = xp.where(middle == 0, -1 / (3 ** (1 / 3) * gamma(1 / 3)), out / xp.where(middle == 0, 1, middle))
        up = xp.clip(wide, 2.1, 1e4)
        zeta = 2 / 3 * up**1.5
        k = xp.exp(-zeta) * _cosh_integral(xp, zeta, 2 / 3 if slope else 1 / 3) / pi
        out = xp.where(wide <= 2.1, out, -up / sqrt(3) * k if slope else xp.sqrt(up / 3) * k)
        down = xp.maximum(-wide, 7)
        zeta = 2 / 3 * down**1.5
        term, sums = 1.0, [0.0, 0.0]
        for k in range(24):
            if k:
                term = term * ((6 * k - 5) * (6 * k - 3) * (6 * k - 1)) / (216 * k * (2 * k - 1) * zeta)
            share = -(6 * k + 1) / (6 * k - 1) * term if slope else term
            sums[k % 2] = sums[k % 2] + (share if k % 4 < 2 else -share)
        c, s = xp.cos(zeta + pi / 4), xp.sin(zeta + pi / 4)
        if slope:
            low = -(down**0.25) * (c * sums[0] + s * sums[1]) / sqrt(pi)
        else:
            low = (s * sums[0] - c * sums[1]) / (sqrt(pi) * down**0.25)
        return xp.where(wide < -7, low, out).astype(x.dtype)
