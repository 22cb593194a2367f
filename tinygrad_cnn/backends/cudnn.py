"""NVIDIA's library of kernels for networks: the switches of convolutions on CUDA devices, named as in PyTorch.

They may be set anywhere; without a device they have no effect.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from ..backend import cuda
from ..backend.switches import cudnn_switches

__all__ = ["allow_tf32", "benchmark", "benchmark_limit", "deterministic", "enabled", "flags", "is_available", "version"]

SWITCHES = ("enabled", "benchmark", "benchmark_limit", "deterministic", "allow_tf32")

enabled: bool
benchmark: bool
benchmark_limit: int
deterministic: bool
allow_tf32: bool


class _Module(ModuleType):
    """A module whose switches are those that the kernels look at."""

    def __getattribute__(self, name: str) -> Any:
        return getattr(cudnn_switches, name) if name in SWITCHES else super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in SWITCHES:
            setattr(cudnn_switches, name, value)
        else:
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Module


def version() -> int | None:
    """The library's version, such as 91900; None where it is not installed, or is too old or new."""
    return cuda.cudnn_version()


def is_available() -> bool:
    """Whether there is a device, and the library."""
    return cuda.missing() is None and version() is not None


@contextmanager
def flags(**switches: Any) -> Iterator[None]:
    """A block in which switches are set otherwise."""
    before = {name: getattr(cudnn_switches, name) for name in switches if name in SWITCHES}
    for name in before:
        setattr(cudnn_switches, name, switches[name])
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(cudnn_switches, name, value)
