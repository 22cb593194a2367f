"""What PyTorch has in `torch.nn.modules.pixelshuffle`."""

from ..resizing import PixelShuffle, PixelUnshuffle

__all__ = ["PixelShuffle", "PixelUnshuffle"]
