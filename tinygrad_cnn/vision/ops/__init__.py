"""Blocks that networks for pictures share, and the geometry of boxes."""

from .boxes import box_area, box_iou, nms
from .misc import Conv2dNormActivation, SqueezeExcitation
from .stochastic_depth import StochasticDepth, stochastic_depth

__all__ = [
    "Conv2dNormActivation",
    "SqueezeExcitation",
    "StochasticDepth",
    "stochastic_depth",
    "box_area",
    "box_iou",
    "nms",
]
