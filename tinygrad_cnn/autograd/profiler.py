"""PyTorch's older name for `tinygrad_cnn.profiler`, with the arguments that it had."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..profiler.older import EventList, emit_itt, emit_nvtx, profile, record_function

__all__ = ["EventList", "emit_itt", "emit_nvtx", "profile", "record_function"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("tinygrad_cnn.profiler.older"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
