"""PyTorch's name for helpers: `utils.data`."""

from . import checkpoint, data

__all__ = ["checkpoint", "data"]
