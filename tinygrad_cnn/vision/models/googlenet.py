"""GoogLeNet: Szegedy et al., "Going deeper with convolutions" (2015), with batch normalisation."""

from typing import Any, NamedTuple

from ... import nn
from ...functions import cat
from ...nn import functional as F
from ...tensor import Tensor
from .branches import BasicConv2d, as_inception_was_trained, through, truncated_init
from .registry import network


class GoogLeNetOutputs(NamedTuple):
    """What the network says, and its two auxiliary heads in the middle, in training.

    >>> GoogLeNetOutputs(tg.ones(1), None, None).logits
    tensor([1.])
    """

    logits: Tensor
    aux_logits2: Tensor | None
    aux_logits1: Tensor | None


class Inception(nn.Module):
    """1×1, 1×1 – 3×3, 1×1 – 3×3 and pool – 1×1 side by side."""

    def __init__(
        self, in_channels: int, ch1x1: int, ch3x3red: int, ch3x3: int, ch5x5red: int, ch5x5: int, pool_proj: int
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential(
            BasicConv2d(in_channels, ch3x3red, kernel_size=1), BasicConv2d(ch3x3red, ch3x3, kernel_size=3, padding=1)
        )
        # 3×3, not the paper's 5×5: so were the weights trained.
        self.branch3 = nn.Sequential(
            BasicConv2d(in_channels, ch5x5red, kernel_size=1), BasicConv2d(ch5x5red, ch5x5, kernel_size=3, padding=1)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True), BasicConv2d(in_channels, pool_proj, kernel_size=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class InceptionAux(nn.Module):
    """A small classifier on features of the middle."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.7) -> None:
        super().__init__()
        self.conv = BasicConv2d(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(F.adaptive_avg_pool2d(x, (4, 4))).flatten(1)
        return self.fc2(self.dropout(F.relu(self.fc1(x))))


# The channels of each module: in, 1×1, 3×3 (reduced, full), "5×5" (reduced, full), after the pool.
_MODULES = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class GoogLeNet(nn.Module):
    """Nine inception modules: (N, 3, 224, 224) → (N, num_classes).

    In training, with `aux_logits`, it returns GoogLeNetOutputs: the logits and those of the two auxiliary heads.

    >>> GoogLeNet(num_classes=5, aux_logits=False, init_weights=False).eval()(tg.ones(1, 3, 32, 32)).shape
    (1, 5)
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        init_weights: bool | None = True,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
    ) -> None:
        super().__init__()
        self.aux_logits = aux_logits
        self.transform_input = transform_input
        self.conv1 = BasicConv2d(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = BasicConv2d(64, 64, kernel_size=1)
        self.conv3 = BasicConv2d(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        for name, channels in _MODULES.items():
            if name == "4a":
                self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
            if name == "5a":
                self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
            self.add_module(f"inception{name}", Inception(*channels))
        self.aux1 = InceptionAux(512, num_classes, dropout_aux) if aux_logits else None
        self.aux2 = InceptionAux(528, num_classes, dropout_aux) if aux_logits else None
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)
        if init_weights:
            truncated_init(self, 0.01)

    def forward(self, x: Tensor) -> Any:
        if self.transform_input:
            x = as_inception_was_trained(x)
        x = through(x, [self.conv1, self.maxpool1, self.conv2, self.conv3, self.maxpool2])
        middle = through(x, [self.inception3a, self.inception3b, self.maxpool3, self.inception4a])
        later = through(middle, [self.inception4b, self.inception4c, self.inception4d])
        x = through(later, [self.inception4e, self.maxpool4, self.inception5a, self.inception5b])
        logits = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        if self.training and self.aux1 is not None and self.aux2 is not None:
            return GoogLeNetOutputs(logits, self.aux2(later), self.aux1(middle))
        return logits


@network(optional=("aux1.", "aux2."), transform_input=True, aux_logits=False, init_weights=False)
def googlenet(**kwargs: Any) -> GoogLeNet:
    """GoogLeNet, or Inception v1.

    >>> sum(p.numel() for p in googlenet().parameters())  # doctest: +SKIP
    13004888
    """
    return GoogLeNet(**kwargs)
