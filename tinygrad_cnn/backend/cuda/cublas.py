"""Matrix products by cuBLAS through its C interface.

CuPy's own products can't be captured into a graph (it refuses every call of cuBLAS while a stream captures), copy
transposed operands of more than two dimensions, and widen float16 to float32. Here a handle of ours takes what is
transposed as a flag, batches by strides, and TF32 by a switch.
"""

import ctypes
from functools import cache
from threading import local
from typing import Any

import cupy
import numpy as np

from ..switches import cuda_switches

WORKSPACE = 32 << 20  # bytes, as NVIDIA recommends for Hopper; a user-owned one is what graphs need
STORED = {"float32": 0, "float64": 1, "float16": 2, "bfloat16": 14}  # cudaDataType_t
STREAMS = 16  # whose workspaces are kept; what is in use goes back to its own stream's memory, so never too early
IN_FLOAT, IN_TF32, IN_DOUBLE = 68, 77, 70  # cublasComputeType_t
DEFAULT_ALGORITHM = -1
_P, _I, _L = ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong


@cache
def library() -> Any:
    """cuBLAS as CuPy finds it, or None."""
    try:
        from cuda.pathfinder import load_nvidia_dynamic_lib

        found = ctypes.CDLL(load_nvidia_dynamic_lib("cublas").abs_path)
        found.cublasCreate_v2.argtypes = [ctypes.POINTER(_P)]
        found.cublasSetStream_v2.argtypes = [_P, _P]
        found.cublasSetWorkspace_v2.argtypes = [_P, _P, ctypes.c_size_t]
        found.cublasGemmEx.argtypes = [*(_P, _I, _I, _I, _I, _I, _P, _P, _I, _I, _P, _I, _I, _P, _P, _I, _I, _I, _I)]
        found.cublasGemmStridedBatchedEx.argtypes = [
            *(_P, _I, _I, _I, _I, _I, _P, _P, _I, _I, _L, _P, _I, _I, _L, _P, _P, _I, _I, _L, _I, _I, _I)
        ]
    except Exception:  # not installed, or without one of the functions
        return None
    return found


def _check(status: int, what: str) -> None:
    if status:
        raise RuntimeError(f"cuBLAS: {what} failed with status {status}")


class Handle:
    """cuBLAS for one thread and device, set to the stream of the moment.

    Each stream has a workspace of its own, since products in two streams may run at once.
    """

    def __init__(self, blas: Any) -> None:
        self.blas, self.pointer = blas, _P()
        _check(blas.cublasCreate_v2(ctypes.byref(self.pointer)), "starting")
        self.stream: int | None = None
        self.workspaces: dict[int, Any] = {}
        self.numbers = {kind: (kind(1), kind(0)) for kind in (ctypes.c_float, ctypes.c_double)}

    def use(self, stream: int) -> "Handle":
        """The handle, for a stream."""
        if stream != self.stream:
            if stream not in self.workspaces:
                while len(self.workspaces) >= STREAMS:
                    del self.workspaces[next(iter(self.workspaces))]
                self.workspaces[stream] = cupy.cuda.alloc(WORKSPACE)
            # In this order: to set the stream gives up the workspace.
            _check(self.blas.cublasSetStream_v2(self.pointer, stream), "setting the stream")
            workspace = self.workspaces[stream].ptr
            _check(self.blas.cublasSetWorkspace_v2(self.pointer, workspace, WORKSPACE), "setting the workspace")
            self.stream = stream
        return self


class _Handles(local):
    """The handles of one thread."""

    def __init__(self) -> None:
        self.known: dict[int, Handle] = {}

    def get(self, device: int, stream: int) -> Handle:
        """That for a device, set to a stream."""
        if device not in self.known:
            self.known[device] = Handle(library())
        return self.known[device].use(stream)


_handles = _Handles()
_handle = _handles.get


def take_workspace(stream: int) -> Any:
    """This thread's workspace of a stream, which the handles forget; None where there is none."""
    found = None
    for handle in _handles.known.values():
        if handle.stream == stream:
            handle.stream = None
        found = handle.workspaces.pop(stream, found)
    return found


class Matrices:
    """A batch of matrices as cuBLAS takes it: where it starts, its strides in values, and whether rows are columns."""

    __slots__ = ("address", "leading", "step", "transposed")

    def __init__(self, address: int, leading: int, step: int, transposed: bool) -> None:
        self.address, self.leading, self.step, self.transposed = address, leading, step, transposed


def as_matrices(x: Any) -> Matrices | None:
    """An array (…, n, m) as batched matrices, None where its strides allow no such view without a copy."""
    width = x.itemsize
    if any(stride % width for stride in x.strides):
        return None
    strides = [stride // width for stride in x.strides]
    *batch, rows, columns = x.shape
    step = _one_step(batch, strides[:-2])
    if step is None:
        return None
    row, column = strides[-2:]
    if (column == 1 or columns == 1) and (row >= columns or rows == 1):
        return Matrices(x.data.ptr, max(row, columns, 1), step, False)
    if (row == 1 or rows == 1) and (column >= rows or columns == 1):
        return Matrices(x.data.ptr, max(column, rows, 1), step, True)
    return None


def _one_step(sizes: list[int], strides: list[int]) -> int | None:
    """The distance between neighbours in a batch of several dimensions, None if it differs."""
    step, expected = 0, None
    for size, stride in zip(reversed(sizes), reversed(strides), strict=True):
        if size == 1:
            continue
        if expected is None:
            step = stride
        elif stride != expected:
            return None
        expected = stride * size
    return step


def multiply(x: Any, y: Any, out: Any, count: int) -> bool:
    """out ← x @ y for `count` matrices each, arrays (…, n, k), (…, k, m) and row-major (…, n, m) of one dtype.

    Returns:
        Whether it was done: not for dtypes and strides that cuBLAS does not take, or without the library.
    """
    kind = str(np.dtype(out.dtype).name)
    if library() is None or kind not in STORED or not x.dtype == y.dtype == out.dtype or not out.size:
        return False
    a, b, c = as_matrices(x), as_matrices(y), as_matrices(out)
    if a is None or b is None or c is None or c.transposed:
        return False
    n, k, m = x.shape[-2], x.shape[-1], y.shape[-1]
    if not k:
        out[...] = 0
        return True
    double = kind == "float64"
    compute = IN_DOUBLE if double else IN_TF32 if kind == "float32" and cuda_switches.allow_tf32 else IN_FLOAT
    handle = _handle(cupy.cuda.get_device_id(), cupy.cuda.get_current_stream().ptr)
    one, zero = map(ctypes.addressof, handle.numbers[ctypes.c_double if double else ctypes.c_float])
    stored = STORED[kind]
    # cuBLAS counts by columns: to it, row-major out = x y is outᵀ = yᵀ xᵀ.
    start = (handle.pointer, int(b.transposed), int(a.transposed), m, n, k, one)
    if count == 1:  # where it may also cut the sums into parts
        status = handle.blas.cublasGemmEx(
            *(*start, b.address, stored, b.leading, a.address, stored, a.leading, zero),
            *(c.address, stored, c.leading, compute, DEFAULT_ALGORITHM),
        )
    else:
        status = handle.blas.cublasGemmStridedBatchedEx(
            *(*start, b.address, stored, b.leading, b.step, a.address, stored, a.leading, a.step, zero),
            *(c.address, stored, c.leading, c.step, count, compute, DEFAULT_ALGORITHM),
        )
    _check(status, f"a product of {count} × ({n}, {k}) and ({k}, {m})")
    return True
