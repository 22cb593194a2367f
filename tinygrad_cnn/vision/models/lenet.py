"""LeNet-5: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998)."""

from ... import nn
from ...tensor import Tensor


class LeNet(nn.Module):
    """Two convolutions, each pooled, then three linear layers: (N, 1, 28, 28) or (N, 1, 32, 32) → (N, 10).

    The first convolution pads images of 28 pixels to the paper's 32. The activations are ReLU, and every filter sees
    all channels, as in most programs of today.

    >>> import tinygrad_cnn as tg
    >>> net = LeNet()
    >>> net(tg.ones(2, 1, 28, 28)).shape, sum(p.numel() for p in net.parameters())
    ((2, 10), 61706)
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, image_size: int = 28) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 6, 5, padding=(32 - image_size) // 2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))  # type: ignore[no-any-return]
