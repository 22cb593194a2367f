"""The part of `cupy.cuda` that is about devices, streams and memory, for a device that is not there."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, ClassVar


class CUDARuntimeError(RuntimeError):
    """What CuPy raises for CUDA's errors."""


class Device:
    attributes: ClassVar = {"MultiProcessorCount": 4}
    compute_capability = "90"
    mem_info = (1 << 30, 1 << 34)

    def __init__(self, id: int | None = None) -> None:
        self.id = id or 0

    def use(self) -> "Device":
        return self

    def synchronize(self) -> None:
        pass

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *error: object) -> None:
        pass


class Stream:
    null: "Stream"

    def __init__(
        self, null: bool = False, non_blocking: bool = False, ptds: bool = False, priority: Any = None
    ) -> None:
        self.ptr = 0 if null else id(self)

    def __enter__(self) -> "Stream":
        _streams.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        _streams.pop()

    def use(self) -> "Stream":
        _streams[-1] = self
        return self

    def synchronize(self) -> None:
        capture.forbid("synchronize")

    def record(self, event: Any = None) -> Any:
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Any) -> None:
        pass

    def is_capturing(self) -> bool:
        return self is capture.stream

    def begin_capture(self, mode: Any = None) -> None:
        assert self.ptr, "the default stream can't capture"
        assert capture.stream is None
        capture.stream, capture.work, capture.memory = self, [], []

    def end_capture(self) -> "Graph":
        assert capture.stream is self
        capture.stream, broken, capture.broken = None, capture.broken, ""
        if broken:
            raise CUDARuntimeError(f"cudaErrorStreamCaptureInvalidated: {broken}")
        return Graph(capture.work, capture.memory)

    done = True


class Capture:
    """What the current stream captures: nothing is done, all is noted."""

    __slots__ = ("broken", "memory", "stream", "work")  # `compile` looks for attributes that change

    def __init__(self) -> None:
        self.stream: Stream | None = None
        self.broken = ""
        self.work: list[Callable[[], Any]] = []
        self.memory: list[Any] = []

    @property
    def now(self) -> bool:
        return self.stream is not None and _streams[-1] is self.stream

    def forbid(self, what: str) -> None:
        """What waits for the device ends a capture."""
        if self.now:
            self.broken = what
            raise CUDARuntimeError(f"cudaErrorStreamCaptureUnsupported: {what}")

    def do(self, work: Callable[[], Any]) -> None:
        """Do it, or note it."""
        if self.now:
            self.work.append(work)
        else:
            work()


capture = Capture()


class Graph:
    """Work in its order, on the memory that it was captured with."""

    def __init__(self, work: list[Callable[[], Any]], memory: list[Any]) -> None:
        self.work, self.memory, self.launches = work, memory, 0

    def launch(self, stream: Any = None) -> None:
        assert not capture.now
        self.launches += 1
        for each in self.work:
            each()


Stream.null = Stream(null=True)
_streams = [Stream.null]


def get_current_stream(device_id: int = -1) -> Stream:
    return _streams[-1]


class Event:
    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        self.at = 0.0

    def record(self, stream: Any = None) -> None:
        self.at = time.perf_counter()

    def synchronize(self) -> None:
        pass

    done = True


def get_elapsed_time(start: Event, end: Event) -> float:
    return (end.at - start.at) * 1000


def get_device_id() -> int:
    return 0


runtime = SimpleNamespace(
    getDeviceCount=lambda: 1,
    CUDARuntimeError=CUDARuntimeError,
    getDeviceProperties=lambda number: {
        "name": b"Stand-in", "major": 9, "minor": 0, "totalGlobalMem": 1 << 34, "multiProcessorCount": 4
    },
    driverGetVersion=lambda: 13000,
    runtimeGetVersion=lambda: 13000,
)  # fmt: skip


class OutOfMemoryError(MemoryError):
    """What CuPy raises when the device has none left."""


memory = SimpleNamespace(OutOfMemoryError=OutOfMemoryError)


class MemoryPool:
    """What was taken and given back, in numbers."""

    def __init__(self) -> None:
        self.used, self.kept, self.limit = 0, 0, 1 << 34

    def malloc(self, size: int) -> Any:
        if size > self.limit:
            raise OutOfMemoryError(f"Out of memory allocating {size} bytes")
        self.used += size
        return SimpleNamespace(size=size)

    def used_bytes(self) -> int:
        return self.used

    def free_bytes(self) -> int:
        return self.kept

    def total_bytes(self) -> int:
        return self.used + self.kept

    def free_all_blocks(self) -> None:
        self.kept = 0


pool = MemoryPool()


def set_allocator(allocator: Any = None) -> None:
    pass


@contextmanager
def using_allocator(allocator: Any = None) -> Iterator[None]:
    assert allocator is None or allocator(8) is not None
    yield


class PinnedMemoryPointer(bytearray):
    """Memory of the host that the device reads."""


def alloc_pinned_memory(size: int) -> Any:
    transfer(size)
    return PinnedMemoryPointer(size + 256)


class PinnedMemoryPool:
    """Buffers of the host through which all that is uploaded goes."""

    def malloc(self, size: int) -> Any:
        return object()


pinned = PinnedMemoryPool()
_pinned = [pinned.malloc]


def set_pinned_memory_allocator(allocator: Any = None) -> None:
    _pinned[0] = allocator


def transfer(size: int) -> None:
    """Something is copied from the host."""
    assert _pinned[0](size) is not None


def alloc(size: int) -> Any:
    return SimpleNamespace(ptr=7)
