"""PyTorch's name for helpers: `utils.benchmark`, `.checkpoint`, `.data`, `.dlpack`, `.model_zoo`, `.tensorboard`."""

from . import benchmark, checkpoint, data, dlpack, tensorboard

__all__ = ["benchmark", "checkpoint", "data", "dlpack", "tensorboard"]
