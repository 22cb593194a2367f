"""Where processes meet: a table in process 0; each puts down what it has and gets what all of them make of it."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from functools import reduce
from typing import Any

import numpy as np

REDUCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": np.add,
    "avg": np.add,
    "product": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
    "band": np.bitwise_and,
    "bor": np.bitwise_or,
    "bxor": np.bitwise_xor,
}


def combined(how: str, values: list[Any]) -> list[Any]:
    """What comes of the arrays of all members, in the order of their ranks: "all" of them, or their "sum", … alone.

    The order of the sums is that of the ranks, so that every process gets the same numbers.
    """
    if how == "all":
        return values
    whole = reduce(REDUCTIONS[how], values)
    return [np.divide(whole, len(values)).astype(whole.dtype) if how == "avg" else whole]


class _Place:
    """What has been put down under one key."""

    def __init__(self) -> None:
        self.values: dict[int, Any] = {}
        self.result: list[Any] | None = None
        self.taken = 0


class Table:
    """The table; its methods wait until there is something to give.

    Args:
        timeout: how many seconds they wait at most.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._changed = threading.Condition()
        self._places: dict[Hashable, _Place] = defaultdict(_Place)
        self._letters: dict[Hashable, deque[Any]] = defaultdict(deque)
        self._left: set[int] = set()

    def meet(self, key: Hashable, ranks: Sequence[int], rank: int, value: Any, how: str) -> list[Any]:
        """What all of `ranks` together make of the values that they bring.

        Raises:
            RuntimeError: when one of them has left, or does not come in time.
        """
        with self._changed:
            place = self._places[key]
            place.values[rank] = value
            if len(place.values) == len(ranks):
                place.result = combined(how, [place.values[r] for r in ranks])
                self._changed.notify_all()
            self._wait(lambda: place.result is not None, lambda: [r for r in ranks if r not in place.values])
            place.taken += 1
            if place.taken == len(ranks):
                del self._places[key]
            assert place.result is not None
            return place.result

    def send(self, key: Hashable, value: Any) -> None:
        """Leave a letter."""
        with self._changed:
            self._letters[key].append(value)
            self._changed.notify_all()

    def receive(self, key: Hashable, source: int) -> Any:
        """Take the oldest letter under this key.

        Raises:
            RuntimeError: when its sender has left, or does not write in time.
        """
        with self._changed:
            letters = self._letters[key]
            self._wait(lambda: bool(letters), lambda: [source])
            return letters.popleft()

    def _wait(self, ready: Callable[[], bool], awaited: Callable[[], list[int]]) -> None:
        def hopeless() -> bool:
            return any(rank in self._left for rank in awaited())

        came = self._changed.wait_for(lambda: ready() or hopeless(), self.timeout)
        if not ready():
            gone = [rank for rank in awaited() if rank in self._left]
            why = f"process {gone[0]} has left the group" if came else f"no answer in {self.timeout:g} seconds"
            raise RuntimeError(f"distributed: waited for process {', '.join(map(str, awaited()))}: {why}")

    def leave(self, rank: int) -> None:
        """Say that a process will not come back."""
        with self._changed:
            self._left.add(rank)
            self._changed.notify_all()

    def wait_until_left(self, ranks: Sequence[int], timeout: float) -> None:
        """Wait until these have left, or for so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._left.issuperset(ranks), timeout)
