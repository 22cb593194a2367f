"""What a backend offers that can capture work, to launch it as one."""

from contextlib import AbstractContextManager
from typing import Any

Array = Any


class StaleGraph(Exception):  # noqa: N818 - never seen by a user
    """What was captured does not fit any more; nothing has been launched."""


class Graph:
    """Work that a backend has captured while nothing was computed, to be launched as one, again and again.

    Its arrays keep their places. Numbers of the host are kept as they were, except for those of optimizers: the host's
    part of a step is repeated before each launch, see `rehearse`.
    """

    def capture(self) -> AbstractContextManager[None]:
        """A block whose work is captured."""
        raise NotImplementedError

    def launch(self) -> None:
        """Do all of it."""
        raise NotImplementedError

    @property
    def mark(self) -> int:
        """How many optimizer kernels were captured so far."""
        raise NotImplementedError

    def rehearse(self, first: int, last: int) -> AbstractContextManager[None]:
        """A block in which the optimizer kernels from one mark to another only note their numbers for the next launch.

        Raises:
            StaleGraph: for other kernels, or other arrays.
        """
        raise NotImplementedError

    def fits(self) -> bool:
        """Whether the backend would still do the same."""
        raise NotImplementedError

    def copy(self, x: Array) -> Array:
        """A copy with the same memory order."""
        raise NotImplementedError

    def fill(self, target: Array, x: Array) -> None:
        """Copy the values of an array of the same shape."""
        raise NotImplementedError
