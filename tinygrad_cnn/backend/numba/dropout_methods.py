"""Dropout through compiled kernels."""

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend
from ..window import Ints
from .lazy import kernels
from .memory import empty_like, flat_views, in_order_of

SMALL = 1 << 12  # fewer values cost less than the calls around a compiled kernel
DRAW, APPLY = 8e-4, 1.2e-4  # microseconds per value on one thread


class DropoutKernels(NumpyBackend):
    """The backend's dropout."""

    # NumPy draws, compares, multiplies and scales in passes of their own; a generator that counts does all in one.

    def dropout(self, x: Array, p: float, shape: Ints) -> tuple[Array, Array]:
        """`Backend.dropout` in one pass; the backend's generator gives the key."""
        threshold = round((1 - p) * 2**32)
        if shape != x.shape or x.size < SMALL or not 0 < threshold < 2**32:
            return super().dropout(x, p, shape)
        out, mask = empty_like(x), empty_like(x, np.bool_)
        if (flat := flat_views(x, out, mask)) is None:
            return super().dropout(x, p, shape)
        dropout = kernels.dropout

        key = np.uint64(self.rng.integers(0, 2**63 - 1, (), np.int64))
        values, *results = flat
        dropout.drop.fitting(x.size * DRAW)(values, key, np.uint32(threshold), np.float32(1 / (1 - p)), *results)
        return out, mask

    def apply_mask(self, x: Array, mask: Array, p: float) -> Array:
        """`Backend.apply_mask` in one pass."""
        if mask.shape != x.shape or x.size < 4 * SMALL or p >= 1:
            return super().apply_mask(x, mask, p)
        out = empty_like(mask, x.dtype)
        if (flat := flat_views(out, mask, in_order_of(mask, x))) is None:
            return super().apply_mask(x, mask, p)
        dropout = kernels.dropout

        result, kept, values = flat
        dropout.mask_all.fitting(x.size * APPLY)(values, kept, np.float32(1 / (1 - p)), result)
        return out
