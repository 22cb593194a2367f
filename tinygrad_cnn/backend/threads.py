"""How many threads compute on the CPU, and whether that may show in the results.

One number is for the compiled kernels, which read it here, and for the BLAS that NumPy calls, which is told it through
threadpoolctl where that is installed. Nothing is set before somebody asks for it.
"""

import os
from importlib.util import find_spec
from operator import index
from typing import Any
from warnings import warn

_INSTALL = 'pip install "tinygrad_cnn[fast]", or set OPENBLAS_NUM_THREADS=1 before Python starts'

_deterministic = _warn_only = False
_blas_before: dict[str, int] = {}  # threads of each library before `use_deterministic_algorithms`


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_num_threads(n: int) -> None:
    """Let operations on the CPU use so many threads, from now on and in all Python threads.

    That holds for compiled kernels, whether they are loaded already or not (at most as many threads as there are cores,
    or NUMBA_NUM_THREADS), and for NumPy's BLAS if threadpoolctl is installed; without it a warning says that the BLAS
    keeps its own number. Until it is called, kernels use NUMBA_NUM_THREADS, OMP_NUM_THREADS or all cores, and the BLAS
    what its own variables say.

    >>> import tinygrad_cnn as tg
    >>> before = tg.get_num_threads()
    >>> tg.set_num_threads(1)
    >>> tg.get_num_threads()
    1
    >>> tg.set_num_threads(before)

    Raises:
        TypeError: for what is no integer.
        ValueError: for a number below 1.
    """
    global _count, _asked
    n = _positive("set_num_threads", n)
    _count, _asked = min(n, _most), n
    if not _deterministic and not _limit_blas(n):
        warn(f"set_num_threads: NumPy's BLAS keeps its number of threads; {_INSTALL}", stacklevel=2)


def get_num_threads() -> int:
    """How many threads operations on the CPU use.

    >>> tg.get_num_threads() >= 1
    True
    """
    return _count


def at_most(n: int) -> None:
    """No more threads than these are ever started: Numba says so when it is loaded."""
    global _count, _most  # noqa: PLW0603
    _most = n
    _count = min(_count, n)


def set_num_interop_threads(n: int) -> None:
    """Accepted: operations run one after another, each on `get_num_threads()` threads.

    Raises:
        TypeError: for what is no integer.
        ValueError: for a number below 1.

    >>> tg.set_num_interop_threads(2)
    """
    _positive("set_num_interop_threads", n)


def get_num_interop_threads() -> int:
    """1: operations run one after another.

    >>> tg.get_num_interop_threads()
    1
    """
    return 1


def _positive(caller: str, n: Any) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"{caller}: expected an integer; got {type(n).__name__} {n!r}")
    if index(n) < 1:
        raise ValueError(f"{caller}: the number must be at least 1; got {n}")
    return index(n)


def _number(variable: str) -> int | None:
    first = os.environ.get(variable, "").split(",")[0].strip()  # OpenMP takes a list: one number per level of nesting
    return int(first) if first.isdecimal() and int(first) > 0 else None


_most = _number("NUMBA_NUM_THREADS") or cores()
_count = min(_number("NUMBA_NUM_THREADS") or _number("OMP_NUM_THREADS") or _most, _most)
_asked: int | None = None  # by set_num_threads


def _blas_libraries() -> list[Any] | None:
    """threadpoolctl's handles of the BLAS libraries that are loaded, or None without threadpoolctl."""
    try:
        if find_spec("threadpoolctl") is None:
            return None
    except (ImportError, ValueError):
        return None
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


def _limit_blas(n: int) -> bool:
    libraries = _blas_libraries()
    for library in libraries or ():
        library.set_num_threads(n)
    return libraries is not None


# the same bits --------------------------------------------------------------------------------------------------------


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Make results the same, bit for bit, for any number of threads.

    From the same seed the same program on the same machine then gives the same bits. Compiled kernels split work by its
    size, and run the same machine code on one thread as on several. How a BLAS splits a product, and so the order of
    its sums, depends on its threads; under this switch it has one (through threadpoolctl).

    Args:
        mode: True switches it on, False off.
        warn_only: where it cannot be had, warn and go on.

    Raises:
        RuntimeError: without threadpoolctl, which is part of `tinygrad_cnn[fast]`.
        TypeError: for a mode that is neither True nor False.

    >>> import tinygrad_cnn as tg
    >>> tg.use_deterministic_algorithms(True)
    >>> tg.are_deterministic_algorithms_enabled()
    True
    >>> tg.use_deterministic_algorithms(False)
    """
    global _deterministic, _warn_only
    if not isinstance(mode, bool):
        raise TypeError(f"use_deterministic_algorithms: mode must be True or False; got {mode!r}")
    libraries = _blas_libraries()
    if mode and libraries is None:
        message = f"use_deterministic_algorithms: NumPy's BLAS cannot be held to one thread; {_INSTALL}"
        if not warn_only:
            raise RuntimeError(message)
        warn(message, stacklevel=2)
    for library in libraries or ():
        if mode:
            _blas_before.setdefault(library.filepath, library.num_threads)
            library.set_num_threads(1)
        elif library.filepath in _blas_before:
            library.set_num_threads(_asked or _blas_before[library.filepath])
    if not mode:
        _blas_before.clear()
    _deterministic, _warn_only = mode, mode and warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms(True)` holds.

    >>> tg.are_deterministic_algorithms_enabled()
    False
    """
    return _deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether it holds with `warn_only`.

    >>> tg.is_deterministic_algorithms_warn_only_enabled()
    False
    """
    return _warn_only


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """`use_deterministic_algorithms` by number or name: 0 "default" is off, 1 "warn" on with `warn_only`, 2 "error" on.

    Raises:
        ValueError: for another number or name.

    >>> tg.set_deterministic_debug_mode("warn")
    >>> tg.get_deterministic_debug_mode()
    1
    >>> tg.set_deterministic_debug_mode("default")
    """
    modes: dict[Any, int] = {0: 0, 1: 1, 2: 2, "default": 0, "warn": 1, "error": 2}
    if isinstance(debug_mode, bool) or debug_mode not in modes:
        raise ValueError(
            f"set_deterministic_debug_mode: the mode must be 0, 1, 2, 'default', 'warn' or 'error'; got {debug_mode!r}"
        )
    use_deterministic_algorithms(modes[debug_mode] > 0, warn_only=modes[debug_mode] == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, as for `set_deterministic_debug_mode`.

    >>> tg.get_deterministic_debug_mode()
    0
    """
    return 0 if not _deterministic else 1 if _warn_only else 2
