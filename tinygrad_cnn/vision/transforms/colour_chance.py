"""Transforms that change colours by random amounts, drawn from the CPU's default generator (`manual_seed`)."""

from typing import Any

from . import functional as F
from .drawing import happens, order, range_of, uniform
from .standard import Transform

Range = tuple[float, float] | None


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed by random amounts, in random order.

    Args:
        brightness, contrast, saturation: the range of factors; a number d stands for (max(0, 1 − d), 1 + d).
        hue: the range of turns, inside (−½, ½); a number d stands for (−d, d).

    >>> ColorJitter(brightness=0.2, hue=0.1)(tg.rand(3, 8, 8)).shape
    (3, 8, 8)
    """

    shown = ("brightness", "contrast", "saturation", "hue")

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        super().__init__()
        self.brightness = _factors("brightness", brightness)
        self.contrast = _factors("contrast", contrast)
        self.saturation = _factors("saturation", saturation)
        turns = range_of("ColorJitter", "hue", hue)
        if not -0.5 <= turns[0] <= turns[1] <= 0.5:
            raise ValueError(f"ColorJitter: hue must be from -0.5 to 0.5; got {hue}")
        self.hue: Range = turns if any(turns) else None

    @staticmethod
    def get_params(
        brightness: Range, contrast: Range, saturation: Range, hue: Range
    ) -> tuple[list[int], float | None, float | None, float | None, float | None]:
        """(the order, and an amount for each, None for those that stay)."""
        first = order(4)
        amounts = [None if bounds is None else uniform(*bounds) for bounds in (brightness, contrast, saturation, hue)]
        return first, amounts[0], amounts[1], amounts[2], amounts[3]

    def forward(self, img: Any) -> Any:
        sequence, *amounts = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        adjust = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for i in sequence:
            amount = amounts[i]
            if amount is not None:
                img = adjust[i](img, amount)
        return img


def _factors(name: str, value: Any) -> Range:
    bounds = range_of("ColorJitter", name, value, low=0.0, middle=1.0)
    return bounds if bounds[0] != 1 or bounds[1] != 1 else None


class GaussianBlur(Transform):
    """Blurred by a random amount; see `gaussian_blur`.

    Args:
        sigma: the range of σ in pixels, or one.

    >>> GaussianBlur(3)(tg.rand(3, 8, 8)).shape
    (3, 8, 8)
    """

    shown = ("kernel_size", "sigma")

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
        if any(k <= 0 or k % 2 == 0 for k in self.kernel_size):
            raise ValueError(f"GaussianBlur: kernel_size must be odd and positive; got {kernel_size}")
        bounds = (sigma, sigma) if isinstance(sigma, int | float) else tuple(sigma)
        if len(bounds) != 2 or not 0 < bounds[0] <= bounds[1]:
            raise ValueError(f"GaussianBlur: sigma must be positive, or (lowest, highest); got {sigma}")
        self.sigma = bounds

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A random σ."""
        return uniform(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        return F.gaussian_blur(img, self.kernel_size, self.get_params(*self.sigma))


class _Sometimes(Transform):
    """Something done with probability p."""

    shown: tuple[str, ...] = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return self.done(img) if happens(self.p) else img

    def done(self, img: Any) -> Any:
        raise NotImplementedError


class RandomGrayscale(_Sometimes):
    """Grey, in as many channels as before, with probability p.

    >>> RandomGrayscale(p=1.0)(tg.rand(3, 2, 2)).shape
    (3, 2, 2)
    """

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def done(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, F.get_image_num_channels(img))


class RandomInvert(_Sometimes):
    """White less the picture, with probability p.

    >>> RandomInvert(p=1.0)(tg.zeros(1, 1, 1))
    tensor([[[1.]]])
    """

    def done(self, img: Any) -> Any:
        return F.invert(img)


class RandomAutocontrast(_Sometimes):
    """Stretched from black to white, with probability p; see `autocontrast`.

    >>> RandomAutocontrast(p=1.0)(tg.tensor([[[0.2, 0.4, 0.6]]]))
    tensor([[[0.0000, 0.5000, 1.0000]]])
    """

    def done(self, img: Any) -> Any:
        return F.autocontrast(img)


class RandomEqualize(_Sometimes):
    """Values made equally frequent, with probability p; see `equalize`.

    >>> RandomEqualize(p=1.0)(tg.zeros(1, 4, 4, dtype=tg.uint8)).shape
    (1, 4, 4)
    """

    def done(self, img: Any) -> Any:
        return F.equalize(img)


class RandomPosterize(_Sometimes):
    """Few bits, with probability p; see `posterize`.

    >>> RandomPosterize(1, p=1.0)(tg.tensor([[[200]]], dtype=tg.uint8))
    tensor([[[128]]], dtype=uint8)
    """

    shown = ("bits", "p")

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def done(self, img: Any) -> Any:
        return F.posterize(img, self.bits)


class RandomSolarize(_Sometimes):
    """Inverted above a threshold, with probability p; see `solarize`.

    >>> RandomSolarize(128, p=1.0)(tg.tensor([[[200, 100]]], dtype=tg.uint8))
    tensor([[[ 55, 100]]], dtype=uint8)
    """

    shown = ("threshold", "p")

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def done(self, img: Any) -> Any:
        return F.solarize(img, self.threshold)


class RandomAdjustSharpness(_Sometimes):
    """Sharper or smoother, with probability p; see `adjust_sharpness`.

    >>> RandomAdjustSharpness(2, p=1.0)(tg.rand(3, 8, 8)).shape
    (3, 8, 8)
    """

    shown = ("sharpness_factor", "p")

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def done(self, img: Any) -> Any:
        return F.adjust_sharpness(img, self.sharpness_factor)
