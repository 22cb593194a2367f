"""Residual networks: He et al., "Deep residual learning for image recognition" (2016), and their wider kin.

ResNeXt: Xie et al., "Aggregated residual transformations for deep neural networks" (2017). Wide ResNet: Zagoruyko and
Komodakis (2016).
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ... import nn
from ...tensor import Tensor
from .initial import initialise, kaiming_fan_out
from .registry import network

Norm = Callable[[int], nn.Module]


def conv3x3(in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1) -> nn.Conv2d:
    """A 3×3 convolution that keeps the size at stride 1."""
    return nn.Conv2d(in_planes, out_planes, 3, stride, dilation, dilation, groups, bias=False)


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    """A 1×1 convolution."""
    return nn.Conv2d(in_planes, out_planes, 1, stride, bias=False)


class BasicBlock(nn.Module):
    """relu(x + bn(conv(relu(bn(conv(x)))))), two 3×3 convolutions."""

    expansion: ClassVar[int] = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        if groups != 1 or base_width != 64 or dilation > 1:
            raise ValueError(
                f"BasicBlock: groups=1, base_width=64 and dilation=1 are all it has; got {groups}, {base_width}, "
                f"{dilation}; use Bottleneck"
            )
        norm = norm_layer or nn.BatchNorm2d
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1×1 to fewer channels, 3×3 (with the stride), 1×1 to four times as many, and x added."""

    expansion: ClassVar[int] = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        width = int(planes * base_width / 64) * groups
        self.conv1 = conv1x1(inplanes, width)
        self.bn1 = norm(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm(width)
        self.conv3 = conv1x1(width, planes * self.expansion)
        self.bn3 = norm(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """A stem that quarters the picture, four stages of blocks, an average, a linear layer: (N, 3, H, W) → (N, classes).

    Args:
        block: `BasicBlock` or `Bottleneck`.
        layers: the number of blocks in each stage.
        zero_init_residual: each branch begins as 0, so that each block begins as the identity.
        groups, width_per_group: of the 3×3 convolutions of `Bottleneck` (ResNeXt, Wide ResNet).
        replace_stride_with_dilation: for stages 2 to 4, whether to dilate in place of a stride.
        norm_layer: what normalises, given the channels. Default: BatchNorm2d.

    >>> import tinygrad_cnn as tg
    >>> ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10)(tg.ones(2, 3, 32, 32)).shape
    (2, 10)
    """

    def __init__(
        self,
        block: Any,
        layers: Sequence[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        replace_stride_with_dilation: Sequence[bool] | None = None,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        self._norm_layer = norm_layer or nn.BatchNorm2d
        dilate = (False, False, False) if replace_stride_with_dilation is None else replace_stride_with_dilation
        if len(dilate) != 3:
            raise ValueError(
                f"ResNet: replace_stride_with_dilation has an entry for each of stages 2, 3 and 4; got {dilate}"
            )
        self.inplanes, self.dilation = 64, 1
        self.groups, self.base_width = groups, width_per_group
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = self._norm_layer(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], 2, dilate[0])
        self.layer3 = self._make_layer(block, 256, layers[2], 2, dilate[1])
        self.layer4 = self._make_layer(block, 512, layers[3], 2, dilate[2])
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        initialise(self, kaiming_fan_out)
        if zero_init_residual:
            for module in self.modules():
                last = getattr(module, "bn3" if isinstance(module, Bottleneck) else "bn2", None)
                if isinstance(module, BasicBlock | Bottleneck) and last is not None:
                    nn.init.zeros_(last.weight)

    def _make_layer(self, block: Any, planes: int, blocks: int, stride: int = 1, dilate: bool = False) -> nn.Sequential:
        """A stage: the first block has the stride, and a 1×1 convolution beside it where shapes change."""
        outer = self.dilation
        if dilate:
            self.dilation, stride = self.dilation * stride, 1
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            out = planes * block.expansion
            downsample = nn.Sequential(conv1x1(self.inplanes, out, stride), self._norm_layer(out))
        shared = (self.groups, self.base_width)
        made = [block(self.inplanes, planes, stride, downsample, *shared, outer, self._norm_layer)]
        self.inplanes = planes * block.expansion
        rest = (self.inplanes, planes, 1, None, *shared, self.dilation, self._norm_layer)
        made += [block(*rest) for _ in range(1, blocks)]
        return nn.Sequential(*made)

    def _forward_impl(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        return self._forward_impl(x)


@network()
def resnet18(**kwargs: Any) -> ResNet:
    """ResNet-18.

    >>> sum(p.numel() for p in resnet18().parameters())  # doctest: +SKIP
    11689512
    """
    return ResNet(BasicBlock, [2, 2, 2, 2], **kwargs)


@network()
def resnet34(**kwargs: Any) -> ResNet:
    """ResNet-34.

    >>> sum(p.numel() for p in resnet34().parameters())  # doctest: +SKIP
    21797672
    """
    return ResNet(BasicBlock, [3, 4, 6, 3], **kwargs)


@network()
def resnet50(**kwargs: Any) -> ResNet:
    """ResNet-50, with the stride in the 3×3 convolution.

    >>> sum(p.numel() for p in resnet50().parameters())  # doctest: +SKIP
    25557032
    """
    return ResNet(Bottleneck, [3, 4, 6, 3], **kwargs)


@network()
def resnet101(**kwargs: Any) -> ResNet:
    """ResNet-101.

    >>> sum(p.numel() for p in resnet101().parameters())  # doctest: +SKIP
    44549160
    """
    return ResNet(Bottleneck, [3, 4, 23, 3], **kwargs)


@network()
def resnet152(**kwargs: Any) -> ResNet:
    """ResNet-152.

    >>> sum(p.numel() for p in resnet152().parameters())  # doctest: +SKIP
    60192808
    """
    return ResNet(Bottleneck, [3, 8, 36, 3], **kwargs)


@network()
def resnext50_32x4d(**kwargs: Any) -> ResNet:
    """ResNeXt-50: 32 groups of 4 channels.

    >>> sum(p.numel() for p in resnext50_32x4d().parameters())  # doctest: +SKIP
    25028904
    """
    return ResNet(Bottleneck, [3, 4, 6, 3], **{"groups": 32, "width_per_group": 4, **kwargs})


@network()
def resnext101_32x8d(**kwargs: Any) -> ResNet:
    """ResNeXt-101: 32 groups of 8 channels.

    >>> sum(p.numel() for p in resnext101_32x8d().parameters())  # doctest: +SKIP
    88791336
    """
    return ResNet(Bottleneck, [3, 4, 23, 3], **{"groups": 32, "width_per_group": 8, **kwargs})


@network()
def resnext101_64x4d(**kwargs: Any) -> ResNet:
    """ResNeXt-101: 64 groups of 4 channels.

    >>> sum(p.numel() for p in resnext101_64x4d().parameters())  # doctest: +SKIP
    83455272
    """
    return ResNet(Bottleneck, [3, 4, 23, 3], **{"groups": 64, "width_per_group": 4, **kwargs})


@network()
def wide_resnet50_2(**kwargs: Any) -> ResNet:
    """Wide ResNet-50: twice the channels inside of each block.

    >>> sum(p.numel() for p in wide_resnet50_2().parameters())  # doctest: +SKIP
    68883240
    """
    return ResNet(Bottleneck, [3, 4, 6, 3], **{"width_per_group": 128, **kwargs})


@network()
def wide_resnet101_2(**kwargs: Any) -> ResNet:
    """Wide ResNet-101: twice the channels inside of each block.

    >>> sum(p.numel() for p in wide_resnet101_2().parameters())  # doctest: +SKIP
    126886696
    """
    return ResNet(Bottleneck, [3, 4, 23, 3], **{"width_per_group": 128, **kwargs})
