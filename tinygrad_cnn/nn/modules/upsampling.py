"""What PyTorch has in `torch.nn.modules.upsampling`."""

from ..resizing import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]
