"""Networks for small images, narrow ones, written as public programs write them."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.modules.utils import _pair

VGG_LAYERS = [8, "M", 16, "M", 16, 24, "M"]


class VGG(nn.Module):
    def __init__(self, layers=VGG_LAYERS, num_classes=10, batch_norm=True):
        super(VGG, self).__init__()  # noqa: UP008
        self.features = self._make_layers(layers, batch_norm)
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(
            nn.Linear(24 * 2 * 2, 32), nn.ReLU(True), nn.Dropout(p=0.0), nn.Linear(32, num_classes)
        )
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                n = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
                m.weight.data.normal_(0, math.sqrt(2.0 / n))
                if m.bias is not None:
                    m.bias.data.zero_()

    def _make_layers(self, layers, batch_norm):
        modules, in_channels = [], 3
        for v in layers:
            if v == "M":
                modules += [nn.MaxPool2d(kernel_size=2, stride=2)]
            else:
                modules += [nn.Conv2d(in_channels, v, kernel_size=3, padding=1)]
                modules += [nn.BatchNorm2d(v), nn.ReLU(inplace=True)] if batch_norm else [nn.ReLU(inplace=True)]
                in_channels = v
        return nn.Sequential(*modules)

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(x.view(x.size(0), -1))


class Bottleneck(nn.Module):
    expansion = 2

    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, self.expansion * planes, kernel_size=_pair(1), bias=False)
        self.bn3 = nn.BatchNorm2d(self.expansion * planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != self.expansion * planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, self.expansion * planes, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(self.expansion * planes),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += self.shortcut(x)
        return F.relu(out)


class SEBlock(nn.Module):
    """Pre-activation, squeeze and excitation."""

    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_planes)
        self.conv1 = nn.Conv2d(in_planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, stride=1, padding=1, bias=False)
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(nn.Conv2d(in_planes, planes, kernel_size=1, stride=stride, bias=False))
        self.fc1 = nn.Conv2d(planes, planes // 4, kernel_size=1)
        self.fc2 = nn.Conv2d(planes // 4, planes, kernel_size=1)

    def forward(self, x):
        out = F.relu(self.bn1(x))
        shortcut = self.shortcut(out) if hasattr(self, "shortcut") else x
        out = self.conv2(F.relu(self.bn2(self.conv1(out))))
        w = F.avg_pool2d(out, out.size(2))
        w = F.sigmoid(self.fc2(F.relu(self.fc1(w))))
        out = out * w
        out += shortcut
        return out


class ResNet(nn.Module):
    def __init__(self, block, num_blocks=(1, 2), num_classes=10):
        super().__init__()
        self.in_planes = 8
        self.conv1 = nn.Conv2d(3, 8, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = self._make_layer(block, 8, num_blocks[0], stride=1)
        self.layer2 = self._make_layer(block, 16, num_blocks[1], stride=2)
        self.linear = nn.Linear(self.in_planes, num_classes)

    def _make_layer(self, block, planes, num_blocks, stride):
        layers = []
        for s in [stride] + [1] * (num_blocks - 1):
            layers.append(block(self.in_planes, planes, s))
            self.in_planes = planes * getattr(block, "expansion", 1)
        return nn.Sequential(*layers)

    def forward(self, x):
        out = self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x)))))
        out = F.avg_pool2d(out, 8)
        return self.linear(out.view(out.size(0), -1))


class _DenseLayer(nn.Sequential):
    def __init__(self, channels, growth):
        super().__init__()
        self.add_module("norm1", nn.BatchNorm2d(channels))
        self.add_module("relu1", nn.ReLU(inplace=True))
        self.add_module("conv1", nn.Conv2d(channels, 2 * growth, kernel_size=1, stride=1, bias=False))
        self.add_module("norm2", nn.BatchNorm2d(2 * growth))
        self.add_module("relu2", nn.ReLU(inplace=True))
        self.add_module("conv2", nn.Conv2d(2 * growth, growth, kernel_size=3, stride=1, padding=1, bias=False))

    def forward(self, x):
        return torch.cat([x, super().forward(x.clone())], 1)


class DenseNet(nn.Module):
    def __init__(self, growth=4):
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, 8, 3, padding=1, bias=False))
        channels = 8
        for i in range(3):
            self.features.add_module("denselayer%d" % (i + 1), _DenseLayer(channels, growth))
            channels += growth
        self.features.add_module("transition", nn.Sequential(nn.Conv2d(channels, 12, 1), nn.AvgPool2d(2)))
        self.classifier = nn.Linear(12, 10)

    def forward(self, x):
        out = F.relu(self.features(x), inplace=True)
        return self.classifier(F.adaptive_avg_pool2d(out, (1, 1)).view(x.size(0), -1))


class Inception(nn.Module):
    def __init__(self, in_planes, n1, n3red, n3, n5red, n5, pool):
        super().__init__()

        def conv(i, o, k):
            return [nn.Conv2d(i, o, kernel_size=k, padding=k // 2), nn.BatchNorm2d(o), nn.ReLU(True)]

        self.b1 = nn.Sequential(*conv(in_planes, n1, 1))
        self.b2 = nn.Sequential(*conv(in_planes, n3red, 1), *conv(n3red, n3, 3))
        self.b3 = nn.Sequential(*conv(in_planes, n5red, 1), *conv(n5red, n5, 5))
        self.b4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), *conv(in_planes, pool, 1))

    def forward(self, x):
        return torch.cat([branch(x) for branch in (self.b1, self.b2, self.b3, self.b4)], 1)


class GoogLeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.pre_layers = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3), nn.ReLU(True), nn.LocalResponseNorm(5))
        self.a3 = Inception(8, 4, 4, 6, 2, 4, 4)
        self.maxpool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.b3 = Inception(18, 6, 4, 8, 2, 4, 4)
        self.aux = nn.Linear(18 * 4 * 4, 10)
        self.linear = nn.Linear(22, 10)

    def forward(self, x):
        out = self.maxpool(self.a3(self.pre_layers(x)))
        aux = self.aux(out.flatten(1)) if self.training else None
        out = self.linear(self.b3(out).mean([2, 3]))
        return (out, aux) if self.training else out


MODELS = {
    "vgg": (VGG, (2, 3, 16, 16)),
    "resnet": (lambda: ResNet(Bottleneck), (2, 3, 16, 16)),
    "senet": (lambda: ResNet(SEBlock), (2, 3, 16, 16)),
    "densenet": (DenseNet, (2, 3, 8, 8)),
    "googlenet": (GoogLeNet, (2, 3, 16, 16)),
}
