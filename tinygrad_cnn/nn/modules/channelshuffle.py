"""What PyTorch has in `torch.nn.modules.channelshuffle`."""

from ..resizing import ChannelShuffle

__all__ = ["ChannelShuffle"]
