"""PyTorch's name for the home of `Function`, which lives in `tinygrad_cnn.function`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..function import Function, FunctionCtx, once_differentiable

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("tinygrad_cnn.function"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
