"""CUDA devices: which there are, their streams and memory. Where there is none the answers say so.

>>> import tinygrad_cnn as tg
>>> device = "cuda" if tg.cuda.is_available() else "cpu"
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..backend import cuda as _floor
from ..backend import get_backend
from ..errors import OutOfMemoryError
from ..random import state_as_tensor, state_of_tensor
from ..tensor.device import device as _device
from . import amp
from .types import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "Event",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "OutOfMemoryError",
    "ShortTensor",
    "Stream",
    "amp",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_rng_state",
    "get_rng_state_all",
    "init",
    "ipc_collect",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_cached",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_cached",
    "memory_reserved",
    "memory_summary",
    "reset_max_memory_allocated",
    "reset_max_memory_cached",
    "reset_peak_memory_stats",
    "set_device",
    "set_rng_state",
    "set_rng_state_all",
    "stream",
    "synchronize",
    "why_not",
]


def device_count() -> int:
    """The number of CUDA devices that can be used here.

    >>> tg.cuda.device_count() >= 0
    True
    """
    return _floor.device_count()


def is_available() -> bool:
    """Whether there is one: `device = "cuda" if cuda.is_available() else "cpu"` always names a device that works.

    >>> device = "cuda" if tg.cuda.is_available() else "cpu"
    """
    return why_not() is None


def why_not() -> str | None:
    """What is missing and what to type, None if a device can be used. The answer is kept.

    There may be no CuPy, no GPU with a driver, or none of CUDA's headers: a small kernel is compiled and run to see.

    >>> (tg.cuda.why_not() is None) == tg.cuda.is_available()
    True
    """
    return _floor.missing()


def _number(device: Any) -> int:
    """The number of a device, given as such, by name, or by None for the current one."""
    if device is None:
        return _floor.current_device()
    if hasattr(device, "__index__"):
        return int(device)
    place = _device(device)
    if place.type != "cuda":
        raise ValueError(f"cuda: expected a CUDA device; got {device!r}")
    return _floor.current_device() if place.index is None else place.index


def _opened(device: Any = None) -> Any:
    return get_backend(f"cuda:{_number(device)}")


def _runtime(device: Any = None) -> tuple[Any, int]:
    """The module of streams and memory, and the number of a device that is there."""
    backend = _opened(device)
    return _floor.services(), backend.index


def current_device() -> int:
    """The number of the device that `cuda` without a number means.

    Raises:
        RuntimeError: when there is none.

    >>> tg.cuda.current_device()  # doctest: +SKIP
    """
    return int(_opened().index)


def init() -> None:
    """Open the current device, which its first use does anyway."""
    _opened()


def is_initialized() -> bool:
    """Whether a device has been used."""
    return bool(_floor.opened())


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether tensors of dtype bfloat16 can be computed with on the current device: they are widened, so always."""
    return is_available()


def set_device(device: Any) -> None:
    """Let `cuda` mean this device from now on; a negative number changes nothing.

    Raises:
        RuntimeError: when there is no such device.

    >>> tg.cuda.set_device(0)  # doctest: +SKIP
    """
    number = _number(device)
    if number >= 0:
        get_backend(f"cuda:{number}")
        _floor.set_current_device(number)


class device:  # noqa: N801 - PyTorch's name
    """A block in which `cuda` means another device.

    >>> with tg.cuda.device(1):  # doctest: +SKIP
    ...     x = tg.ones(2, device="cuda")
    """

    def __init__(self, device: Any) -> None:
        self.idx = _number(device)

    def __enter__(self) -> None:
        self._before = _floor.current_device()
        set_device(self.idx)

    def __exit__(self, *error: object) -> None:
        _floor.set_current_device(self._before)


def get_device_properties(device: Any = None) -> Any:
    """Name, compute capability, memory and multiprocessors of a device.

    >>> tg.cuda.get_device_properties(0).total_memory  # doctest: +SKIP
    """
    runtime, number = _runtime(device)
    return runtime.DeviceProperties(number)


def get_device_name(device: Any = None) -> str:
    """The product.

    >>> tg.cuda.get_device_name(0)  # doctest: +SKIP
    """
    return str(get_device_properties(device).name)


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability, such as (9, 0).

    >>> tg.cuda.get_device_capability()  # doctest: +SKIP
    """
    known = get_device_properties(device)
    return known.major, known.minor


# streams --------------------------------------------------------------------------------------------------------------


def synchronize(device: Any = None) -> None:
    """Wait until all work on a device is done.

    >>> tg.cuda.synchronize()  # doctest: +SKIP
    """
    _opened(device).synchronize()


def Stream(device: Any = None, priority: int = 0) -> Any:  # noqa: N802 - PyTorch's name
    """A queue of work; its methods are PyTorch's. Work of two streams may run at once.

    >>> side = tg.cuda.Stream()  # doctest: +SKIP
    """
    return _runtime(device)[0].Stream(device, priority)


def Event(enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> Any:  # noqa: N802
    """A mark in a stream, for waiting and for measuring; its methods are PyTorch's.

    >>> start = tg.cuda.Event(enable_timing=True)  # doctest: +SKIP
    """
    return _runtime()[0].Event(enable_timing, blocking, interprocess)


def stream(stream: Any) -> AbstractContextManager[Any]:
    """A block whose work goes to a stream; None changes nothing.

    >>> with tg.cuda.stream(tg.cuda.Stream()):  # doctest: +SKIP
    ...     y = x * 2
    """
    return nullcontext() if stream is None else stream


def current_stream(device: Any = None) -> Any:
    """Where work goes to now.

    >>> tg.cuda.current_stream().synchronize()  # doctest: +SKIP
    """
    return _runtime(device)[0].current_stream()


def default_stream(device: Any = None) -> Any:
    """Where work goes to unless it is said otherwise.

    >>> tg.cuda.default_stream().synchronize()  # doctest: +SKIP
    """
    return _runtime(device)[0].default_stream()


# memory ---------------------------------------------------------------------------------------------------------------


def _of_memory(question: str, device: Any) -> int:
    """A number of bytes; 0 where no device was used, which asking does not change."""
    if not _floor.opened():
        return 0
    runtime, number = _runtime(device)
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
    runtime, number = _runtime(device)
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
    runtime, number = _runtime(device)
    return runtime.free_and_total(number)  # type: ignore[no-any-return]


def empty_cache() -> None:
    """Give the memory that is kept for later tensors back to the driver.

    >>> tg.cuda.empty_cache()
    """
    if _floor.opened():
        runtime, number = _runtime()
        runtime.empty_cache(number)


memory_cached = max_memory_reserved = max_memory_cached = memory_reserved
reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats


def ipc_collect() -> None:
    """Nothing: no memory is shared between processes."""


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """How memory is used, as text.

    >>> print(tg.cuda.memory_summary())  # doctest: +SKIP
    """
    runtime, number = _runtime(device)
    return str(runtime.summary(number))


# random numbers -------------------------------------------------------------------------------------------------------


def manual_seed_all(seed: int) -> None:
    """Start the random numbers of all CUDA devices anew; without one it does nothing, as in PyTorch.

    >>> tg.cuda.manual_seed_all(0)
    """
    _floor.seed_all(int(seed) % 2**64)


def manual_seed(seed: int) -> None:
    """Start the random numbers of the current device anew; before it is used, of all devices.

    >>> tg.cuda.manual_seed(0)
    """
    if _floor.opened():
        _opened().rng.seed(int(seed) % 2**64)
    else:
        manual_seed_all(seed)


def get_rng_state(device: Any = None) -> Any:
    """Where the random numbers of a device are, as a tensor of bytes on the CPU.

    >>> state = tg.cuda.get_rng_state()  # doctest: +SKIP
    """
    return state_as_tensor(_opened(device).rng.get_state())


def set_rng_state(new_state: Any, device: Any = None) -> None:
    """Go on from where `get_rng_state` was called.

    >>> tg.cuda.set_rng_state(state)  # doctest: +SKIP
    """
    _opened(device).rng.set_state(state_of_tensor(new_state))


def get_rng_state_all() -> list[Any]:
    """Where the random numbers of all devices are; an empty list without one.

    >>> states = tg.cuda.get_rng_state_all()  # doctest: +SKIP
    """
    return [get_rng_state(i) for i in range(device_count())]


def set_rng_state_all(new_states: Any) -> None:
    """Go on from where `get_rng_state_all` was called.

    >>> tg.cuda.set_rng_state_all(states)  # doctest: +SKIP
    """
    for i, state in enumerate(new_states):
        set_rng_state(state, i)
