"""Arrays and kernels: which backends there are, and which one an array belongs to."""

import os
from importlib.util import find_spec
from typing import Any

from ..errors import DeviceError
from . import cuda
from .base import Backend, Kept
from .generator import RandomGenerator
from .graph import Graph, StaleGraph
from .numba import NumbaBackend
from .numpy import NumpyBackend
from .switches import Switch, winograd
from .threads import (
    are_deterministic_algorithms_enabled,
    get_deterministic_debug_mode,
    get_num_interop_threads,
    get_num_threads,
    is_deterministic_algorithms_warn_only_enabled,
    set_deterministic_debug_mode,
    set_num_interop_threads,
    set_num_threads,
    use_deterministic_algorithms,
)
from .window import Window, convolution_window, pooling_window

cpu = NumpyBackend()
_usual = cpu.array_type

_backends: dict[str, Backend] = {cpu.name: cpu}
_cpu_backends = {"numpy": cpu, "numba": NumbaBackend(cpu.rng)}


class cpu_kernels(Switch):  # noqa: N801 - used like a function
    """Choose the kernels of device `cpu`: "numpy", or "numba", which are compiled on first use.

    Compiled ones are used from the start where Numba is installed, unless the environment variable TGC_CPU_KERNELS
    names others. Random numbers are one stream for both.

    >>> with cpu_kernels("numpy"):
    ...     type(get_backend("cpu")).__name__
    'NumpyBackend'

    Raises:
        ValueError: for another name.
        ImportError: for "numba" where Numba is not installed.
    """

    def __init__(self, name: str) -> None:
        if name not in _cpu_backends:
            known = " or ".join(map(repr, _cpu_backends))
            raise ValueError(f"cpu_kernels: the name (or TGC_CPU_KERNELS) must be {known}; got {name!r}")
        if name == "numba" and not _numba_is_installed():
            raise ImportError('cpu_kernels: Numba is not installed; pip install "tinygrad_cnn[fast]"')
        self._before, _backends[cpu.name] = _backends[cpu.name], _cpu_backends[name]

    def _restore(self) -> None:
        _backends[cpu.name] = self._before


def _numba_is_installed() -> bool:
    try:
        return find_spec("numba") is not None
    except (ImportError, ValueError):  # somebody keeps it from being imported
        return False


cpu_kernels(os.environ.get("TGC_CPU_KERNELS") or ("numba" if _numba_is_installed() else "numpy"))


def get_backend(device: Any) -> Backend:
    """The backend of a device name such as `cpu`.

    Raises:
        DeviceError: when there is no such device here, with those there are.
    """
    name = str(device)
    if name == cpu.name:
        return _backends[name]
    reason = ""
    if name.partition(":")[0] == "cuda":
        try:
            backend = _opened(name)
        except DeviceError as error:
            reason = f". {error}"
        else:
            backend.enter()
            return backend
    elif name in _backends:
        return _backends[name]
    raise DeviceError(f"device {name!r} is not available; available: {', '.join(_backends)}{reason}")


def _opened(name: str) -> Backend:
    """The backend of `cuda` or `cuda:i`; those of all CUDA devices are known from then on."""
    backend = cuda.open_device(name)
    _backends.update((opened.name, opened) for opened in cuda.opened())
    return backend


def _after_fork() -> None:
    """In a child only the CPU is left."""
    for name in set(_backends) - {cpu.name}:
        del _backends[name]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def backends() -> tuple[Backend, ...]:
    """All backends that are in use."""
    return tuple(_backends.values())


def seed_all(seed: int) -> None:
    """Start the random numbers of every device anew, of those too that nobody has asked for yet."""
    for backend in _backends.values():
        backend.rng.seed(seed)
    cuda.seed_all(seed)


def backend_of(array: Any) -> Backend | None:
    """The backend whose array this is, None if it is no array of any."""
    if type(array) is _usual:  # asked several times per operation
        return _backends["cpu"]
    for backend in _backends.values():
        if backend.holds(array):
            return backend
    if cuda.is_array(array):  # a user's, made without us
        return _opened(f"cuda:{array.device.id}")
    return None


def from_dlpack(x: Any) -> Any:
    """An array on the memory of another library's array, wherever that is.

    Raises:
        BufferError: for memory that there is no backend for.
    """
    kind, number = x.__dlpack_device__() if hasattr(x, "__dlpack_device__") else (1, 0)
    place = {1: "cpu", 2: f"cuda:{number}", 13: f"cuda:{number}"}.get(int(kind), "cpu")  # DLDeviceType
    return get_backend(place).from_dlpack(x)


def is_array(value: Any) -> bool:
    """Whether this is an array of some backend, of the class that its operations give."""
    return any(isinstance(value, backend.array_type) for backend in _backends.values())


def find_backend(values: tuple[Any, ...]) -> Backend:
    """The backend of the first array among the values; the CPU's for plain numbers."""
    for value in values:
        if type(value) is _usual:
            break
        if (backend := backend_of(value)) is not None:
            return backend
    return _backends["cpu"]


__all__ = [
    "Backend",
    "Graph",
    "Kept",
    "RandomGenerator",
    "StaleGraph",
    "Window",
    "are_deterministic_algorithms_enabled",
    "backend_of",
    "backends",
    "convolution_window",
    "cpu",
    "cpu_kernels",
    "cuda",
    "find_backend",
    "from_dlpack",
    "get_backend",
    "get_deterministic_debug_mode",
    "get_num_interop_threads",
    "get_num_threads",
    "is_array",
    "is_deterministic_algorithms_warn_only_enabled",
    "pooling_window",
    "seed_all",
    "set_deterministic_debug_mode",
    "set_num_interop_threads",
    "set_num_threads",
    "use_deterministic_algorithms",
    "winograd",
]
