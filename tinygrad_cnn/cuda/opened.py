"""The backend of a device, opened when it is first needed."""

from typing import Any

from ..backend import cuda as _floor
from ..backend import get_backend
from ..tensor.device import device as _device


def number_of(device: Any) -> int:
    """The number of a device, given as such, by name, or by None for the current one."""
    if device is None:
        return _floor.current_device()
    if hasattr(device, "__index__"):
        return int(device)
    place = _device(device)
    if place.type != "cuda":
        raise ValueError(f"cuda: expected a CUDA device; got {device!r}")
    return _floor.current_device() if place.index is None else place.index


def opened(device: Any = None) -> Any:
    """The backend of a device."""
    return get_backend(f"cuda:{number_of(device)}")


def runtime_of(device: Any = None) -> tuple[Any, int]:
    """The module of streams and memory, and the number of a device that is there."""
    backend = opened(device)
    return _floor.services(), backend.index
