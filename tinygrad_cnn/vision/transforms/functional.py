"""Transforms as functions: nothing random in them."""

from .convert import normalize, to_tensor
from .geometry import affine

__all__ = ["to_tensor", "normalize", "affine"]
