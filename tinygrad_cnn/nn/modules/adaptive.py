"""What PyTorch has in `torch.nn.modules.adaptive`."""

from ..output import AdaptiveLogSoftmaxWithLoss

__all__ = ["AdaptiveLogSoftmaxWithLoss"]
