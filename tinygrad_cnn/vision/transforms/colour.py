"""Colours: brightness, contrast, saturation, hue, and what AutoAugment does to them.

A PIL image goes through PIL's own operations, as in torchvision; a tensor (…, C, H, W), with 1 or 3 channels, through
the formulas here, which are differentiable for floats.
"""

from typing import Any

import numpy as np

from ...dtypes import is_floating
from ...errors import ShapeError
from ...functions import stack, where
from ...nn import functional as F
from ...tensor import Tensor, as_tensor
from ..pil import image_module, is_pil
from .convert import largest
from .sampling import check_picture

GREY = (0.2989, 0.587, 0.114)  # how bright red, green and blue are to the eye (ITU-R BT.601)


def _checked(caller: str, img: Any, channels: tuple[int, ...] = (1, 3)) -> Any:
    check_picture(caller, img)
    if img.shape[-3] not in channels:
        wanted = " or ".join(map(str, channels))
        raise ShapeError(f"{caller}: expected images of {wanted} channels; got shape {tuple(img.shape)}")
    return img


def _of_pil(name: str) -> Any:
    """PIL's module of this name."""
    from importlib import import_module

    image_module()
    return import_module(f"PIL.{name}")


def _positive(caller: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{caller}: the factor must not be negative; got {factor}")


def _blend(one: Tensor, other: Tensor, share: float) -> Tensor:
    """share · one + (1 − share) · other, inside the bounds of the dtype."""
    mixed = one * float(share) + other * (1.0 - share)  # floats: a byte times −1 is no byte
    return mixed.clamp(0, largest(one.dtype)).to(one.dtype)


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """The image times a factor: 0 is black, 1 the image.

    >>> import tinygrad_cnn as tg
    >>> adjust_brightness(tg.tensor([[[0.2, 0.4]]]), 2)
    tensor([[[0.4000, 0.8000]]])
    """
    _positive("adjust_brightness", brightness_factor)
    if is_pil(img):
        return _of_pil("ImageEnhance").Brightness(img).enhance(brightness_factor)
    _checked("adjust_brightness", img)
    return _blend(img, img * 0, brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """Away from the mean grey by a factor: 0 is grey, 1 the image."""
    _positive("adjust_contrast", contrast_factor)
    if is_pil(img):
        return _of_pil("ImageEnhance").Contrast(img).enhance(contrast_factor)
    grey = rgb_to_grayscale(_checked("adjust_contrast", img))
    mean = (grey if is_floating(grey.dtype) else grey.float()).mean((-3, -2, -1), keepdim=True)
    return _blend(img, mean, contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """Away from grey by a factor: 0 is the grey image, 1 the image."""
    _positive("adjust_saturation", saturation_factor)
    if is_pil(img):
        return _of_pil("ImageEnhance").Color(img).enhance(saturation_factor)
    if _checked("adjust_saturation", img).shape[-3] == 1:
        return img
    return _blend(img, rgb_to_grayscale(img), saturation_factor)


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """Away from the smoothed image by a factor: 0 is smooth, 1 the image, 2 sharper."""
    _positive("adjust_sharpness", sharpness_factor)
    if is_pil(img):
        return _of_pil("ImageEnhance").Sharpness(img).enhance(sharpness_factor)
    _checked("adjust_sharpness", img)
    if min(img.shape[-2:]) <= 2:
        return img
    kernel = np.ones((3, 3), np.float32)
    kernel[1, 1] = 5
    inner = _filtered(img, kernel / 13)
    inner = inner.round().clamp(0, largest(img.dtype)).to(img.dtype) if not is_floating(img.dtype) else inner
    smooth = img.clone()
    smooth[..., 1:-1, 1:-1] = inner
    return _blend(img, smooth, sharpness_factor)


def _filtered(img: Tensor, kernel: Any) -> Tensor:
    """Each channel through one filter, without a border; in floats."""
    working = img if is_floating(img.dtype) else img.float()
    weight = as_tensor(kernel, dtype=working.dtype, device=img.device)[None, None]
    planes = working.reshape(-1, 1, *img.shape[-2:])
    out = F.conv2d(planes, weight)
    return out.reshape(*img.shape[:-2], *out.shape[-2:])


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Colours turned around the circle of hues, ½ and −½ to the opposite ones.

    Raises:
        ValueError: for a factor outside [−½, ½].
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"adjust_hue: the factor must be from -0.5 to 0.5; got {hue_factor}")
    if is_pil(img):
        if img.mode in ("L", "1", "I", "F"):
            return img
        h, s, v = img.convert("HSV").split()
        turned = np.asarray(h).astype(np.int16) + int(hue_factor * 255)
        hue = image_module().fromarray((turned % 256).astype(np.uint8))
        return image_module().merge("HSV", (hue, s, v)).convert(img.mode)
    if _checked("adjust_hue", img).shape[-3] == 1:
        return img
    top = largest(img.dtype)
    floats = img if is_floating(img.dtype) else img.float() / top
    h, s, v = _to_hsv(floats)
    out = _from_hsv((h + hue_factor) % 1.0, s, v)
    return out if is_floating(img.dtype) else (out * (top + 1 - 1e-3)).to(img.dtype)


def _to_hsv(img: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue (a share of the circle), saturation and value of RGB in [0, 1] (Smith, 1978)."""
    r, g, b = img.unbind(-3)
    value, low = r.maximum(g).maximum(b), r.minimum(g).minimum(b)
    span = value - low
    safe = where(span == 0, 1.0, span)
    sector = where(value == r, (g - b) / safe, where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    return (sector / 6) % 1.0, where(span == 0, 0.0, span / where(value == 0, 1.0, value)), value


def _from_hsv(h: Tensor, s: Tensor, v: Tensor) -> Tensor:
    """v · (1 − s · max(0, min(k, 4 − k, 1))), where k = (n + 6 h) mod 6, and n = 5, 3, 1 for red, green and blue."""
    channels = []
    for n in (5, 3, 1):
        k = (n + 6 * h) % 6.0
        channels.append(v * (1 - s * k.minimum(4 - k).clamp(0, 1)))
    return stack(channels, -3)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """gain · image^gamma, for values in [0, 1]."""
    _positive("adjust_gamma", gamma)
    if is_pil(img):
        table = [int(min(255 + 1 - 1e-3, (255 + 1 - 1e-3) * gain * (i / 255) ** gamma)) for i in range(256)]
        rgb = img.convert("RGB")
        return rgb.point(table * 3).convert(img.mode)
    top = largest(_checked("adjust_gamma", img).dtype)
    floats = img if is_floating(img.dtype) else img.float() / top
    out = (gain * floats**gamma).clamp(0, 1)
    return out if is_floating(img.dtype) else (out * (top + 1 - 1e-3)).to(img.dtype)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """0.2989 r + 0.587 g + 0.114 b, once or three times.

    >>> import tinygrad_cnn as tg
    >>> rgb_to_grayscale(tg.ones(3, 1, 1))
    tensor([[[0.9999]]])
    """
    if num_output_channels not in (1, 3):
        raise ValueError(f"rgb_to_grayscale: num_output_channels must be 1 or 3; got {num_output_channels}")
    if is_pil(img):
        grey = img.convert("L")
        return grey if num_output_channels == 1 else image_module().merge("RGB", (grey, grey, grey))
    if _checked("rgb_to_grayscale", img).shape[-3] == 3:
        r, g, b = img.unbind(-3)
        img = (GREY[0] * r + GREY[1] * g + GREY[2] * b).to(img.dtype).unsqueeze(-3)
    return img.expand(*img.shape[:-3], num_output_channels, *img.shape[-2:]) if num_output_channels == 3 else img


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """`rgb_to_grayscale`, of a PIL image."""
    if not is_pil(img):
        raise TypeError(f"to_grayscale: expected a PIL image; got {type(img).__name__}; use rgb_to_grayscale")
    return rgb_to_grayscale(img, num_output_channels)


def invert(img: Any) -> Any:
    """White less the image."""
    if is_pil(img):
        return _of_pil("ImageOps").invert(img)
    return largest(_checked("invert", img).dtype) - img


def posterize(img: Any, bits: int) -> Any:
    """The highest bits of each byte.

    Raises:
        TypeError: for a tensor of another dtype than uint8.
    """
    if not 0 <= bits <= 8:
        raise ValueError(f"posterize: bits must be from 0 to 8; got {bits}")
    if is_pil(img):
        return _of_pil("ImageOps").posterize(img, bits)
    if _checked("posterize", img).dtype != np.uint8:
        raise TypeError(f"posterize: expected bytes (uint8); got {img.dtype}")
    return Tensor.from_array(img.array & np.uint8(256 - 2 ** (8 - bits)))


def solarize(img: Any, threshold: float) -> Any:
    """Inverted where the image reaches a threshold."""
    if is_pil(img):
        return _of_pil("ImageOps").solarize(img, threshold)
    if threshold > largest(_checked("solarize", img).dtype):
        raise ValueError(f"solarize: the threshold must be at most {largest(img.dtype)}; got {threshold}")
    return where(img >= threshold, invert(img), img)


def autocontrast(img: Any) -> Any:
    """Each channel stretched from black to white."""
    if is_pil(img):
        return _of_pil("ImageOps").autocontrast(img)
    top = largest(_checked("autocontrast", img).dtype)
    floats = img if is_floating(img.dtype) else img.float()
    low, high = floats.amin((-2, -1), keepdim=True), floats.amax((-2, -1), keepdim=True)
    flat = low == high
    out = where(flat, floats, (floats - low) * (top / where(flat, 1.0, high - low)))
    return out.clamp(0, top).to(img.dtype)


def equalize(img: Any) -> Any:
    """Each channel with its values spread so that all are about as frequent.

    Raises:
        TypeError: for a tensor of another dtype than uint8.
    """
    if is_pil(img):
        return _of_pil("ImageOps").equalize(img)
    if _checked("equalize", img).dtype != np.uint8:
        raise TypeError(f"equalize: expected bytes (uint8); got {img.dtype}")
    planes = img.numpy(force=True).reshape(-1, *img.shape[-2:])
    spread = np.stack([_equalized(plane) for plane in planes]) if len(planes) else planes
    return img.new_tensor(spread.reshape(img.shape))


def _equalized(plane: Any) -> Any:
    counts = np.bincount(plane.ravel(), minlength=256)
    used = counts[counts > 0]
    step = (used.sum() - used[-1]) // 255 if used.size else 0
    if step == 0:
        return plane
    table = np.clip((np.cumsum(counts) - counts + step // 2) // step, 0, 255).astype(np.uint8)
    return table[plane]


def gaussian_blur(img: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """Each pixel the mean of those around it, weighted by exp(−d²/2σ²), with the picture mirrored at its edges.

    Args:
        kernel_size: odd, a number or (along x, along y).
        sigma: in pixels, a number or (along x, along y). Default: 0.15 k + 0.35.

    >>> import tinygrad_cnn as tg
    >>> gaussian_blur(tg.tensor([[[0.0, 0, 1, 0, 0]] * 3]), (3, 1), 0.5)[0, 0]
    tensor([0.0000, 0.1065, 0.7870, 0.1065, 0.0000])

    Raises:
        ValueError: for a kernel that is not odd, or a sigma that is not positive.
    """
    from .convert import pil_to_tensor, to_pil_image
    from .cropping import pad

    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else [*kernel_size, kernel_size[-1]][:2]
    if any(k <= 0 or k % 2 == 0 for k in sizes):
        raise ValueError(f"gaussian_blur: kernel_size must be odd and positive; got {kernel_size}")
    default = [0.15 * k + 0.35 for k in sizes]
    spreads = default if sigma is None else [sigma] * 2 if isinstance(sigma, int | float) else [*sigma, sigma[-1]][:2]
    if any(s <= 0 for s in spreads):
        raise ValueError(f"gaussian_blur: sigma must be positive; got {sigma}")
    if is_pil(img):
        return to_pil_image(gaussian_blur(pil_to_tensor(img), sizes, spreads), img.mode)
    check_picture("gaussian_blur", img)
    kx, ky = (_gaussian(k, s) for k, s in zip(sizes, spreads, strict=True))
    out = _filtered(pad(img, [sizes[0] // 2, sizes[1] // 2], padding_mode="reflect"), kx[None, :])
    out = _filtered(out, ky[:, None])
    return out if is_floating(img.dtype) else out.round().clamp(0, largest(img.dtype)).to(img.dtype)


def _gaussian(size: int, sigma: float) -> Any:
    x = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(x**2) / (2 * sigma**2))
    return weights / weights.sum()
