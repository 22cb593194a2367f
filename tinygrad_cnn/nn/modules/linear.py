"""What PyTorch has in `torch.nn.modules.linear`."""

from ..lazy import LazyLinear
from ..linear import Bilinear, Identity, Linear, NonDynamicallyQuantizableLinear

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear", "NonDynamicallyQuantizableLinear"]
