"""Networks for phones: depthwise and grouped convolutions, shuffles, squeezes."""

import torch
from torch import nn
from torch.nn import functional as F


class InvertedResidual(nn.Module):
    def __init__(self, inp, oup, stride, expand_ratio):
        super().__init__()
        hidden_dim = round(inp * expand_ratio)
        self.use_res_connect = stride == 1 and inp == oup
        self.conv = nn.Sequential(
            nn.Conv2d(inp, hidden_dim, 1, 1, 0, bias=False),
            nn.BatchNorm2d(hidden_dim, momentum=0.03, eps=1e-3),
            nn.ReLU6(inplace=True),
            nn.Conv2d(hidden_dim, hidden_dim, 3, stride, 1, groups=hidden_dim, bias=False),
            nn.BatchNorm2d(hidden_dim),
            nn.ReLU6(inplace=True),
            nn.Conv2d(hidden_dim, oup, 1, 1, 0, bias=False),
            nn.BatchNorm2d(oup),
        )

    def forward(self, x):
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, width_mult=1.0):
        super().__init__()
        features, inp = [nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6())], 8
        for t, c, n, s in [(1, 8, 1, 1), (4, 12, 2, 2)]:
            for i in range(n):
                features.append(InvertedResidual(inp, int(c * width_mult), s if i == 0 else 1, t))
                inp = int(c * width_mult)
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(0.0), nn.Linear(inp, 10))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.ones_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.classifier(self.features(x).mean(3).mean(2))


def channel_shuffle(x, groups):
    batchsize, num_channels, height, width = x.data.size()
    x = x.view(batchsize, groups, num_channels // groups, height, width)
    x = torch.transpose(x, 1, 2).contiguous()
    return x.view(batchsize, -1, height, width)


class ShuffleUnit(nn.Module):
    def __init__(self, inp, oup, stride):
        super().__init__()
        self.stride = stride
        branch = oup // 2
        if stride == 2:
            self.branch1 = nn.Sequential(
                nn.Conv2d(inp, inp, 3, stride, 1, groups=inp, bias=False),
                nn.BatchNorm2d(inp),
                nn.Conv2d(inp, branch, 1, bias=False),
                nn.BatchNorm2d(branch),
                nn.ReLU(inplace=True),
            )
        self.branch2 = nn.Sequential(
            nn.Conv2d(inp if stride == 2 else branch, branch, 1, bias=False),
            nn.BatchNorm2d(branch),
            nn.ReLU(inplace=True),
            nn.Conv2d(branch, branch, 3, stride, 1, groups=branch, bias=False),
            nn.BatchNorm2d(branch),
            nn.Conv2d(branch, branch, 1, bias=False),
            nn.BatchNorm2d(branch),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        if self.stride == 1:
            x1, x2 = x.chunk(2, dim=1)
            out = torch.cat((x1, self.branch2(x2)), dim=1)
        else:
            out = torch.cat((self.branch1(x), self.branch2(x)), dim=1)
        return channel_shuffle(out, 2)


class ShuffleNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.stage2 = nn.Sequential(ShuffleUnit(8, 16, 2), ShuffleUnit(16, 16, 1))
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.stage2(self.maxpool(self.conv1(x))).mean([2, 3]))


class Swish(nn.Module):
    def forward(self, x):
        return x * x.sigmoid()


def drop_connect(x, drop_ratio):
    keep_ratio = 1.0 - drop_ratio
    mask = torch.empty([x.shape[0], 1, 1, 1], dtype=x.dtype, device=x.device)
    mask.bernoulli_(keep_ratio)
    x.div_(keep_ratio)
    x.mul_(mask)
    return x


class MBConv(nn.Module):
    def __init__(self, inp, oup, kernel_size, stride, expand_ratio=2, se_ratio=0.25):
        super().__init__()
        channels = expand_ratio * inp
        self.conv1 = nn.Conv2d(inp, channels, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        pad = 1 if kernel_size == 3 else 2
        self.conv2 = nn.Conv2d(channels, channels, kernel_size, stride, padding=pad, groups=channels, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.se = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, int(inp * se_ratio), 1),
            Swish(),
            nn.Conv2d(int(inp * se_ratio), channels, 1),
            nn.Sigmoid(),
        )
        self.conv3 = nn.Conv2d(channels, oup, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(oup)
        self.has_skip = stride == 1 and inp == oup

    def forward(self, x):
        out = F.silu(self.bn1(self.conv1(x)))
        out = F.hardswish(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out * self.se(out)))
        if self.has_skip:
            if self.training:
                out = drop_connect(out, 0.0)
            out = out + x
        return out


class EfficientNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layers = nn.ModuleList([MBConv(8, 8, 3, 1), MBConv(8, 12, 5, 2)])
        self.register_buffer("mean", torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1))
        self.linear = nn.Linear(12, 10)

    def forward(self, x):
        out = F.gelu(self.bn1(self.conv1(x - self.mean)))
        for layer in self.layers:
            out = layer(out)
        return self.linear(torch.flatten(F.adaptive_avg_pool2d(out, 1), 1))


class DPNBlock(nn.Module):
    """Dual paths: one part is added, one part is appended; grouped convolution."""

    def __init__(self, last_planes, in_planes, out_planes, dense_depth, stride, first_layer):
        super().__init__()
        self.out_planes, self.dense_depth = out_planes, dense_depth
        self.conv1 = nn.Conv2d(last_planes, in_planes, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(in_planes)
        self.conv2 = nn.Conv2d(in_planes, in_planes, kernel_size=3, stride=stride, padding=1, groups=4, bias=False)
        self.bn2 = nn.BatchNorm2d(in_planes)
        self.conv3 = nn.Conv2d(in_planes, out_planes + dense_depth, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_planes + dense_depth)
        self.shortcut = nn.Sequential()
        if first_layer:
            self.shortcut = nn.Sequential(
                nn.Conv2d(last_planes, out_planes + dense_depth, 1, stride, bias=False),
                nn.BatchNorm2d(out_planes + dense_depth),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        x = self.shortcut(x)
        d = self.out_planes
        out = torch.cat([x[:, :d, :, :] + out[:, :d, :, :], x[:, d:, :, :], out[:, d:, :, :]], 1)
        return F.relu(out)


class DPN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Sequential(DPNBlock(3, 8, 12, 4, 1, True), DPNBlock(20, 8, 12, 4, 1, False))
        self.linear = nn.Linear(24, 10)

    def forward(self, x):
        return self.linear(F.avg_pool2d(self.layer1(x), x.shape[-2:]).squeeze())


MODELS = {
    "mobilenet": (MobileNetV2, (2, 3, 16, 16)),
    "shufflenet": (ShuffleNet, (2, 3, 32, 32)),
    "efficientnet": (EfficientNet, (2, 3, 8, 8)),
    "dpn": (DPN, (2, 3, 8, 8)),
}
