"""Transforms that move pixels by random amounts, drawn from the CPU's default generator (`manual_seed`).

As in torchvision, a batch (N, C, H, W) is one draw, the same for all its pictures; `RandomAffine` draws for each.
"""

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import Any

import numpy as np

from ...creation import empty
from ...data.sampler import drawing_from
from ...random import Generator
from ...tensor import Tensor
from . import functional as F
from .drawing import happens, integer, range_of, uniform
from .resizing import as_size, size_of
from .sampling import BILINEAR, NEAREST, InterpolationMode, mode_of
from .standard import Transform


class RandomHorizontalFlip(Transform):
    """Left and right exchanged with probability p.

    >>> RandomHorizontalFlip(p=1.0)(tg.tensor([[[1, 2]]]))
    tensor([[[2, 1]]])
    """

    shown = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.hflip(img) if happens(self.p) else img


class RandomVerticalFlip(RandomHorizontalFlip):
    """Top and bottom exchanged with probability p.

    >>> RandomVerticalFlip(p=1.0)(tg.tensor([[[1], [2]]]))
    tensor([[[2],
             [1]]])
    """

    def forward(self, img: Any) -> Any:
        return F.vflip(img) if happens(self.p) else img


class RandomCrop(Transform):
    """A part of a picture, from anywhere in it.

    Args:
        size: (height, width), or a number for both.
        padding: a border that is put around it first; see `pad`.
        pad_if_needed: whether to put as large a border as it takes around one that is too small.
        fill, padding_mode: of the border.

    Raises:
        ValueError: for a picture that is too small.

    >>> RandomCrop(32, padding=4)(tg.ones(3, 32, 32)).shape
    (3, 32, 32)
    """

    shown = ("size", "padding")

    def __init__(
        self,
        size: Any,
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = as_size("RandomCrop", size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random part."""
        (h, w), (height, width) = size_of(img), output_size
        if h < height or w < width:
            raise ValueError(
                f"RandomCrop: a crop of {output_size} is larger than the image, {(h, w)}; "
                "give padding= or pad_if_needed=True"
            )
        return integer(0, h - height + 1), integer(0, w - width + 1), height, width

    def forward(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        if self.pad_if_needed:
            missing = [max(wanted - there, 0) for wanted, there in zip(self.size, size_of(img), strict=True)]
            if any(missing):
                img = F.pad(img, missing[::-1], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))


class RandomResizedCrop(Transform):
    """A part of random size and shape, brought to one size (Szegedy et al., 2015).

    Args:
        size: (height, width) of the result, or a number for both.
        scale: the smallest and the largest share of the picture's area.
        ratio: the smallest and the largest width over height; its logarithm is uniform.

    >>> RandomResizedCrop(8)(tg.ones(3, 32, 32)).shape
    (3, 8, 8)
    """

    shown = ("size", "scale", "ratio", "interpolation", "antialias")

    def __init__(
        self,
        size: Any,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        interpolation: InterpolationMode | str | int = BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        for name, value in (("scale", scale), ("ratio", ratio)):
            if not isinstance(value, Sequence):
                raise TypeError(f"RandomResizedCrop: {name} must be (lowest, highest); got {value!r}")
        self.size = as_size("RandomResizedCrop", size)
        self.scale = range_of("RandomResizedCrop", "scale", tuple(scale))
        self.ratio = range_of("RandomResizedCrop", "ratio", tuple(ratio))
        self.interpolation = mode_of("RandomResizedCrop", interpolation)
        self.antialias = antialias

    @staticmethod
    def get_params(img: Any, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random part; the middle, if none fits in ten tries."""
        height, width = size_of(img)
        for _ in range(10):
            area = height * width * uniform(scale[0], scale[1])
            shape = exp(uniform(log(ratio[0]), log(ratio[1])))
            w, h = round(sqrt(area * shape)), round(sqrt(area / shape))
            if 0 < w <= width and 0 < h <= height:
                return integer(0, height - h + 1), integer(0, width - w + 1), h, w
        shape = min(max(width / height, ratio[0]), ratio[1])
        w, h = min(width, round(height * shape)), min(height, round(width / shape))
        return (height - h) // 2, (width - w) // 2, h, w

    def forward(self, img: Any) -> Any:
        part = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *part, self.size, self.interpolation, self.antialias)


class RandomRotation(Transform):
    """Turned by a random angle, counter-clockwise.

    Args:
        degrees: the range of angles; a number d stands for (−d, d).
        expand: make the picture so large that all of it is seen.

    >>> RandomRotation(10)(tg.ones(3, 8, 8)).shape
    (3, 8, 8)
    """

    shown = ("degrees", "interpolation", "expand", "fill")

    def __init__(
        self,
        degrees: Any,
        interpolation: InterpolationMode | str | int = NEAREST,
        expand: bool = False,
        center: Any = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = range_of("RandomRotation", "degrees", degrees)
        self.interpolation = mode_of("RandomRotation", interpolation)
        self.expand = expand
        self.center = center
        self.fill = fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """A random angle."""
        return uniform(degrees[0], degrees[1])

    def forward(self, img: Any) -> Any:
        return F.rotate(img, self.get_params(self.degrees), self.interpolation, self.expand, self.center, self.fill)


class RandomPerspective(Transform):
    """Seen from elsewhere, with probability p: each corner moves inwards by a random amount.

    Args:
        distortion_scale: by at most this share of half the width and height.

    >>> RandomPerspective(p=1.0)(tg.ones(3, 8, 8)).shape
    (3, 8, 8)
    """

    shown = ("p",)

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: InterpolationMode | str | int = BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.distortion_scale = distortion_scale
        self.p = p
        self.interpolation = mode_of("RandomPerspective", interpolation)
        self.fill = fill

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[list[list[int]], list[list[int]]]:
        """The four corners, and where they go."""
        across, down = (int(distortion_scale * (n // 2)) + 1 for n in (width, height))
        right, bottom = width - 1, height - 1
        corners = [[0, 0], [right, 0], [right, bottom], [0, bottom]]
        # Inwards from each side: from 0 up, from the other end down.
        moved = [[abs(x - integer(0, across)), abs(y - integer(0, down))] for x, y in corners]
        return corners, moved

    def forward(self, img: Any) -> Any:
        if not happens(self.p):
            return img
        height, width = size_of(img)
        return F.perspective(img, *self.get_params(width, height, self.distortion_scale), self.interpolation, self.fill)


class RandomErasing(Transform):
    """A random rectangle replaced, with probability p (Zhong et al., 2020). For tensors.

    Args:
        scale: the smallest and the largest share of the area.
        ratio: the smallest and the largest height over width.
        value: a number, one per channel, or "random" for noise from a standard normal distribution.

    >>> bool((RandomErasing(p=1.0)(tg.ones(3, 16, 16)) == 0).any())
    True
    """

    shown = ("p", "scale", "ratio", "value", "inplace")

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if not 0 <= p <= 1 or not 0 <= scale[0] <= scale[1] <= 1:
            raise ValueError(f"RandomErasing: p and scale must be in [0, 1], scale in order; got {p} and {scale}")
        if isinstance(value, str) and value != "random":
            raise ValueError(f"RandomErasing: value must be numbers or 'random'; got {value!r}")
        self.p = p
        self.scale = scale
        self.ratio = range_of("RandomErasing", "ratio", tuple(ratio))
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(
        img: Tensor, scale: Sequence[float], ratio: Sequence[float], value: Any = None
    ) -> tuple[int, int, int, int, Any]:
        """(top, left, height, width, values) of a random rectangle; all of the image, if none fits in ten tries."""
        channels, height, width = img.shape[-3:]
        for _ in range(10):
            area = height * width * uniform(scale[0], scale[1])
            shape = exp(uniform(log(ratio[0]), log(ratio[1])))
            h, w = round(sqrt(area * shape)), round(sqrt(area / shape))
            if h < height and w < width:
                new = empty(channels, h, w).normal_() if value is None else img.new_tensor(value)[:, None, None]
                return integer(0, height - h + 1), integer(0, width - w + 1), h, w, new
        return 0, 0, height, width, img

    def forward(self, img: Tensor) -> Tensor:
        if not isinstance(img, Tensor):
            raise TypeError(
                f"RandomErasing: expected a tensor; got {type(img).__name__}; put ToTensor() before RandomErasing()"
            )
        values = list(self.value) if isinstance(self.value, tuple | list) else [self.value]
        if len(values) not in (1, img.shape[-3]):
            raise ValueError(f"RandomErasing: value has {len(values)} numbers, but the image {img.shape[-3]} channels")
        if not happens(self.p):
            return img
        random = None if self.value == "random" else values
        return F.erase(img, *self.get_params(img, self.scale, self.ratio, random), self.inplace)


class RandomAffine(Transform):
    """Rotate, shift, scale and shear each image by random amounts; what comes from outside is `fill`.

    torchvision's transform, with three differences: each image of a batch gets amounts of its own, shifts are not
    rounded to whole pixels, and `generator` says what the amounts are drawn from. It takes a PIL image too.

    Args:
        degrees: the range of angles (lowest, highest), clockwise; a number d stands for (−d, d).
        translate: the largest shift to either side as fractions (of the width, of the height).
        scale: the range of factors (lowest, highest).
        shear: the range of shear angles in degrees along x, (lowest, highest) or a number s for (−s, s); four numbers
            are the range along x and the range along y.
        interpolation: "nearest", torchvision's default, or "bilinear"; also as an `InterpolationMode`.
        fill: the value of pixels from outside, a number or one per channel.
        center: the fixed point, (x, y) in pixels from the upper left corner. Default: the middle.
        generator: what is drawn from. Default: the CPU's generator, which `manual_seed` starts anew.

    >>> import tinygrad_cnn as tg
    >>> digits = tg.rand(16, 1, 8, 8)
    >>> jitter = RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1), interpolation="bilinear")
    >>> jitter(digits).shape
    (16, 1, 8, 8)

    Raises:
        ValueError: for ranges that are out of order, or amounts that make no sense.
        TypeError: when called with anything but a tensor.
    """

    def __init__(
        self,
        degrees: Any,
        translate: Any = None,
        scale: Any = None,
        shear: Any = None,
        interpolation: InterpolationMode | str | int = NEAREST,
        fill: Any = 0,
        center: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        self.degrees = range_of("RandomAffine", "degrees", degrees)
        self.translate = None if translate is None else _pair("translate", translate)
        if self.translate is not None and not all(0 <= part <= 1 for part in self.translate):
            raise ValueError(
                f"RandomAffine: translate is a fraction of the width and of the height, from 0 to 1; got {translate}; "
                "divide pixels by the size"
            )
        self.scale = None if scale is None else _pair("scale", scale)
        if self.scale is not None and not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"RandomAffine: scale must be (lowest, highest), both positive; got {scale}")
        self.shear = None
        if shear is not None:
            both = isinstance(shear, tuple | list) and len(shear) == 4
            along_x, along_y = (shear[:2], shear[2:]) if both else (shear, 0)
            self.shear = (range_of("RandomAffine", "shear", along_x), range_of("RandomAffine", "shear", along_y))
        self.interpolation = mode_of("RandomAffine", interpolation)
        self.fill = fill
        self.center = None if center is None else _pair("center", center)
        self.generator = generator
        drawing_from("RandomAffine", generator)

    def forward(self, img: Any) -> Any:
        width, height = F.get_image_size(img)
        count = int(np.prod(img.shape[:-3], dtype=np.int64)) if isinstance(img, Tensor) else 1
        # All six numbers are drawn for every image, so that turning one of them off leaves the others as they were.
        draws = drawing_from("RandomAffine", self.generator).uniform((6, count), np.float64)
        draws = np.asarray(draws.tolist()).reshape(6, -1)
        shift = self.translate or (0, 0)
        shear = self.shear or ((0, 0), (0, 0))
        return F.affine(
            img,
            angle=_between(self.degrees, draws[0]),
            translate=(width * shift[0] * (2 * draws[1] - 1), height * shift[1] * (2 * draws[2] - 1)),
            scale=_between(self.scale or (1, 1), draws[3]),
            shear=(_between(shear[0], draws[4]), _between(shear[1], draws[5])),
            interpolation=self.interpolation,
            fill=self.fill,
            center=self.center,
        )

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """(angle, (right, down) in whole pixels, factor, (shear along x, along y)) for an image (width, height)."""
        angle = uniform(degrees[0], degrees[1])
        most = [share * size for share, size in zip(translate or (0, 0), img_size, strict=True)]
        right, down = (round(uniform(-limit, limit)) for limit in most)
        scale = uniform(scale_ranges[0], scale_ranges[1]) if scale_ranges is not None else 1.0
        along_x = uniform(shears[0], shears[1]) if shears is not None else 0.0
        along_y = uniform(shears[2], shears[3]) if shears is not None and len(shears) == 4 else 0.0
        return angle, (right, down), scale, (along_x, along_y)

    def __repr__(self) -> str:
        names = ("degrees", "translate", "scale", "shear", "center")
        said = [f"{name}={getattr(self, name)}" for name in names if getattr(self, name) is not None]
        return f"RandomAffine({', '.join([*said, f'interpolation={self.interpolation.value!r}', f'fill={self.fill}'])})"


def _pair(name: str, values: Any) -> tuple[float, float]:
    if (
        not isinstance(values, tuple | list)
        or len(values) != 2
        or not all(isinstance(value, int | float | np.number) for value in values)
    ):
        raise ValueError(f"RandomAffine: {name} must be two numbers; got {values!r}")
    return values[0], values[1]


def _between(bounds: tuple[float, float], fraction: Any) -> Any:
    return bounds[0] + (bounds[1] - bounds[0]) * fraction
