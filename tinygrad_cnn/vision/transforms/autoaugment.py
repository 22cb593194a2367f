"""Augmentations that were searched for, or draw one of many at random.

AutoAugment: Cubuk et al. (2019). RandAugment: Cubuk et al. (2020). TrivialAugment: Müller and Hutter (2021).
"""

from collections.abc import Callable
from enum import Enum
from math import atan, degrees
from typing import Any

from ...dtypes import is_floating
from . import functional as F
from .drawing import happens, integer
from .resizing import size_of
from .sampling import NEAREST, InterpolationMode, mode_of
from .standard import Transform


class AutoAugmentPolicy(Enum):
    """The data set that a policy was found on.

    >>> AutoAugmentPolicy.CIFAR10.value
    'cifar10'
    """

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


# The paper's tables: pairs of operations, each with its probability and its magnitude from 0 to 9, where it has one.
_POLICIES = {
    "imagenet": """
        Posterize 0.4 8 + Rotate 0.6 9; Solarize 0.6 5 + AutoContrast 0.6; Equalize 0.8 + Equalize 0.6;
        Posterize 0.6 7 + Posterize 0.6 6; Equalize 0.4 + Solarize 0.2 4; Equalize 0.4 + Rotate 0.8 8;
        Solarize 0.6 3 + Equalize 0.6; Posterize 0.8 5 + Equalize 1; Rotate 0.2 3 + Solarize 0.6 8;
        Equalize 0.6 + Posterize 0.4 6; Rotate 0.8 8 + Color 0.4 0; Rotate 0.4 9 + Equalize 0.6;
        Equalize 0 + Equalize 0.8; Invert 0.6 + Equalize 1; Color 0.6 4 + Contrast 1 8;
        Rotate 0.8 8 + Color 1 2; Color 0.8 8 + Solarize 0.8 7; Sharpness 0.4 7 + Invert 0.6;
        ShearX 0.6 5 + Equalize 1; Color 0.4 0 + Equalize 0.6; Equalize 0.4 + Solarize 0.2 4;
        Solarize 0.6 5 + AutoContrast 0.6; Invert 0.6 + Equalize 1; Color 0.6 4 + Contrast 1 8;
        Equalize 0.8 + Equalize 0.6
    """,
    "cifar10": """
        Invert 0.1 + Contrast 0.2 6; Rotate 0.7 2 + TranslateX 0.3 9; Sharpness 0.8 1 + Sharpness 0.9 3;
        ShearY 0.5 8 + TranslateY 0.7 9; AutoContrast 0.5 + Equalize 0.9; ShearY 0.2 7 + Posterize 0.3 7;
        Color 0.4 3 + Brightness 0.6 7; Sharpness 0.3 9 + Brightness 0.7 9; Equalize 0.6 + Equalize 0.5;
        Contrast 0.6 7 + Sharpness 0.6 5; Color 0.7 7 + TranslateX 0.5 8; Equalize 0.3 + AutoContrast 0.4;
        TranslateY 0.4 3 + Sharpness 0.2 6; Brightness 0.9 6 + Color 0.2 8; Solarize 0.5 2 + Invert 0;
        Equalize 0.2 + AutoContrast 0.6; Equalize 0.2 + Equalize 0.6; Color 0.9 9 + Equalize 0.6;
        AutoContrast 0.8 + Solarize 0.2 8; Brightness 0.1 3 + Color 0.7 0; Solarize 0.4 5 + AutoContrast 0.9;
        TranslateY 0.9 9 + TranslateY 0.7 9; AutoContrast 0.9 + Solarize 0.8 3; Equalize 0.8 + Invert 0.1;
        TranslateY 0.7 9 + AutoContrast 0.9
    """,
    "svhn": """
        ShearX 0.9 4 + Invert 0.2; ShearY 0.9 8 + Invert 0.7; Equalize 0.6 + Solarize 0.6 6;
        Invert 0.9 + Equalize 0.6; Equalize 0.6 + Rotate 0.9 3; ShearX 0.9 4 + AutoContrast 0.8;
        ShearY 0.9 8 + Invert 0.4; ShearY 0.9 5 + Solarize 0.2 6; Invert 0.9 + AutoContrast 0.8;
        Equalize 0.6 + Rotate 0.9 3; ShearX 0.9 4 + Solarize 0.3 3; ShearY 0.8 8 + Invert 0.7;
        Equalize 0.9 + TranslateY 0.6 6; Invert 0.9 + Equalize 0.6; Contrast 0.3 3 + Rotate 0.8 4;
        Invert 0.8 + TranslateY 0 2; ShearY 0.7 6 + Solarize 0.4 8; Invert 0.6 + Rotate 0.8 4;
        ShearY 0.3 7 + TranslateX 0.9 3; ShearX 0.1 6 + Invert 0.6; Solarize 0.7 2 + TranslateY 0.6 7;
        ShearY 0.8 4 + Invert 0.8; ShearX 0.7 9 + TranslateY 0.8 3; ShearY 0.8 5 + AutoContrast 0.7;
        ShearX 0.7 2 + Invert 0.1
    """,
}

_MOVES: dict[str, Callable[[float], dict[str, Any]]] = {
    "ShearX": lambda m: {"shear": [degrees(atan(m)), 0.0], "center": [0, 0]},
    "ShearY": lambda m: {"shear": [0.0, degrees(atan(m))], "center": [0, 0]},
    "TranslateX": lambda m: {"translate": [int(m), 0]},
    "TranslateY": lambda m: {"translate": [0, int(m)]},
}
_COLOURS: dict[str, Callable[[Any, float], Any]] = {
    "Brightness": lambda img, m: F.adjust_brightness(img, 1 + m),
    "Color": lambda img, m: F.adjust_saturation(img, 1 + m),
    "Contrast": lambda img, m: F.adjust_contrast(img, 1 + m),
    "Sharpness": lambda img, m: F.adjust_sharpness(img, 1 + m),
    "Posterize": lambda img, m: F.posterize(img, int(m)),
    "Solarize": F.solarize,
    "AutoContrast": lambda img, m: F.autocontrast(img),
    "Equalize": lambda img, m: F.equalize(img),
    "Invert": lambda img, m: F.invert(img),
    "Identity": lambda img, m: img,
}
_SIGNED = ("Shear", "Translate", "Rotate", "Brightness", "Color", "Contrast", "Sharpness")
_TRIVIAL = (
    *("Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast"),
    *("Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize"),
)


def _magnitude(name: str, share: float, img: Any, wide: bool) -> float:
    """What a share of the largest magnitude is for an operation; `wide` as in TrivialAugment."""
    height, width = size_of(img)
    if name.startswith("Shear"):
        return share * (0.99 if wide else 0.3)
    if name.startswith("Translate"):
        return share * (32.0 if wide else 150 / 331 * (width if name.endswith("X") else height))
    if name == "Rotate":
        return share * (135.0 if wide else 30.0)
    if name == "Posterize":
        return 8 - round(share * (6 if wide else 4))
    if name == "Solarize":
        white = 255 if not hasattr(img, "dtype") or not is_floating(img.dtype) else 1.0
        return white * (1 - share)
    return share * (0.99 if wide else 0.9)


class _Augmentation(Transform):
    """Operations done by name, with one interpolation and fill."""

    def __init__(self, interpolation: Any = NEAREST, fill: Any = None) -> None:
        super().__init__()
        self.interpolation: InterpolationMode = mode_of(type(self).__name__, interpolation)
        self.fill = fill

    def apply_op(self, img: Any, name: str, share: float, wide: bool = False, negative: bool | None = None) -> Any:
        """One operation with a share of its largest magnitude, of random sign where it has one."""
        amount = _magnitude(name, share, img, wide)
        if name.startswith(_SIGNED) and (happens(0.5) if negative is None else negative):
            amount = -amount
        if name in _MOVES:
            still: dict[str, Any] = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0]}
            how = {"interpolation": self.interpolation, "fill": self.fill}
            return F.affine(img, **{**still, **_MOVES[name](amount)}, **how)
        if name == "Rotate":
            return F.rotate(img, amount, self.interpolation, fill=self.fill)
        return _COLOURS[name](img, amount)


class AutoAugment(_Augmentation):
    """One of 25 pairs of operations, each done with a probability that was searched for. For bytes and PIL images.

    >>> AutoAugment()(tg.zeros(3, 8, 8, dtype=tg.uint8)).shape
    (3, 8, 8)
    """

    shown = ("policy", "fill")

    def __init__(
        self, policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET, interpolation: Any = NEAREST, fill: Any = None
    ) -> None:
        super().__init__(interpolation, fill)
        self.policy = policy
        pairs = _POLICIES[AutoAugmentPolicy(policy).value].split(";")
        self.policies = [[op.split() for op in pair.split("+")] for pair in pairs]

    def forward(self, img: Any) -> Any:
        for name, p, *level in self.policies[integer(0, len(self.policies))]:
            if happens(float(p)):
                img = self.apply_op(img, name, int(level[0]) / 9 if level else 0.0)
        return img


class RandAugment(_Augmentation):
    """Some of fourteen operations, drawn anew for each picture, all of one magnitude. For bytes and PIL images.

    Args:
        num_ops: how many.
        magnitude: from 0 to num_magnitude_bins − 1.

    >>> RandAugment()(tg.zeros(3, 8, 8, dtype=tg.uint8)).shape
    (3, 8, 8)
    """

    shown = ("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill")

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Any = NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation, fill)
        if not 0 <= magnitude < num_magnitude_bins:
            raise ValueError(f"RandAugment: magnitude must be from 0 to {num_magnitude_bins - 1}; got {magnitude}")
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins

    def forward(self, img: Any) -> Any:
        for _ in range(self.num_ops):
            name = _TRIVIAL[integer(0, len(_TRIVIAL))]
            img = self.apply_op(img, name, self.magnitude / (self.num_magnitude_bins - 1))
        return img


class TrivialAugmentWide(_Augmentation):
    """One of fourteen operations, of a random magnitude. For bytes and PIL images.

    >>> TrivialAugmentWide()(tg.zeros(3, 8, 8, dtype=tg.uint8)).shape
    (3, 8, 8)
    """

    shown = ("num_magnitude_bins", "interpolation", "fill")

    def __init__(self, num_magnitude_bins: int = 31, interpolation: Any = NEAREST, fill: Any = None) -> None:
        super().__init__(interpolation, fill)
        self.num_magnitude_bins = num_magnitude_bins

    def forward(self, img: Any) -> Any:
        name = _TRIVIAL[integer(0, len(_TRIVIAL))]
        share = integer(0, self.num_magnitude_bins) / (self.num_magnitude_bins - 1)
        return self.apply_op(img, name, share, wide=True)
