"""Convolution on CUDA by cuDNN where it is installed and has a plan, by columns where not; the results are the same."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from threading import get_ident, local
from typing import Any

import cupy

from ..memory import channels_second
from ..switches import cudnn_switches
from ..window import Ints, Window
from . import cudnn
from .convolution import ColumnConvolution
from .kernels import type_name
from .memory import channels_last, contiguous, empty

RUNS = 3  # of a plan that is timed


class _Handles(local):
    """cuDNN for the devices of one thread: a handle must not be used by two threads at once."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, int]] = {}

    def get(self, device: int, stream: int) -> Any:
        """The handle for a device, set to a stream."""
        handle, now = self.known.get(device, (None, -1))
        if handle is None:
            handle = ctypes.c_void_p()
            cudnn.check(cudnn.library().cudnnCreate(ctypes.byref(handle)))
        if now != stream:
            cudnn.check(cudnn.library().cudnnSetStream(handle, stream))
            self.known[device] = handle, stream
        return handle


_handle = _Handles().get


class _Choice:
    """The plans for a convolution, the one to be run first: the first, or the fastest of the first `timed`."""

    def __init__(self, found: Iterator[cudnn.Plan], seconds: Callable[[cudnn.Plan], float], timed: int) -> None:
        self._others = found
        self._tried = sorted(islice(found, timed), key=seconds) if timed > 1 else []
        self.plan: cudnn.Plan | None = None
        self.take_next()

    def take_next(self) -> None:
        """Give up the plan that failed for the next one, None after the last."""
        self.plan = self._tried.pop(0) if self._tried else next(self._others, None)


@lru_cache(maxsize=4096)
def _choice(
    kind: str, x: Ints, w: Ints, y: Ints, window: Window, dtype: str, tf32: bool, deterministic: bool, timed: int,
    device: int, thread: int,
) -> _Choice:  # fmt: skip
    shapes = {"x": x, "w": w, "y": y}
    handle = _handle(device, cupy.cuda.get_current_stream().ptr)
    options: dict[str, Any] = {"tf32": tf32, "deterministic": deterministic, "handle": handle}
    found = _unless_refused(lambda: cudnn.plans(kind, shapes, window, dtype, **options))
    return _Choice(found, lambda plan: _seconds(plan, handle, shapes, dtype), timed)


def _unless_refused(plans: Callable[[], Iterator[cudnn.Plan]]) -> Iterator[cudnn.Plan]:
    """The plans, none where cuDNN does not take the convolution at all."""
    with suppress(cudnn.CudnnError):
        yield from plans()


def _seconds(plan: cudnn.Plan, handle: Any, shapes: dict[str, Ints], dtype: str) -> float:
    """How long a plan runs, on memory of its own; infinite if it fails."""
    tensors = {name: cupy.zeros(shape, dtype=dtype) for name, shape in shapes.items()}
    x, w, y = (tensors[name].data.ptr for name in "xwy")
    workspace, start, end = cupy.cuda.alloc(max(plan.workspace, 1)), cupy.cuda.Event(), cupy.cuda.Event()
    try:
        plan.run(handle, x, w, y, workspace.ptr)
        start.record()
        for _ in range(RUNS):
            plan.run(handle, x, w, y, workspace.ptr)
        end.record()
        end.synchronize()
    except cudnn.CudnnError:
        return float("inf")
    return float(cupy.cuda.get_elapsed_time(start, end))


def _aligned(x: Any) -> Any:
    """A part of an array may begin anywhere; cuDNN was promised more."""
    return x if not x.data.ptr % cudnn.ALIGNMENT else x.copy()


def _in_two(shape: Ints) -> Ints:
    """(N, C, L) as (N, C, 1, L): cuDNN knows no images of one dimension."""
    return (*shape[:2], 1, shape[2]) if len(shape) == 3 else tuple(shape)


def _window(window: Window) -> Window:
    if window.rank > 1:
        return window
    (size,), (stride,), (dilation,) = window.size, window.stride, window.dilation
    return Window((1, size), (1, stride), ((0, 0), window.padding[0]), (1, dilation), window.groups, op=window.op)


class CudnnConvolution(ColumnConvolution):
    """Convolution by cuDNN, chosen call by call."""

    def _run(self, kind: str, window: Window, shapes: tuple[Ints, Ints, Ints], x: Any, w: Any, y: Any) -> bool:
        """Fill the last of the arrays (channels last) that the kind makes; False if cuDNN does not do it."""
        if not cudnn_switches.enabled or cudnn.library() is None or not x.size or not w.size or not y.size:
            return False
        if window.ceil_mode or window.rank > 3 or type_name(x.dtype) not in cudnn.STORED:
            return False
        device, stream = cupy.cuda.get_device_id(), cupy.cuda.get_current_stream().ptr
        timed = cudnn_switches.benchmark_limit or 64 if cudnn_switches.benchmark else 0
        choice = _choice(
            kind, *map(_in_two, shapes), _window(window), type_name(x.dtype), cudnn_switches.allow_tf32,
            cudnn_switches.deterministic, timed, device, get_ident(),
        )  # fmt: skip
        x, w, y = map(_aligned, (x, w, y))
        while (plan := choice.plan) is not None:
            workspace = cupy.cuda.alloc(max(plan.workspace, 1))  # of the pool, in the stream's order
            try:
                plan.run(_handle(device, stream), x.data.ptr, w.data.ptr, y.data.ptr, workspace.ptr)
            except cudnn.CudnnError:  # some plans are refused only now
                choice.take_next()
            else:
                return True
        return False

    def _forward(self, x: Any, w: Any, window: Window) -> Any:
        output = window.output_size(x.shape[2:])
        shape = (len(x), w.shape[0], *output)
        rows, kernels, out = channels_last(x), channels_last(w), empty((len(x), *output, w.shape[0]), x.dtype)
        if self._run("output", window, (tuple(x.shape), tuple(w.shape), shape), rows, kernels, out):
            return out
        return super()._forward(x, w, window)

    def conv2d_input_grad(self, g: Any, w: Any, shape: Ints, window: Window) -> Any:
        """`Backend.conv2d_input_grad`."""
        if g.dtype == w.dtype:
            out = empty((shape[0], *shape[2:], shape[1]), g.dtype)
            shapes = (tuple(shape), tuple(w.shape), tuple(g.shape))
            if self._run("input_grad", window, shapes, out, channels_last(w), channels_last(g)):
                return channels_second(out)
        return super().conv2d_input_grad(g, w, shape, window)

    def conv2d_weight_grad(self, g: Any, x: Any, window: Window) -> Any:
        """`Backend.conv2d_weight_grad`."""
        if g.dtype == x.dtype:
            shape = (g.shape[1], x.shape[1] // window.groups, *window.size)
            out = empty((shape[0], *shape[2:], shape[1]), x.dtype)
            shapes = (tuple(x.shape), shape, tuple(g.shape))
            if self._run("weight_grad", window, shapes, channels_last(x), out, channels_last(g)):
                return contiguous(channels_second(out))
        return super().conv2d_weight_grad(g, x, window)
