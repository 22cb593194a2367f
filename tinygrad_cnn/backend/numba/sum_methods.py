"""Sums per channel, of a batch and of each image, through compiled kernels."""

from math import gcd

import numpy as np

from ..base import Array
from ..memory import channels_at_end
from ..numpy import NumpyBackend
from .lazy import kernels
from .memory import image_blocks

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

    # NumPy adds row after row of channels, each with a call of its inner loop.

    def pixel_sum(self, x: Array) -> Array:
        """`Backend.pixel_sum` of channels-last memory, in blocks of rows that are added in float64."""
        last = channels_at_end(x)
        if x.size < SMALL or x.dtype != np.float32 or not last.flags.c_contiguous:
            return super().pixel_sum(x)
        fold, blocks = image_blocks(x, WIDE, BLOCK)
        rows = last.reshape(-1, fold * x.shape[1])
        parts = np.empty((len(x) * blocks, rows.shape[1]), dtype=np.float32)
        kernels.sums.block_sums.fitting(x.size * COST)(rows, len(rows) // len(parts), parts)
        if fold * blocks == 1:
            return parts
        return parts.reshape(len(x), -1, x.shape[1]).sum(axis=1, dtype=np.float64).astype(np.float32)
