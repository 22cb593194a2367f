"""What PyTorch has in `torch.nn.modules.pooling`."""

from ..pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveAvgPoolBase,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    AdaptiveMaxPoolBase,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    AvgPoolBase,
    FractionalMaxPool2d,
    FractionalMaxPool3d,
    LPPool1d,
    LPPool2d,
    LPPool3d,
    LPPoolBase,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
    MaxPoolBase,
)
from ..unpooling import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d, MaxUnpoolBase

_MaxPoolNd = MaxPoolBase
_AvgPoolNd = AvgPoolBase
_LPPoolNd = LPPoolBase
_AdaptiveAvgPoolNd = AdaptiveAvgPoolBase
_AdaptiveMaxPoolNd = AdaptiveMaxPoolBase
_MaxUnpoolNd = MaxUnpoolBase

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "_AdaptiveAvgPoolNd",
    "_AdaptiveMaxPoolNd",
    "_AvgPoolNd",
    "_LPPoolNd",
    "_MaxPoolNd",
    "_MaxUnpoolNd",
]
