"""What PyTorch has in `torch.nn.modules.flatten`."""

from ..shape import Flatten, Unflatten

__all__ = ["Flatten", "Unflatten"]
