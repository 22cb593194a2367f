"""Convolution as matrix products: windows are unfolded, block by block, into a matrix of (pixels, values of a window).

Images are (N, C, H, W) to everyone. Inside, the channels lie next to each other (N, H, W, C), so that a row of a window
is one run of memory; with fewer than `FEW_CHANNELS`, whose runs are too short to copy well, each channel is a plane. A
result keeps that order as strides; the next layer finds it.
"""

from collections.abc import Iterator
from math import prod
from threading import local
from typing import Any

import numpy as np

from .base import Array, Backend
from .normalization import per_channel
from .window import Ints, Window

# One block of unfolded windows: small enough to stay in a core's cache while it is multiplied, large enough for BLAS.
BLOCK_BYTES = 2 << 20

# The most memory that one thread keeps for the next convolution's padded images, and as much again for its columns.
KEPT_BYTES = 32 << 20

FEW_CHANNELS = 8

# With so many times more values per window than results, unfolding planes costs more than all else, and it is fastest
# with the batch innermost, where a run is a row of all images; otherwise the next layer's order is the better choice.
BATCH_LAST_FROM = 4

# A gradient in the images that unfolds windows needs this many times more of them than one that adds columns up, before
# the latter is faster.
UNFOLDING_COST = 3

Axes = tuple[int, int, int]  # in which order the pixels of images (N, C, H, W) are the rows of a matrix

IMAGE_BY_IMAGE: Axes = (0, 2, 3)
BATCH_LAST: Axes = (2, 3, 0)


class _Workspace(local):
    """Memory that a kernel needs while it runs, kept for the next: fresh pages cost more than what is written there."""

    def __init__(self) -> None:
        self._kept: dict[str, Array] = {}

    def take(self, purpose: str, size: int, dtype: Any) -> Array:
        """An array of this size with any values, whose memory is the purpose's until it is taken again."""
        count = size * np.dtype(dtype).itemsize
        memory = self._kept.get(purpose)
        if memory is None or memory.size < count:
            memory = np.empty(count, dtype=np.uint8)
            if count <= KEPT_BYTES:
                self._kept[purpose] = memory
        return memory[:count].view(dtype)


_workspace = _Workspace()


class MatrixConvolution(Backend):
    """Convolution of NumPy arrays.

    The reference multiplies once per tap and keeps (N, C, H, W) in memory; one product per block of unfolded windows
    uses BLAS several times better, and the block bounds the memory.
    """

    def conv2d(self, x: Array, w: Array, b: Array | None, window: Window) -> Array:
        """`Backend.conv2d` as one matrix product per block of unfolded windows."""
        out = self._products(x, w, window)
        if b is not None:
            out += per_channel(b, out)
        return out

    def _products(self, x: Array, w: Array, window: Window) -> Array:
        if _one_by_one(x.shape[1], w.shape[0], window):
            return _conv2d_one_by_one(x, w, window)
        if window.rank != 2 or _depthwise(x.shape[1], window) or not x.size:
            return super().conv2d(x, w, None, window)
        axes, output = _pixel_axes(x.shape, w.shape[0], window), window.output_size(x.shape[2:])
        images = _padded(x, window, axes)
        out = _empty((x.shape[0], w.shape[0], *output), x.dtype, axes)
        matrices, slices = _kernel_matrices(w, window.groups), _group_slices(x.shape[1], w.shape[0], window.groups)
        for kernels, (channels, outputs) in zip(matrices, slices, strict=True):
            for (part, rows), columns in _unfold(images[:, channels], window, output, axes):
                result = out[part, outputs, rows]
                if _is_few(w.shape[0]):
                    np.matmul(kernels.T, columns.T, out=_planes(result, axes, copy=False))
                elif window.groups == 1:
                    np.matmul(columns, kernels, out=_pixels(result, axes, copy=False))
                else:
                    result[...] = (columns @ kernels).reshape(len(result), *result.shape[2:], -1).transpose(0, 3, 1, 2)
        return out

    def conv2d_input_grad(self, g: Array, w: Array, shape: Ints, window: Window) -> Array:
        """`Backend.conv2d_input_grad`: for stride 1 a convolution with the turned kernels, else columns added up."""
        if _one_by_one(shape[1], w.shape[0], window):
            return _input_grad_one_by_one(g, w, shape, window)
        if window.rank != 2 or _depthwise(shape[1], window) or not g.size:
            return super().conv2d_input_grad(g, w, shape, window)
        around = [(e - 1 - a, e - 1 - b) for e, (a, b) in zip(window.extent, window.padding, strict=True)]
        unfolded, added = w.shape[0] * shape[2] * shape[3], shape[1] * g.shape[2] * g.shape[3]  # values per tap
        if max(window.stride) == 1 and min(map(min, around)) >= 0 and unfolded < UNFOLDING_COST * added:
            turned = Window(window.size, (1, 1), tuple(around), window.dilation, window.groups, op="conv2d_input_grad")
            return self._products(g, _turned(w, window.groups), turned)
        axes = _pixel_axes(shape, w.shape[0], window)
        (top, bottom), (left, right) = window.pads(shape[2:])
        padded = _empty((*shape[:2], top + shape[2] + bottom, left + shape[3] + right), g.dtype, axes)
        padded.fill(0)
        inputs = (shape[1] // window.groups,)
        matrices, slices = _kernel_matrices(w, window.groups), _group_slices(shape[1], w.shape[0], window.groups)
        for kernels, (channels, outputs) in zip(matrices, slices, strict=True):
            for part, rows in _blocks(len(g), g.shape[2], g.shape[3] * kernels.shape[0] * g.itemsize, axes):
                block = g[part, outputs, rows]
                pixels = [block.shape[axis] for axis in axes]
                columns = _workspace.take("columns", prod(pixels) * len(kernels), g.dtype)
                if _is_few(shape[1]):
                    np.matmul(kernels, _pixels(block, axes).T, out=columns.reshape(len(kernels), -1))
                    columns, order = columns.reshape(*window.size, *inputs, *pixels), (1, *axes)
                else:
                    np.matmul(_pixels(block, axes), kernels.T, out=columns.reshape(-1, len(kernels)))
                    columns = np.moveaxis(columns.reshape(*pixels, *window.size, *inputs), (3, 4), (0, 1))
                    order = (*axes, 1)
                target = padded[part, channels, rows.start * window.stride[0] :].transpose(order)
                for tap in window.taps():
                    where: list[Any] = [slice(None), slice(None), *window.slices(tap, block.shape[2:])]
                    target[tuple(where[axis] for axis in order)] += columns[tap]
        return padded[:, :, top : top + shape[2], left : left + shape[3]]

    def conv2d_weight_grad(self, g: Array, x: Array, window: Window) -> Array:
        """`Backend.conv2d_weight_grad` as one matrix product per block of unfolded windows."""
        if _one_by_one(x.shape[1], g.shape[1], window):
            return _weight_grad_one_by_one(g, x, window)
        if window.rank != 2 or _depthwise(x.shape[1], window):
            return super().conv2d_weight_grad(g, x, window)
        axes, per_group = _pixel_axes(x.shape, g.shape[1], window), x.shape[1] // window.groups
        images = _padded(x, window, axes)
        out = np.zeros((window.groups, window.tap_count * per_group, g.shape[1] // window.groups), dtype=x.dtype)
        for group, (channels, outputs) in enumerate(_group_slices(x.shape[1], g.shape[1], window.groups)):
            for (part, rows), columns in _unfold(images[:, channels], window, g.shape[2:], axes):
                out[group] += columns.T @ _pixels(g[part, outputs, rows], axes)
        out = out.reshape(window.groups, *window.size, per_group, -1)
        return np.ascontiguousarray(out.transpose(0, 4, 3, 1, 2)).reshape(g.shape[1], per_group, *window.size)


def _is_few(channels: int) -> bool:
    """Whether images with so many channels are kept as planes."""
    return channels < FEW_CHANNELS


def _depthwise(channels: int, window: Window) -> bool:
    """Whether groups are so narrow that a product per tap over all groups at once beats one product per group."""
    return window.groups > 1 and channels < FEW_CHANNELS * window.groups


def _one_by_one(inputs: int, outputs: int, window: Window) -> bool:
    """Whether every channel has one kernel of its own, and enough of them lie side by side to be multiplied at once."""
    return window.rank == 2 and inputs == outputs == window.groups >= FEW_CHANNELS


# With a kernel per channel there is nothing for a matrix product to do: a tap is a product of an image with one factor
# per channel, taken image by image, so that an image stays in the cache for all taps.


def _conv2d_one_by_one(x: Array, w: Array, window: Window) -> Array:
    output, factors = window.output_size(x.shape[2:]), w[:, 0].transpose(1, 2, 0)
    images = _padded(x, window, IMAGE_BY_IMAGE).transpose(0, 2, 3, 1)
    out = _empty((*x.shape[:2], *output), x.dtype, IMAGE_BY_IMAGE)
    product = np.empty((*output, x.shape[1]), dtype=x.dtype)
    for image, result in zip(images, out.transpose(0, 2, 3, 1), strict=True):
        result.fill(0)
        for tap in window.taps():
            result += np.multiply(image[window.slices(tap, output)], factors[tap], out=product)
    return out


def _input_grad_one_by_one(g: Array, w: Array, shape: Ints, window: Window) -> Array:
    (top, bottom), (left, right) = window.pads(shape[2:])
    factors, output = w[:, 0].transpose(1, 2, 0), g.shape[2:]
    padded = _empty((*shape[:2], top + shape[2] + bottom, left + shape[3] + right), g.dtype, IMAGE_BY_IMAGE)
    padded.fill(0)
    product = np.empty((*output, shape[1]), dtype=g.dtype)
    for gradient, image in zip(g.transpose(0, 2, 3, 1), padded.transpose(0, 2, 3, 1), strict=True):
        for tap in window.taps():
            image[window.slices(tap, output)] += np.multiply(gradient, factors[tap], out=product)
    return padded[:, :, top : top + shape[2], left : left + shape[3]]


def _weight_grad_one_by_one(g: Array, x: Array, window: Window) -> Array:
    output = g.shape[2:]
    images = _padded(x, window, IMAGE_BY_IMAGE).transpose(0, 2, 3, 1)
    sums = np.zeros((*window.size, x.shape[1]), dtype=x.dtype)
    product = np.empty((*output, x.shape[1]), dtype=x.dtype)
    ones = np.ones(prod(output), dtype=x.dtype)
    for gradient, image in zip(g.transpose(0, 2, 3, 1), images, strict=True):
        for tap in window.taps():
            np.multiply(image[window.slices(tap, output)], gradient, out=product)
            sums[tap] += ones @ product.reshape(-1, x.shape[1])
    return np.ascontiguousarray(sums.transpose(2, 0, 1))[:, None]


def _pixel_axes(shape: Ints, outputs: int, window: Window) -> Axes:
    """The order of pixels for images of this shape; see `BATCH_LAST_FROM`. A layer's three kernels choose the same."""
    values = window.tap_count * shape[1]
    row_of_all_images = shape[0] * window.output_size(shape[2:])[1] * values * 4  # in bytes; it must fit into a block
    if window.groups == 1 and _is_few(shape[1]) and values >= BATCH_LAST_FROM * outputs:
        return BATCH_LAST if row_of_all_images <= BLOCK_BYTES else IMAGE_BY_IMAGE
    return IMAGE_BY_IMAGE


def _empty(shape: Ints, dtype: Any, axes: Axes) -> Array:
    """Memory for images (N, C, H, W): planes of pixels in the given order, or pixels of channels."""
    order = (1, *axes) if _is_few(shape[1]) else (*axes, 1)
    return np.empty([shape[axis] for axis in order], dtype=dtype).transpose(np.argsort(order))


def _padded(x: Array, window: Window, axes: Axes) -> Array:
    """x with the window's padding, in the memory order of `_empty`, until the next call; x itself if it is that."""
    (top, bottom), (left, right) = window.pads(x.shape[2:])
    order = (1, *axes) if _is_few(x.shape[1]) else (*axes, 1)
    if not top + bottom + left + right and x.transpose(order).flags.c_contiguous:
        return x
    height, width = top + x.shape[2], left + x.shape[3]
    shape = (*x.shape[:2], height + bottom, width + right)
    memory = _workspace.take("images", prod(shape), x.dtype)
    padded = memory.reshape([shape[axis] for axis in order]).transpose(np.argsort(order))
    for border in (padded[:, :, :top], padded[:, :, height:], padded[..., :left], padded[..., width:]):
        border[...] = 0
    padded[:, :, top:height, left:width] = x
    return padded


def _pixels(x: Array, axes: Axes, copy: bool | None = None) -> Array:
    """Images as a matrix (pixels, C)."""
    return x.transpose(*axes, 1).reshape(-1, x.shape[1], copy=copy)


def _planes(x: Array, axes: Axes, copy: bool | None = None) -> Array:
    """Images as a matrix (C, pixels)."""
    return x.transpose(1, *axes).reshape(x.shape[1], -1, copy=copy)


def _group_slices(inputs: int, outputs: int, groups: int) -> Iterator[tuple[slice, slice]]:
    """For each group, its input channels and its output channels."""
    c, o = inputs // groups, outputs // groups
    return ((slice(i * c, i * c + c), slice(i * o, i * o + o)) for i in range(groups))


def _kernel_matrices(w: Array, groups: int) -> Array:
    """Kernels (O, C/G, KH, KW) as a matrix per group, (G, KH·KW·C/G, O/G): rows in the order of a window's pixels."""
    kernels = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    return kernels.transpose(0, 3, 4, 2, 1).reshape(groups, -1, kernels.shape[1])


def _turned(w: Array, groups: int) -> Array:
    """Kernels turned by half a turn, inputs and outputs exchanged: (O, C/G, KH, KW) → (C, O/G, KH, KW)."""
    kernels = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])[..., ::-1, ::-1]
    return kernels.swapaxes(1, 2).reshape(-1, kernels.shape[1], *w.shape[2:])


def _blocks(images: int, rows: int, row_bytes: int, axes: Axes) -> Iterator[tuple[slice, slice]]:
    """Cut (images, rows) into blocks of at most `BLOCK_BYTES`: whole images, some rows of one, or some rows of all."""
    if axes is BATCH_LAST:
        step = max(BLOCK_BYTES // max(images * row_bytes, 1), 1)
        for start in range(0, rows, step):
            yield slice(0, images), slice(start, min(start + step, rows))
        return
    fitting = max(BLOCK_BYTES // max(row_bytes, 1), 1)
    if fitting >= rows:
        step = max(fitting // max(rows, 1), 1)
        for start in range(0, images, step):
            yield slice(start, min(start + step, images)), slice(0, rows)
    else:
        for image in range(images):
            for start in range(0, rows, fitting):
                yield slice(image, image + 1), slice(start, min(start + fitting, rows))


def _unfold(images: Array, window: Window, output: Ints, axes: Axes) -> Iterator[tuple[tuple[slice, slice], Array]]:
    """Cut the output into blocks (images, rows); with each, the matrix (pixels, values of a window) that it reads."""
    channels = images.shape[1]
    (step_y, step_x), width = window.stride, window.tap_count * channels
    if window.size == (1, 1):
        pixels = images[:, :, ::step_y, ::step_x][:, :, : output[0], : output[1]]
        if pixels.transpose(*axes, 1).flags.c_contiguous:  # every pixel is a row already
            yield (slice(0, len(images)), slice(0, output[0])), _pixels(pixels, axes)
            return
    for part, rows in _blocks(len(images), output[0], output[1] * width * images.itemsize, axes):
        shape = (part.stop - part.start, 0, rows.stop - rows.start, output[1])
        pixels = [shape[axis] for axis in axes]
        size = pixels[0] * pixels[1] * pixels[2] * width
        buffer = _workspace.take("columns", size, images.dtype)
        source = images[part, :, rows.start * step_y :]
        if _is_few(channels):  # tap by tap: a run is a row of an image, or of all images
            planes = buffer.reshape(*window.size, channels, *pixels)
            for tap in window.taps():
                planes[tap] = source[(..., *window.slices(tap, shape[2:]))].transpose(1, *axes)
            yield (part, rows), planes.reshape(width, -1).T
        else:  # pixel by pixel: a run is a row of the window
            columns = buffer.reshape(*pixels, *window.size, channels)
            n, c, y, x = source.strides
            dy, dx = window.dilation
            strides = (n, y * step_y, x * step_x, y * dy, x * dx, c)
            columns[...] = np.lib.stride_tricks.as_strided(source, columns.shape, strides, writeable=False)
            yield (part, rows), columns.reshape(-1, width)
