"""ShuffleNet v2: Ma et al., "ShuffleNet V2: practical guidelines for efficient CNN architecture design" (2018)."""

from collections.abc import Sequence
from typing import Any

from ... import nn
from ...functions import cat
from ...nn import functional as F
from ...tensor import Tensor
from .registry import network


def _depthwise(channels: int, stride: int) -> list[nn.Module]:
    conv = nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False)
    return [conv, nn.BatchNorm2d(channels)]


def _pointwise(inp: int, oup: int) -> list[nn.Module]:
    return [nn.Conv2d(inp, oup, 1, bias=False), nn.BatchNorm2d(oup), nn.ReLU(inplace=True)]


class InvertedResidual(nn.Module):
    """One half of the channels goes through 1×1, 3×3 and 1×1, the other stays; then both are shuffled.

    With stride 2 both halves are made of all channels.
    """

    def __init__(self, inp: int, oup: int, stride: int) -> None:
        super().__init__()
        half = oup // 2
        if stride not in (1, 2, 3) or (stride == 1 and inp != half * 2):
            raise ValueError(
                f"InvertedResidual: stride is 1, 2 or 3, and with 1 both numbers of channels are the same and even; "
                f"got stride {stride}, channels {inp} and {oup}"
            )
        self.stride = stride
        self.branch1 = nn.Sequential(*([*_depthwise(inp, stride), *_pointwise(inp, half)] if stride > 1 else []))
        own = inp if stride > 1 else half
        self.branch2 = nn.Sequential(*_pointwise(own, half), *_depthwise(half, stride), *_pointwise(half, half))

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 1:
            kept, taken = x.chunk(2, 1)
        else:
            kept, taken = self.branch1(x), x
        return F.channel_shuffle(cat([kept, self.branch2(taken)], 1), 2)


class ShuffleNetV2(nn.Module):
    """A stem that quarters the picture, three stages, a 1×1 convolution, an average, a linear layer.

    Args:
        stages_repeats: the blocks of each stage.
        stages_out_channels: the channels of the stem, the three stages and the last convolution.

    >>> shufflenet_v2_x0_5(num_classes=5).eval()(tg.ones(1, 3, 64, 64)).shape
    (1, 5)
    """

    def __init__(
        self,
        stages_repeats: Sequence[int],
        stages_out_channels: Sequence[int],
        num_classes: int = 1000,
        inverted_residual: Any = InvertedResidual,
    ) -> None:
        super().__init__()
        if len(stages_repeats) != 3 or len(stages_out_channels) != 5:
            raise ValueError(
                f"ShuffleNetV2: expected 3 numbers of blocks and 5 of channels; got {stages_repeats}, "
                f"{stages_out_channels}"
            )
        first, *stages, last = stages_out_channels
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, first, 3, 2, 1, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True)
        )
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels = first
        for number, (repeats, out) in enumerate(zip(stages_repeats, stages, strict=True), 2):
            blocks = [inverted_residual(out if i else channels, out, 1 if i else 2) for i in range(repeats)]
            self.add_module(f"stage{number}", nn.Sequential(*blocks))
            channels = out
        self.conv5 = nn.Sequential(*_pointwise(channels, last))
        self.fc = nn.Linear(last, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.conv1(x))
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))
        return self.fc(x.mean((2, 3)))


@network()
def shufflenet_v2_x0_5(**kwargs: Any) -> ShuffleNetV2:
    """ShuffleNet v2, half the width.

    >>> sum(p.numel() for p in shufflenet_v2_x0_5().parameters())
    1366792
    """
    return ShuffleNetV2([4, 8, 4], [24, 48, 96, 192, 1024], **kwargs)


@network()
def shufflenet_v2_x1_0(**kwargs: Any) -> ShuffleNetV2:
    """ShuffleNet v2.

    >>> sum(p.numel() for p in shufflenet_v2_x1_0().parameters())
    2278604
    """
    return ShuffleNetV2([4, 8, 4], [24, 116, 232, 464, 1024], **kwargs)


@network()
def shufflenet_v2_x1_5(**kwargs: Any) -> ShuffleNetV2:
    """ShuffleNet v2, 1.5 times the width.

    >>> sum(p.numel() for p in shufflenet_v2_x1_5().parameters())
    3503624
    """
    return ShuffleNetV2([4, 8, 4], [24, 176, 352, 704, 1024], **kwargs)


@network()
def shufflenet_v2_x2_0(**kwargs: Any) -> ShuffleNetV2:
    """ShuffleNet v2, twice the width.

    >>> sum(p.numel() for p in shufflenet_v2_x2_0().parameters())
    7393996
    """
    return ShuffleNetV2([4, 8, 4], [24, 244, 488, 976, 2048], **kwargs)
