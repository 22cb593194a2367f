"""Arrays and kernels: which backends there are, and which one an array belongs to."""

from typing import Any

from ..errors import DeviceError
from .base import Backend, RandomGenerator
from .numpy import NumpyBackend
from .window import Window, convolution_window, pooling_window

cpu = NumpyBackend()

_backends: dict[str, Backend] = {cpu.name: cpu}


def get_backend(device: Any) -> Backend:
    """The backend of a device name such as `cpu`.

    Raises:
        DeviceError: when there is no such device here, with those there are.
    """
    name = str(device)
    if name not in _backends:
        raise DeviceError(f"device {name!r} is not available; available: {', '.join(_backends)}")
    return _backends[name]


def backends() -> tuple[Backend, ...]:
    """All backends that are in use."""
    return tuple(_backends.values())


def backend_of(array: Any) -> Backend | None:
    """The backend whose array this is, None if it is no array of any."""
    for backend in _backends.values():
        if isinstance(array, backend.array_type):
            return backend
    return None


def find_backend(values: tuple[Any, ...]) -> Backend:
    """The backend of the first array among the values; the CPU's for plain numbers."""
    for value in values:
        if (backend := backend_of(value)) is not None:
            return backend
    return cpu


__all__ = [
    "Backend",
    "RandomGenerator",
    "Window",
    "backend_of",
    "backends",
    "convolution_window",
    "cpu",
    "find_backend",
    "get_backend",
    "pooling_window",
]
