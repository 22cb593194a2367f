"""Memory that several processes see."""

import os
from mmap import mmap
from multiprocessing import reduction
from tempfile import TemporaryFile
from typing import Any, Self

import numpy as np


class SharedMemory(mmap):
    r"""A file without a name, as memory: nothing is left over when a process is killed.

    Forked processes see it as it is, and one that is sent to another process is attached to there.

    >>> memory = SharedMemory(8)
    >>> memory[0] = 7
    >>> memory[:2]
    b'\x07\x00'
    """

    file: int

    def __new__(cls, size: int, file: int | None = None) -> Self:
        file = _file_without_name(size) if file is None else file
        memory = super().__new__(cls, file, size)
        memory.file = file
        return memory

    def __reduce__(self) -> Any:
        return _attach, (len(self), reduction.DupFd(self.file))

    def __del__(self) -> None:
        os.close(self.file)


def _attach(size: int, file: Any) -> SharedMemory:
    return SharedMemory(size, file.detach())


def _file_without_name(size: int) -> int:
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("shared")
    else:
        with TemporaryFile() as temporary:
            file = os.dup(temporary.fileno())
    os.ftruncate(file, size)
    return file


def memory_of(array: Any) -> SharedMemory | None:
    """The shared memory that an array of NumPy's lies in, if it does."""
    while isinstance(array, np.ndarray | memoryview):
        array = array.obj if isinstance(array, memoryview) else array.base
    return array if isinstance(array, SharedMemory) else None


def in_shared_memory(array: Any) -> Any:
    """The same values there, in row-major order."""
    shared = np.frombuffer(SharedMemory(max(array.nbytes, 1)), np.uint8)[: array.nbytes]
    shared = shared.view(array.dtype).reshape(array.shape)
    shared[...] = array
    return shared


def place_in(memory: SharedMemory, array: Any) -> tuple[Any, ...]:
    """Where in the memory an array lies, for `array_at`."""
    start = array.__array_interface__["data"][0] - np.frombuffer(memory, np.uint8).__array_interface__["data"][0]
    return start, array.shape, array.strides, array.dtype


def array_at(memory: SharedMemory, start: int, shape: Any, strides: Any, dtype: Any) -> Any:
    """The array that lies there."""
    return np.ndarray(shape, dtype, memory, start, strides)
