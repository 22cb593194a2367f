"""Transforms with nothing random in them, and those that put others together."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import nn
from ...tensor import Tensor
from . import functional as F
from .drawing import happens, integer, order, uniform
from .resizing import as_size
from .sampling import BILINEAR, InterpolationMode, mode_of


class Transform(nn.Module):
    """A transform: a module, so that several can be put into `nn.Sequential`.

    Attributes:
        shown: the names of the attributes that `repr` shows.
    """

    shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = [f"{name}={_plain(getattr(self, name))}" for name in self.shown]
        return f"{type(self).__name__}({', '.join(parts)})"


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, InterpolationMode) else value


class Compose:
    """One transform after the other.

    >>> import numpy as np
    >>> to_input = Compose([ToTensor(), Normalize([0.5], [0.5])])
    >>> to_input(np.full((8, 8, 1), 255, dtype=np.uint8)).max()
    tensor(1.)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        name = type(self).__name__
        if not hasattr(transforms, "__iter__"):
            raise TypeError(f"{name}: expected a list of transforms; got {transforms!r:.80}; put it in a list")
        for i, transform in enumerate(transforms if hasattr(transforms, "__len__") else ()):
            if not callable(transform):
                raise TypeError(f"{name}: element {i} must be a transform, which can be called; got {transform!r:.80}")
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "\n".join(["Compose(", *(f"    {transform}" for transform in self.transforms), ")"])


class Lambda:
    """A function as a transform.

    >>> Lambda(str.upper)("a")
    'A'

    Raises:
        TypeError: for what can't be called.
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Lambda: expected a function; got {type(lambd).__name__}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"


class ToTensor(Transform):
    """From a PIL image or an array (H, W, C) or (H, W) to a tensor (C, H, W), bytes to [0, 1]; see `to_tensor`.

    >>> ToTensor()(np.full((2, 2, 3), 255, dtype=np.uint8)).shape
    (3, 2, 2)
    """

    def forward(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)


class PILToTensor(Transform):
    """From a PIL image to a tensor (C, H, W) of its own numbers; see `pil_to_tensor`.

    >>> from PIL import Image
    >>> PILToTensor()(Image.new("RGB", (4, 2))).shape
    (3, 2, 4)
    """

    def forward(self, pic: Any) -> Tensor:
        return F.pil_to_tensor(pic)


class ToPILImage(Transform):
    """From a tensor (C, H, W) or an array (H, W, C) to a PIL image; see `to_pil_image`.

    >>> ToPILImage()(tg.zeros(3, 2, 4)).size
    (4, 2)
    """

    shown = ("mode",)

    def __init__(self, mode: str | None = None) -> None:
        super().__init__()
        self.mode = mode

    def forward(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)


class ConvertImageDtype(Transform):
    """The same picture in another dtype; see `convert_image_dtype`.

    >>> ConvertImageDtype(tg.float32)(tg.tensor([[[255]]], dtype=tg.uint8))
    tensor([[[1.]]])
    """

    shown = ("dtype",)

    def __init__(self, dtype: Any) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return F.convert_image_dtype(image, self.dtype)


class Normalize(Transform):
    """(x − mean) / std, with a mean and a standard deviation per channel; see `normalize`.

    >>> import tinygrad_cnn as tg
    >>> Normalize(mean=[0.5], std=[0.25])(tg.tensor([[[1.0, 0.5]]]))
    tensor([[[2., 0.]]])
    """

    shown = ("mean", "std")

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)


class Resize(Transform):
    """Another size: (height, width), or the shorter side; see `resize`.

    >>> Resize((2, 3))(tg.ones(3, 8, 8)).shape
    (3, 2, 3)
    """

    shown = ("size", "interpolation", "max_size", "antialias")

    def __init__(
        self,
        size: Any,
        interpolation: InterpolationMode | str | int = BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        as_size("Resize", size)
        self.size = size
        self.interpolation = mode_of("Resize", interpolation)
        self.max_size = max_size
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)


class CenterCrop(Transform):
    """The middle; see `center_crop`.

    >>> CenterCrop(1)(tg.arange(9.0).view(1, 3, 3))
    tensor([[[4.]]])
    """

    shown = ("size",)

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = as_size("CenterCrop", size)

    def forward(self, img: Any) -> Any:
        return F.center_crop(img, self.size)


class FiveCrop(Transform):
    """The corners and the middle, a tuple of five; see `five_crop`.

    >>> [part.item() for part in FiveCrop(1)(tg.arange(9).view(1, 3, 3))]
    [0, 2, 6, 8, 4]
    """

    shown: tuple[str, ...] = ("size",)

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = as_size(type(self).__name__, size)

    def forward(self, img: Any) -> Any:
        return F.five_crop(img, self.size)


class TenCrop(FiveCrop):
    """The corners and the middle of the image and of its mirror image, a tuple of ten; see `ten_crop`.

    >>> len(TenCrop(2)(tg.ones(3, 4, 4)))
    10
    """

    shown = ("size", "vertical_flip")

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        super().__init__(size)
        self.vertical_flip = vertical_flip

    def forward(self, img: Any) -> Any:
        return F.ten_crop(img, self.size, self.vertical_flip)


class Pad(Transform):
    """A border; see `pad`.

    >>> Pad(1)(tg.ones(3, 2, 2)).shape
    (3, 4, 4)
    """

    shown = ("padding", "fill", "padding_mode")

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Any) -> Any:
        return F.pad(img, self.padding, self.fill, self.padding_mode)


class Grayscale(Transform):
    """Grey, in one channel or three; see `rgb_to_grayscale`.

    >>> Grayscale()(tg.ones(3, 2, 2)).shape
    (1, 2, 2)
    """

    shown = ("num_output_channels",)

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, self.num_output_channels)


class LinearTransformation(Transform):
    """(x − mean) · matrix, of all values of a picture in a row: whitening (ZCA, for one).

    Args:
        transformation_matrix: (D, D), where D = C · H · W.
        mean_vector: (D,).

    >>> LinearTransformation(2 * tg.eye(4), tg.ones(4))(tg.ones(1, 2, 2)).sum()
    tensor(0.)
    """

    shown = ("transformation_matrix", "mean_vector")

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        super().__init__()
        d = transformation_matrix.shape[0]
        if tuple(transformation_matrix.shape) != (d, d) or tuple(mean_vector.shape) != (d,):
            raise ValueError(
                f"LinearTransformation: expected a matrix (D, D) and a mean (D,); got "
                f"{tuple(transformation_matrix.shape)} and {tuple(mean_vector.shape)}"
            )
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def forward(self, tensor: Tensor) -> Tensor:
        flat = tensor.reshape(-1, len(self.mean_vector)) - self.mean_vector
        return (flat @ self.transformation_matrix).reshape(tensor.shape)


class RandomApply(Transform):
    """All of some transforms, one after the other, with probability p; otherwise none.

    >>> RandomApply([CenterCrop(2)], p=1.0)(tg.ones(1, 4, 4)).shape
    (1, 2, 2)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        if happens(self.p):
            for transform in self.transforms:
                img = transform(img)
        return img

    def __repr__(self) -> str:
        inside = [f"    {transform}" for transform in self.transforms]
        return "\n".join([f"{type(self).__name__}(", f"    p={self.p}", *inside, ")"])


class RandomOrder(Compose):
    """All of some transforms, in random order.

    >>> RandomOrder([CenterCrop(2), Pad(1)])(tg.ones(1, 2, 2)).shape in {(1, 4, 4), (1, 2, 2)}
    True
    """

    def __call__(self, img: Any) -> Any:
        for i in order(len(self.transforms)):
            img = self.transforms[i](img)
        return img

    def __repr__(self) -> str:
        return super().__repr__().replace("Compose", "RandomOrder", 1)


class RandomChoice(Compose):
    """One of some transforms.

    Args:
        p: how likely each is, in any unit. Default: all the same.

    >>> RandomChoice([CenterCrop(2), Pad(-1)])(tg.ones(1, 4, 4)).shape
    (1, 2, 2)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        if p is not None and len(p) != len(transforms):
            raise ValueError(f"RandomChoice: p has a number for each of {len(transforms)} transforms; got {p}")
        self.p = p

    def __call__(self, *args: Any) -> Any:
        if self.p is None:
            return self.transforms[integer(0, len(self.transforms))](*args)
        ends = np.cumsum(self.p)
        chosen = int(np.searchsorted(ends, uniform(0, ends[-1]), side="right"))
        return self.transforms[min(chosen, len(ends) - 1)](*args)

    def __repr__(self) -> str:
        return super().__repr__().replace("Compose", "RandomChoice", 1)
