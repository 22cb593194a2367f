"""What makes of a picture what a network with weights expects."""

from typing import Any

from ...tensor import Tensor
from ..pil import is_pil
from . import functional as F
from .sampling import BILINEAR, InterpolationMode, mode_of
from .standard import Transform


class ImageClassification(Transform):
    """Resized, its middle cut out, in [0, 1], normalised by ImageNet's statistics.

    >>> import tinygrad_cnn as tg
    >>> ImageClassification(crop_size=224)(tg.zeros(3, 300, 400, dtype=tg.uint8)).shape
    (3, 224, 224)
    """

    shown = ("crop_size", "resize_size", "mean", "std", "interpolation")

    def __init__(
        self,
        *,
        crop_size: int,
        resize_size: int = 256,
        mean: tuple[float, ...] = (0.485, 0.456, 0.406),
        std: tuple[float, ...] = (0.229, 0.224, 0.225),
        interpolation: InterpolationMode | str | int = BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.crop_size = [crop_size]
        self.resize_size = [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = mode_of("ImageClassification", interpolation)
        self.antialias = antialias

    def forward(self, img: Any) -> Tensor:
        img = F.resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        img = F.center_crop(img, self.crop_size)
        tensor = F.pil_to_tensor(img) if is_pil(img) else img
        return F.normalize(F.convert_image_dtype(tensor), self.mean, self.std)
