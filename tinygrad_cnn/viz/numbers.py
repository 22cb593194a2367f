"""The numbers of an array in a few words: all of a small one, the extremes and the mean of a large one."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isfinite, prod
from typing import Any

FEW, WIDE = 12, 8  # numbers that fit into a node, and into a line of it
PAGE = 256  # numbers that fit into the panel of a page


@dataclass(frozen=True, slots=True)
class Numbers:
    """What an array held when it was looked at.

    Attributes:
        shape: of the array.
        values: the numbers in nested lists, if there are few; else None.
        low, mean, high: of the finite ones; None if there are none.
        norm: the square root of the sum of their squares.
        nans, infinities: how many are not finite.

    >>> numbers_of(np.array([1.0, np.nan])).broken
    True
    """

    shape: tuple[int, ...]
    values: Any = None
    low: float | None = None
    mean: float | None = None
    high: float | None = None
    norm: float = 0.0
    nans: int = 0
    infinities: int = 0

    @property
    def broken(self) -> bool:
        """Whether there is a NaN or an infinity among them."""
        return bool(self.nans or self.infinities)


def numbers_of(array: Any) -> Numbers:
    """Look at an array (or a plain number) once.

    >>> import numpy as np
    >>> numbers_of(np.array([3.0, -4.0]))
    Numbers(shape=(2,), values=[3.0, -4.0], low=-4.0, mean=-0.5, high=3.0, norm=5.0, nans=0, infinities=0)
    """
    if not hasattr(array, "dtype"):
        value = float(array)
        if not isfinite(value):
            return Numbers((), array, nans=int(value != value), infinities=int(value == value))  # noqa: PLR0124
        return Numbers((), array, value, value, value, abs(value))
    values = array.tolist() if array.size <= PAGE else None
    wide = array.astype("float64")
    finite = abs(wide) < inf  # no comparison holds for NaN
    count = int(finite.sum())
    nans = int((wide != wide).sum())  # noqa: PLR0124
    shape = tuple(map(int, array.shape))
    if count == 0:
        return Numbers(shape, values, nans=nans, infinities=array.size - nans)
    kept = wide if count == array.size else wide[finite]
    scale = float(abs(kept).max()) or 1.0  # so that no square overflows
    norm = scale * float(((kept / scale) ** 2).sum()) ** 0.5
    low, mean, high = float(kept.min()), float((kept / scale).mean()) * scale, float(kept.max())
    return Numbers(shape, values, low, mean, high, norm, nans, array.size - count - nans)


def is_small(numbers: Numbers) -> bool:
    """Whether all of them fit into a node."""
    small = 0 < prod(numbers.shape) <= FEW and len(numbers.shape) <= 2
    return numbers.values is not None and small and (numbers.shape or (1,))[-1] <= WIDE


def in_words(numbers: Numbers) -> list[str]:
    """A line or a few for a node.

    >>> in_words(Numbers((2, 2), [[1.0, 2.0], [3.0, 4.0]], 1, 2.5, 4, 5.5))
    ['[1  2', ' 3  4]']
    >>> in_words(Numbers((900,), None, -1.5, 0.25, 2, 30, nans=2))
    ['min −1.5  mean 0.25  max 2', '2 NaN']
    """
    if prod(numbers.shape) == 0:
        return ["empty"]
    if is_small(numbers):
        return list(_grid(numbers))
    lines = []
    if numbers.low is not None and numbers.mean is not None and numbers.high is not None:
        lines.append(f"min {short(numbers.low)}  mean {short(numbers.mean)}  max {short(numbers.high)}")
    broken = [(numbers.nans, "NaN"), (numbers.infinities, "infinite")]
    if numbers.broken:
        lines.append(", ".join(f"{count:,} {what}" for count, what in broken if count))
    return lines


def _grid(numbers: Numbers) -> Iterator[str]:
    if not numbers.shape:
        yield f"= {short(numbers.values)}"
        return
    rows = numbers.values if len(numbers.shape) == 2 else [numbers.values]
    words = [[short(value) for value in row] for row in rows]
    for i, row in enumerate(words):
        yield f"{'[' if i == 0 else ' '}{'  '.join(row)}{']' if i == len(words) - 1 else ''}"


def short(value: Any) -> str:
    """A number with three digits and a proper minus.

    >>> short(-0.123456), short(1e-9), short(float("nan")), short(True), short(3)
    ('−0.123', '1e−9', 'NaN', 'True', '3')
    """
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, complex):
        return f"{value:.3g}"
    if value != value:  # noqa: PLR0124
        return "NaN"
    if value in (inf, -inf):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    mantissa, e, power = text.partition("e")
    return f"{mantissa}{e}{int(power) if e else ''}".replace("-", "−")
