"""How long a piece of code takes: repeated until the figure is steady, and several side by side in a table."""

import timeit
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import get_num_threads, set_num_threads

__all__ = ["Compare", "Measurement", "Timer"]

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (0.0, "ns"))


@dataclass
class Measurement:
    """What a `Timer` measured: `raw_times` seconds for blocks of `number_per_run` runs.

    >>> Measurement(10, [2.0, 4.0, 9.0], "f()").median
    0.4
    """

    number_per_run: int
    raw_times: list[float]
    stmt: str
    setup: str = "pass"
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def times(self) -> list[float]:
        """Seconds per run, of each block."""
        return [seconds / self.number_per_run for seconds in self.raw_times]

    @property
    def median(self) -> float:
        """The median of `times`."""
        return float(np.median(self.times))

    @property
    def mean(self) -> float:
        """The mean of `times`."""
        return float(np.mean(self.times))

    @property
    def iqr(self) -> float:
        """The range of the middle half of `times`."""
        low, high = np.percentile(self.times, (25, 75))
        return float(high - low)

    @property
    def title(self) -> str:
        """What was measured, in words."""
        named = ": ".join(each for each in (self.label, self.sub_label) if each)
        return named or self.stmt

    def __repr__(self) -> str:
        lines = [self.title, *([self.description] if self.description else [])]
        if self.setup != "pass":
            lines.append(f"setup: {self.setup}")
        lines.append(f"  Median: {_readable(self.median)}")
        if len(self.times) > 1:
            lines.append(f"  IQR:    {_readable(self.iqr)}")
        blocks = "1 measurement" if len(self.times) == 1 else f"{len(self.times)} measurements"
        threads = "1 thread" if self.num_threads == 1 else f"{self.num_threads} threads"
        return "\n".join([*lines, f"  {blocks}, {self.number_per_run} runs per measurement, {threads}"])


class Timer:
    """Measures how long a statement takes, with the garbage collector off and one thread unless told otherwise.

    Args:
        stmt: the code to be timed.
        setup: code that runs once before.
        timer: a clock, in seconds.
        globals: names that the code uses.
        label: what is measured, for the table of `Compare`; `sub_label` names the row, `description` the column.
        env: accepted, kept with the results.
        num_threads: how many threads the engine may use.

    Raises:
        ValueError: for what is no text.

    >>> Timer("x + x", globals={"x": 3}).timeit(100).number_per_run
    100
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timeit.default_timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Any = "python",
    ) -> None:
        for name, text in (("stmt", stmt), ("setup", setup)):
            if not isinstance(text, str):
                raise ValueError(f"Timer: {name} must be Python code as a string; got {type(text).__name__}")
        if global_setup or str(getattr(language, "value", language)).lower() not in {"python", "py", "0"}:
            raise NotImplementedError("Timer: only Python code is timed here; leave out global_setup and language")
        self._about: dict[str, Any] = {"stmt": stmt, "setup": setup, "label": label, "sub_label": sub_label}
        self._about |= {"description": description, "env": env, "num_threads": num_threads}
        self._timer = timeit.Timer(stmt, setup, timer, dict(globals or {}))

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """One block of so many runs, after some to warm up."""
        return self._measured(number, lambda block: [(block(max(number // 100, 2)), block(number))[1]])

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Blocks, each long enough that the clock doesn't matter, until they have taken so many seconds together.

        Args:
            callback: called with the number of runs and the seconds of each block.
        """
        return self._until(min_run_time, lambda times: True, callback)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Blocks until the middle half of them differs by less than `threshold` times the median."""
        steady = lambda times: len(times) > 3 and _spread(times) < threshold  # noqa: E731
        return self._until(min_run_time, steady, callback, max_run_time)

    def _until(self, least: float, enough: Any, callback: Any, most: float = float("inf")) -> Measurement:
        number = 1

        def blocks(block: Callable[[int], float]) -> list[float]:
            nonlocal number
            while (seconds := block(number)) < min(least, 0.2) / 100 and number < 10**9:
                number *= 10
            times: list[float] = []
            while sum(times) < most and (sum(times) < least or not enough(times)):
                times.append(seconds := block(number))
                if callback is not None:
                    callback(number, seconds)
            return times

        measured = self._measured(1, blocks)
        measured.number_per_run = number
        return measured

    def _measured(self, number: int, run: Callable[[Callable[[int], float]], list[float]]) -> Measurement:
        before = get_num_threads()
        set_num_threads(self._about["num_threads"])
        try:
            return Measurement(number, run(self._timer.timeit), **self._about)
        finally:
            set_num_threads(before)


class Compare:
    """A table of measurements: a row for each `sub_label`, a column for each `description`, a table for each `label`.

    >>> two = [Measurement(1, [2e-6], "f()", description="f"), Measurement(1, [3e-3], "f()", description="g")]
    >>> Compare(two).print()
    f()     |     f     |     g
    f()     |  2.00 us  |  3.00 ms
    """

    def __init__(self, results: Iterable[Measurement]) -> None:
        self._results = list(results)
        self._digits = False

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Take in more."""
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Show two digits."""
        self._digits = True

    def colorize(self, rowwise: bool = False) -> None:
        """Accepted; the table has no colours."""

    def highlight_warnings(self) -> None:
        """Accepted; the table has no colours."""

    def print(self) -> None:
        """Print the tables."""
        print(self)

    def __str__(self) -> str:
        labels = dict.fromkeys(each.label or each.stmt for each in self._results)
        return "\n\n".join(
            self._table(label, [e for e in self._results if (e.label or e.stmt) == label]) for label in labels
        )

    def _table(self, label: str, results: Sequence[Measurement]) -> str:
        columns = list(dict.fromkeys(each.description or each.stmt for each in results))
        rows: dict[tuple[int, str], dict[str, list[float]]] = {}
        for each in results:
            row = rows.setdefault((each.num_threads, each.sub_label or each.stmt), {})
            row.setdefault(each.description or each.stmt, []).extend(each.times)
        several = len({threads for threads, _ in rows}) > 1
        lines = [[label, *columns]]
        for (threads, name), cells in rows.items():
            values = [_readable(float(np.median(cells[c])), self._digits) if c in cells else "" for c in columns]
            lines.append([f"{name} ({threads} threads)" if several else name, *values])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  |  ".join([line[0].ljust(widths[0] + 3), *map(str.center, line[1:], widths[1:])]).rstrip()
            for line in lines
        )


def _spread(times: Sequence[float]) -> float:
    low, median, high = np.percentile(times, (25, 50, 75))
    return float((high - low) / median)


def _readable(seconds: float, two_digits: bool = False) -> str:
    scale, unit = next(((scale, unit) for scale, unit in _UNITS if seconds >= scale))
    value = seconds / (scale or 1e-9)
    return f"{value:.2g} {unit}" if two_digits and value < 100 else f"{value:.{2 if value < 100 else 0}f} {unit}"
