"""How much of a device's memory is used."""

from typing import Any

from ..backend import cuda as _floor
from .opened import runtime_of


def _of_memory(question: str, device: Any) -> int:
    """A number of bytes; 0 where no device was used, which asking does not change."""
    if not _floor.opened():
        return 0
    runtime, number = runtime_of(device)
    return int(getattr(runtime, question)(number))


def memory_allocated(device: Any = None) -> int:
    """How many bytes tensors hold.

    >>> tg.cuda.memory_allocated()  # doctest: +SKIP
    """
    return _of_memory("used_bytes", device)


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes that they held at a time, since `reset_peak_memory_stats`.

    >>> tg.cuda.max_memory_allocated()  # doctest: +SKIP
    """
    return _of_memory("most_used_bytes", device)


def reset_peak_memory_stats(device: Any = None) -> None:
    """Let `max_memory_allocated` count from now on.

    >>> tg.cuda.reset_peak_memory_stats()  # doctest: +SKIP
    """
    runtime, number = runtime_of(device)
    runtime.forget_most_used(number)


def memory_reserved(device: Any = None) -> int:
    """How many bytes the pool has of the device: what tensors hold, and what it keeps for the next ones.

    >>> tg.cuda.memory_reserved()  # doctest: +SKIP
    """
    return _of_memory("reserved_bytes", device)


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """How many bytes of the device are free, and how many there are.

    >>> free, total = tg.cuda.mem_get_info()  # doctest: +SKIP
    """
    runtime, number = runtime_of(device)
    return runtime.free_and_total(number)  # type: ignore[no-any-return]


def empty_cache() -> None:
    """Give the memory that is kept for later tensors back to the driver.

    >>> tg.cuda.empty_cache()
    """
    if _floor.opened():
        runtime, number = runtime_of()
        runtime.empty_cache(number)


memory_cached = max_memory_reserved = max_memory_cached = memory_reserved
reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats


def ipc_collect() -> None:
    """Nothing: no memory is shared between processes.

    >>> tg.cuda.ipc_collect()
    """


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """How memory is used, as text.

    >>> print(tg.cuda.memory_summary())  # doctest: +SKIP
    """
    runtime, number = runtime_of(device)
    return str(runtime.summary(number))
