"""PyTorch's `accelerator`: the device beside the CPU, whichever that is; here CUDA, where there is one.

>>> import tinygrad_cnn as tg
>>> device = tg.accelerator.current_accelerator() if tg.accelerator.is_available() else tg.device("cpu")
"""

from typing import Any

from . import cuda
from .tensor.device import device as _device

__all__ = [
    "current_accelerator",
    "current_device_idx",
    "current_device_index",
    "current_stream",
    "device_count",
    "empty_cache",
    "get_memory_info",
    "is_available",
    "max_memory_allocated",
    "memory_allocated",
    "memory_reserved",
    "reset_peak_memory_stats",
    "set_device_idx",
    "set_device_index",
    "synchronize",
]

is_available = cuda.is_available
device_count = cuda.device_count
current_device_index = current_device_idx = cuda.current_device
set_device_index = set_device_idx = cuda.set_device
current_stream = cuda.current_stream
synchronize = cuda.synchronize
empty_cache = cuda.empty_cache
memory_allocated = cuda.memory_allocated
max_memory_allocated = cuda.max_memory_allocated
memory_reserved = cuda.memory_reserved
reset_peak_memory_stats = cuda.reset_peak_memory_stats
get_memory_info = cuda.mem_get_info


def current_accelerator(check_available: bool = False) -> Any:
    """The accelerator as a device without a number, None where there is none.

    Args:
        check_available: has no effect: what can't be used is never named.
    """
    return _device("cuda") if is_available() else None
