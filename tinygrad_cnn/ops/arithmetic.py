"""Arithmetic, element by element."""

from math import log as ln
from typing import Any

from ..autograd import elementwise, op
from .comparison import where
from .exponential import log


@elementwise(x=lambda g: g, y=lambda g: g)
def add(backend: Any, x: Any, y: Any) -> Any:
    """x + y"""
    return x + y


@elementwise(x=lambda g: g, y=lambda g: -g)
def sub(backend: Any, x: Any, y: Any) -> Any:
    """x − y"""
    return x - y


@elementwise(x=lambda g, y: g * y, y=lambda g, x: g * x)
def mul(backend: Any, x: Any, y: Any) -> Any:
    """x · y"""
    return x * y


@elementwise(dtypes="float", x=lambda g, y: g / y, y=lambda g, x, y: -g * x / (y * y))
def div(backend: Any, x: Any, y: Any) -> Any:
    """x / y; integers become floats first."""
    with backend.quiet():
        return backend.xp.true_divide(x, y)


@elementwise(x=lambda g: -g)
def neg(backend: Any, x: Any) -> Any:
    """−x"""
    return -x


# Plain numbers get formulas of their own: an array made of a number would have NumPy's float64.


def _base_grad(g: Any, x: Any, y: Any) -> Any:
    if isinstance(y, int | float):
        return g * 0 if y == 0 else g * (y * pow_(x, y - 1))
    return where(y == 0, 0, g * y * pow_(x, where(y == 0, 1, y - 1)))


def _exponent_grad(g: Any, x: Any, y: Any, out: Any) -> Any:
    if isinstance(x, int | float):
        return where(y >= 0, 0, g * -float("inf")) if x == 0 else g * out * (ln(x) if x > 0 else float("nan"))
    return where((x == 0) & (y >= 0), 0, g * out * log(where((x == 0) & (y >= 0), 1, x)))


@elementwise(x=_base_grad, y=_exponent_grad)
def pow_(backend: Any, x: Any, y: Any) -> Any:
    """x to the power y. The derivative in y is 0 where x = 0 ≤ y."""
    with backend.quiet():
        return x**y


@elementwise(x=lambda g, x: g * 2 * x)
def square(backend: Any, x: Any) -> Any:
    """x²"""
    return x * x


@elementwise(dtypes="float", x=lambda g, out: -g * out * out)
def reciprocal(backend: Any, x: Any) -> Any:
    """1 / x"""
    with backend.quiet():
        return backend.xp.true_divide(1, x)


@elementwise(x=lambda g, x: g * sign(x))
def abs_(backend: Any, x: Any) -> Any:
    """|x|; the derivative at 0 is 0."""
    return backend.xp.abs(x)


@elementwise(x=lambda g: g * 0)
def sign(backend: Any, x: Any) -> Any:
    """−1, 0 or 1; booleans stay."""
    return x.copy() if x.dtype.kind == "b" else backend.xp.sign(x)


@elementwise(x=lambda g: g * 0)
def floor(backend: Any, x: Any) -> Any:
    """The largest integer not above x; its derivative is 0, like that of every rounding."""
    return backend.xp.floor(x)


@elementwise(x=lambda g: g * 0)
def ceil(backend: Any, x: Any) -> Any:
    """The smallest integer not below x."""
    return backend.xp.ceil(x)


@elementwise(x=lambda g: g * 0)
def round_(backend: Any, x: Any) -> Any:
    """The nearest integer, halves to even."""
    return backend.xp.round(x)


@elementwise(x=lambda g: g * 0)
def trunc(backend: Any, x: Any) -> Any:
    """x without its fraction."""
    return backend.xp.trunc(x)


@elementwise(x=lambda g: g * 0, y=lambda g: g * 0)
def floor_divide(backend: Any, x: Any, y: Any) -> Any:
    """⌊x / y⌋"""
    with backend.quiet():
        return x // y


@elementwise(x=lambda g: g, y=lambda g, x, y: -g * floor_divide(x, y))
def remainder(backend: Any, x: Any, y: Any) -> Any:
    """x − y·⌊x / y⌋: what is left, with the sign of y."""
    with backend.quiet():
        return x % y


# At a tie both inputs reach the maximum, and each gets half of the gradient, as in PyTorch.


@elementwise(
    x=lambda g, x, y: where(x == y, 0.5 * g, where(x > y, g, 0)),
    y=lambda g, x, y: where(x == y, 0.5 * g, where(x > y, 0, g)),
)
def maximum(backend: Any, x: Any, y: Any) -> Any:
    """The larger of x and y; NaN if either is."""
    return backend.xp.maximum(x, y)


@elementwise(
    x=lambda g, x, y: where(x == y, 0.5 * g, where(x < y, g, 0)),
    y=lambda g, x, y: where(x == y, 0.5 * g, where(x < y, 0, g)),
)
def minimum(backend: Any, x: Any, y: Any) -> Any:
    """The smaller of x and y; NaN if either is."""
    return backend.xp.minimum(x, y)


@elementwise(x=lambda g, x, low, high: g * inside(x, low=low, high=high))
def clamp(backend: Any, x: Any, *, low: Any, high: Any) -> Any:
    """x, moved to the nearer end when it is outside [low, high]."""
    return backend.xp.clip(x, low, high)


@elementwise()
def inside(backend: Any, x: Any, *, low: Any, high: Any) -> Any:
    """Whether low ≤ x ≤ high."""
    above = True if low is None else x >= low
    return (above & (x <= high)) if high is not None else above & (x == x)  # noqa: PLR0124 - False for NaN


@op(exact=True, x=lambda g, source: cast(g, dtype=source, source=g.dtype))
def cast(backend: Any, x: Any, *, dtype: Any, source: Any) -> Any:
    """x in another dtype; `source` is the one it has."""
    return x.astype(dtype)


@op(exact=True, x=lambda g: g)
def copy(backend: Any, x: Any) -> Any:
    """x in memory of its own."""
    return x.copy(order="K")


@op(exact=True, x=lambda g, target, source: transfer(g, target=source, source=target))
def transfer(backend: Any, x: Any, *, target: Any, source: Any) -> Any:
    """x on the backend `target`; `source` is the one it is on."""
    return target.copy_from(source, x)
