"""Transforms as functions, with nothing random in them, of a PIL image or a tensor (…, C, H, W)."""

from typing import Any

from ...tensor import Tensor
from .colour import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    adjust_sharpness,
    autocontrast,
    equalize,
    gaussian_blur,
    invert,
    posterize,
    rgb_to_grayscale,
    solarize,
    to_grayscale,
)
from .convert import convert_image_dtype, normalize, pil_to_tensor, to_pil_image, to_tensor
from .cropping import center_crop, crop, five_crop, hflip, pad, ten_crop, vflip
from .geometry import affine, perspective, rotate
from .resizing import resize, resized_crop, size_of
from .sampling import InterpolationMode

__all__ = [
    "InterpolationMode",
    "to_tensor",
    "pil_to_tensor",
    "to_pil_image",
    "convert_image_dtype",
    "normalize",
    "resize",
    "resized_crop",
    "crop",
    "center_crop",
    "five_crop",
    "ten_crop",
    "pad",
    "hflip",
    "vflip",
    "affine",
    "rotate",
    "perspective",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_saturation",
    "adjust_hue",
    "adjust_gamma",
    "adjust_sharpness",
    "rgb_to_grayscale",
    "to_grayscale",
    "invert",
    "posterize",
    "solarize",
    "autocontrast",
    "equalize",
    "gaussian_blur",
    "erase",
    "get_dimensions",
    "get_image_size",
    "get_image_num_channels",
]


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Tensor:
    """Images (…, C, H, W) with the rectangle of h × w pixels at row i and column j replaced by v.

    Raises:
        TypeError: for anything but a tensor.
    """
    if not isinstance(img, Tensor):
        raise TypeError(f"erase: expected a tensor; got {type(img).__name__}; put ToTensor() before")
    out = img if inplace else img.clone()
    out[..., i : i + h, j : j + w] = v
    return out


def get_dimensions(img: Any) -> list[int]:
    """[channels, height, width]."""
    return [get_image_num_channels(img), *size_of(img)]


def get_image_size(img: Any) -> list[int]:
    """[width, height]."""
    return list(size_of(img))[::-1]


def get_image_num_channels(img: Any) -> int:
    """The number of channels."""
    if isinstance(img, Tensor):
        return img.shape[-3] if img.ndim > 2 else 1
    return len(img.getbands())
