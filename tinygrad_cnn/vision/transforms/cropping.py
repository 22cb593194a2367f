"""Parts of pictures, borders around them, and mirror images."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...nn import functional as F
from ...tensor import Tensor
from ..pil import image_module, is_pil
from .resizing import as_size, size_of
from .sampling import check_picture


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part of images (…, H, W), or of a PIL image, that begins at a corner; what lies outside is 0.

    >>> import tinygrad_cnn as tg
    >>> crop(tg.arange(9).reshape(1, 3, 3), 1, 2, 2, 2)
    tensor([[[5, 0],
             [8, 0]]])
    """
    if is_pil(img):
        return img.crop((left, top, left + width, top + height))
    check_picture("crop", img)
    h, w = size_of(img)
    inner = img[..., max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    if top >= 0 and left >= 0 and top + height <= h and left + width <= w:
        return inner
    before = (min(max(-left, 0), width), min(max(-top, 0), height))
    after = (width - before[0] - inner.shape[-1], height - before[1] - inner.shape[-2])
    return F.pad(inner, (before[0], after[0], before[1], after[1]))


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle of an image; where it is smaller, with a border of 0.

    >>> import tinygrad_cnn as tg
    >>> center_crop(tg.arange(16).reshape(1, 4, 4), 2).tolist()
    [[[5, 6], [9, 10]]]
    """
    h, w = as_size("center_crop", output_size)
    height, width = size_of(img)
    if w > width or h > height:
        border = [max(w - width, 0) // 2, max(h - height, 0) // 2]
        border += [(max(w - width, 0) + 1) // 2, (max(h - height, 0) + 1) // 2]
        img = pad(img, border)
        height, width = size_of(img)
    return crop(img, round((height - h) / 2), round((width - w) / 2), h, w)


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners (upper left, upper right, lower left, lower right) and the middle.

    Raises:
        ValueError: for a size that is larger than the image.
    """
    h, w = as_size("five_crop", size)
    height, width = size_of(img)
    if h > height or w > width:
        raise ShapeError(f"five_crop: a crop of {(h, w)} is larger than the image, {(height, width)}")
    corners = [(top, left) for top in (0, height - h) for left in (0, width - w)]
    return (*(crop(img, top, left, h, w) for top, left in corners), center_crop(img, (h, w)))


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of the image, and of its mirror image."""
    return (*five_crop(img, size), *five_crop(vflip(img) if vertical_flip else hflip(img), size))


def hflip(img: Any) -> Any:
    """Left and right exchanged."""
    return img.transpose(image_module().Transpose.FLIP_LEFT_RIGHT) if is_pil(img) else _flipped("hflip", img, -1)


def vflip(img: Any) -> Any:
    """Top and bottom exchanged."""
    return img.transpose(image_module().Transpose.FLIP_TOP_BOTTOM) if is_pil(img) else _flipped("vflip", img, -2)


def _flipped(caller: str, img: Any, dim: int) -> Tensor:
    if not isinstance(img, Tensor):
        raise TypeError(f"{caller}: expected a tensor (…, H, W); got {type(img).__name__}; put ToTensor() before")
    return img.flip(dim)


def _clipped(i: Any, n: int) -> Any:
    return np.clip(i, 0, n - 1)


def _reflected(i: Any, n: int) -> Any:
    """… 2 1 | 0 1 2 … n−1 | n−2 …"""
    i = np.abs(i) % max(2 * n - 2, 1)
    return np.minimum(i, 2 * n - 2 - i)


def _mirrored(i: Any, n: int) -> Any:
    """… 1 0 | 0 1 2 … n−1 | n−1 …"""
    i = i % (2 * n)
    return np.minimum(i, 2 * n - 1 - i)


_BORDERS: dict[str, Callable[[Any, int], Any]] = {"edge": _clipped, "reflect": _reflected, "symmetric": _mirrored}


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """A border around images (…, H, W), or a PIL image.

    Args:
        padding: a number for all sides; (left and right, top and bottom); or (left, top, right, bottom).
        fill: its value, for "constant": a number, or one per channel.
        padding_mode: "constant", "edge" (the outermost pixel again), "reflect" (mirrored there, without the outermost
            pixel) or "symmetric" (with it).

    >>> import tinygrad_cnn as tg
    >>> pad(tg.tensor([[[1, 2, 3]]]), (2, 0), padding_mode="reflect").tolist()
    [[[3, 2, 1, 2, 3, 2, 1]]]

    Raises:
        ValueError: for another mode, or another number of sides.
    """
    sides = [padding] if isinstance(padding, int) else list(padding)
    if len(sides) not in (1, 2, 4) or not all(isinstance(side, int | np.integer) for side in sides):
        raise ValueError(f"pad: padding has 1, 2 or 4 whole numbers (left, top, right, bottom); got {padding!r}")
    left, top, right, bottom = (sides * 4)[:4] if len(sides) != 2 else sides * 2
    if padding_mode not in ("constant", *_BORDERS):
        raise ValueError(f"pad: padding_mode must be constant, edge, reflect or symmetric; got {padding_mode!r}")
    h, w = size_of(img)
    if padding_mode != "constant":
        border = _BORDERS[padding_mode]
        rows, columns = border(np.arange(-top, h + bottom), h), border(np.arange(-left, w + right), w)
        if is_pil(img):
            return image_module().fromarray(np.asarray(img)[rows][:, columns])
        return img[..., rows, :][..., columns]
    if is_pil(img):
        from .geometry import pil_fill

        out = image_module().new(img.mode, (w + left + right, h + top + bottom), pil_fill(img, fill))
        if img.mode == "P":
            out.putpalette(img.getpalette())
        out.paste(img, (left, top))
        return out
    check_picture("pad", img)
    values = list(fill) if isinstance(fill, tuple | list) else [fill]
    if len(values) == 1:
        return F.pad(img, (left, right, top, bottom), value=values[0])
    if len(values) != img.shape[-3]:
        raise ShapeError(
            f"pad: fill has {len(values)} values, but images {tuple(img.shape)} have {img.shape[-3]} channels"
        )
    # The border is 1 in a mask that is padded along.
    outside = F.pad(img.new_zeros(img.shape[-2:]), (left, right, top, bottom), value=1)
    colour = img.new_tensor(values).reshape(-1, 1, 1)
    return F.pad(img, (left, right, top, bottom)) + outside * colour
