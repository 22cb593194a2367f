"""DenseNet: Huang et al., "Densely connected convolutional networks" (2017)."""

import re
from collections.abc import Sequence
from typing import Any

from ... import nn
from ...checkpointing import checkpoint
from ...functions import cat
from ...nn import functional as F
from ...tensor import Tensor
from .initial import initialise
from .registry import network


class _DenseLayer(nn.Module):
    """bn, relu, 1×1; bn, relu, 3×3: `growth_rate` new channels of all there are."""

    def __init__(
        self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float, memory_efficient: bool = False
    ) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, bn_size * growth_rate, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(bn_size * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(bn_size * growth_rate, growth_rate, 3, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def _narrow(self, *inputs: Tensor) -> Tensor:
        return self.conv1(self.relu1(self.norm1(cat(inputs, 1))))

    def forward(self, input: Tensor | Sequence[Tensor]) -> Tensor:
        inputs = [input] if isinstance(input, Tensor) else list(input)
        if self.memory_efficient and any(each.requires_grad for each in inputs):
            narrow = checkpoint(self._narrow, *inputs, use_reentrant=False)
        else:
            narrow = self._narrow(*inputs)
        new = self.conv2(self.relu2(self.norm2(narrow)))
        return F.dropout(new, self.drop_rate, self.training) if self.drop_rate else new


class _DenseBlock(nn.ModuleDict):
    """Dense layers, each of which sees what all before it made."""

    def __init__(
        self,
        num_layers: int,
        num_input_features: int,
        bn_size: int,
        growth_rate: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        for i in range(num_layers):
            layer = _DenseLayer(num_input_features + i * growth_rate, growth_rate, bn_size, drop_rate, memory_efficient)
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, init_features: Tensor) -> Tensor:
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)


class _Transition(nn.Sequential):
    """bn, relu, 1×1, and an average over 2×2."""

    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, 1, bias=False)
        self.pool = nn.AvgPool2d(2, 2)


class DenseNet(nn.Module):
    """A stem that quarters the picture, dense blocks with transitions between, a linear layer.

    Args:
        growth_rate: the channels that each layer adds.
        block_config: the layers of each block.
        num_init_features: the channels of the stem.
        bn_size: the channels between the two convolutions of a layer, as a multiple of growth_rate.
        drop_rate: of the dropout after each layer.
        memory_efficient: compute the inputs of each layer again in backward, in place of keeping them.

    >>> DenseNet(8, (1, 1), 16, num_classes=5)(tg.ones(1, 3, 64, 64)).shape
    (1, 5)
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, num_init_features, 7, stride=2, padding=3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(num_init_features))
        self.features.add_module("relu0", nn.ReLU(inplace=True))
        self.features.add_module("pool0", nn.MaxPool2d(3, stride=2, padding=1))
        channels = num_init_features
        for i, layers in enumerate(block_config, 1):
            block = _DenseBlock(layers, channels, bn_size, growth_rate, drop_rate, memory_efficient)
            self.features.add_module(f"denseblock{i}", block)
            channels += layers * growth_rate
            if i < len(block_config):
                self.features.add_module(f"transition{i}", _Transition(channels, channels // 2))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, num_classes)
        initialise(self, nn.init.kaiming_normal_)
        nn.init.zeros_(self.classifier.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.features(x))
        return self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


def _new_name(key: str) -> str:
    """`denselayer1.norm.1.weight`, as the weight files have it, became `denselayer1.norm1.weight`."""
    return re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])", r"\1\2", key)


@network(rename=_new_name)
def densenet121(**kwargs: Any) -> DenseNet:
    """DenseNet-121.

    >>> sum(p.numel() for p in densenet121().parameters())
    7978856
    """
    return DenseNet(32, (6, 12, 24, 16), 64, **kwargs)


@network(rename=_new_name)
def densenet161(**kwargs: Any) -> DenseNet:
    """DenseNet-161.

    >>> sum(p.numel() for p in densenet161().parameters())  # doctest: +SKIP
    28681000
    """
    return DenseNet(48, (6, 12, 36, 24), 96, **kwargs)


@network(rename=_new_name)
def densenet169(**kwargs: Any) -> DenseNet:
    """DenseNet-169.

    >>> sum(p.numel() for p in densenet169().parameters())  # doctest: +SKIP
    14149480
    """
    return DenseNet(32, (6, 12, 32, 32), 64, **kwargs)


@network(rename=_new_name)
def densenet201(**kwargs: Any) -> DenseNet:
    """DenseNet-201.

    >>> sum(p.numel() for p in densenet201().parameters())  # doctest: +SKIP
    20013928
    """
    return DenseNet(32, (6, 12, 48, 32), 64, **kwargs)
