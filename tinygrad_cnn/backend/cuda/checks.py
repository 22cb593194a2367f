"""Whether indices name a place: one launch, and the host waits for the answer."""

from threading import local
from typing import Any

import cupy
import numpy as np

from .kernels import launch


class _Answer(local):
    """A number of this thread in the host's pinned memory, where a kernel writes to without a copy."""

    number: Any = None
    address = np.uint64(0)

    def get(self) -> Any:
        if self.number is None:
            self.number = np.frombuffer(cupy.cuda.alloc_pinned_memory(4), np.int32, 1)
            self.address = np.uint64(self.number.ctypes.data)
        return self.number


_answer = _Answer()


def outside(x: Any, low: int, high: int) -> bool:
    """Whether an integer lies outside of [low, high).

    Raises:
        RuntimeError: while a stream captures, when nothing is computed.
    """
    if not x.size:
        return False
    stream = cupy.cuda.get_current_stream()
    if stream.is_capturing():
        raise RuntimeError("values are read: whether indices are in range")
    numbers, found = cupy.ascontiguousarray(x.astype(np.int64, copy=False)), _answer.get()
    found[0] = 0
    launch("checks", "outside", "int64", x.size, numbers, _answer.address, x.size, low, high)
    stream.synchronize()
    return bool(found[0])
