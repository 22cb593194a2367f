"""How a batch gets from a worker to the main process: a small one through the pipe, a large one in shared memory."""

import os
import pickle
from itertools import pairwise
from mmap import mmap
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from ..backend.memory import empty, size_class

SMALL = 1 << 15  # bytes; up to here a pipe is as fast, and never full with a few messages
ALIGNMENT = 64  # bytes, of the arrays in shared memory


class Slot:
    """Memory that two processes see, as large as the largest batch that was in it.

    It is a file without a name (`memfd_create`): nothing is left over when a process is killed, and the size of
    /dev/shm is no limit.
    """

    def __init__(self, file: int | None = None) -> None:
        self.file = os.memfd_create("batch") if file is None else file
        self.mapped: mmap | None = None

    def __reduce__(self) -> Any:
        return _attach, (reduction.DupFd(self.file),)

    def memory(self, size: int) -> Any:
        """At least so many bytes, as an array."""
        if self.mapped is None or len(self.mapped) < size:
            there = os.fstat(self.file).st_size
            if there < size:
                there = -(-size_class(size) // 4096) * 4096
                os.ftruncate(self.file, there)
            self.mapped = mmap(self.file, there)
        return np.frombuffer(self.mapped, np.uint8)

    def close(self) -> None:
        """Give the memory back."""
        self.mapped = None
        if self.file >= 0:
            os.close(self.file)
            self.file = -1

    def __del__(self) -> None:
        self.close()


def _attach(file: Any) -> Slot:
    return Slot(file.detach())


def slots(count: int) -> list[Slot]:
    """So many slots for one worker's batches; none where the system has no files without names."""
    return [Slot() for _ in range(count)] if hasattr(os, "memfd_create") else []


def send(pipe: "Connection[Any, Any]", heading: Any, value: Any, slot: Slot | None) -> None:
    """Send a value with a heading; its arrays, if they are large, by the slot."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(body), *(buffer.raw() for buffer in buffers)]
    ends = [0]
    for part in parts:
        ends.append(ends[-1] + -(-part.nbytes // ALIGNMENT) * ALIGNMENT)
    if slot is None or ends[-1] <= SMALL:
        pipe.send((heading, [bytearray(part) for part in parts], None))
        return
    memory = slot.memory(ends[-1])
    for start, part in zip(ends, parts, strict=False):
        memory[start : start + part.nbytes] = np.frombuffer(part, np.uint8)
    pipe.send((heading, [part.nbytes for part in parts], ends))


def receive(pipe: "Connection[Any, Any]") -> tuple[Any, Any]:
    """What `send` sent: the heading, and what `unpack` needs to give the value."""
    heading, parts, ends = pipe.recv()
    return heading, (parts, ends)


def unpack(packed: Any, slot: Slot | None) -> Any:
    """The value that was sent. Arrays are copied out of the slot, so that the worker may use it again."""
    parts, ends = packed
    if slot is not None and ends is not None:
        ours = empty((ends[-1],), np.uint8)  # memory that earlier batches have left, as a rule
        np.copyto(ours, slot.memory(ends[-1])[: ends[-1]])
        parts = [ours[start : start + size] for (start, _), size in zip(pairwise(ends), parts, strict=True)]
    body, *buffers = parts
    return pickle.loads(body, buffers=buffers)
