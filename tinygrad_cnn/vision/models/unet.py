"""U-Net: Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image segmentation" (2015)."""

from typing import Any

from ... import nn
from ...functions import cat
from ...nn import functional as F
from ...tensor import Tensor
from .registry import network


def _double(inp: int, oup: int) -> nn.Sequential:
    """Two 3×3 convolutions, each normalised, with ReLU."""
    return nn.Sequential(
        nn.Conv2d(inp, oup, 3, padding=1, bias=False),
        nn.BatchNorm2d(oup),
        nn.ReLU(inplace=True),
        nn.Conv2d(oup, oup, 3, padding=1, bias=False),
        nn.BatchNorm2d(oup),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    """A score per class for each pixel: (N, in_channels, H, W) → (N, num_classes, H, W).

    Down: `depth` times two convolutions and a maximum over 2×2, with twice the channels each time. Up again: a
    transposed convolution, the features of the same size from the way down beside it, two convolutions. In place of the
    paper's unpadded convolutions these keep the size, and are normalised, as in most programs of today; any height and
    width will do.

    Args:
        width: the channels of the first stage.
        depth: how often the picture is halved.

    >>> import tinygrad_cnn as tg
    >>> UNet(1, 3, width=4, depth=2)(tg.ones(1, 1, 18, 21)).shape
    (1, 3, 18, 21)
    """

    def __init__(self, in_channels: int = 3, num_classes: int = 1, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        channels = [width * 2**i for i in range(depth + 1)]
        self.down = nn.ModuleList(_double(a, b) for a, b in zip([in_channels, *channels], channels, strict=False))
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, stride=2) for c in reversed(channels[:-1]))
        self.merge = nn.ModuleList(_double(2 * c, c) for c in reversed(channels[:-1]))
        self.head = nn.Conv2d(width, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        beside = []
        for number, stage in enumerate(self.down):
            x = stage(self.pool(x) if number else x)
            beside.append(x)
        beside.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            skip, x = beside.pop(), up(x)
            # Where a size was odd, halving lost a row or a column.
            x = F.pad(x, (0, skip.shape[3] - x.shape[3], 0, skip.shape[2] - x.shape[2]))
            x = merge(cat([skip, x], 1))
        return self.head(x)


@network()
def unet(**kwargs: Any) -> UNet:
    """U-Net.

    >>> sum(p.numel() for p in unet().parameters())  # doctest: +SKIP
    31037633
    """
    return UNet(**kwargs)
