"""What PyTorch has in `torch.nn.modules.fold`."""

from ..shape import Fold, Unfold

__all__ = ["Fold", "Unfold"]
