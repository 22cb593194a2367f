"""Memory of the CPU's large arrays, kept for the next one: fresh pages cost more than most kernels that write to them.

A training step asks for the same sizes again and again. What `empty` gives comes back when the last array on it has
died, views included, and the next array of about that size gets it.
"""

import os
from functools import lru_cache
from math import prod
from sys import getrefcount
from threading import RLock
from typing import Any

import numpy as np

from .base import Array
from .window import Ints

SMALL = 1 << 16  # bytes; below, the C library keeps the pages itself
ALIGNMENT = 64  # bytes: a cache line, and the widest vector register
LIMIT = 1 << 30  # bytes kept at most, or an eighth of the machine's memory if that is less


class Memory(np.ndarray[Any, Any]):
    """Aligned bytes."""

    __slots__ = ()


class Loan(np.ndarray[Any, Any]):
    """The base of all arrays on one memory: when the last of them dies so does it, and gives the memory back.

    NumPy looks through plain arrays for the base of a view, but not through classes of other names.
    """

    __slots__ = ()

    def __del__(self) -> None:
        _pool.give(self.base)


class Pool:
    """Memory that nobody uses, by size, up to a number of bytes.

    When there is too much, what goes is of the size that was not given back for the longest time.

    Attributes:
        limit: the most bytes that are kept.
        kept: how many are.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.kept = limit, 0
        self._free: dict[int, list[Array]] = {}  # the size that was given back last stands last
        # Reentrant: memory may come back whenever Python frees something, in here too.
        self._lock = RLock()

    def take(self, size: int) -> Array:
        """At least so many bytes, with any values."""
        size = size_class(size)
        with self._lock:
            if memories := self._free.get(size):
                self.kept -= size
                return memories.pop()
        try:
            return _fresh(size)
        except MemoryError:
            self.clear()
            return _fresh(size)

    def give(self, memory: Array) -> None:
        """Keep memory that nobody uses, unless it is more than may be kept."""
        size = len(memory)
        if size > self.limit:
            return
        with self._lock:
            memories = self._free.pop(size, None) or []
            memories.append(memory)
            self._free[size] = memories
            self.kept += size
            if self.kept > self.limit:
                self._shrink()

    def set_limit(self, limit: int) -> None:
        """Keep no more than so many bytes from now on."""
        with self._lock:
            self.limit = limit
            self._shrink()

    def clear(self) -> None:
        """Give all that is kept back to the system."""
        with self._lock:
            self._free, self.kept = {}, 0

    def _shrink(self) -> None:
        while self.kept > self.limit:
            size = next(iter(self._free))
            if self._free[size]:
                self.kept -= size
                self._free[size].pop()
            else:
                del self._free[size]


@lru_cache(maxsize=4096)
def size_class(size: int) -> int:
    """The size rounded up to one of eight per power of two: similar sizes share, and at most an eighth is wasted."""
    step = 1 << max(size.bit_length() - 4, 6)
    return -(-size // step) * step


def _fresh(size: int) -> Array:
    memory = np.ndarray.__new__(Memory, (size + ALIGNMENT,), np.uint8)
    return memory[-memory.ctypes.data % ALIGNMENT :][:size]


def _machine() -> int:
    """Bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 * LIMIT


_pool = Pool(min(LIMIT, _machine() // 8))


def empty(shape: Ints, dtype: Any = np.float32) -> Array:
    """Memory with any values for what a kernel returns, in row-major order."""
    size = prod(shape) * np.dtype(dtype).itemsize
    if size < SMALL:
        return np.empty(shape, dtype)
    memory = _pool.take(size)
    return np.ndarray(shape, dtype, np.ndarray.__new__(Loan, (len(memory),), np.uint8, memory))


def channels_at_end(x: Array) -> Array:
    """A view of images (N, C, …) as (N, …, C), without the checks of `np.moveaxis`: they cost microseconds."""
    return x.transpose(0, *range(2, x.ndim), 1)


def channels_second(x: Array) -> Array:
    """The inverse of `channels_at_end`: (N, …, C) as (N, C, …)."""
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def _holders(view: Array) -> int:
    """How many hold the base of a view, as Python counts; that differs between its versions."""
    return getrefcount(view.base)


ONE_HOLDER = _holders(np.empty((2, 2)).T)


def is_alone(x: Array) -> bool:
    """Whether no other array looks at the memory of x: x is what `empty` gave, or all of it in another shape."""
    while type(x.base) is np.ndarray and x.base.size == x.size and _holders(x) == ONE_HOLDER:
        x = x.base
    return x.base is None or type(x.base) is Loan


def empty_cache() -> None:
    """Give the memory that is kept for later arrays back to the system."""
    _pool.clear()


def kept_bytes() -> int:
    """How much memory is kept for later arrays."""
    return _pool.kept


def set_kept_bytes(limit: int) -> None:
    """How much memory may be kept for later arrays; 0 for none."""
    _pool.set_limit(limit)


def _after_fork() -> None:
    """In a child: a thread that does not exist there may have held the lock, and writing to kept pages copies them."""
    global _pool  # noqa: PLW0603
    _pool = Pool(_pool.limit)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
