"""Images read elsewhere than at their pixels: sampling at the points of a grid, and windows laid out as columns."""

from itertools import product
from math import prod
from typing import Any

import numpy as np

from ... import ops
from ...autograd import unrecordable
from ...autograd.modes import in_scope
from ...backend import Window
from ...creation.values import spread_evenly
from ...dtypes import float32, is_floating
from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from .checks import need_tensors
from .windows import convolution_window

MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The points at which `grid_sample` reads an image that an affine map has moved.

    Args:
        theta: the maps (N, 2, 3), or (N, 3, 4) of volumes: of places in [−1, 1] of the result to places in the image.
        size: of the result, (N, C, H, W) or (N, C, D, H, W).
        align_corners: whether ±1 are the centres of the corner pixels, or the image's edges (the default).

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3), with x first.

    >>> import tinygrad_cnn as tg
    >>> affine_grid(tg.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2)).tolist()
    [[[[-0.5, 0.0], [0.5, 0.0]]]]
    """
    op = "affine_grid"
    need_tensors(op, theta=theta)
    sizes = tuple(int(n) for n in size)
    rank = len(sizes) - 2
    if not is_floating(theta.dtype):
        raise ArgumentError(f"{op}: theta must be floating-point; got dtype {theta.dtype}{in_scope()}")
    if rank not in (2, 3) or min(sizes) < 1:
        raise NotImplementedError(f"{op}: expected a size (N, C, H, W) or (N, C, D, H, W); got {sizes}{in_scope()}")
    if theta.shape != (sizes[0], rank, rank + 1):
        raise ArgumentError(
            f"{op}: size {sizes} needs theta of shape {(sizes[0], rank, rank + 1)}; got {tuple(theta.shape)}"
            f"{in_scope()}"
        )
    # In the numbers of theta, rounded as PyTorch does: the identity's points lie on pixels, where the derivative jumps.
    places = [spread_evenly(np, -1, 1, n, theta.dtype) if n > 1 else np.zeros(1, theta.dtype) for n in sizes[2:]]
    if not align_corners:
        places = [line * (n - 1) / n for line, n in zip(places, sizes[2:], strict=True)]
    points = np.stack([*np.meshgrid(*places, indexing="ij")[::-1], np.ones(sizes[2:])], axis=-1)
    base = Tensor.from_array(theta.backend.asarray(points.reshape(-1, rank + 1).astype(theta.dtype)))
    return ops.matmul(base, theta.transpose(1, 2)).reshape(sizes[0], *sizes[2:], rank)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The values of images at the points of a grid: (N, C, H, W), (N, OH, OW, 2) → (N, C, OH, OW), or with a depth too.

    Args:
        input: images or volumes.
        grid: where to read, x first; −1 and 1 are the image's ends.
        mode: "bilinear" (of volumes trilinear), "nearest" or "bicubic" (images only).
        padding_mode: what is outside: "zeros", "border" (the nearest pixel), or "reflection".
        align_corners: whether ±1 are the centres of the corner pixels, or the image's edges (the default).

    Raises:
        RuntimeError: for shapes that do not fit. ValueError for another mode.

    >>> import tinygrad_cnn as tg
    >>> image = tg.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    >>> grid_sample(image, tg.zeros(1, 1, 1, 2)).item()
    1.5
    """
    op = "grid_sample"
    need_tensors(op, input=input, grid=grid)
    unrecordable(f"{op}: which pixels are read depends on the grid")
    if mode not in MODES:
        raise ValueError(f"{op}: mode must be one of {', '.join(MODES)}; got {mode!r}{in_scope()}")
    if padding_mode not in PADDINGS:
        raise ValueError(f"{op}: padding_mode must be one of {', '.join(PADDINGS)}; got {padding_mode!r}{in_scope()}")
    rank = input.ndim - 2
    fits = rank in (2, 3) and grid.ndim == input.ndim and grid.shape[-1] == rank and grid.shape[0] == input.shape[0]
    if not fits or 0 in input.shape[1:]:
        raise ShapeError(
            f"{op}: images (N, C, H, W) need a grid (N, OH, OW, 2), volumes (N, C, D, H, W) one of (N, OD, OH, OW, 3); "
            f"got {tuple(input.shape)} and {tuple(grid.shape)}{in_scope()}"
        )
    if mode == "bicubic" and rank == 3:
        raise ArgumentError(f"{op}: mode 'bicubic' reads images only{in_scope()}")
    corners = bool(align_corners)
    image = tuple(input.shape[2:])
    places = []  # in pixels, one per dimension, (N, points)
    for i, n in enumerate(image):
        along = grid[..., rank - 1 - i].reshape(grid.shape[0], -1)
        place: Any = (along + 1) * ((n - 1) / 2) if corners else _between_edges(along + 1, n)
        places.append(place if mode == "bicubic" else _inside(place, n, padding_mode, corners))
    flat = input.reshape(*input.shape[:2], prod(image))
    out: Any = None
    for corner in _neighbours(places, mode):
        pixels = [index for index, _ in corner]
        if mode == "bicubic" and padding_mode != "zeros":
            pixels = [_pixel_inside(i, n, padding_mode, corners) for i, n in zip(pixels, image, strict=True)]
        number, seen = _read_where(input.backend.xp, image, input.shape[1], *pixels)
        value = ops.where(Tensor.from_array(seen), ops.gather_along(flat, dim=2, index=number), 0.0)
        for _, share in corner:
            value = value if share is None else value * share.unsqueeze(1)
        out = value if out is None else out + value
    return out.reshape(*input.shape[:2], *grid.shape[1:-1])  # type: ignore[no-any-return]


def _between_edges(along: Any, n: int) -> Tensor:
    """Places in [0, 2] as pixels, a · n/2 − 1/2; of float32 rounded once, as PyTorch's fused operation does it.

    A place that ends up beside a pixel, not on it, has the derivative of the other side.
    """
    if along.dtype != float32:
        return along * (n / 2) - 0.5  # type: ignore[no-any-return]
    return (along.double() * (n / 2) - 0.5).float()  # type: ignore[no-any-return]


def _read_where(xp: Any, image: tuple[int, ...], channels: int, *pixels: Any) -> tuple[Any, Any]:
    """Pixels per dimension (N, points) → numbers in the flattened image (N, C, points), and which are inside."""
    number: Any = 0
    seen: Any = True
    for pixel, n in zip(pixels, image, strict=True):
        number = number * n + pixel.clip(0, n - 1)
        seen = seen & (pixel >= 0) & (pixel < n)
    return xp.broadcast_to(number[:, None], (number.shape[0], channels, number.shape[1])), seen[:, None]


def _pixel_inside(index: Any, n: int, padding: str, corners: bool) -> Any:
    place = _inside(Tensor.from_array(index.astype("float64")), n, padding, corners)
    return place.array.astype("int64")


def _inside(place: Tensor, n: int, padding: str, corners: bool) -> Tensor:
    """Places outside brought to the border, or mirrored at it."""
    if padding == "zeros":
        return place
    if padding == "reflection":
        low, span = (0.0, float(n - 1)) if corners else (-0.5, float(n))
        if span == 0:
            return place * 0
        distance: Any = (place - low).abs()
        flips = (distance.detach() / span).floor()
        rest = distance - flips * span
        place = ops.where(flips % 2 == 0, rest + low, span - rest + low)
    return ops.where(place <= 0, 0.0, ops.where(place >= n - 1, float(n - 1), place))


def _finite(xp: Any, x: Any) -> Any:
    """Numbers that an int64 can hold: what is infinite, or no number, is far outside."""
    return xp.nan_to_num(x, nan=-(2.0**40), posinf=2.0**40, neginf=-(2.0**40)).clip(-(2.0**40), 2.0**40)


def _neighbours(places: list[Tensor], mode: str) -> Any:
    """For each pixel that a point reads: (number, share) per dimension."""
    xp = places[0].backend.xp
    if mode == "nearest":
        return [[(xp.rint(_finite(xp, place.array)).astype("int64"), None) for place in places]]
    lines = []
    for place in places:
        first = xp.floor(_finite(xp, place.array)).astype("int64")
        rest = place - Tensor.from_array(first.astype(place.dtype))
        if mode == "bilinear":
            lines.append([(first, 1 - rest), (first + 1, rest)])
        else:
            lines.append([(first + step, _cubic(rest, step)) for step in (-1, 0, 1, 2)])
    return product(*lines)


def _cubic(rest: Tensor, step: int) -> Any:
    """The weight of the pixel `step` from the one before a point (Keys 1981, a = −0.75)."""
    far = rest + 1 if step == -1 else rest if step == 0 else step - rest
    if step in (0, 1):
        return (1.25 * far - 2.25) * far * far + 1
    return ((-0.75 * far + 3.75) * far - 6) * far + 3


# windows as columns ---------------------------------------------------------------------------------------------------


def _window(op: str, size: Any, dilation: Any, padding: Any, stride: Any) -> Window:
    sizes = (size, size) if hasattr(size, "__index__") else tuple(size)
    if len(sizes) == 1:
        sizes *= 2
    if len(sizes) != 2 or min(sizes) < 1:
        raise ArgumentError(f"{op}: kernel_size must be a positive int or 2 of them; got {size!r}{in_scope()}")
    return convolution_window(op, sizes, stride, padding, dilation, 1)


def _read_at(x: Any, window: Window, output: tuple[int, ...]) -> tuple[Any, ...]:
    """The index with which the padded images give (N, C, KH, KW, OH, OW)."""
    xp = x.backend.xp
    rows, columns = (
        xp.arange(k)[:, None] * d + xp.arange(o) * s
        for k, d, o, s in zip(window.size, window.dilation, output, window.stride, strict=True)
    )
    return (slice(None), slice(None), rows[:, None, :, None], columns[None, :, None, :])


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Every window as a column: (N, C, H, W) → (N, C·KH·KW, L), with L windows row by row.

    Raises:
        RuntimeError: for a window that does not fit.

    >>> import tinygrad_cnn as tg
    >>> unfold(tg.arange(4.0).reshape(1, 1, 2, 2), 2).tolist()
    [[[0.0], [1.0], [2.0], [3.0]]]
    """
    need_tensors("unfold", input=input)
    if input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        raise ShapeError(f"unfold: expected (N, C, H, W) or (C, H, W); got shape {tuple(input.shape)}{in_scope()}")
    x = input if input.ndim == 4 else input.unsqueeze(0)
    window = _window("unfold", kernel_size, dilation, padding, stride)
    output = window.output_size(tuple(x.shape[2:]))
    padded = ops.pad(x, pads=((0, 0), (0, 0), *window.padding), value=0)
    columns = ops.getitem(padded, index=_read_at(x, window, output))
    out = columns.reshape(x.shape[0], x.shape[1] * window.tap_count, prod(output))
    return out if input.ndim == 4 else out.squeeze(0)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """The adjoint of `unfold`: columns added up where the windows lie, (N, C·KH·KW, L) → (N, C, H, W).

    Raises:
        RuntimeError: for columns that are not those of such an image.

    >>> import tinygrad_cnn as tg
    >>> fold(tg.ones(1, 4, 4), (3, 3), 2).tolist()
    [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    """
    need_tensors("fold", input=input)
    window = _window("fold", kernel_size, dilation, padding, stride)
    image = (output_size,) * 2 if hasattr(output_size, "__index__") else tuple(output_size)
    if input.ndim not in (2, 3):
        raise ShapeError(f"fold: expected (N, C·KH·KW, L) or (C·KH·KW, L); got {tuple(input.shape)}{in_scope()}")
    if len(image) != 2 or min(image) < 1:
        raise ArgumentError(f"fold: output_size must be a positive int or 2 of them; got {output_size!r}{in_scope()}")
    x = input if input.ndim == 3 else input.unsqueeze(0)
    output = window.output_size(image)
    if x.shape[1] % window.tap_count or x.shape[1] == 0 or x.shape[2] != prod(output):
        raise ShapeError(
            f"fold: an image of {image} has {prod(output)} windows of {window.tap_count} pixels a channel; got shape "
            f"{tuple(input.shape)}{in_scope()}"
        )
    channels = x.shape[1] // window.tap_count
    columns = x.reshape(x.shape[0], channels, *window.size, *output)
    padded = tuple(n + before + after for n, (before, after) in zip(image, window.padding, strict=True))
    index = _read_at(x, window, output)
    out = ops.scatter_items(columns, shape=(x.shape[0], channels, *padded), index=index)
    crop = tuple((-before, -after) for before, after in window.padding)
    out = ops.pad(out, pads=((0, 0), (0, 0), *crop), value=0)
    return out if input.ndim == 3 else out.squeeze(0)


__all__ = ["affine_grid", "fold", "grid_sample", "unfold"]
