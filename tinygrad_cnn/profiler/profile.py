"""The profile itself: when it records, and what can be asked of it afterwards."""

import os
import time
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Any, Self

from ..errors import GraphError
from .averages import EventList, average
from .instrument import Instruments
from .recorder import STEP, Event, Recorder, running, use
from .trace import write_trace


class ProfilerActivity(Enum):
    """What can be watched: the CPU; the operations of CUDA tensors are timed on it, until the device is done.

    >>> tg.profiler.ProfilerActivity.CPU in tg.profiler.supported_activities()
    True
    """

    CPU = 0
    CUDA = 2


class ProfilerAction(Enum):
    """What a profile does in a step.

    >>> tg.profiler.schedule(wait=1, warmup=0, active=1)(0)
    <ProfilerAction.NONE: 0>
    """

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """What `activities=` may hold.

    >>> tg.profiler.ProfilerActivity.CPU in supported_activities()
    True
    """
    return set(ProfilerActivity)


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0
) -> Callable[[int], ProfilerAction]:
    """Which steps a profile records: after `skip_first`, in cycles of `wait`, `warmup` (thrown away) and `active` ones.

    Args:
        repeat: so many cycles; 0 for as long as the profile runs.

    Raises:
        ValueError: for a negative number, or no active step.

    >>> from tinygrad_cnn.profiler import schedule
    >>> [schedule(wait=1, warmup=1, active=2, repeat=1)(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    given = {"wait": wait, "warmup": warmup, "active": active, "repeat": repeat, "skip_first": skip_first}
    for name, value in given.items():
        if value < (name == "active"):
            raise ValueError(f"schedule: {name} must be at least {int(name == 'active')}; got {name}={value}")
    cycle = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise ValueError(f"schedule: a step must not be negative; got {step}")
        step -= skip_first
        if step < 0 or (repeat and step >= repeat * cycle) or step % cycle < wait:
            return ProfilerAction.NONE
        if step % cycle < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if step % cycle < cycle - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def tensorboard_trace_handler(
    dir_name: str | os.PathLike[str], worker_name: str | None = None, use_gzip: bool = False
) -> Callable[["profile"], None]:
    """For `on_trace_ready`: write each recording as a Chrome trace of its own into a folder.

    >>> import tempfile
    >>> with tg.profiler.profile(on_trace_ready=tensorboard_trace_handler(tempfile.mkdtemp())):
    ...     _ = tg.ones(2) * 2
    """

    def write(p: "profile") -> None:
        folder = Path(dir_name)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{worker_name or f'{os.uname().nodename}_{os.getpid()}'}.{time.time_ns()}.pt.trace.json"
        p.export_chrome_trace(folder / (name + ".gz" * use_gzip))

    return write


class profile:  # noqa: N801 - PyTorch's name
    """Takes the time of every operation, forward and backward, in all threads, while its block runs.

    Rows named after operations (`conv2d`) hold the time of their kernels, rows named `… backward` that of gradient
    rules; what optimizers and the waiting for batches cost has rows of its own, and so has what the engine needs to
    check, record and walk (`[engine: …]`) and what remains (`[python]`): the rows' own times add up to the time of the
    region. Taking the time costs a few microseconds per operation, which the engine's rows hold.

    Args:
        activities: accepted; operations are timed on whatever device they run on.
        schedule: which steps are recorded, from `schedule(...)`; `step()` ends a step. Default: all of the block.
        on_trace_ready: called with this object at the end of each recording.
        record_shapes: note the shapes of the operands.
        profile_memory: note the memory of the results (views have none).
        with_stack, with_flops: accepted; layers' paths are noted, source lines and arithmetic are not.
        with_modules: make an event of each layer's call too.

    >>> import tinygrad_cnn as tg
    >>> with tg.profiler.profile(record_shapes=True) as p:
    ...     y = tg.ones(2, 3) @ tg.ones(3, 4)
    >>> [(row.key, row.input_shapes) for row in p.key_averages(group_by_input_shape=True) if row.key == "matmul"]
    [('matmul', ((2, 3), (3, 4)))]

    Raises:
        RuntimeError: when it starts while another profile runs, or is asked before it has recorded.
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[["profile"], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
    ) -> None:
        for activity in activities or ():
            if not isinstance(activity, ProfilerActivity):
                raise TypeError(f"profile: activities must be ProfilerActivity values; got {activity!r}")
        self.schedule, self.on_trace_ready = schedule, on_trace_ready
        self.record_shapes, self.profile_memory, self.with_modules = record_shapes, profile_memory, with_modules
        self.step_num = 0
        self.current_action = ProfilerAction.NONE
        self._notes: dict[str, Any] = {}
        self._recorder: Recorder | None = None  # that runs
        self._recorded: Recorder | None = None  # the last that ended
        self._instruments: Instruments | None = None
        self._step: Event | None = None

    # when it records --------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin, as at the beginning of the block."""
        if running() is not None:
            raise GraphError("profile: another profile is running; one runs at a time, for all threads")
        self.step_num = 0
        self._act(self._action(0))

    def stop(self) -> None:
        """End, as at the end of the block."""
        recording = self.current_action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        self._end()
        self.current_action = ProfilerAction.NONE
        if recording and self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def step(self) -> None:
        """End a step of the schedule and begin the next."""
        before = self.current_action
        self.step_num += 1
        if self._step is not None and self._recorder is not None:
            self._recorder.close(self._step)
            self._step = None
        if before is ProfilerAction.RECORD_AND_SAVE:
            self._end()
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)
        self._act(self._action(self.step_num))

    def _action(self, step: int) -> ProfilerAction:
        return ProfilerAction.RECORD if self.schedule is None else self.schedule(step)

    def _act(self, action: ProfilerAction) -> None:
        before, self.current_action = self.current_action, action
        if action is ProfilerAction.NONE:
            self._end()
            return
        if before is ProfilerAction.WARMUP and action is not ProfilerAction.WARMUP:
            self._end()  # what was recorded to warm up is thrown away with its recorder
        if self._recorder is None:
            self._begin()
        if self.schedule is not None and self._recorder is not None:
            self._step = self._recorder.open(f"ProfilerStep#{self.step_num}", STEP)

    def _begin(self) -> None:
        if running() is not None:
            raise GraphError("profile: another profile is running; one runs at a time, for all threads")
        self._recorder = Recorder(shapes=self.record_shapes, memory=self.profile_memory)
        use(self._recorder)
        self._instruments = Instruments(self._recorder, modules=self.with_modules)
        self._recorder.begin()

    def _end(self) -> None:
        if self._recorder is None:
            return
        self._recorder.stop()
        if self._instruments is not None:
            self._instruments.remove()
        use(None)
        self._recorded, self._recorder, self._instruments, self._step = self._recorder, None, None, None

    # what it recorded -------------------------------------------------------------------------------------------------

    def _results(self, by: str) -> Recorder:
        if self._recorded is None or self._recorder is not None:
            raise GraphError(f"{by}: the profile has recorded nothing yet; ask after its block, or in on_trace_ready")
        return self._recorded

    def events(self) -> list[Event]:
        """All events, in the order in which they began."""
        return sorted(self._results("events").events, key=lambda event: (event.start, -event.end))

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, *, group_by_module: bool = False
    ) -> EventList:
        """The events added up by name, direction and thread.

        Args:
            group_by_input_shape: tell operations apart by the shapes of their operands (needs `record_shapes`).
            group_by_stack_n: accepted; there are no stacks.
            group_by_module: tell operations apart by the layer they belong to.
        """
        found = self._results("key_averages")
        return average(
            found.events,
            spans=[(found.start, found.end)],
            main=found.thread,
            threads=found.threads,
            by_shape=group_by_input_shape,
            by_module=group_by_module,
            memory=self.profile_memory,
        )

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Write what was recorded for chrome://tracing or ui.perfetto.dev; compressed when the path ends in `.gz`."""
        found = self._results("export_chrome_trace")
        write_trace(path, found.events, start=found.start, threads=found.threads, notes=self._notes)

    def add_metadata(self, key: str, value: str) -> None:
        """Keep a note in the trace file."""
        self._notes[key] = value
