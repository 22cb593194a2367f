"""Random amounts, from the CPU's default stream, which `manual_seed` starts anew."""

from typing import Any

import numpy as np

from ...random import stream


def uniform(low: float = 0.0, high: float = 1.0) -> float:
    """A number between two others."""
    return low + (high - low) * float(stream(None).uniform((), np.float64))


def integer(low: int, high: int) -> int:
    """A whole number, the last one excluded."""
    return int(stream(None).integers(low, high, (), np.int64))


def order(count: int) -> list[int]:
    """The numbers below `count` in random order."""
    return [int(i) for i in stream(None).permutation(count)]


def happens(p: float) -> bool:
    """True with probability p."""
    return uniform() < p


def range_of(caller: str, name: str, value: Any, low: float = -np.inf, middle: float = 0) -> tuple[float, float]:
    """(lowest, highest); a number d stands for (middle − d, middle + d), cut off at `low`.

    Raises:
        ValueError: for a range out of order or below `low`, or anything else.
    """
    if isinstance(value, int | float) and np.isfinite(value):
        if value < 0:
            raise ValueError(f"{caller}: {name} must not be negative where it is one number; got {value}")
        least = middle - value
        return (max(low, least)), middle + value
    numbers = [isinstance(each, int | float) for each in value] if isinstance(value, tuple | list) else []
    if numbers != [True, True]:
        raise ValueError(f"{caller}: {name} must be two numbers; got {value!r}")
    if not low <= value[0] <= value[1]:
        above = "" if low == -np.inf else f", from {low:g} up"
        raise ValueError(f"{caller}: {name} must be (lowest, highest){above}; got {value!r}")
    return value[0], value[1]
