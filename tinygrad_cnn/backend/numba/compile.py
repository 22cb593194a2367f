"""How kernels are compiled and started: one set of options, one thread pool, one launch at a time.

Importing this module imports Numba, which is slow: methods of the backend do it on the first use of a kernel.
"""

import os
import sys
from collections.abc import Callable
from functools import wraps
from threading import Lock, local
from typing import Any

import numba
from numba.core import event

# Sums may be reordered and contracted, divisions become products; NaN and infinity keep their meaning.
FASTMATH = {"reassoc", "contract", "arcp", "nsz"}

# Numba's OpenMP threads spin after a launch and take the cores from the threads of BLAS; those of "workqueue" sleep.
# A layer that the user chose, or that runs already, stays.
if numba.config.THREADING_LAYER == "default":
    numba.config.THREADING_LAYER = "workqueue"

_launch = Lock()  # "workqueue" aborts the process when a second Python thread enters it
_state = {"threads": int(numba.config.NUMBA_NUM_THREADS), "told": False}
_here = local()  # Numba keeps the number of threads per Python thread
_ours: set[Any] = set()


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function with `numba.prange` loops for all threads, on its first call, and keep it on disk.

    Split work by its own size, never by the number of threads, and add partial sums in a fixed order: the same bits
    whatever the number of threads.
    """
    compiled = numba.njit(parallel=True, cache=True, nogil=True, fastmath=FASTMATH, error_model="numpy")(function)
    _ours.add(compiled)

    @wraps(function)
    def launch(*args: Any) -> Any:
        with _launch:
            if getattr(_here, "threads", 0) != _state["threads"]:
                numba.set_num_threads(_state["threads"])
                _here.threads = _state["threads"]
            return compiled(*args)

    return launch


def serial(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function for one thread: for work so small that starting threads costs more, and as part of kernels."""
    compiled: Callable[..., Any] = numba.njit(cache=True, nogil=True, fastmath=FASTMATH, error_model="numpy")(function)
    _ours.add(compiled)
    return compiled


def device(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function compiled into each kernel that calls it; it stands in the kernel's file, so that the cache sees edits."""
    compiled: Callable[..., Any] = numba.njit(inline="always", fastmath=FASTMATH, error_model="numpy")(function)
    return compiled


def set_num_threads(n: int) -> None:
    """How many threads the compiled kernels use, from 1 to the number that Numba started with.

    Raises:
        ValueError: for another number.
    """
    most = int(numba.config.NUMBA_NUM_THREADS)
    if not 1 <= n <= most:
        raise ValueError(f"set_num_threads: the number must be from 1 to {most}, the cores that Numba may use; got {n}")
    _state["threads"] = int(n)


def get_num_threads() -> int:
    """How many threads the compiled kernels use."""
    return _state["threads"]


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


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
