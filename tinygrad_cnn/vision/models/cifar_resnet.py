"""The residual networks for pictures of 32×32 pixels of He et al. (2016), section 4.2; not in torchvision."""

from typing import Any

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor
from .initial import initialise
from .registry import network


class CifarBlock(nn.Module):
    """relu(x + bn(conv(relu(bn(conv(x)))))); where shapes change, x is every second pixel with channels of 0 added."""

    def __init__(self, inp: int, oup: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inp, oup, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(oup)
        self.conv2 = nn.Conv2d(oup, oup, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(oup)
        self.stride = stride
        self.added = oup - inp

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1 or self.added:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
        return F.relu(out + x)


class CifarResNet(nn.Module):
    """A 3×3 convolution, three stages of n blocks with 16, 32 and 64 channels, an average, a linear layer.

    The depth is 6n + 2: (N, 3, 32, 32) → (N, num_classes).

    >>> import tinygrad_cnn as tg
    >>> net = CifarResNet(3)
    >>> net(tg.ones(2, 3, 32, 32)).shape, round(sum(p.numel() for p in net.parameters()) / 1e6, 2)
    ((2, 10), 0.27)
    """

    def __init__(self, n: int, num_classes: int = 10, in_channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(CifarBlock(16, 16) for _ in range(n)))
        self.layer2 = nn.Sequential(CifarBlock(16, 32, 2), *(CifarBlock(32, 32) for _ in range(n - 1)))
        self.layer3 = nn.Sequential(CifarBlock(32, 64, 2), *(CifarBlock(64, 64) for _ in range(n - 1)))
        self.fc = nn.Linear(64, num_classes)
        initialise(self, nn.init.kaiming_normal_, nn.init.kaiming_normal_)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


@network()
def cifar_resnet20(**kwargs: Any) -> CifarResNet:
    """ResNet-20 for CIFAR; the paper's test error on CIFAR-10 is 8.75 %.

    >>> sum(p.numel() for p in cifar_resnet20().parameters())
    269722
    """
    return CifarResNet(3, **kwargs)


@network()
def cifar_resnet32(**kwargs: Any) -> CifarResNet:
    """ResNet-32 for CIFAR; the paper's test error on CIFAR-10 is 7.51 %.

    >>> sum(p.numel() for p in cifar_resnet32().parameters())
    464154
    """
    return CifarResNet(5, **kwargs)


@network()
def cifar_resnet44(**kwargs: Any) -> CifarResNet:
    """ResNet-44 for CIFAR; the paper's test error on CIFAR-10 is 7.17 %.

    >>> sum(p.numel() for p in cifar_resnet44().parameters())
    658586
    """
    return CifarResNet(7, **kwargs)


@network()
def cifar_resnet56(**kwargs: Any) -> CifarResNet:
    """ResNet-56 for CIFAR; the paper's test error on CIFAR-10 is 6.97 %.

    >>> sum(p.numel() for p in cifar_resnet56().parameters())
    853018
    """
    return CifarResNet(9, **kwargs)
