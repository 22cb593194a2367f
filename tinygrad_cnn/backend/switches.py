"""Settings that hold until they are set again, or for a `with` block."""

from typing import ClassVar, Self


class Switch:
    """A setting: made with a value it holds from then on, as a context manager it ends with the block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    def _restore(self) -> None:
        raise NotImplementedError


class winograd(Switch):  # noqa: N801 - used like a function
    """Allow or forbid Winograd's algorithm in compiled 3×3 convolutions; it is allowed from the start.

    It needs a quarter of the multiplications, and its rounding errors are a few times larger: up to 4 · 10⁻⁶ of the
    largest result with 512 channels, where direct sums have 10⁻⁶.

    >>> with winograd(False):
    ...     winograd.allowed
    False
    """

    allowed: ClassVar[bool] = True

    def __init__(self, mode: bool) -> None:
        self._before, winograd.allowed = winograd.allowed, bool(mode)

    def _restore(self) -> None:
        winograd.allowed = self._before
