"""VGG: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2015)."""

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...tensor import Tensor
from .initial import initialise, kaiming_fan_out, small_normal
from .registry import network

# The channels of each convolution; "M" halves the picture. The names are the paper's.
cfgs: dict[str, list[Any]] = {
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "D": [64, 64, "M", 128, 128, "M", *[256] * 3, "M", *[512] * 3, "M", *[512] * 3, "M"],
    "E": [64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"],
}


def make_layers(cfg: Sequence[Any], batch_norm: bool = False) -> nn.Sequential:
    """3×3 convolutions with ReLU, and pooling, as a list of `cfgs` says."""
    layers: list[nn.Module] = []
    channels = 3
    for entry in cfg:
        if entry == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers.append(nn.Conv2d(channels, entry, 3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(entry))
        layers.append(nn.ReLU(inplace=True))
        channels = entry
    return nn.Sequential(*layers)


class VGG(nn.Module):
    """The convolutions of `make_layers`, then three linear layers: (N, 3, 224, 224) → (N, num_classes).

    >>> VGG(make_layers([8, "M"]), num_classes=5)  # doctest: +SKIP
    """

    def __init__(
        self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            initialise(self, kaiming_fan_out, small_normal)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]


def _vgg(cfg: str, batch_norm: bool, kwargs: dict[str, Any]) -> VGG:
    return VGG(make_layers(cfgs[cfg], batch_norm), **kwargs)


@network(init_weights=False)
def vgg11(**kwargs: Any) -> VGG:
    """VGG-11, configuration A.

    >>> sum(p.numel() for p in vgg11().parameters())  # doctest: +SKIP
    132863336
    """
    return _vgg("A", False, kwargs)


@network(init_weights=False)
def vgg13(**kwargs: Any) -> VGG:
    """VGG-13, configuration B.

    >>> sum(p.numel() for p in vgg13().parameters())  # doctest: +SKIP
    133047848
    """
    return _vgg("B", False, kwargs)


@network(init_weights=False)
def vgg16(**kwargs: Any) -> VGG:
    """VGG-16, configuration D.

    >>> sum(p.numel() for p in vgg16().parameters())  # doctest: +SKIP
    138357544
    """
    return _vgg("D", False, kwargs)


@network(init_weights=False)
def vgg19(**kwargs: Any) -> VGG:
    """VGG-19, configuration E.

    >>> sum(p.numel() for p in vgg19().parameters())  # doctest: +SKIP
    143667240
    """
    return _vgg("E", False, kwargs)


@network(init_weights=False)
def vgg11_bn(**kwargs: Any) -> VGG:
    """VGG-11 with batch normalisation.

    >>> sum(p.numel() for p in vgg11_bn().parameters())  # doctest: +SKIP
    132868840
    """
    return _vgg("A", True, kwargs)


@network(init_weights=False)
def vgg13_bn(**kwargs: Any) -> VGG:
    """VGG-13 with batch normalisation.

    >>> sum(p.numel() for p in vgg13_bn().parameters())  # doctest: +SKIP
    133053736
    """
    return _vgg("B", True, kwargs)


@network(init_weights=False)
def vgg16_bn(**kwargs: Any) -> VGG:
    """VGG-16 with batch normalisation.

    >>> sum(p.numel() for p in vgg16_bn().parameters())  # doctest: +SKIP
    138365992
    """
    return _vgg("D", True, kwargs)


@network(init_weights=False)
def vgg19_bn(**kwargs: Any) -> VGG:
    """VGG-19 with batch normalisation.

    >>> sum(p.numel() for p in vgg19_bn().parameters())  # doctest: +SKIP
    143678248
    """
    return _vgg("E", True, kwargs)
