"""Comparisons, logic and choice. Their results are booleans and have no derivative; `where` passes gradients on."""

from typing import Any

from ..autograd import elementwise


@elementwise()
def eq(backend: Any, x: Any, y: Any) -> Any:
    """x = y"""
    return x == y


@elementwise()
def ne(backend: Any, x: Any, y: Any) -> Any:
    """x ≠ y"""
    return x != y


@elementwise()
def lt(backend: Any, x: Any, y: Any) -> Any:
    """x < y"""
    return x < y


@elementwise()
def le(backend: Any, x: Any, y: Any) -> Any:
    """x ≤ y"""
    return x <= y


@elementwise()
def gt(backend: Any, x: Any, y: Any) -> Any:
    """x > y"""
    return x > y


@elementwise()
def ge(backend: Any, x: Any, y: Any) -> Any:
    """x ≥ y"""
    return x >= y


@elementwise(dtypes="any")
def logical_and(backend: Any, x: Any, y: Any) -> Any:
    """Both are nonzero."""
    return backend.xp.logical_and(x, y)


@elementwise(dtypes="any")
def logical_or(backend: Any, x: Any, y: Any) -> Any:
    """At least one is nonzero."""
    return backend.xp.logical_or(x, y)


@elementwise(dtypes="any")
def logical_xor(backend: Any, x: Any, y: Any) -> Any:
    """Exactly one is nonzero."""
    return backend.xp.logical_xor(x, y)


@elementwise(dtypes="any")
def logical_not(backend: Any, x: Any) -> Any:
    """x is zero."""
    return backend.xp.logical_not(x)


@elementwise()
def bitwise_and(backend: Any, x: Any, y: Any) -> Any:
    """Bits set in both; `and` for booleans."""
    return x & y


@elementwise()
def bitwise_or(backend: Any, x: Any, y: Any) -> Any:
    """Bits set in either; `or` for booleans."""
    return x | y


@elementwise()
def bitwise_xor(backend: Any, x: Any, y: Any) -> Any:
    """Bits set in exactly one."""
    return x ^ y


@elementwise()
def bitwise_not(backend: Any, x: Any) -> Any:
    """All bits turned over; `not` for booleans."""
    return ~x


@elementwise()
def isnan(backend: Any, x: Any) -> Any:
    """x is not a number."""
    return backend.xp.isnan(x)


@elementwise()
def isinf(backend: Any, x: Any) -> Any:
    """x is +∞ or −∞."""
    return backend.xp.isinf(x)


@elementwise()
def isfinite(backend: Any, x: Any) -> Any:
    """x is neither infinite nor NaN."""
    return backend.xp.isfinite(x)


@elementwise()
def signbit(backend: Any, x: Any) -> Any:
    """x is negative, −0 included."""
    return backend.xp.signbit(x)


@elementwise()
def bitwise_left_shift(backend: Any, x: Any, y: Any) -> Any:
    """x · 2ʸ, without the bits that leave at the top."""
    return backend.xp.left_shift(x, y)


@elementwise()
def bitwise_right_shift(backend: Any, x: Any, y: Any) -> Any:
    """⌊x / 2ʸ⌋"""
    return backend.xp.right_shift(x, y)


@elementwise(
    x=lambda g, condition: where(condition, g, 0),
    y=lambda g, condition: where(condition, 0, g),
)
def where(backend: Any, condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y."""
    return backend.xp.where(condition, x, y)
