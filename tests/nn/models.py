"""Small networks for the tests of modules."""

from typing import Any

import tinygrad_cnn as tg
from tinygrad_cnn import nn


class Block(nn.Module):
    """A convolution whose result is added to what went in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Any) -> Any:
        return x + self.norm(self.conv(x)).relu()


class Net(nn.Module):
    """Features in a Sequential, a classifier, and one layer that is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3), Block(4), nn.MaxPool2d(2))
        self.mix = nn.Linear(36, 36)
        self.classifier = nn.Linear(36, 10)

    def forward(self, x: Any) -> Any:
        x = self.features(x).flatten(1)
        return self.classifier(self.mix(self.mix(x)).tanh())


def images(n: int = 2) -> Any:
    return tg.randn(n, 1, 8, 8)


def nodes_of(tensor: Any) -> list[Any]:
    """Every node that the tensor was computed by, the last first."""
    seen: dict[int, Any] = {}
    waiting = [tensor.node]
    while waiting:
        node = waiting.pop()
        if node is not None and id(node) not in seen and node.name != "leaf":
            seen[id(node)] = node
            waiting.extend(node.inputs)
    return sorted(seen.values(), key=lambda node: -node.order)
