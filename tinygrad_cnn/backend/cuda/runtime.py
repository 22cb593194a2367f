"""Streams, events and memory of CUDA devices, in PyTorch's words over CuPy."""

from collections import defaultdict
from types import TracebackType
from typing import Any

import cupy

from ...errors import OutOfMemoryError
from .graphs import release

GIB = 1 << 30
BLOCK = 512  # bytes; CuPy rounds up to them


class _Peak:
    """The most that was in use on a device.

    CuPy counts what is in use by going through all of it, which would cost more than an allocation. It cannot be more
    than what was counted last and what was given out since: only where that is above the peak it is counted anew.
    """

    def __init__(self) -> None:
        self.most = self.counted = self.since = 0

    def give(self, size: int, pool: Any) -> None:
        """So many bytes were given out."""
        self.since += -(-size // BLOCK) * BLOCK
        if self.counted + self.since > self.most:
            self.counted, self.since = pool.used_bytes(), 0
            self.most = max(self.most, self.counted)


_peaks: defaultdict[int, _Peak] = defaultdict(_Peak)


def allocate(size: int) -> Any:
    """Memory from CuPy's pool, which keeps what was freed; notes the most that was in use.

    Raises:
        OutOfMemoryError: with what there is and what could be done. The process can go on.
    """
    pool, device = cupy.get_default_memory_pool(), cupy.cuda.get_device_id()
    try:
        try:
            memory = pool.malloc(size)
        except cupy.cuda.memory.OutOfMemoryError:
            release()
            memory = pool.malloc(size)
    except cupy.cuda.memory.OutOfMemoryError:
        free, total = cupy.cuda.Device(device).mem_info
        used, kept, free, total = map(_readable, (pool.used_bytes(), pool.free_bytes(), free, total))
        raise OutOfMemoryError(
            f"cuda:{device}: no memory for {_readable(size)}: tensors hold {used}, {kept} are kept for later, "
            f"{free} of {total} are free. Use smaller batches, del what is not needed, or cuda.empty_cache()"
        ) from None
    _peaks[device].give(size, pool)
    return memory


def _readable(size: int) -> str:
    return f"{size / GIB:.2f} GiB" if size >= GIB else f"{size / (1 << 20):.1f} MiB"


def use_allocator() -> None:
    """Let all of CuPy's arrays come from `allocate`."""
    cupy.cuda.set_allocator(allocate)


def used_bytes(device: int) -> int:
    """How much memory arrays hold."""
    with cupy.cuda.Device(device):
        return int(cupy.get_default_memory_pool().used_bytes())


def most_used_bytes(device: int) -> int:
    """The most that they held at a time."""
    return max(_peaks[device].most, used_bytes(device))


def forget_most_used(device: int) -> None:
    """Count from now on."""
    peak = _peaks[device]
    peak.most = peak.counted = used_bytes(device)
    peak.since = 0


def reserved_bytes(device: int) -> int:
    """How much memory the pool has of the device, in use or kept."""
    with cupy.cuda.Device(device):
        return int(cupy.get_default_memory_pool().total_bytes())


def free_and_total(device: int) -> tuple[int, int]:
    """Bytes of the device that are free, and all."""
    free, total = cupy.cuda.Device(device).mem_info
    return int(free), int(total)


def empty_cache(device: int) -> None:
    """Give what is kept for later back to the driver."""
    with cupy.cuda.Device(device):
        release()
        cupy.get_default_memory_pool().free_all_blocks()


def summary(device: int) -> str:
    """How memory is used, as text."""
    free, total = free_and_total(device)
    rows = {
        "in tensors": used_bytes(device),
        "at most": most_used_bytes(device),
        "kept by the pool": reserved_bytes(device) - used_bytes(device),
        "free on the device": free,
        "of all": total,
    }
    width = max(map(len, rows))
    return "\n".join([f"cuda:{device}", *(f"  {name:<{width}}  {_readable(size):>12}" for name, size in rows.items())])


class DeviceProperties:
    """What a device is.

    Attributes:
        name: the product.
        major: its compute capability, before the dot.
        minor: and after it.
        total_memory: bytes.
        multi_processor_count: how many multiprocessors.
    """

    def __init__(self, device: int) -> None:
        known = cupy.cuda.runtime.getDeviceProperties(device)
        name = known["name"]
        self.name: str = name.decode() if isinstance(name, bytes) else name
        self.major, self.minor = int(known["major"]), int(known["minor"])
        self.total_memory = int(known["totalGlobalMem"])
        self.multi_processor_count = int(known["multiProcessorCount"])

    def __repr__(self) -> str:
        return (
            f"DeviceProperties(name={self.name!r}, major={self.major}, minor={self.minor}, "
            f"total_memory={self.total_memory // (1 << 20)}MB, multi_processor_count={self.multi_processor_count})"
        )


class Event:
    """A mark in a stream: for waiting, and for measuring what lies between two of them.

    Args:
        enable_timing: whether it notes the time.
        blocking: whether `synchronize` lets the processor sleep.
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        self.event = cupy.cuda.Event(block=blocking, disable_timing=not enable_timing, interprocess=interprocess)

    def record(self, stream: "Stream | None" = None) -> None:
        """Set the mark in a stream, the current one without."""
        self.event.record(cupy.cuda.get_current_stream() if stream is None else stream.stream)

    def wait(self, stream: "Stream | None" = None) -> None:
        """Let a stream wait until the mark is reached."""
        (cupy.cuda.get_current_stream() if stream is None else stream.stream).wait_event(self.event)

    def query(self) -> bool:
        """Whether the mark is reached."""
        return bool(self.event.done)

    def synchronize(self) -> None:
        """Wait until the mark is reached."""
        self.event.synchronize()

    def elapsed_time(self, end: "Event") -> float:
        """Milliseconds from this mark to another; both with timing and reached."""
        return float(cupy.cuda.get_elapsed_time(self.event, end.event))


class Stream:
    """A queue of work on a device. Work of two streams may run at once; memory that both use needs events between.

    As a context manager it is where work goes to.
    """

    def __init__(self, device: Any = None, priority: int = 0, stream: Any = None) -> None:
        self.stream = cupy.cuda.Stream(non_blocking=True, priority=priority) if stream is None else stream

    def __enter__(self) -> "Stream":
        self.stream.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stream.__exit__(kind, error, trace)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.cuda_stream == other.cuda_stream

    def __hash__(self) -> int:
        return hash(self.cuda_stream)

    @property
    def cuda_stream(self) -> int:
        """The address by which CUDA knows it."""
        return int(self.stream.ptr)

    def synchronize(self) -> None:
        """Wait until all its work is done."""
        self.stream.synchronize()

    def query(self) -> bool:
        """Whether all its work is done."""
        return bool(self.stream.done)

    def record_event(self, event: Event | None = None) -> Event:
        """Set a mark behind the work that was given to it so far."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """Let what comes next wait until the mark is reached."""
        event.wait(self)

    def wait_stream(self, stream: "Stream") -> None:
        """Let what comes next wait for all that another stream was given so far."""
        self.wait_event(stream.record_event())


def current_stream() -> Stream:
    """Where work goes to now."""
    return Stream(stream=cupy.cuda.get_current_stream())


def default_stream() -> Stream:
    """Where work goes to unless it is said otherwise."""
    return Stream(stream=cupy.cuda.Stream.null)
