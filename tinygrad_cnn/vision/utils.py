"""Pictures put together, written to files and drawn on."""

from collections.abc import Sequence
from math import ceil
from os import PathLike
from typing import Any

import numpy as np

from ..autograd import no_grad
from ..errors import ShapeError
from ..functions import stack
from ..tensor import Tensor, as_tensor
from .pil import image_module

__all__ = ["draw_bounding_boxes", "make_grid", "save_image"]


@no_grad()
def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """One picture (3, H, W) of a batch (N, C, H, W) or a list of pictures, in rows.

    Grey pictures get three channels.

    Args:
        nrow: the pictures in each row.
        padding: the pixels between them.
        normalize: whether to bring the values to [0, 1].
        value_range: what becomes 0 and 1. Default: the smallest and the largest value.
        scale_each: whether that is said of each picture by itself.
        pad_value: the value between pictures.

    >>> import tinygrad_cnn as tg
    >>> make_grid(tg.ones(5, 1, 8, 8), nrow=3).shape
    (3, 22, 32)

    Raises:
        TypeError: for anything but tensors.
        ValueError: for a tensor of another number of dimensions.
    """
    pictures = tensor
    if isinstance(tensor, list | tuple):
        wrong = [type(each).__name__ for each in tensor if not isinstance(each, Tensor)]
        if wrong or not tensor:
            raise TypeError(
                f"make_grid: expected a tensor or a list of tensors; got {wrong[0] if wrong else 'an empty list'}"
            )
        pictures = stack(list(tensor), 0)
    if not isinstance(pictures, Tensor):
        raise TypeError(f"make_grid: expected a tensor or a list of tensors; got {type(tensor).__name__}")
    if pictures.ndim not in (2, 3, 4):
        raise ShapeError(f"make_grid: expected pictures (N, C, H, W); got shape {tuple(pictures.shape)}")
    pictures = pictures.detach().reshape((1,) * (4 - pictures.ndim) + tuple(pictures.shape))
    n, c, h, w = pictures.shape
    if c == 1:
        pictures, c = pictures.expand(n, 3, h, w), 3
    if normalize:
        pictures = _scaled(pictures, value_range, scale_each)
    if n == 1:
        return pictures[0].clone()
    columns = min(nrow, n)
    rows = ceil(n / columns)
    grid = pictures.new_full((c, (h + padding) * rows + padding, (w + padding) * columns + padding), pad_value)
    for i in range(n):
        top, left = (h + padding) * (i // columns) + padding, (w + padding) * (i % columns) + padding
        grid[:, top : top + h, left : left + w] = pictures[i]
    return grid


def _scaled(pictures: Tensor, value_range: tuple[float, float] | None, each: bool) -> Tensor:
    if value_range is not None:
        low, high = (pictures.new_tensor(float(bound)) for bound in value_range)
    else:
        dims = (1, 2, 3) if each else (0, 1, 2, 3)
        low, high = pictures.amin(dims, keepdim=True), pictures.amax(dims, keepdim=True)
    return (pictures.maximum(low).minimum(high) - low) / (high - low).clamp(min=1e-5)


@no_grad()
def save_image(tensor: Any, fp: str | PathLike[str] | Any, format: str | None = None, **kwargs: Any) -> None:
    """Write a picture, or the grid of several, to a file; values in [0, 1] become bytes.

    Args:
        tensor: a picture, a batch, or a list of pictures.
        fp: the path, or a file opened for writing bytes.
        format: of an opened file, such as "png".
        **kwargs: of `make_grid`.

    Raises:
        ImportError: without Pillow.

    >>> import io
    >>> file = io.BytesIO()
    >>> save_image(tg.rand(4, 3, 8, 8), file, format="png")
    >>> file.getvalue()[1:4]
    b'PNG'
    """
    grid = make_grid(tensor, **kwargs).numpy(force=True)
    array = np.clip(grid * 255 + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    image_module().fromarray(np.ascontiguousarray(array)).save(fp, format=format)


def draw_bounding_boxes(
    image: Tensor,
    boxes: Tensor,
    labels: Sequence[str | None] | None = None,
    colors: Any = None,
    fill: bool = False,
    width: int = 1,
) -> Tensor:
    """A picture (C, H, W) with rectangles around the boxes (N, 4) in it, each (left, top, right, bottom) in pixels.

    Args:
        labels: words at the upper left corner of each.
        colors: one for all, or one for each: names, "#RRGGBB" or (r, g, b). Default: far apart on the circle of hues.
        fill: whether to tint what is inside.
        width: of the lines.

    Raises:
        TypeError: for anything but a tensor of bytes or floats.
        ValueError: for other shapes, or another number of labels or colours than boxes.

    >>> picture = draw_bounding_boxes(tg.zeros(3, 8, 8, dtype=tg.uint8), tg.tensor([[1, 1, 5, 5]]), colors="red")
    >>> picture[:, 1, 1]
    tensor([255,   0,   0], dtype=uint8)
    """
    from PIL import ImageColor, ImageDraw

    from .transforms.functional import convert_image_dtype, pil_to_tensor, to_pil_image

    if not isinstance(image, Tensor):
        raise TypeError(f"draw_bounding_boxes: expected a tensor; got {type(image).__name__}")
    if image.ndim != 3 or image.shape[0] not in (1, 3) or boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ShapeError(
            f"draw_bounding_boxes: expected a picture (C, H, W) and boxes (N, 4); got {tuple(image.shape)} and "
            f"{tuple(boxes.shape)}"
        )
    count = len(boxes)
    each = colors if isinstance(colors, list) else [colors] * count
    words = [None] * count if labels is None else list(labels)
    if len(each) < count or len(words) != count:
        raise ValueError(f"draw_bounding_boxes: {count} boxes have {len(each)} colours and {len(words)} labels")
    picture = to_pil_image(convert_image_dtype(image, "uint8").expand(3, *image.shape[1:]))
    draw = ImageDraw.Draw(picture, "RGBA")
    for i, (corners, colour, word) in enumerate(zip(boxes.tolist(), each, words, strict=False)):
        chosen = f"hsl({360 * i / count:.0f}, 100%, 50%)" if colour is None else colour
        rgb = ImageColor.getrgb(chosen) if isinstance(chosen, str) else tuple(chosen)
        draw.rectangle(corners, outline=rgb, width=width, fill=(*rgb[:3], 100) if fill else None)
        if word is not None:
            draw.text((corners[0] + width + 1, corners[1] + width + 1), word, fill=rgb)
    return convert_image_dtype(as_tensor(pil_to_tensor(picture)), image.dtype)
