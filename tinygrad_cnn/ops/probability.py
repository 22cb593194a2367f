"""Special functions of probability and physics: scaled erfc, normal quantiles, Bessel, incomplete gamma, zeta.

All are computed in float64 whatever the dtype; relative errors below hold for float64.
"""

from math import log1p as math_log1p
from math import pi as PI
from math import sqrt
from typing import Any

from ..autograd import elementwise
from .arithmetic import sign
from .comparison import where
from .exponential import exp, log, log1p
from .special import erfc, erfinv, lgamma


@elementwise(dtypes="float", x=lambda g, x, out: g * (2 * x * out - 2 / sqrt(PI)))
def erfcx(backend: Any, x: Any) -> Any:
    """e^(x²) erfc(x), which neither over- nor underflows for positive x, to a relative error of 1e-14.

    From 5 on by the continued fraction 1/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))).
    """
    xp = backend.xp
    with backend.quiet():
        wide = x.astype("float64")
        far = xp.maximum(wide, 5)
        rest = far
        for k in range(40, 0, -1):
            rest = far + k / 2 / rest
        near = xp.minimum(wide, 5)
        return xp.where(wide < 5, xp.exp(near * near) * erfc.forward(backend, near), 1 / (sqrt(PI) * rest)).astype(
            x.dtype
        )


@elementwise(dtypes="float", x=lambda g, x: g * (-1 - log(x)))
def entr(backend: Any, x: Any) -> Any:
    """−x ln x, the entropy; 0 at 0 and −∞ below."""
    xp = backend.xp
    with backend.quiet():
        return xp.where(x > 0, -x * xp.log(x), xp.where(x == 0, 0, xp.where(x < 0, -float("inf"), x))).astype(x.dtype)


def _log1p(y: Any) -> Any:
    """ln(1 + y), of a plain number a plain number."""
    if isinstance(y, int | float):
        return math_log1p(y) if y > -1 else -float("inf") if y == -1 else float("nan")
    return log1p(y)


@elementwise(
    dtypes="float",
    x=lambda g, x, y: where((x == 0) & (y <= -1), 0, g * _log1p(y)),
    y=lambda g, x, y: g * x / (y + 1),
)
def xlog1py(backend: Any, x: Any, y: Any) -> Any:
    """x ln(1 + y), and 0 for x = 0 whatever y is, NaN excepted."""
    xp = backend.xp
    with backend.quiet():
        power = _log1p(y) if isinstance(y, int | float) else xp.log1p(y)
        return xp.where((x == 0) & (y == y), 0, x * power)  # noqa: PLR0124 - NaN stays


@elementwise(dtypes="float", x=lambda g, out: g * sqrt(2 * PI) * exp(out * out / 2))
def ndtri(backend: Any, x: Any) -> Any:
    """The number below which a normally distributed one lies with probability x, to a relative error of 1e-14.

    √2 erf⁻¹(2x − 1) near ½; in the tails, where that is rounded, Newton's steps on the logarithm of the probability.
    """
    xp = backend.xp
    with backend.quiet():
        wide = x.astype("float64")
        tail = xp.minimum(wide, 1 - wide)
        y = sqrt(2) * erfinv.forward(backend, 2 * wide - 1)
        low = -xp.sqrt(xp.maximum(-2 * xp.log(xp.clip(tail, 1e-320, 0.1) * sqrt(2 * PI)), 0))
        for _ in range(8):  # ln Φ(low) = ln p, with Φ(low) = e^(−low²/2) erfcx(−low / √2) / 2
            scaled = erfcx.forward(backend, -low / sqrt(2)) / 2
            error = xp.log(scaled) - low * low / 2 - xp.log(tail)
            low = low - error * scaled * sqrt(2 * PI)
        out = xp.where(tail < 0.1, xp.where(wide < 0.5, low, -low), y)
        out = xp.where(wide == 0, -float("inf"), xp.where(wide == 1, float("inf"), out))
        return xp.where((wide < 0) | (wide > 1), float("nan"), out).astype(x.dtype)


def _bessel_grad(g: Any, x: Any, out: Any, order: int, scaled: bool) -> Any:
    slope = bessel_i(x, order=1 - order, scaled=scaled)
    if order:
        ratio = where(x == 0, 0.5, out / where(x == 0, 1, x))
        slope = slope - where(x == 0, 0.5, ratio)
    return g * (slope - sign(x) * out if scaled else slope)


@elementwise(dtypes="float", x=_bessel_grad)
def bessel_i(backend: Any, x: Any, *, order: int, scaled: bool) -> Any:
    """The modified Bessel function Iₙ(x) of order n = 0 or 1, times e^(−|x|) if `scaled`, to a relative error of 1e-15.

    Up to 50 the integral 1/π ∫₀^π e^(x cos θ) cos nθ dθ by the trapezoidal rule, which is exact for periodic functions
    up to terms in I₉₆(x); beyond, the asymptotic series in 1 / 8x.
    """
    xp = backend.xp
    with backend.quiet():
        size = xp.abs(x).astype("float64")
        near, far = xp.minimum(size, 50), xp.maximum(size, 50)
        angles = [(2 * k + 1) * PI / 96 for k in range(48)]
        cosines = [float(xp.cos(xp.asarray(angle))) for angle in angles]
        total = sum((c if order else 1) * xp.exp(near * (c - 1)) for c in cosines) / 48
        if order:  # the sum is rounded where it is small: there by its power series
            square = near * near / 4
            series = near / 2 * (1 + square / 2 * (1 + square / 6 * (1 + square / 12 * (1 + square / 20))))
            total = xp.where(near < 0.1, series * xp.exp(-near), total)
        term, series = xp.ones_like(far), xp.ones_like(far)
        for k in range(1, 25):
            term = term * ((2 * k - 1) ** 2 - 4 * order * order) / (8 * k * far)
            series = series + term
        out = xp.where(size <= 50, total, series / xp.sqrt(2 * PI * far))
        out = xp.where(xp.isinf(size), 0, out) if scaled else out * xp.exp(size)
        return (out * xp.sign(x) if order else out).astype(x.dtype)


def _gamma_density(g: Any, a: Any, x: Any) -> Any:
    """xᵃ⁻¹ e⁻ˣ / Γ(a)"""
    return g * exp((a - 1) * log(x) - x - lgamma(a))


@elementwise(dtypes="float", x=lambda g, a, x: _gamma_density(g, a, x))
def igamma(backend: Any, a: Any, x: Any) -> Any:
    """P(a, x) = 1/Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt, to a relative error of 2e-13, 5e-12 for a ≈ 1000; no derivative in a."""
    return _incomplete(backend, a, x)[0]


@elementwise(dtypes="float", x=lambda g, a, x: -_gamma_density(g, a, x))
def igammac(backend: Any, a: Any, x: Any) -> Any:
    """Q(a, x) = 1 − P(a, x), exact where that is small; it has no derivative in a here."""
    return _incomplete(backend, a, x)[1]


def _incomplete(backend: Any, a: Any, x: Any) -> tuple[Any, Any]:
    """P and Q: by a power series below x = a + 1, by Legendre's continued fraction above (Lentz's method)."""
    xp, dtype = backend.xp, x.dtype
    with backend.quiet():
        a, b = xp.broadcast_arrays(xp.asarray(a, dtype="float64"), xp.asarray(x, dtype="float64"))
        usual = (a > 0) & (b > 0) & xp.isfinite(a) & xp.isfinite(b)
        a_in, b_in = xp.where(usual, a, 1), xp.where(usual, b, 1)
        scale = xp.exp(a_in * xp.log(b_in) - b_in - lgamma.forward(backend, a_in))
        low, high = xp.minimum(b_in, a_in + 1), xp.maximum(b_in, a_in + 1)
        steps = 60 + 12 * int(xp.sqrt(xp.max(a_in))) if a_in.size else 0
        term = total = 1 / a_in
        for k in range(1, steps):
            term = term * low / (a_in + k)
            total = total + term
        bottom = high + 1 - a_in
        c, d = xp.full_like(bottom, 1e300), 1 / bottom
        fraction = d
        for k in range(1, steps):
            factor = -k * (k - a_in)
            bottom = bottom + 2
            d = 1 / (factor * d + bottom)
            c = bottom + factor / c
            fraction = fraction * c * d
        below = b_in < a_in + 1
        p = xp.where(below, scale * total, 1 - scale * fraction)
        q = xp.where(below, 1 - scale * total, scale * fraction)
        whole = ((a == 0) & (b > 0)) | ((a > 0) & xp.isinf(b))  # all of it lies below b
        none = (b == 0) & (a > 0) | (xp.isinf(a) & xp.isfinite(b) & (b >= 0))
        p = xp.where(usual, p, xp.where(whole, 1, xp.where(none, 0, float("nan"))))
        q = xp.where(usual, q, xp.where(whole, 0, xp.where(none, 1, float("nan"))))
        return p.astype(dtype), q.astype(dtype)


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


@elementwise(dtypes="float", q=lambda g, s, q: -g * s * zeta(s + 1, q))
def zeta(backend: Any, s: Any, q: Any) -> Any:
    """Hurwitz' Σₖ (q + k)⁻ˢ for s > 1, to a relative error of about 1e-14; it has no derivative in s here.

    The sum to 12 and the rest by Euler and Maclaurin; ∞ at s = 1 and for q = 0, −1, −2, …
    """
    xp, dtype = backend.xp, q.dtype
    with backend.quiet():
        s, q = xp.broadcast_arrays(xp.asarray(s, dtype="float64"), xp.asarray(q, dtype="float64"))
        far = q + 12
        total = sum((q + k) ** -s for k in range(12)) + far ** (1 - s) / (s - 1) + far**-s / 2
        rising, power, factorial = s, far ** (-s - 1), 2.0
        for j, b in enumerate(_BERNOULLI, start=1):
            total = total + b / factorial * rising * power
            rising = rising * (s + 2 * j - 1) * (s + 2 * j)
            power = power / (far * far)
            factorial *= (2 * j + 1) * (2 * j + 2)
        poles = (q <= 0) & (q == xp.floor(q))
        out = xp.where(poles | (s == 1), float("inf"), total)
        fractional = (q < 0) & (s != xp.floor(s))
        return xp.where((s < 1) | (fractional & ~poles), float("nan"), out).astype(dtype)
