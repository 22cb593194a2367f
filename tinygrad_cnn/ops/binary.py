"""Functions of two numbers beyond arithmetic, element by element."""

from math import inf, nan
from math import log as ln
from typing import Any

from ..autograd import elementwise
from .arithmetic import sign, trunc
from .comparison import isnan, signbit, where
from .exponential import exp, log


def _square_sum(x: Any, y: Any) -> Any:
    total = x * x + y * y
    return where(total == 0, 1, total)


@elementwise(
    dtypes="float",
    x=lambda g, x, y: g * y / _square_sum(x, y),
    y=lambda g, x, y: -g * x / _square_sum(x, y),
)
def atan2(backend: Any, x: Any, y: Any) -> Any:
    """The angle in [−π, π] of the point with height x and width y, in radians."""
    return backend.xp.arctan2(x, y)


@elementwise(x=lambda g, x, out: g * (x / out), y=lambda g, y, out: g * (y / out))
def hypot(backend: Any, x: Any, y: Any) -> Any:
    """√(x² + y²), without overflow between."""
    return backend.xp.hypot(x, y)


@elementwise(
    dtypes="float",
    x=lambda g, x, y: where(signbit(y), -g, g) * sign(x),
    y=lambda g: g * 0,
)
def copysign(backend: Any, x: Any, y: Any) -> Any:
    """|x| with the sign of y; the derivative at 0 is 0."""
    return backend.xp.copysign(x, y)


@elementwise(x=lambda g: g, y=lambda g, x, y: -g * trunc(x / y))
def fmod(backend: Any, x: Any, y: Any) -> Any:
    """x − y·trunc(x / y): what is left, with the sign of x."""
    with backend.quiet():
        return backend.xp.fmod(x, y)


@elementwise(
    x=lambda g, x, y: where((x >= y) | isnan(y), g, 0),
    y=lambda g, x, y: where((x >= y) | isnan(y), 0, g),
)
def fmax(backend: Any, x: Any, y: Any) -> Any:
    """The larger of x and y, or the one that is not NaN."""
    return backend.xp.fmax(x, y)


@elementwise(
    x=lambda g, x, y: where((x <= y) | isnan(y), g, 0),
    y=lambda g, x, y: where((x <= y) | isnan(y), 0, g),
)
def fmin(backend: Any, x: Any, y: Any) -> Any:
    """The smaller of x and y, or the one that is not NaN."""
    return backend.xp.fmin(x, y)


@elementwise(dtypes="float", x=lambda g, x, y: g / (1 + exp(y - x)), y=lambda g, x, y: g / (1 + exp(x - y)))
def logaddexp(backend: Any, x: Any, y: Any) -> Any:
    """ln(eˣ + eʸ), without overflow."""
    with backend.quiet():
        return backend.xp.logaddexp(x, y)


@elementwise(dtypes="float", x=lambda g, x, y: g / (1 + 2 ** (y - x)), y=lambda g, x, y: g / (1 + 2 ** (x - y)))
def logaddexp2(backend: Any, x: Any, y: Any) -> Any:
    """log₂(2ˣ + 2ʸ), without overflow."""
    with backend.quiet():
        return backend.xp.logaddexp2(x, y)


def _log(y: Any) -> Any:
    """ln y, of a plain number a plain number."""
    if isinstance(y, int | float):
        return ln(y) if y > 0 else -inf if y == 0 else nan
    return log(y)


@elementwise(
    dtypes="float",
    x=lambda g, x, y: where((x == 0) & (y <= 0), 0, g * _log(y)),
    y=lambda g, x, y: g * x / y,
)
def xlogy(backend: Any, x: Any, y: Any) -> Any:
    """x ln y, and 0 for x = 0 whatever y is, NaN excepted."""
    xp = backend.xp
    with backend.quiet():
        power = _log(y) if isinstance(y, int | float) else xp.log(y)
        return xp.where((x == 0) & (y == y), 0, x * power)  # noqa: PLR0124 - NaN stays


@elementwise()
def heaviside(backend: Any, x: Any, y: Any) -> Any:
    """0 for x < 0, y for x = 0, 1 for x > 0; it is not differentiated."""
    xp = backend.xp
    return xp.where(xp.isnan(x), x, xp.where(x == 0, y, x > 0)).astype(x.dtype)


@elementwise(x=lambda g, x, y: where(x == y, 0, g), y=lambda g: g * 0)
def nextafter(backend: Any, x: Any, y: Any) -> Any:
    """The number next to x on the way to y that the dtype can hold; where they are equal the derivative counts as 0."""
    return backend.xp.nextafter(x, y)


@elementwise()
def gcd(backend: Any, x: Any, y: Any) -> Any:
    """The greatest common divisor of integers."""
    return backend.xp.gcd(x, y)


@elementwise()
def lcm(backend: Any, x: Any, y: Any) -> Any:
    """The least common multiple of integers."""
    return backend.xp.lcm(x, y)
