"""PyTorch's name for helpers: `utils.data`, `utils.checkpoint`, `utils.dlpack`, `utils.tensorboard`."""

from . import checkpoint, data, dlpack, tensorboard

__all__ = ["checkpoint", "data", "dlpack", "tensorboard"]
