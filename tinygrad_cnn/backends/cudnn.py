"""NVIDIA's library of kernels for networks: its switches may be set, and have no effect."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .answers import is_available, version

__all__ = ["allow_tf32", "benchmark", "benchmark_limit", "deterministic", "enabled", "flags", "is_available", "version"]

enabled = True
benchmark = False
benchmark_limit = 10
deterministic = False
allow_tf32 = True


@contextmanager
def flags(**switches: Any) -> Iterator[None]:
    """A block in which switches are set otherwise, without effect."""
    before = {name: globals()[name] for name in switches if name in globals()}
    globals().update(switches)
    try:
        yield
    finally:
        globals().update(before)
