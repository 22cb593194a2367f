"""PyTorch's name for helpers: `utils.data`."""

from . import data

__all__ = ["data"]
