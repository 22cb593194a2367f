"""PyTorch's name for checkpoints within a graph: `utils.checkpoint`."""

from ..checkpointing import CheckpointError, checkpoint, checkpoint_sequential

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential"]
