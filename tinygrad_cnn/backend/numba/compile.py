"""How kernels are compiled and started: one set of options, one thread pool, one launch at a time.

Importing this module imports Numba, which is slow: methods of the backend do it on the first use of a kernel.
"""

import os
import sys
from collections.abc import Callable
from importlib.resources import files
from threading import Lock, local
from types import FunctionType
from typing import Any
from zlib import crc32

import numba
from numba.core import event

from ..threads import are_deterministic_algorithms_enabled, at_most, get_num_threads
from .layer import choose_layer

# Sums may be reordered and contracted, divisions become products; NaN and infinity keep their meaning.
FASTMATH = {"reassoc", "contract", "arcp", "nsz"}

# Microseconds of work from which on threads pay. Two of them took half of a product's time and 70 µs more, for the one
# that sleeps to wake up: 214 in place of 283, 381 in place of 590, and 183 in place of 178. Where other programs use
# the cores too, a launch of less than 300 never gained and often lost. Threads that spin between launches wake up
# sooner, but take the cores from BLAS and from other programs: steps of small networks took up to five times as long.
LAUNCH = 250.0

choose_layer()
at_most(int(numba.config.NUMBA_NUM_THREADS))

# Kernels take in parts of these files; where one changes, what was compiled from it before must not be used.
_taken_in = ("block.py", "direct.py", "dots.py", "packing.py", "pointwise.py", "simd.py", "transposing.py")
_parts = crc32(b"".join((files(__package__) / name).read_bytes() for name in _taken_in))

_launch = Lock()  # "workqueue" aborts the process when a second Python thread enters it
_state = {"told": False, "forked": False}
_here = local()  # Numba keeps the number of threads per Python thread
_ours: set[Any] = set()


class Kernel:
    """A compiled function: called, it runs on all threads; `alone` is the same for the calling thread only."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self._parallel = _compiled(_renamed(function, ""), parallel=True)
        self.alone = serial(_renamed(function, "_alone"))
        _ours.add(self._parallel)

    def __call__(self, *args: Any) -> Any:
        count = get_num_threads()
        # Two compilations of one function may round differently: the same bits need the same one for one thread too.
        if _state["forked"] or (count == 1 and not are_deterministic_algorithms_enabled()):
            return self.alone(*args)
        with _launch:
            if getattr(_here, "threads", 0) != count:
                numba.set_num_threads(count)
                _here.threads = count
            return self._parallel(*args)

    def fitting(self, microseconds: float) -> Callable[..., Any]:
        """All threads, or this one alone where that would take it only so long: to wake the others takes time too."""
        return self if microseconds > LAUNCH else self.alone


def kernel(function: Callable[..., Any]) -> Kernel:
    """Compile a function with `numba.prange` loops, on its first call, and keep it on disk.

    Split work by its own size, never by the number of threads, and add partial sums in a fixed order: then
    `use_deterministic_algorithms` can promise the same bits whatever the number of threads.
    """
    return Kernel(function)


def _renamed(function: Callable[..., Any], suffix: str) -> Callable[..., Any]:
    """The function under a name of its own: on disk, compiled functions are told apart by file, line and name."""
    twin = FunctionType(function.__code__, function.__globals__)
    twin.__qualname__, twin.__module__ = f"{function.__qualname__}{suffix}_{_parts:x}", function.__module__
    return twin


def serial(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function for one thread: for work so small that starting threads costs more, and as part of kernels."""
    compiled: Callable[..., Any] = _compiled(_renamed(function, ""))
    _ours.add(compiled)
    return compiled


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Numba's dispatcher; it keeps what it compiles on disk, if there is a folder that it may write to."""
    options |= {"nogil": True, "fastmath": FASTMATH, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:
        return numba.njit(**options)(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that becomes part of each that calls it; it stands in the same file, so that the cache sees edits."""
    compiled: Callable[..., Any] = numba.njit(forceinline=True, fastmath=FASTMATH)(function)
    return compiled


class _Teller(event.Listener):  # type: ignore[misc]
    """Says once that kernels are being compiled, so that nobody wonders about the first step."""

    def on_start(self, started: Any) -> None:
        if not _state["told"] and started.data.get("dispatcher") in _ours:
            _state["told"] = True
            print("tinygrad_cnn: compiling CPU kernels; they are kept for the next run", file=sys.stderr)

    def on_end(self, ended: Any) -> None:
        """Nothing to say."""


event.register("numba:compile", _Teller())


def _after_fork() -> None:
    global _launch  # noqa: PLW0603 - a thread that does not exist in the child may have held it
    _launch = Lock()
    _state["forked"] = True  # no thread pool survives a fork; OpenMP's ends the process that tries


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
