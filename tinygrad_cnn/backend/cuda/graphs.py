"""Work captured into a CUDA graph and launched as one: its memory, and the numbers of the host that it reads.

While a stream captures nothing is computed. What the kernels were given is kept as it was: addresses, so memory is of a
pool of the graph's own; and numbers, so those that change from launch to launch lie in the device's memory and are
written there before. What the host would upload is uploaded once, when the capture is over.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import local
from typing import Any

import cupy
import numpy as np

from ..graph import Graph, StaleGraph
from ..switches import cuda_switches, cudnn_switches
from . import cublas
from .array import in_rows, memory_order, own
from .kernels import computing_type, launch
from .memory import empty

NUMBERS = 8  # of `Numbers` in `source/optimizers.cu`


def numbers_argument(kind: str, numbers: tuple[float, ...]) -> Any:
    """The C structure `Numbers`, to be passed by value."""
    packed = np.zeros((), dtype=[("value", computing_type(_stored(kind)), (NUMBERS,))])
    packed["value"][: len(numbers)] = numbers
    return packed


def _stored(kind: str) -> str:
    return "float32" if kind == "bfloat16" else kind


class Slot:
    """Numbers that a captured kernel reads when it runs.

    Args:
        identity: which kernel works on which arrays.
    """

    def __init__(self, kind: str, identity: Any, numbers: tuple[float, ...]) -> None:
        self.kind, self.identity, self.numbers = kind, identity, numbers
        self.array = empty((NUMBERS,), np.dtype(computing_type(_stored(kind))))

    def write(self, numbers: tuple[float, ...]) -> None:
        """Let launches from now on, in this stream, find other numbers."""
        if numbers != self.numbers:
            launch("optimizers", "hold", self.kind, 1, self.array, numbers_argument(self.kind, numbers), threads=1)
            self.numbers = numbers


class _Now(local):
    """What this thread is doing.

    Attributes:
        graph: what it captures into.
        slots: those that a repeated step writes numbers to, in its order, in place of computing.
    """

    graph: "CudaGraph | None" = None
    slots: Iterator[Slot] | None = None


_now = _Now()


def capturing() -> "CudaGraph | None":
    """The graph that this thread captures into."""
    return _now.graph


def rehearsed() -> Iterator[Slot] | None:
    """Where numbers go to while the host's part of a step is repeated; None while it is not."""
    return _now.slots


def upload(values: Any) -> Any:
    """Constants of the host (an array of NumPy) as an array; inside a capture it is filled when that is over."""
    if _now.graph is None or not values.ndim or not values.size:
        return own(cupy.asarray(values))
    return _now.graph.filled_later(values)


def _no_transfer(size: int) -> Any:
    """Pinned memory for other threads, which may upload in the meantime."""
    if _now.graph is None:
        return cupy.get_default_pinned_memory_pool().malloc(size)
    raise RuntimeError("something is copied from the host, which would be copied from there again and again")


_left: list[Any] = []  # pools of graphs that are gone; arrays may still lie there


def release() -> None:
    """Give memory of graphs that are gone back to the driver. A pool of CuPy's that dies keeps it for ever."""
    for pool in list(_left):
        pool.free_all_blocks()
        if not pool.total_bytes():
            _left.remove(pool)


class CudaGraph(Graph):
    """`Graph` by CUDA's stream capture."""

    def __init__(self) -> None:
        release()
        self.stream = cupy.cuda.Stream(non_blocking=True)
        self.pool = cupy.cuda.MemoryPool()
        self.slots: list[Slot] = []
        self._later: list[tuple[Any, Any]] = []
        self._graph: Any = None
        self._launched_in: Any = None
        self._workspace: Any = None  # of cuBLAS, whose address the graph knows
        self._settings = _settings()

    def __del__(self) -> None:
        if hasattr(self, "pool"):
            _left.append(self.pool)

    @contextmanager
    def capture(self) -> Iterator[None]:
        """`Graph.capture`."""
        collecting = gc.isenabled()
        gc.disable()  # what it frees may be anything
        cupy.cuda.set_pinned_memory_allocator(_no_transfer)
        _now.graph = self
        try:
            with cupy.cuda.using_allocator(self.pool.malloc), self.stream:
                self.stream.begin_capture()
                try:
                    yield
                except BaseException:
                    with suppress(Exception):  # an invalid capture ends with an error
                        self.stream.end_capture()
                    raise
                self._graph = self.stream.end_capture()
        finally:
            _now.graph = None
            self._workspace = cublas.take_workspace(self.stream.ptr)
            cupy.cuda.set_pinned_memory_allocator(cupy.get_default_pinned_memory_pool().malloc)
            if collecting:
                gc.enable()
        for slot in self.slots:
            packed = numbers_argument(slot.kind, slot.numbers)
            launch("optimizers", "hold", slot.kind, 1, slot.array, packed, threads=1)
        for target, values in self._later:
            target.set(values)

    def filled_later(self, values: Any) -> Any:
        """Memory for an array of the host, which is copied there once the capture is over."""
        values = np.ascontiguousarray(values)
        target = empty(values.shape, values.dtype)
        self._later.append((target, values))
        return target

    def slot(self, kind: str, identity: Any, numbers: tuple[float, ...]) -> Slot:
        """A new place for numbers."""
        self.slots.append(Slot(kind, identity, numbers))
        return self.slots[-1]

    @contextmanager
    def rehearse(self, first: int, last: int) -> Iterator[None]:
        """`Graph.rehearse`."""
        self._follow()
        _now.slots = iter(self.slots[first:last])
        try:
            yield
            if next(_now.slots, None) is not None:
                raise StaleGraph
        finally:
            _now.slots = None

    @property
    def mark(self) -> int:
        """`Graph.mark`."""
        return len(self.slots)

    def fits(self) -> bool:
        """`Graph.fits`."""
        return self._settings == _settings()

    def launch(self) -> None:
        """`Graph.launch`."""
        self._follow()
        self._graph.launch(self._launched_in)

    def _follow(self) -> None:
        """Go on in the current stream, behind the last launch: there is one memory for all of them."""
        stream = cupy.cuda.get_current_stream()
        if self._launched_in is not None and self._launched_in != stream:
            stream.wait_event(self._launched_in.record())
        self._launched_in = stream

    def copy(self, x: Any) -> Any:
        """`Graph.copy`."""
        return own(x.copy(order="K"))

    def fill(self, target: Any, x: Any) -> None:
        """`Graph.fill`."""
        if x is target or not x.size:
            return
        self._follow()
        if x.strides == target.strides and (in_rows(x) or in_rows(x.transpose(memory_order(x)))):
            target.data.copy_from_device_async(x.data, x.nbytes)
        else:
            target[...] = x


def _settings() -> tuple[Any, ...]:
    """What decides which kernels are captured."""
    return (*sorted(vars(cudnn_switches).items()), *sorted(vars(cuda_switches).items()))
