"""cuDNN's convolutions through its graph interface in C, version 9: plans, which are made once per shape and then run.

A plan needs no device to be made if the device is described instead, which is how the tests make them. The numbers
below are those of `cudnn_graph_v9.h`.
"""

import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from ..window import Ints, Window

# cudnnBackendDescriptorType_t
CONVOLUTION, ENGINE, ENGINE_CONFIG, HEURISTICS, PLAN = 1, 2, 3, 4, 5
GRAPH, VARIANT_PACK, TENSOR, DEVICE = 15, 16, 17, 38
# cudnnBackendAttributeType_t
OF_HANDLE, OF_DTYPE, OF_BOOL, OF_INT64, OF_FLOAT, OF_DOUBLE, OF_POINTER, OF_MODE, OF_HEURISTIC = range(9)
OF_NOTE, OF_DESCRIPTOR, OF_CHAR = 11, 15, 24
C_TYPES = {
    OF_HANDLE: ctypes.c_void_p,
    OF_BOOL: ctypes.c_bool,
    OF_INT64: ctypes.c_int64,
    OF_FLOAT: ctypes.c_float,
    OF_DOUBLE: ctypes.c_double,
    OF_POINTER: ctypes.c_void_p,
    OF_DESCRIPTOR: ctypes.c_void_p,
    OF_CHAR: ctypes.c_char,
}
STORED = {"float32": 0, "float64": 1, "float16": 2, "bfloat16": 9}  # cudnnDataType_t
CROSS_CORRELATION = 1
BEST_FIRST, FALLBACK = 3, 2  # cudnnBackendHeurMode_t: mode A, and engines for what it does not know
# cudnnBackendNumericalNote_t
TENSOR_CORES, ROUNDED_INPUTS, ROUNDED_SUMS, UNORDERED = 0, 1, 2, 4
# For each kind: its operation, the attributes alpha, beta and convolution, and those of the tensors.
KINDS = {
    "output": (10, 700, 701, 702, {"w": 703, "x": 704, "y": 705}),
    "input_grad": (12, 706, 707, 708, {"w": 709, "x": 710, "y": 711}),
    "weight_grad": (11, 712, 713, 714, {"w": 715, "x": 716, "y": 717}),
}
NAMES = {"x": 1, "w": 2, "y": 3}
MOST_WORKSPACE = 1 << 30
ALIGNMENT = 16  # bytes, of where tensors begin


class CudnnError(RuntimeError):
    """What cuDNN refused, in its own words."""


@cache
def library() -> Any:
    """cuDNN 9 where the package nvidia-cudnn is installed, else None."""
    try:
        from cuda.pathfinder import load_nvidia_dynamic_lib

        # What its engines look for by name: without cublasLt it ends the process, without nvrtc newer ones don't load.
        for needed in ("cublasLt", "nvrtc"):
            load_nvidia_dynamic_lib(needed)
        found = ctypes.CDLL(load_nvidia_dynamic_lib("cudnn").abs_path)
        found.cudnnGetVersion.restype = ctypes.c_size_t
        if found.cudnnGetVersion() // 10000 != 9:
            return None
    except Exception:  # not installed, or not for this machine
        return None
    found.cudnnGetErrorString.restype = ctypes.c_char_p
    pointer, number = ctypes.c_void_p, ctypes.c_int
    for name, arguments in {
        "cudnnCreate": [ctypes.POINTER(pointer)],
        "cudnnSetStream": [pointer, pointer],
        "cudnnBackendCreateDescriptor": [number, ctypes.POINTER(pointer)],
        "cudnnBackendDestroyDescriptor": [pointer],
        "cudnnBackendFinalize": [pointer],
        "cudnnBackendSetAttribute": [pointer, number, number, ctypes.c_int64, pointer],
        "cudnnBackendGetAttribute": [pointer, number, number, ctypes.c_int64, ctypes.POINTER(ctypes.c_int64), pointer],
        "cudnnBackendExecute": [pointer, pointer, pointer],
        "cudnnGetLastErrorString": [ctypes.c_char_p, ctypes.c_size_t],
    }.items():
        getattr(found, name).argtypes = arguments
    return found


def version() -> int | None:
    """Such as 91900; None without the library."""
    found = library()
    return None if found is None else int(found.cudnnGetVersion())


def check(status: int) -> None:
    """Raise what cuDNN says about a call that failed."""
    if status:
        text = ctypes.create_string_buffer(4096)
        library().cudnnGetLastErrorString(text, len(text))
        raise CudnnError(f"{library().cudnnGetErrorString(status).decode()}: {text.value.decode()}")


class Descriptor:
    """One of cuDNN's objects: attributes are set, then it is finished. It holds on to those that it refers to."""

    def __init__(self, kind: int) -> None:
        self.pointer, self._referred = ctypes.c_void_p(), []  # type: ignore[var-annotated]
        self._destroy: Callable[[Any], Any] = library().cudnnBackendDestroyDescriptor
        check(library().cudnnBackendCreateDescriptor(kind, ctypes.byref(self.pointer)))

    def __del__(self) -> None:
        if self.pointer.value:
            self._destroy(self.pointer)

    def set(self, attribute: int, kind: int, *values: Any) -> "Descriptor":
        """Set an attribute to values of a kind; returns the descriptor."""
        if kind == OF_DESCRIPTOR:
            self._referred += values
            values = tuple(value.pointer.value for value in values)
        array = C_TYPES.get(kind, ctypes.c_int) * len(values)
        check(library().cudnnBackendSetAttribute(self.pointer, attribute, kind, len(values), array(*values)))
        return self

    def set_text(self, attribute: int, text: str) -> "Descriptor":
        """Set an attribute to a text."""
        raw = text.encode()
        check(library().cudnnBackendSetAttribute(self.pointer, attribute, OF_CHAR, len(raw), ctypes.c_char_p(raw)))
        return self

    def finished(self) -> "Descriptor":
        """The descriptor, which can be used from now on."""
        check(library().cudnnBackendFinalize(self.pointer))
        return self

    def get(self, attribute: int, kind: int, most: int) -> list[Any]:
        """The values of an attribute."""
        count, values = ctypes.c_int64(), (C_TYPES.get(kind, ctypes.c_int) * most)()
        check(library().cudnnBackendGetAttribute(self.pointer, attribute, kind, most, ctypes.byref(count), values))
        return list(values[: count.value])

    def get_descriptors(self, attribute: int, kind: int, most: int) -> list["Descriptor"]:
        """The same for those that are descriptors."""
        made, count = [Descriptor(kind) for _ in range(most)], ctypes.c_int64()
        pointers = (ctypes.c_void_p * most)(*[d.pointer.value for d in made])
        arguments = (self.pointer, attribute, OF_DESCRIPTOR, most, ctypes.byref(count), pointers)
        check(library().cudnnBackendGetAttribute(*arguments))
        return made[: count.value]


def device_description(text: str) -> Descriptor:
    """A device that is not there, described in cuDNN's JSON."""
    return Descriptor(DEVICE).set_text(2702, text).finished()


def _channels_last(shape: Ints) -> Ints:
    """The strides, in values, of images (N, C, …) that lie as (N, …, C)."""
    strides, step = [0] * len(shape), shape[1]
    strides[1] = 1
    for dim in range(len(shape) - 1, 1, -1):
        strides[dim], step = step, step * shape[dim]
    strides[0] = step
    return tuple(strides)


def _graph(kind: str, shapes: dict[str, Ints], window: Window, dtype: str, handle: Any) -> Descriptor:
    """The convolution as a graph of one operation."""
    double = dtype == "float64"
    computed, number = STORED["float64" if double else "float32"], OF_DOUBLE if double else OF_FLOAT
    before, after = zip(*window.padding, strict=True)
    convolution = Descriptor(CONVOLUTION).set(100, OF_DTYPE, computed).set(101, OF_MODE, CROSS_CORRELATION)
    convolution.set(106, OF_INT64, window.rank).set(102, OF_INT64, *window.dilation)
    convolution.set(103, OF_INT64, *window.stride).set(104, OF_INT64, *before).set(105, OF_INT64, *after).finished()
    operation, alpha, beta, which, tensors = KINDS[kind]
    made = Descriptor(operation).set(alpha, number, 1.0).set(beta, number, 0.0)
    made.set(which, OF_DESCRIPTOR, convolution)
    for name, attribute in tensors.items():
        tensor = Descriptor(TENSOR).set(901, OF_DTYPE, STORED[dtype]).set(902, OF_INT64, *shapes[name])
        tensor.set(903, OF_INT64, *_channels_last(shapes[name]))
        tensor.set(906, OF_INT64, NAMES[name]).set(900, OF_INT64, ALIGNMENT)
        made.set(attribute, OF_DESCRIPTOR, tensor.finished())
    graph = Descriptor(GRAPH).set(801, OF_DESCRIPTOR, made.finished())
    if handle is not None:
        graph.set(800, OF_HANDLE, handle)
    return graph.finished()


def _fits(notes: list[int], dtype: str, tf32: bool, deterministic: bool) -> bool:
    """Whether an engine computes as precisely and as repeatably as is wanted."""
    if deterministic and UNORDERED in notes:
        return False
    if dtype != "float32":
        return True
    return ROUNDED_INPUTS not in notes and ROUNDED_SUMS not in notes and (tf32 or TENSOR_CORES not in notes)


class Plan:
    """How a convolution is computed, ready to run.

    Attributes:
        workspace: bytes of memory that it needs while it runs.
        notes: what cuDNN says about its arithmetic.
    """

    def __init__(self, plan: Descriptor, notes: list[int]) -> None:
        self.plan, self.notes = plan, notes
        self.workspace = int(plan.get(402, OF_INT64, 1)[0])
        self._packs: dict[Ints, Descriptor] = {}

    def run(self, handle: Any, x: int, w: int, y: int, workspace: int) -> None:
        """Run with tensors at these addresses. A training step meets the same ones again: packs of them are kept."""
        key = (x, w, y, workspace)
        pack = self._packs.get(key)
        if pack is None:
            if len(self._packs) >= 64:
                self._packs.clear()
            pack = Descriptor(VARIANT_PACK).set(1001, OF_POINTER, x, w, y)
            pack.set(1000, OF_INT64, *(NAMES[name] for name in "xwy")).set(1003, OF_POINTER, workspace)
            self._packs[key] = pack.finished()
        check(library().cudnnBackendExecute(handle, self.plan.pointer, pack.pointer))


def plans(
    kind: str,
    shapes: dict[str, Ints],
    window: Window,
    dtype: str,
    *,
    tf32: bool,
    deterministic: bool,
    handle: Any = None,
    device: Descriptor | None = None,
) -> Iterator[Plan]:
    """The plans for a convolution of channels-last images, those that cuDNN expects to be fastest first.

    Args:
        kind: `output`, `input_grad` or `weight_grad`.
        shapes: of x (N, C, …), w (O, C/G, …) and y (N, O, …), of two or three spatial dimensions.
        handle: cuDNN for a device; without one a description of a `device`.
    """
    graph = _graph(kind, shapes, window, dtype, handle)
    for mode in (BEST_FIRST, FALLBACK):
        heuristics = Descriptor(HEURISTICS).set(201, OF_DESCRIPTOR, graph).set(200, OF_HEURISTIC, mode)
        if device is not None:
            heuristics.set(204, OF_DESCRIPTOR, device)
        for config in heuristics.finished().get_descriptors(202, ENGINE_CONFIG, 64):
            notes = config.get_descriptors(300, ENGINE, 1)[0].get(1303, OF_NOTE, 32)
            if not _fits(notes, dtype, tf32, deterministic):
                continue
            try:
                made = Descriptor(PLAN).set(401, OF_DESCRIPTOR, config)
                if handle is not None:
                    made.set(400, OF_HANDLE, handle)
                else:
                    made.set(407, OF_DESCRIPTOR, device)
                plan = Plan(made.finished(), notes)
            except CudnnError:  # an engine that can't do this one after all
                continue
            if plan.workspace <= MOST_WORKSPACE:
                yield plan
