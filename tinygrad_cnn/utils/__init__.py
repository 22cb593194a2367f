"""PyTorch's name for helpers: `utils.data`."""

from . import checkpoint, data, dlpack

__all__ = ["checkpoint", "data", "dlpack"]
