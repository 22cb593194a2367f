"""The networks that pictures are judged by, small where size does not matter."""

from typing import Any

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn import nn


class Lecture(nn.Module):
    """Two convolutions, pooling called twice, two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1, self.fc2 = nn.Linear(32, 16), nn.Linear(16, 10)

    def forward(self, x: Any) -> Any:
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class BasicBlock(nn.Module):
    def __init__(self, c: int, o: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.relu = nn.ReLU()
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.downsample = None
        if stride != 1 or c != o:
            self.downsample = nn.Sequential(nn.Conv2d(c, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x: Any) -> Any:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """ResNet-18 with 8 channels where that has 64; `counts` says how many blocks each stage has."""

    def __init__(self, counts: tuple[int, ...] = (2, 2, 2, 2), width: int = 8) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        self.relu, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        c = width
        for i, count in enumerate(counts):
            o = width << i
            blocks = [BasicBlock(c if j == 0 else o, o, 2 if i and j == 0 else 1) for j in range(count)]
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
            c = o
        self.stages = len(counts)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(c, 10)

    def forward(self, x: Any) -> Any:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.fc(self.avgpool(x).flatten(1))


class Conv(nn.Module):
    def __init__(self, c: int, o: int, k: int, **options: Any) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(c, o, k, bias=False, **options), nn.BatchNorm2d(o)

    def forward(self, x: Any) -> Any:
        return F.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
    """Four branches side by side, joined: o channels each."""

    def __init__(self, c: int, o: int) -> None:
        super().__init__()
        self.branch1 = Conv(c, o, 1)
        self.branch2 = nn.Sequential(Conv(c, o, 1), Conv(o, o, 3, padding=1))
        self.branch3 = nn.Sequential(Conv(c, o, 1), Conv(o, o, 3, padding=1))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), Conv(c, o, 1))

    def forward(self, x: Any) -> Any:
        return tg.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class GoogLeNet(nn.Module):
    """GoogLeNet's wiring: a stem, nine inception blocks, a head."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.stem = nn.Sequential(Conv(3, width, 7, stride=2, padding=3), nn.MaxPool2d(3, 2, 1))
        c, o = width, width
        for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
            setattr(self, f"inception{name}", Inception(c, o))
            c = 4 * o
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.dropout, self.fc = nn.Dropout(0.2), nn.Linear(c, 10)

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        for name in ("3a", "3b", "", "4a", "4b", "4c", "4d", "4e", "", "5a", "5b"):
            x = getattr(self, f"inception{name}")(x) if name else self.pool(x)
        return self.fc(self.dropout(x.mean((2, 3))))


class Double(nn.Sequential):
    def __init__(self, c: int, o: int) -> None:
        super().__init__(nn.Conv2d(c, o, 3, padding=1), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU())


class UNet(nn.Module):
    """Two steps down, two up, with skip connections."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.down3 = Double(1, 2), Double(2, 4), Double(4, 8)
        self.pool = nn.MaxPool2d(2)
        self.up2, self.dec2 = nn.ConvTranspose2d(8, 4, 2, 2), Double(8, 4)
        self.up1, self.dec1 = nn.ConvTranspose2d(4, 2, 2, 2), Double(4, 2)
        self.out = nn.Conv2d(2, 1, 1)

    def forward(self, x: Any) -> Any:
        a = self.down1(x)
        b = self.down2(self.pool(a))
        y = self.dec2(tg.cat([self.up2(self.down3(self.pool(b))), b], 1))
        return self.out(self.dec1(tg.cat([self.up1(y), a], 1)))


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6))

    def forward(self, z: Any) -> Any:
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))

    def forward(self, x: Any) -> Any:
        return self.net(x)


def gan_losses(generator: Any, discriminator: Any) -> dict[str, Any]:
    """The two losses of one step: true and made examples for the one, made ones for the other."""
    made = generator(tg.randn(3, 4))
    real = tg.randn(3, 6)
    loss = (discriminator(real) - 1).square().mean() + discriminator(made.detach()).square().mean()
    return {"d_loss": loss, "g_loss": (discriminator(made) - 1).square().mean()}


def gradient_penalty(critic: Any, x: Any) -> Any:
    """(‖∂critic/∂x‖ − 1)², a graph with a gradient in it."""
    (slope,) = tg.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (slope.norm(2, 1) - 1).square().mean()
