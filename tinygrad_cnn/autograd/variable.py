"""PyTorch's old name for the home of `Variable`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..tensor.legacy import Variable

__all__ = ["Variable"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("tinygrad_cnn.tensor.legacy"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
