"""Sums per channel through a compiled kernel."""

from math import gcd

import numpy as np

from ..base import Array
from ..memory import channels_at_end
from ..numpy import NumpyBackend
from .lazy import kernels

SMALL = 1 << 14  # fewer values cost less than the calls around a compiled kernel
COST = 1e-4  # microseconds per value on one thread
BLOCK = 1 << 13  # values in a block of rows
WIDE = 64  # columns that keep a loop over them in vector registers


class SumKernels(NumpyBackend):
    """The backend's sums."""

    # BLAS, which NumPy uses for it, has threads of its own that spin.

    def channel_sum(self, x: Array) -> Array:
        """`Backend.channel_sum` of channels-last memory, in blocks of rows that are added in float64."""
        last = channels_at_end(x)
        if x.size < SMALL or x.dtype != np.float32 or not last.flags.c_contiguous:
            return super().channel_sum(x)
        sums = kernels.sums

        channels = x.shape[1]
        fold = gcd(x.size // channels, 1 << (max(WIDE // channels, 1).bit_length() - 1))
        rows = last.reshape(-1, fold * channels)
        step = max(BLOCK // rows.shape[1], 1)
        out = np.empty(channels, dtype=np.float32)
        sums.column_sums.fitting(x.size * COST)(rows, step, out)
        return out
