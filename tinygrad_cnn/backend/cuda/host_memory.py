"""Memory of the host that the device reads by itself, while the processor goes on."""

from collections import deque
from typing import Any

import cupy
import numpy as np

from .array import own
from .memory import empty

_flying: deque[tuple[Any, Any]] = deque()  # copies that may not be over: the mark behind each, and what it reads


def pinned(x: Any) -> Any:
    """A copy of an array of the host in pinned memory."""
    if not x.nbytes:
        return x
    memory = cupy.cuda.alloc_pinned_memory(x.nbytes)
    copy = np.frombuffer(memory, np.uint8, x.nbytes).view(x.dtype).reshape(x.shape)
    copy[...] = x
    return copy


def is_pinned(x: Any) -> bool:
    """Whether an array of the host lies in memory that `pinned` gave."""
    while isinstance(x, np.ndarray):
        x = x.base
    x = x.obj if isinstance(x, memoryview) else x
    return isinstance(x, cupy.cuda.PinnedMemoryPointer)


def upload_pinned(x: Any) -> Any:
    """A row-major array in pinned memory on the device. The copy may still go on; `wait` waits for it."""
    while _flying and _flying[0][0].done:
        _flying.popleft()
    out = empty(x.shape, x.dtype)
    out.data.copy_from_host_async(x.ctypes.data, x.nbytes)
    mark = cupy.cuda.Event(disable_timing=True)
    mark.record()
    _flying.append((mark, x))
    return own(out)


def wait() -> None:
    """Wait for all copies out of pinned memory."""
    while _flying:
        _flying.popleft()[0].synchronize()
