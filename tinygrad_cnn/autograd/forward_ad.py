"""PyTorch's name for `tinygrad_cnn.forward_ad`: dual numbers."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..forward_ad import UnpackedDualTensor, dual_level, enter_dual_level, exit_dual_level, make_dual, unpack_dual

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("tinygrad_cnn.forward_ad"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
