"""How arrays lie in memory, for kernels that want it in one run."""

import numpy as np

from ..base import Array


def memory_order(x: Array) -> list[int]:
    """The dimensions from the widest stride to the narrowest."""
    strides = x.strides
    return sorted(range(x.ndim), key=lambda dim: -strides[dim])


def flat_views(*arrays: Array) -> list[Array] | None:
    """float32 arrays of one shape and one memory order without gaps, as views of one dimension; None for others."""
    first = arrays[0]
    if any(x.dtype != np.float32 or x.strides != first.strides or x.shape != first.shape for x in arrays):
        return None
    if first.flags.c_contiguous:
        return [x.reshape(-1) for x in arrays]
    order = memory_order(first)
    if not first.transpose(order).flags.c_contiguous:
        return None
    return [x.transpose(order).reshape(-1) for x in arrays]


def channels_last(x: Array) -> Array:
    """Images (N, C, H, W) as (N, H, W, C), copied where their memory has another order."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))
