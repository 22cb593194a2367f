"""The part of `cupy.cuda` that is about devices, streams and memory, for a device that is not there."""

import time
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
        pass

    def record(self, event: Any = None) -> Any:
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Any) -> None:
        pass

    def is_capturing(self) -> bool:
        return False

    done = True


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


def alloc(size: int) -> Any:
    return SimpleNamespace(ptr=7)
