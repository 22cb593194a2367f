"""What is done to pictures before a network sees them. Random transforms draw anew for each picture of a batch."""

from . import functional
from .convert import Compose, Normalize, ToTensor
from .geometry import InterpolationMode, RandomAffine

__all__ = ["Compose", "ToTensor", "Normalize", "RandomAffine", "InterpolationMode", "functional"]
