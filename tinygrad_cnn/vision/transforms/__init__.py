"""What is done to pictures before a network sees them: on PIL images and on tensors (…, C, H, W), with torchvision's
names. What is random is drawn from the CPU's default generator, which `manual_seed` starts anew.
"""

from . import functional, presets
from .autoaugment import AutoAugment, AutoAugmentPolicy, RandAugment, TrivialAugmentWide
from .chance import (
    RandomAffine,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomPerspective,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)
from .colour_chance import (
    ColorJitter,
    GaussianBlur,
    RandomAdjustSharpness,
    RandomAutocontrast,
    RandomEqualize,
    RandomGrayscale,
    RandomInvert,
    RandomPosterize,
    RandomSolarize,
)
from .sampling import InterpolationMode
from .standard import (
    CenterCrop,
    Compose,
    ConvertImageDtype,
    FiveCrop,
    Grayscale,
    Lambda,
    LinearTransformation,
    Normalize,
    Pad,
    PILToTensor,
    RandomApply,
    RandomChoice,
    RandomOrder,
    Resize,
    TenCrop,
    ToPILImage,
    ToTensor,
)

# The names of old programs.
Scale = Resize
RandomSizedCrop = RandomResizedCrop

__all__ = [
    "functional",
    "presets",
    "InterpolationMode",
    # together
    "Compose",
    "Lambda",
    "RandomApply",
    "RandomChoice",
    "RandomOrder",
    # to and from tensors
    "ToTensor",
    "PILToTensor",
    "ToPILImage",
    "ConvertImageDtype",
    "Normalize",
    "LinearTransformation",
    # sizes and parts
    "Resize",
    "Scale",
    "CenterCrop",
    "FiveCrop",
    "TenCrop",
    "Pad",
    "RandomCrop",
    "RandomResizedCrop",
    "RandomSizedCrop",
    # moved
    "RandomHorizontalFlip",
    "RandomVerticalFlip",
    "RandomRotation",
    "RandomAffine",
    "RandomPerspective",
    "RandomErasing",
    # colours
    "ColorJitter",
    "Grayscale",
    "RandomGrayscale",
    "GaussianBlur",
    "RandomInvert",
    "RandomPosterize",
    "RandomSolarize",
    "RandomAdjustSharpness",
    "RandomAutocontrast",
    "RandomEqualize",
    # policies
    "AutoAugment",
    "AutoAugmentPolicy",
    "RandAugment",
    "TrivialAugmentWide",
]
