"""CUDA devices: which there are, their streams and memory. Where there is none the answers say so.

>>> import tinygrad_cnn as tg
>>> device = "cuda" if tg.cuda.is_available() else "cpu"
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..backend import cuda as _floor
from ..backend import get_backend
from ..errors import OutOfMemoryError
from . import amp
from .memory import (
    empty_cache,
    ipc_collect,
    max_memory_allocated,
    max_memory_cached,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_cached,
    memory_reserved,
    memory_summary,
    reset_max_memory_allocated,
    reset_max_memory_cached,
    reset_peak_memory_stats,
)
from .opened import number_of, opened, runtime_of
from .random import get_rng_state, get_rng_state_all, manual_seed, manual_seed_all, set_rng_state, set_rng_state_all
from .tensor_types import (
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


def current_device() -> int:
    """The number of the device that `cuda` without a number means.

    Raises:
        RuntimeError: when there is none.

    >>> tg.cuda.current_device()  # doctest: +SKIP
    """
    return int(opened().index)


def init() -> None:
    """Open the current device, which its first use does anyway.

    >>> tg.cuda.init()  # doctest: +SKIP
    """
    opened()


def is_initialized() -> bool:
    """Whether a device has been used.

    >>> tg.cuda.is_initialized() in (True, False)
    True
    """
    return bool(_floor.opened())


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether tensors of dtype bfloat16 can be computed with on the current device: they are widened, so always.

    >>> tg.cuda.is_bf16_supported() in (True, False)
    True
    """
    return is_available()


def set_device(device: Any) -> None:
    """Let `cuda` mean this device from now on; a negative number changes nothing.

    Raises:
        RuntimeError: when there is no such device.

    >>> tg.cuda.set_device(0)  # doctest: +SKIP
    """
    number = number_of(device)
    if number >= 0:
        get_backend(f"cuda:{number}")
        _floor.set_current_device(number)


class device:  # noqa: N801 - PyTorch's name
    """A block in which `cuda` means another device.

    >>> with tg.cuda.device(1):  # doctest: +SKIP
    ...     x = tg.ones(2, device="cuda")
    """

    def __init__(self, device: Any) -> None:
        self.idx = number_of(device)

    def __enter__(self) -> None:
        self._before = _floor.current_device()
        set_device(self.idx)

    def __exit__(self, *error: object) -> None:
        _floor.set_current_device(self._before)


def get_device_properties(device: Any = None) -> Any:
    """Name, compute capability, memory and multiprocessors of a device.

    >>> tg.cuda.get_device_properties(0).total_memory  # doctest: +SKIP
    """
    runtime, number = runtime_of(device)
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
    opened(device).synchronize()


def Stream(device: Any = None, priority: int = 0) -> Any:  # noqa: N802 - PyTorch's name
    """A queue of work; its methods are PyTorch's. Work of two streams may run at once.

    >>> side = tg.cuda.Stream()  # doctest: +SKIP
    """
    return runtime_of(device)[0].Stream(device, priority)


def Event(enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> Any:  # noqa: N802
    """A mark in a stream, for waiting and for measuring; its methods are PyTorch's.

    >>> start = tg.cuda.Event(enable_timing=True)  # doctest: +SKIP
    """
    return runtime_of()[0].Event(enable_timing, blocking, interprocess)


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
    return runtime_of(device)[0].current_stream()


def default_stream(device: Any = None) -> Any:
    """Where work goes to unless it is said otherwise.

    >>> tg.cuda.default_stream().synchronize()  # doctest: +SKIP
    """
    return runtime_of(device)[0].default_stream()
