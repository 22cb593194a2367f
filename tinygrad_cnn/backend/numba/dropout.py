"""Dropout with a counter-based generator: the random bits of a value depend on a key and the value's place alone.

So one pass draws and applies, and any number of threads gives the same mask.
"""

from typing import Any

import numpy as np
from numba import prange

from .compile import kernel, serial

BLOCK = 1 << 12
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@serial
def philox(key: Any, block: Any, words: Any) -> None:
    """Philox4x32-10 (Salmon et al. 2011) at counters (i, block, 0, 0): 32 random bits in each of words (4, n)."""
    first, second, third, fourth = words[0], words[1], words[2], words[3]
    for i in range(len(first)):
        a, b, c, d = np.uint64(i), block, np.uint64(0), np.uint64(0)
        k0, k1 = key & LOW, key >> HALF
        for _ in range(10):
            p, q = M0 * a, M1 * c
            a, b, c, d = (q >> HALF) ^ b ^ k0, q & LOW, (p >> HALF) ^ d ^ k1, p & LOW
            k0, k1 = (k0 + W0) & LOW, (k1 + W1) & LOW
        first[i], second[i], third[i], fourth[i] = a, b, c, d


@serial
def _drop_block(x: Any, bits: Any, threshold: Any, scale: Any, out: Any, mask: Any) -> None:
    for i in range(len(x)):
        kept = bits[i] < threshold
        mask[i] = kept
        out[i] = x[i] * (scale if kept else np.float32(0))


@kernel
def drop(x: Any, key: Any, threshold: Any, scale: Any, out: Any, mask: Any) -> None:
    """Keep a value where its random bits are below the threshold, scaled; else times 0."""
    for block in prange((len(x) + BLOCK - 1) // BLOCK):
        words = np.empty((4, BLOCK // 4), dtype=np.uint32)
        philox(key, np.uint64(block), words)
        at = slice(block * BLOCK, (block + 1) * BLOCK)
        _drop_block(x[at], words.reshape(-1), threshold, scale, out[at], mask[at])


@serial
def _mask_block(x: Any, mask: Any, scale: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = x[i] * (scale if mask[i] else np.float32(0))


@kernel
def mask_all(x: Any, mask: Any, scale: Any, out: Any) -> None:
    """x · scale where the mask holds, else times 0."""
    for block in prange((len(x) + BLOCK - 1) // BLOCK):
        at = slice(block * BLOCK, (block + 1) * BLOCK)
        _mask_block(x[at], mask[at], scale, out[at])
