"""The door to CUDA: whether a device can be used, and its backend. CuPy is imported when somebody asks, not before."""

import os
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ...errors import DeviceError
from ..base import Backend

READY = "ready"
INSTALL = 'pip install "tinygrad_cnn[cuda13]" (or [cuda12], as the driver allows)'

_opened: dict[int, Backend] = {}
_current = 0
_seed: int | None = None
_forked = False  # whether this process is a copy of one that had started CUDA


def state() -> str:
    """`READY`, or what is missing and what to type: CuPy, a device with its driver, or the headers of CUDA.

    The headers are missed only when something is compiled, so a small kernel is compiled and run.
    """
    if _forked:
        return (
            "this process was forked from one that had started CUDA, which CUDA does not survive; start processes by "
            '"spawn", or move tensors to the device outside of them'
        )
    if not _cupy_is_installed():
        return f"CuPy is not installed; {INSTALL}"
    try:
        import cupy
    except Exception as error:  # a broken installation raises whatever it likes
        return f"CuPy is installed but does not start ({error}); {INSTALL}"
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"CuPy {cupy.__version__} finds no usable GPU or driver ({error}); install NVIDIA's driver and reboot"
    if not count:
        return f"CuPy {cupy.__version__} finds no GPU; CUDA_VISIBLE_DEVICES may hide it"
    try:
        import_module(f"{__name__}.kernels").probe()
    except Exception as error:  # the compiler's, the driver's or the loader's
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return (
            f"CuPy {cupy.__version__} finds a GPU, but no kernel compiles there ({first}); {INSTALL} brings the headers"
        )
    return READY


@cache
def missing() -> str | None:
    """`state()` as it was when somebody first asked; None if all is there."""
    found = state()
    return None if found == READY else found


def _after_fork() -> None:
    """In a child: no call of CUDA's would work."""
    global _forked  # noqa: PLW0603
    if missing.cache_info().currsize and missing() is None:
        _forked = True
        _opened.clear()
    missing.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _cupy_is_installed() -> bool:
    try:
        return find_spec("cupy") is not None
    except (ImportError, ValueError):  # somebody keeps it from being imported
        return False


def device_count() -> int:
    """The number of devices that CuPy can use; 0 where there is no CuPy or no driver."""
    if _forked or not _cupy_is_installed():
        return 0
    try:
        import cupy

        return int(cupy.cuda.runtime.getDeviceCount())
    except Exception:  # whatever is broken, there is no device
        return 0


def current_device() -> int:
    """The number of the device that `cuda` without a number means."""
    return _current


def set_current_device(number: int) -> None:
    """Let `cuda` mean this device from now on."""
    global _current  # noqa: PLW0603 - PyTorch's words for it are functions, too
    open_device(f"cuda:{number}")
    _current = number


def open_device(name: str) -> Backend:
    """The backend of `cuda` or `cuda:i`.

    Raises:
        DeviceError: where there is no such device, with the reason and what to type.
    """
    number = name.partition(":")[2]
    wanted = int(number) if number.isdigit() else _current
    if wanted not in _opened:
        if not _opened and (reason := missing()):
            raise DeviceError(reason)
        count = device_count()
        if wanted >= count:
            raise DeviceError(f"there {'is' if count == 1 else 'are'} {count} CUDA device{'s' * (count != 1)}")
        backend = import_module(f"{__name__}.backend")
        services().use_allocator()
        for i in range(count):
            opening = _opened.setdefault(i, backend.CudaBackend(i, several=count > 1))
            if _seed is not None:
                opening.rng.seed(_seed)
    return _opened[wanted]


def describe() -> str:
    """Which devices there are and with which libraries they compute, or what is missing, in a few lines."""
    reason = missing()
    if reason is not None:
        return reason
    open_device("cuda")
    names = [f"cuda:{i} {services().DeviceProperties(i)}" for i in range(device_count())]
    dnn = cudnn_version()
    convolution = f"cuDNN {dnn}" if dnn else "own kernels and cuBLAS (pip install nvidia-cudnn-cu13 for cuDNN)"
    return "\n  ".join(["ready", *names, f"convolution: {convolution}"])


def cudnn_version() -> int | None:
    """The version of cuDNN that is used, None where none is."""
    return import_module(f"{__name__}.cudnn").version()  # type: ignore[no-any-return]


def services() -> Any:
    """The module of streams and memory; for a device that was opened."""
    return import_module(f"{__name__}.runtime")


def pinned(x: Any) -> Any:
    """An array of the CPU in memory that a device reads by itself; the array itself where there is no device."""
    return import_module(f"{__name__}.host_memory").pinned(x) if missing() is None else x


def is_pinned(x: Any) -> bool:
    """Whether an array of the CPU lies in such memory, answered without importing CuPy."""
    return f"{__name__}.host_memory" in sys.modules and bool(import_module(f"{__name__}.host_memory").is_pinned(x))


def seed_all(seed: int) -> None:
    """Start the random numbers of all devices anew, of those too that are opened later."""
    global _seed  # noqa: PLW0603
    _seed = seed
    for backend in _opened.values():
        backend.rng.seed(seed)


def opened() -> tuple[Backend, ...]:
    """The backends of the devices that somebody has asked for."""
    return tuple(_opened.values())


def is_array(value: Any) -> bool:
    """Whether this is an array of CuPy, answered without importing it."""
    if "cupy" not in sys.modules:
        return False
    return any(kind.__module__.partition(".")[0] == "cupy" for kind in type(value).__mro__)
