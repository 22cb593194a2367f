"""Blocks that networks for pictures share, and the geometry of boxes."""

from .boxes import box_area, box_iou, nms
from .layers import MLP, FrozenBatchNorm2d, Permute
from .misc import Conv2dNormActivation, SqueezeExcitation
from .stochastic_depth import StochasticDepth, stochastic_depth

__all__ = [
    "MLP",
    "Conv2dNormActivation",
    "FrozenBatchNorm2d",
    "Permute",
    "SqueezeExcitation",
    "StochasticDepth",
    "stochastic_depth",
    "box_area",
    "box_iou",
    "nms",
]
