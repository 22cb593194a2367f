"""Transforms of whole batches: pictures are mixed with one another, and so are their labels."""

from typing import Any

import numpy as np

from ...nn.functional import one_hot
from ...random import default_generator
from ...tensor import Tensor
from .drawing import integer
from .standard import Transform


class _Mixing(Transform):
    """A batch and its labels, mixed with the batch that is turned by one place.

    Args:
        alpha: the share λ that a picture keeps is drawn from Beta(alpha, alpha).
        num_classes: how many classes; not needed for labels that are probabilities already.
        labels_getter: only "default": the labels come behind the pictures.

    Raises:
        ValueError: for `alpha` that is not above 0, a single picture, or labels that do not fit.
    """

    shown = ("alpha", "num_classes")

    def __init__(self, *, alpha: float = 1.0, num_classes: int | None = None, labels_getter: Any = "default") -> None:
        super().__init__()
        if alpha <= 0:
            raise ValueError(f"{type(self).__name__}: alpha must be above 0; got {alpha}")
        if labels_getter != "default":
            raise NotImplementedError(f"{type(self).__name__}: the labels must come behind the pictures")
        self.alpha, self.num_classes = alpha, num_classes

    def forward(self, *inputs: Any) -> Any:
        """(pictures, labels), mixed; labels become probabilities."""
        name = type(self).__name__
        images, labels = inputs[0] if len(inputs) == 1 else inputs
        if images.ndim < 4 or len(labels) != len(images):
            raise ValueError(
                f"{name}: expected a batch (N, C, H, W) and N labels; got {tuple(images.shape)} and "
                f"{tuple(labels.shape)}. It belongs behind the DataLoader, or in its collate_fn"
            )
        if labels.ndim == 1:
            if self.num_classes is None:
                raise ValueError(f"{name}: labels are numbers of classes, so num_classes is needed")
            labels = one_hot(labels, self.num_classes)
        kept = self._share()
        images, kept = self._mixed(images, images.roll(1, 0), kept)
        labels = labels.float()
        return images, labels * kept + labels.roll(1, 0) * (1 - kept)

    def _share(self) -> float:
        """From Beta(α, α): X / (X + Y) of two values of Gamma(α), of a stream that `manual_seed` starts."""
        seed = int(default_generator.stream.integers(0, 2**31 - 1, (1,), np.int64)[0])
        return float(np.random.default_rng(seed).beta(self.alpha, self.alpha))

    def _mixed(self, images: Tensor, others: Tensor, kept: float) -> tuple[Tensor, float]:
        raise NotImplementedError


class MixUp(_Mixing):
    """λ · picture + (1 − λ) · another, and the labels alike. Zhang et al. 2018."""

    def _mixed(self, images: Tensor, others: Tensor, kept: float) -> tuple[Tensor, float]:
        return images * kept + others * (1 - kept), kept


class CutMix(_Mixing):
    """A rectangle of another picture in each, and the labels by the areas. Yun et al. 2019."""

    def _mixed(self, images: Tensor, others: Tensor, kept: float) -> tuple[Tensor, float]:
        height, width = images.shape[-2:]
        y, x = integer(0, height), integer(0, width)
        half = 0.5 * (1 - kept) ** 0.5
        top, bottom = max(y - int(half * height), 0), min(y + int(half * height), height)
        left, right = max(x - int(half * width), 0), min(x + int(half * width), width)
        mixed = images.clone()
        mixed[..., top:bottom, left:right] = others[..., top:bottom, left:right]
        return mixed, 1 - (bottom - top) * (right - left) / (height * width)
