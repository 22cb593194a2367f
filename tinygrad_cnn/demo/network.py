"""The lecture's deep network: convolution and pooling twice, then dense layers, then a softmax over the classes."""

from .. import nn
from ..tensor import Tensor


class DigitsNet(nn.Module):
    """A network for 8 × 8 grey images: (N, 1, 8, 8) → scores (N, 10). The softmax is part of the loss.

    Args:
        channels: filters of the first and of the second convolution.
        hidden: units of the dense layer between the images and the classes.
        dropout: the probability with which a hidden unit is left out of a training step.
    """

    def __init__(self, channels: tuple[int, int] = (32, 64), hidden: int = 128, dropout: float = 0.4) -> None:
        super().__init__()
        first, second = channels
        self.features = nn.Sequential(
            nn.Conv2d(1, first, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 8 × 8 → 4 × 4
            nn.Conv2d(first, second, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 4 × 4 → 2 × 2
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(second * 2 * 2, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scores of the ten digits."""
        scores: Tensor = self.classifier(self.features(x))
        return scores
