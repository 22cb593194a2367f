"""Whether indices name a place: one launch, and the host waits for the answer."""

from typing import Any

import cupy
import numpy as np

from .kernels import launch


def outside(x: Any, low: int, high: int) -> bool:
    """Whether an integer lies outside of [low, high)."""
    if not x.size:
        return False
    numbers = cupy.ascontiguousarray(x.astype(np.int64, copy=False))
    found = cupy.zeros(1, dtype=np.int32)
    launch("checks", "outside", "int64", x.size, numbers, found, x.size, low, high)
    return bool(found.item())
