"""What happened while a profile ran: events with a beginning and an end, nested per thread."""

import threading
from collections.abc import Iterator
from contextlib import ContextDecorator, contextmanager
from time import perf_counter_ns
from typing import Self

from ..autograd.modes import current_scope

OPERATION, RULE, ENGINE, MODULE, STEP, USER = "operation", "gradient rule", "engine", "module", "step", "user"


class Event:
    """One call: what ran, when, in which thread, and inside what.

    Attributes:
        name: the row it belongs to, such as `conv2d`.
        kind: "operation", "gradient rule", "engine", "module", "step" or "user".
        start, end: nanoseconds of `time.perf_counter_ns`.
        parent: the event that it happened in, in the same thread.
        inner: nanoseconds of the events directly inside.
        backward: whether it was part of a backward pass.
        module: path of the layer it belongs to, such as `features.3`.
        input_shapes: of the operands, when shapes are recorded.
        nbytes: memory of the result.
        thread: number of the thread.

    >>> with tg.profiler.profile() as watched:
    ...     _ = tg.ones(2) * 2
    >>> "mul" in {event.name for event in watched.events()}
    True
    """

    __slots__ = (
        "backward",
        "end",
        "inner",
        "input_shapes",
        "kind",
        "module",
        "name",
        "nbytes",
        "parent",
        "start",
        "thread",
    )

    def __init__(self, name: str, kind: str, parent: "Event | None", thread: int, module: str, backward: bool) -> None:
        self.name, self.kind, self.parent, self.thread = name, kind, parent, thread
        self.module, self.backward = module, backward
        self.input_shapes: tuple[tuple[int, ...], ...] | None = None
        self.nbytes = self.inner = self.start = self.end = 0

    @property
    def duration(self) -> int:
        """Nanoseconds from its beginning to its end."""
        return self.end - self.start

    @property
    def self_duration(self) -> int:
        """Nanoseconds that were not spent in events inside."""
        return self.duration - self.inner

    def __repr__(self) -> str:
        return f"<{self.name}: {self.duration / 1e3:.1f} µs>"


class _Thread(threading.local):
    """The events that are open in a thread, innermost last, and the layer whose gradient rule runs."""

    def __init__(self) -> None:
        self.stack: list[Event] = []
        self.rules: list[str] = []
        self.number = threading.get_ident()


class Recorder:
    """Collects events from all threads, from `begin` to `stop`."""

    def __init__(self, *, shapes: bool = False, memory: bool = False) -> None:
        self.shapes, self.memory = shapes, memory
        self.events: list[Event] = []
        self.threads: dict[int, str] = {}
        self._stacks: list[list[Event]] = []
        self._here = _Thread()
        self.thread = threading.get_ident()
        self.start = self.end = 0

    def begin(self) -> None:
        """The time that is recorded begins now."""
        self.start = perf_counter_ns()

    def open(self, name: str, kind: str, module: str | None = None, *, backward: bool = False) -> Event:
        """Begin an event inside the one that is open in this thread."""
        here = self._here
        stack, rules = here.stack, here.rules
        if here.number not in self.threads:
            self.threads[here.number] = threading.current_thread().name
            self._stacks.append(stack)
        if module is None:
            module = rules[-1] if rules else current_scope()
        event = Event(name, kind, stack[-1] if stack else None, here.number, module, backward or bool(rules))
        stack.append(event)
        event.start = perf_counter_ns()
        return event

    def close(self, event: Event) -> None:
        """End an event, and those inside that are open still."""
        now = perf_counter_ns()
        stack = self._here.stack
        if event not in stack:  # it ended with the profile, or was begun in another thread
            return
        while True:
            last = stack.pop()
            self._end(last, now)
            if last is event:
                return

    def _end(self, event: Event, now: int) -> None:
        event.end = now
        if event.parent is not None:
            event.parent.inner += now - event.start
        self.events.append(event)

    @contextmanager
    def region(self, name: str, kind: str, module: str | None = None) -> Iterator[Event]:
        """A block as an event."""
        event = self.open(name, kind, module)
        try:
            yield event
        finally:
            self.close(event)

    @contextmanager
    def rule(self, name: str, module: str) -> Iterator[None]:
        """A block as the gradient rule of an operation that ran in `module`; what runs inside belongs there."""
        rules = self._here.rules
        event = self.open(name, RULE, module, backward=True)
        rules.append(module)
        try:
            yield
        finally:
            rules.pop()
            self.close(event)

    def stop(self) -> None:
        """End what is open still, in every thread, and take no more."""
        self.end = perf_counter_ns()
        for stack in self._stacks:
            while stack:
                self._end(stack.pop(), self.end)


_running: Recorder | None = None


def running() -> Recorder | None:
    """The recorder of the profile that runs now."""
    return _running


def use(recorder: Recorder | None) -> None:
    """Let `record_function` write to a recorder, or to none."""
    global _running  # noqa: PLW0603 - one profile runs at a time, for all threads
    _running = recorder


class record_function(ContextDecorator):  # noqa: N801 - PyTorch's name
    """Names a block, or every call of a decorated function, in the profile that runs; without one it does nothing.

    Args:
        name: the row's name.
        args: a note kept with it in the trace.

    >>> from tinygrad_cnn.profiler import profile, record_function
    >>> with profile() as p:
    ...     with record_function("data"):
    ...         pass
    >>> [row.count for row in p.key_averages() if row.key == "data"]
    [1]
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        if not isinstance(name, str):
            raise TypeError(f"record_function: expected a name; got {name!r}")
        self.name, self.args = name, args
        self._open: tuple[Recorder, Event] | None = None

    def _recreate_cm(self) -> Self:  # a decorated function may run in several threads, and inside itself
        return type(self)(self.name, self.args)

    def __enter__(self) -> Self:
        recorder = _running
        if recorder is not None:
            name = self.name if self.args is None else f"{self.name}: {self.args}"
            self._open = recorder, recorder.open(name, USER)
        return self

    def __exit__(self, *error: object) -> None:
        if self._open is not None:
            recorder, event = self._open
            self._open = None
            recorder.close(event)
