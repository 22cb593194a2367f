"""SqueezeNet: Iandola et al., "AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size" (2016)."""

from typing import Any

from ... import nn
from ...functions import cat
from ...tensor import Tensor
from .initial import small_normal
from .registry import network


class Fire(nn.Module):
    """1×1 to few channels, and from those 1×1 and 3×3 side by side."""

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, 1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, 1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, 3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        return cat([self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1)


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


_FIRES = [
    (64, 16),
    (128, 16),
    (128, 32),
    (256, 32),
    (256, 48),
    (384, 48),
    (384, 64),
    (512, 64),
]  # channels in, squeezed


class SqueezeNet(nn.Module):
    """A convolution, eight fire modules, a convolution to the classes, an average: (N, 3, H, W) → (N, num_classes).

    Args:
        version: "1_0", as in the paper, or "1_1", which pools earlier and costs 2.4 times less.

    >>> SqueezeNet("1_1", num_classes=5)(tg.ones(1, 3, 32, 32)).shape
    (1, 5)
    """

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        if version not in ("1_0", "1_1"):
            raise ValueError(f"SqueezeNet: version must be '1_0' or '1_1'; got {version!r}")
        self.num_classes = num_classes
        first, kernel, pooled_before = (96, 7, (3, 7)) if version == "1_0" else (64, 3, (2, 4))
        layers: list[nn.Module] = [nn.Conv2d(3, first, kernel, stride=2), nn.ReLU(inplace=True), _pool()]
        for number, (channels, squeezed) in enumerate(_FIRES):
            if number in pooled_before:
                layers.append(_pool())
            layers.append(Fire(channels if number else first, squeezed, 4 * squeezed, 4 * squeezed))
        self.features = nn.Sequential(*layers)
        last = nn.Conv2d(512, num_classes, 1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), last, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                (small_normal if module is last else nn.init.kaiming_uniform_)(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x)).flatten(1)  # type: ignore[no-any-return]


@network()
def squeezenet1_0(**kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.0.

    >>> sum(p.numel() for p in squeezenet1_0().parameters())
    1248424
    """
    return SqueezeNet("1_0", **kwargs)


@network()
def squeezenet1_1(**kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.1.

    >>> sum(p.numel() for p in squeezenet1_1().parameters())
    1235496
    """
    return SqueezeNet("1_1", **kwargs)
