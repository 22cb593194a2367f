"""CUDA C kernels: their sources, one compiled module for each dtype and device, and their launches."""

import sys
from functools import cache, lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

import cupy
import numpy as np

SOURCE = Path(__file__).parent / "source"
THREADS = 256  # of a block
NO_ARRAY = np.uint64(0)
SLOW = 0.2  # seconds in which a kernel that was kept is loaded
BLOCKS_PER_PROCESSOR = 16  # at most: so many keep a multiprocessor busy, and more only cost their start
MODULES = {  # the files of a module, in the order in which they need each other
    "windows": ("windows.cu",),
    "groups": ("windows.cu", "groups.cu"),
    "channels": ("channels.cu",),
    "rows": ("rows.cu",),
    "losses": ("losses.cu",),
    "random": ("random.cu",),
    "dropout": ("random.cu", "dropout.cu"),
    "pointwise": ("pointwise.cu",),
    "optimizers": ("optimizers.cu",),
    "scatter": ("scatter.cu",),
    "checks": ("checks.cu",),
}
# A dtype's name in C, in which type to compute with it, and the header that defines it.
TYPES = {
    "float32": ("float", "float", ""),
    "float64": ("double", "double", ""),
    "float16": ("__half", "float", "#include <cuda_fp16.h>\n"),
    "bfloat16": ("__nv_bfloat16", "float", "#include <cuda_bf16.h>\n"),
    "int8": ("signed char", "int", ""),
    "int16": ("short", "int", ""),
    "int32": ("int", "int", ""),
    "int64": ("long long", "long long", ""),
    "uint8": ("unsigned char", "int", ""),
    "uint16": ("unsigned short", "int", ""),
    "uint32": ("unsigned int", "unsigned int", ""),
    "uint64": ("unsigned long long", "unsigned long long", ""),
}


def type_name(dtype: Any) -> str:
    """The name by which kernels know a dtype."""
    return str(np.dtype(dtype).name)


def integer_type(dtype: Any) -> str:
    """The same for integers and booleans, which are bytes."""
    return "uint8" if np.dtype(dtype).kind == "b" else type_name(dtype)


def threads_for(row: int) -> int:
    """How many threads share a row of so many values: a power of two, no more than there are once a warp is full."""
    return min(max(32, 1 << max(row - 1, 0).bit_length()), THREADS)


def packs(x: Any) -> int:
    """How many threads have something to do where each takes 16 bytes."""
    return -(-int(x.nbytes) // 16)


def computing_type(dtype: Any) -> Any:
    """The NumPy type of the numbers that a kernel for this dtype computes with."""
    return np.float64 if np.dtype(dtype).itemsize == 8 else np.float32


def text(module: str, kind: str) -> str:
    """The whole source of a module."""
    files = ("common.h", *MODULES[module])
    return TYPES[kind][2] + "".join((SOURCE / name).read_text(encoding="utf-8") for name in files)


def options(kind: str, tap: str = "uint8") -> tuple[str, ...]:
    """What the compiler is told about a dtype, and about that of the numbers of taps."""
    stored, computed, _ = TYPES[kind]
    made = ("--std=c++17", f"-DK_T={stored}", f"-DK_A={computed}", f"-DK_TAP={TYPES[tap][0]}")
    return made if "float" in kind else (*made, "-DK_INTEGER")


@cache
def _module(module: str, kind: str, tap: str, device: int) -> Any:
    return cupy.RawModule(code=text(module, kind), options=options(kind, tap))


@lru_cache(maxsize=4096)
def _function(module: str, name: str, kind: str, tap: str, device: int) -> Any:
    start = perf_counter()
    found = _module(module, kind, tap, device).get_function(name)
    if perf_counter() - start > SLOW:
        _tell()
    return found


@cache
def _tell() -> None:
    """Say once that kernels are being compiled, so that nobody wonders about the first step."""
    print("tinygrad_cnn: compiling CUDA kernels; they are kept for the next run", file=sys.stderr)


@cache
def _most_blocks(device: int) -> int:
    return int(cupy.cuda.Device(device).attributes["MultiProcessorCount"]) * BLOCKS_PER_PROCESSOR


def launch(module: str, name: str, kind: str, work: int, *arguments: Any, tap: str = "uint8", threads: int = 0) -> None:
    """Run a kernel. Python's ints are passed as 64-bit, so 32-bit numbers must come as NumPy's; None is no array.

    Args:
        work: how many threads have something to do; or how many blocks, where `threads` says how many each has.
    """
    if not work:
        return
    device = cupy.cuda.get_device_id()
    blocks = min(work if threads else -(-work // THREADS), _most_blocks(device))
    passed = tuple(NO_ARRAY if argument is None else argument for argument in arguments)
    _function(module, name, kind, tap, device)((blocks,), (threads or THREADS,), passed)


def probe() -> None:
    """Compile and run one small kernel, with the header for half precision. Raises whatever fails."""
    state = cupy.zeros(2, dtype="uint64")
    code = TYPES["float16"][2] + text("random", "float32")
    cupy.RawModule(code=code, options=options("float32")).get_function("advance")((1,), (1,), (state, 1))
    if int(state[1]) != 1:
        raise RuntimeError("a kernel ran and did nothing")


@lru_cache(maxsize=4096)
def divisor(number: int) -> tuple[int, int, int]:
    """The words of a `Divisor`: number, factor, shift."""
    number = max(number, 1)
    shift = (number - 1).bit_length()
    return number, ((((1 << shift) - number) << 32) // number + 1) % 2**32, shift


def structure(words: tuple[int, ...]) -> Any:
    """A C structure of 32-bit words, to be passed by value."""
    packed = np.zeros((), dtype=[("words", np.uint32, (len(words),))])
    packed["words"] = np.asarray(words, dtype=np.int64).astype(np.uint32)
    return packed


@lru_cache(maxsize=4096)
def divisor_argument(number: int) -> Any:
    """A `Divisor` as an argument."""
    return structure(divisor(number))
