"""Memory that a kernel needs while it runs, kept for the next one: fresh pages cost more than what is written there."""

from threading import local
from typing import Any

import numpy as np

# The most that one Python thread keeps for one purpose.
KEPT_BYTES = 64 << 20

_kept = local()


def take(purpose: str, *shape: int) -> Any:
    """An array of float32 with any values; its memory is the purpose's until it is taken again."""
    size = 1
    for n in shape:
        size *= n
    memory = getattr(_kept, purpose, None)
    if memory is None or memory.size < size:
        memory = np.empty(size, dtype=np.float32)
        if memory.nbytes <= KEPT_BYTES:
            setattr(_kept, purpose, memory)
    return memory[:size].reshape(shape)
