"""CUDA kernels compiled by a C++ compiler: a launch is one thread that does the work of all."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.cuda import fake_device

COMPILER = shutil.which("g++") or shutil.which("c++")
SHIM = Path(__file__).parent / "host_shim.h"
KEPT = Path(tempfile.gettempdir()) / f"tinygrad_cnn_host_kernels_{os.getuid() if hasattr(os, 'getuid') else 0}"


def library(code: str, options: tuple[str, ...], *more: str) -> ctypes.CDLL:
    """The compiled source, kept for later runs under its hash."""
    assert COMPILER is not None
    code = "\n".join(line for line in code.splitlines() if not line.startswith("#include <cuda_"))
    defined = [option for option in options if option.startswith("-D")]
    command = [COMPILER, "-O1", "-std=c++17", "-w", "-shared", "-fPIC", *more, "-x", "c++", "-include", str(SHIM)]
    key = hashlib.sha256("\0".join((code, SHIM.read_text(encoding="utf-8"), *command, *defined)).encode()).hexdigest()
    KEPT.mkdir(mode=0o700, exist_ok=True)
    target = KEPT / f"{key[:32]}.so"
    if not target.exists():
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "kernels.so"
            subprocess.run([*command, *defined, "-", "-o", str(made)], input=code, text=True, check=True)
            part = KEPT / f"{key[:32]}.{os.getpid()}"
            shutil.copy(made, part)
            part.replace(target)  # other processes see all of it or nothing
    return ctypes.CDLL(str(target))


NUMBERS: dict[Any, Any] = {
    np.int32: ctypes.c_int32,
    np.uint32: ctypes.c_uint32,
    np.int64: ctypes.c_int64,
    np.uint64: ctypes.c_uint64,
    np.float32: ctypes.c_float,
    np.float64: ctypes.c_double,
}


@cache
def structure(size: int) -> Any:
    return type("Bytes", (ctypes.Structure,), {"_fields_": [("words", ctypes.c_uint32 * (size // 4))]})


def passed(x: Any) -> Any:
    """An argument as C takes it; CuPy's rules."""
    if hasattr(x, "data") and hasattr(x.data, "ptr"):
        assert x.flags.c_contiguous, "a kernel sees the memory, not the strides"
        return ctypes.c_void_p(x.data.ptr)
    if type(x) is int:
        return ctypes.c_int64(x)
    if isinstance(x, np.ndarray) and x.size == 1 and x.dtype.names:
        return structure(x.itemsize).from_buffer_copy(x.tobytes())
    return NUMBERS[type(x)](x)


class RawModule:
    """`cupy.RawModule`."""

    def __init__(self, *, code: str, options: tuple[str, ...] = ()) -> None:
        self._library = library(code, options)

    def get_function(self, name: str) -> Any:
        function = getattr(self._library, name)
        function.restype = None

        def run(grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
            assert grid[0] > 0
            assert block[0] > 0
            given = tuple(map(passed, args))  # as CuPy does it, when it launches
            fake_device.capture.do(lambda: (function(*given), args)[0])  # the arrays must live as long

        return run
