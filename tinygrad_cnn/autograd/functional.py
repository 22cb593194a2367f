"""PyTorch's name for `tinygrad_cnn.jacobians`: Jacobians, Hessians, and products with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..jacobians import hessian, hvp, jacobian, jvp, vhp, vjp

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("tinygrad_cnn.jacobians"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
