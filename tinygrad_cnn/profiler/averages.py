"""Events added up: rows of a table, and the table."""

from collections.abc import Iterable
from typing import Any

from .recorder import ENGINE, OPERATION, RULE, Event

PYTHON = "[python]"

_COLUMNS = {  # what a table can be sorted by → the attribute
    "cpu_time": "cpu_time",
    "cpu_time_total": "cpu_time_total",
    "self_cpu_time_total": "self_cpu_time_total",
    "cpu_memory_usage": "cpu_memory_usage",
    "self_cpu_memory_usage": "self_cpu_memory_usage",
    "count": "count",
}


class FunctionEventAvg:
    """One row: all events of one name, direction and thread (and shapes, or module, when grouped by them).

    Attributes:
        key: the name.
        count: calls.
        cpu_time_total, self_cpu_time_total: microseconds with and without the events inside.
        cpu_memory_usage, self_cpu_memory_usage: bytes of the results, with and without those of events inside.
        input_shapes: when grouped by them.
        module: path of the layer, when grouped by it.
        direction: "forward" or "backward" for operations, gradient rules and the engine.
        thread: the thread's name, empty for the one that was profiled.

    >>> with tg.profiler.profile() as watched:
    ...     _ = tg.ones(2) * 2 * 3
    >>> {row.key: row.count for row in watched.key_averages()}["mul"]
    2
    """

    def __init__(self, key: str, direction: str, thread: str, input_shapes: Any = None, module: str = "") -> None:
        self.key, self.direction, self.thread = key, direction, thread
        self.input_shapes, self.module = input_shapes, module
        self.count = self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0

    @property
    def cpu_time(self) -> float:
        """Microseconds per call, with the events inside."""
        return self.cpu_time_total / self.count if self.count else 0.0

    def __repr__(self) -> str:
        return f"<FunctionEventAvg {self.key}: {self.count} calls, {self.self_cpu_time_total:.1f} µs itself>"


class EventList(list[FunctionEventAvg]):
    """Rows of averages, the events of a program added up.

    >>> with tg.profiler.profile() as watched:
    ...     _ = tg.ones(2) * 2
    >>> "mul" in watched.key_averages().table()
    True
    """

    memory = False
    total: float = 0.0  # microseconds of the profiled region

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_name_column_width: int = 55,
        header: str | None = None,
    ) -> str:
        """The rows as text, the largest first.

        Args:
            sort_by: "cpu_time", "cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage"
                or "count". Default: as they came.
            row_limit: so many rows at most; −1 for all.
            max_name_column_width: longer names are cut.
            header: a line above.

        Raises:
            ValueError: for another `sort_by`.
        """
        rows = list(self)
        if sort_by is not None:
            if sort_by not in _COLUMNS:
                raise ValueError(f"table: sort_by must be one of {sorted(_COLUMNS)}; got {sort_by!r}")
            rows.sort(key=lambda row: getattr(row, _COLUMNS[sort_by]), reverse=True)
        hidden = rows[row_limit:] if row_limit >= 0 else []
        rows = rows[:row_limit] if row_limit >= 0 else rows
        whole = sum(row.self_cpu_time_total for row in self) or 1.0
        lines = [self._titles(), *(self._line(row, whole, max_name_column_width) for row in rows + hidden)]
        kept = [i for i, title in enumerate(lines[0]) if title in _ALWAYS or any(line[i] for line in lines[1:])]
        del lines[1 + len(rows) :]
        widths = [max(len(line[i]) for line in lines) for i in kept]
        left = {i for i in kept if lines[0][i] in _LEFT}
        text = [
            "  ".join(line[i].ljust(w) if i in left else line[i].rjust(w) for i, w in zip(kept, widths, strict=True))
            for line in lines
        ]
        rule = "  ".join("-" * width for width in widths)
        out = [*([header] if header else []), rule, text[0], rule, *text[1:], rule]
        if hidden:
            rest = sum(row.self_cpu_time_total for row in hidden)
            out.append(f"{len(hidden)} more rows: {_time(rest)}")
        out.append(f"Self CPU time total: {_time(sum(row.self_cpu_time_total for row in self))}")
        if any(row.thread for row in self):
            out.append(f"Wall time of the profiled thread: {_time(self.total)}")
        return "\n".join(line.rstrip() for line in out) + "\n"

    def _titles(self) -> list[str]:
        memory = ["CPU Mem", "Self CPU Mem"] if self.memory else []
        times = ["Self CPU %", "Self CPU", "CPU total", "CPU time avg"]
        return ["Name", "Direction", "Module", "Thread", *times, *memory, "# of Calls", "Input Shapes"]

    def _line(self, row: FunctionEventAvg, whole: float, width: int) -> list[str]:
        name = row.key if len(row.key) <= width else row.key[: width - 1] + "…"
        times = [f"{100 * row.self_cpu_time_total / whole:.1f}%", *map(_time, _times(row))]
        memory = [_size(row.cpu_memory_usage), _size(row.self_cpu_memory_usage)] if self.memory else []
        shapes = "" if row.input_shapes is None else str([list(shape) for shape in row.input_shapes])
        return [name, row.direction, row.module, row.thread, *times, *memory, str(row.count), shapes]

    def total_average(self) -> FunctionEventAvg:
        """All rows as one; its times are those of the events themselves."""
        total = FunctionEventAvg("Total", "", "")
        for row in self:
            total.count += row.count
            total.self_cpu_time_total += row.self_cpu_time_total
            total.self_cpu_memory_usage += row.self_cpu_memory_usage
        total.cpu_time_total, total.cpu_memory_usage = total.self_cpu_time_total, total.self_cpu_memory_usage
        return total

    def __str__(self) -> str:
        return self.table()


_ALWAYS = {"Name", "Self CPU %", "Self CPU", "CPU total", "CPU time avg", "# of Calls"}
_LEFT = {"Name", "Direction", "Module", "Thread", "Input Shapes"}


def _times(row: FunctionEventAvg) -> tuple[float, float, float]:
    return row.self_cpu_time_total, row.cpu_time_total, row.cpu_time


def _time(microseconds: float) -> str:
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if microseconds >= size:
            return f"{microseconds / size:.3f} {unit}"
    return f"{microseconds:.3f} µs"


def _size(count: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} B"


def average(
    events: Iterable[Event],
    *,
    spans: Iterable[tuple[int, int]],
    main: int,
    threads: dict[int, str],
    by_shape: bool,
    by_module: bool,
    memory: bool,
) -> EventList:
    """Add events up, in the order in which their rows began, with a row for the rest of the profiled thread's time.

    Args:
        events: of all threads.
        spans: from when to when was recorded, in nanoseconds.
        main: the number of the profiled thread.
        threads: the names of all.
        by_shape, by_module: tell rows apart by the shapes of the operands, by the layer.
        memory: whether results were measured.
    """
    rows: dict[Any, FunctionEventAvg] = {}
    inside: dict[Event, int] = {}  # bytes of what ran inside
    listed = sorted(events, key=lambda event: (event.start, -event.end))
    for event in reversed(listed):
        if event.parent is not None:
            inside[event.parent] = inside.get(event.parent, 0) + event.nbytes + inside.get(event, 0)
    wall = sum(end - start for start, end in spans) / 1e3
    outermost = 0
    for event in listed:
        if event.thread == main and event.parent is None:
            outermost += event.duration
        key = _key(event, by_shape, by_module)
        row = rows.get(key)
        if row is None:
            direction = ("forward", "backward")[event.backward] if event.kind in (OPERATION, RULE, ENGINE) else ""
            thread = "" if event.thread == main else threads[event.thread]
            shapes, module = event.input_shapes if by_shape else None, event.module if by_module else ""
            row = rows[key] = FunctionEventAvg(event.name, direction, thread, shapes, module)
        row.count += 1
        row.self_cpu_time_total += event.self_duration / 1e3
        row.self_cpu_memory_usage += event.nbytes
        if not _within_its_like(event, key, by_shape, by_module):
            row.cpu_time_total += event.duration / 1e3
            row.cpu_memory_usage += event.nbytes + inside.get(event, 0)
    rest = FunctionEventAvg(PYTHON, "", "")
    rest.count, rest.cpu_time_total, rest.self_cpu_time_total = 1, wall, wall - outermost / 1e3
    result = EventList([*rows.values(), rest])
    result.memory, result.total = memory, wall
    return result


def _key(event: Event, by_shape: bool, by_module: bool) -> Any:
    kinds = event.kind in (OPERATION, RULE, ENGINE) and event.backward
    return (
        *(event.name, event.kind, kinds, event.thread),
        *(event.input_shapes if by_shape else None, event.module if by_module else None),
    )


def _within_its_like(event: Event, key: Any, by_shape: bool, by_module: bool) -> bool:
    """Whether its time is part of that of an event of the same row."""
    outer = event.parent
    while outer is not None:
        if outer.name == event.name and _key(outer, by_shape, by_module) == key:
            return True
        outer = outer.parent
    return False
