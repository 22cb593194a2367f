"""Convolution as matrix products: windows are unfolded, block by block, into the rows of a matrix.

Images are (N, C, H, W) to everyone. Inside, the channels lie next to each other (N, H, W, C), so that a row of a window is
one run of memory and a pixel is a row of a matrix; with fewer than `FEW_CHANNELS`, where such runs are too short to copy
well, each channel is a plane (C, N, H, W). A convolution's result keeps that order as strides; the next layer finds it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .base import Array, Backend
from .window import Ints, Window

# One block of unfolded windows: small enough to stay in a core's cache while it is multiplied, large enough for BLAS.
BLOCK_BYTES = 2 << 20

FEW_CHANNELS = 8

# A gradient in the images that unfolds windows needs this many times more of them than one that adds columns up, before
# the latter is faster.
UNFOLDING_COST = 3


class MatrixConvolution(Backend):
    """Convolution of NumPy arrays.

    The reference multiplies once per tap and keeps (N, C, H, W) in memory; one product per block of unfolded windows uses
    BLAS several times better, and the block bounds the memory.
    """

    def conv2d(self, x: Array, w: Array, window: Window) -> Array:
        """`Backend.conv2d` as one matrix product per block of unfolded windows."""
        if window.rank != 2 or _depthwise(x, w, window):
            return super().conv2d(x, w, window)
        output = window.output_size(x.shape[2:])
        out = _empty(w.shape[0], x.shape[0], output, x.dtype)
        images = self._padded(x, window)
        for (channels, outputs), kernels in zip(_groups(x, w, window), _kernel_matrices(w, window.groups), strict=True):
            source, target = images[:, channels], out[:, outputs]
            for (part, rows), columns in _unfold(source, window, output):
                result = target[part, :, rows]
                if _is_few(w.shape[0]):
                    np.matmul(kernels.T, columns.T, out=result.swapaxes(0, 1).reshape(w.shape[0], -1))  # a view
                elif window.groups == 1:
                    np.matmul(columns, kernels, out=result.transpose(0, 2, 3, 1).reshape(-1, w.shape[0]))  # a view
                else:
                    result[...] = (columns @ kernels).reshape(len(result), *result.shape[2:], -1).transpose(0, 3, 1, 2)
        return out

    def conv2d_input_grad(self, g: Array, w: Array, shape: Ints, window: Window) -> Array:
        """`Backend.conv2d_input_grad`, for stride 1 as a convolution with the turned kernels, else from columns added up."""
        if window.rank != 2 or _depthwise(shape, w, window):
            return super().conv2d_input_grad(g, w, shape, window)
        around = [(e - 1 - a, e - 1 - b) for e, (a, b) in zip(window.extent, window.padding, strict=True)]
        unfolded, added = w.shape[0] * shape[2] * shape[3], shape[1] * g.shape[2] * g.shape[3]  # values per tap
        if max(window.stride) == 1 and min(map(min, around)) >= 0 and unfolded < UNFOLDING_COST * added:
            turned = Window(window.size, (1, 1), tuple(around), window.dilation, window.groups, op="conv2d_input_grad")
            return self.conv2d(g, _turned(w, window.groups), turned)
        (top, bottom), (left, right) = window.pads(shape[2:])
        padded = _empty(shape[1], shape[0], (top + shape[2] + bottom, left + shape[3] + right), g.dtype)
        padded.fill(0)
        gradients = self._laid_out(g)
        for (channels, outputs), kernels in zip(
            _groups(shape, w, window), _kernel_matrices(w, window.groups), strict=True
        ):
            target = padded[:, channels]
            for part, rows in _blocks(g.shape[0], g.shape[2], g.shape[3] * kernels.shape[0] * g.itemsize):
                block = gradients[part, outputs, rows]
                pixels = (len(block), *block.shape[2:])
                lower = target[part, :, rows.start * window.stride[0] :]
                if _is_few(shape[1]):
                    planes = (kernels @ _pixels(block).T).reshape(*window.size, -1, *pixels)
                    columns = planes.swapaxes(2, 3)  # (kh, kw, n, C, oh, ow)
                else:
                    columns = (
                        (_pixels(block) @ kernels.T).reshape(*pixels, *window.size, -1).transpose(3, 4, 0, 5, 1, 2)
                    )
                for tap in window.taps():
                    lower[(..., *window.slices(tap, pixels[1:]))] += columns[tap]
        return padded[:, :, top : top + shape[2], left : left + shape[3]]

    def conv2d_weight_grad(self, g: Array, x: Array, window: Window) -> Array:
        """`Backend.conv2d_weight_grad` as one matrix product per block of unfolded windows."""
        if window.rank != 2 or _depthwise(x, g, window):
            return super().conv2d_weight_grad(g, x, window)
        images, gradients = self._padded(x, window), self._laid_out(g)
        inputs, outputs = x.shape[1] // window.groups, g.shape[1] // window.groups
        out = np.zeros((window.groups, window.tap_count * inputs, outputs), dtype=x.dtype)
        for group in range(window.groups):
            source = images[:, group * inputs : (group + 1) * inputs]
            target = gradients[:, group * outputs : (group + 1) * outputs]
            for (part, rows), columns in _unfold(source, window, g.shape[2:]):
                out[group] += columns.T @ _pixels(target[part, :, rows])
        out = out.reshape(window.groups, *window.size, inputs, outputs)
        return np.ascontiguousarray(out.transpose(0, 4, 3, 1, 2)).reshape(g.shape[1], inputs, *window.size)

    def _laid_out(self, x: Array) -> Array:
        """x in the memory order of this file, copied if it is in another."""
        order = (1, 0, 2, 3) if _is_few(x.shape[1]) else (0, 2, 3, 1)
        return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))

    def _padded(self, x: Array, window: Window) -> Array:
        """x with the window's padding, in the memory order of this file."""
        pads = window.pads(x.shape[2:])
        if not any(map(any, pads)):
            return self._laid_out(x)
        (top, bottom), (left, right) = pads
        padded = _empty(x.shape[1], x.shape[0], (top + x.shape[2] + bottom, left + x.shape[3] + right), x.dtype)
        padded.fill(0)
        padded[:, :, top : top + x.shape[2], left : left + x.shape[3]] = x
        return padded


def _is_few(channels: int) -> bool:
    """Whether images with so many channels are kept as planes."""
    return channels < FEW_CHANNELS


def _empty(channels: int, images: int, size: Ints, dtype: Any) -> Array:
    """Memory for images (N, C, *size) in the order of this file."""
    if _is_few(channels):
        return np.empty((channels, images, *size), dtype=dtype).swapaxes(0, 1)
    return np.empty((images, *size, channels), dtype=dtype).transpose(0, 3, 1, 2)


def _pixels(x: Array) -> Array:
    """Images (n, C, h, w) as a matrix (pixels, C), a view if all pixels of x are evenly spaced."""
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])


def _depthwise(x: Any, w: Array, window: Window) -> bool:
    """Whether groups are so narrow that a product per tap over all groups at once beats one product per group."""
    channels = (x if isinstance(x, tuple) else x.shape)[1]
    return window.groups > 1 and channels < FEW_CHANNELS * window.groups


def _groups(x: Any, w: Array, window: Window) -> Iterator[tuple[slice, slice]]:
    """For each group, its input channels and its output channels."""
    inputs = (x if isinstance(x, tuple) else x.shape)[1] // window.groups
    outputs = w.shape[0] // window.groups
    return ((slice(i * inputs, (i + 1) * inputs), slice(i * outputs, (i + 1) * outputs)) for i in range(window.groups))


def _kernel_matrices(w: Array, groups: int) -> Array:
    """Kernels (O, C/G, KH, KW) as a matrix per group, (G, KH·KW·C/G, O/G): rows in the order of a window's pixels."""
    kernels = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    return kernels.transpose(0, 3, 4, 2, 1).reshape(groups, -1, kernels.shape[1])


def _turned(w: Array, groups: int) -> Array:
    """Kernels turned by half a turn, inputs and outputs exchanged: (O, C/G, KH, KW) → (C, O/G, KH, KW)."""
    kernels = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])[..., ::-1, ::-1]
    return kernels.swapaxes(1, 2).reshape(-1, kernels.shape[1], *w.shape[2:])


def _blocks(images: int, rows: int, row_bytes: int) -> Iterator[tuple[slice, slice]]:
    """Cut (images, rows) into blocks of at most `BLOCK_BYTES`: several whole images, or some rows of one."""
    fitting = max(BLOCK_BYTES // max(row_bytes, 1), 1)
    if fitting >= rows:
        step = max(fitting // max(rows, 1), 1)
        for start in range(0, images, step):
            yield slice(start, min(start + step, images)), slice(0, rows)
    else:
        for image in range(images):
            for start in range(0, rows, fitting):
                yield slice(image, image + 1), slice(start, min(start + fitting, rows))


def _unfold(images: Array, window: Window, output: Ints) -> Iterator[tuple[tuple[slice, slice], Array]]:
    """Cut the output into blocks (images, rows); with each, the matrix (pixels, values of a window) that its windows read."""
    channels = images.shape[1]
    (step_y, step_x), width = window.stride, window.tap_count * channels
    if window.size == (1, 1):
        pixels = images[:, :, ::step_y, ::step_x][:, :, : output[0], : output[1]]
        if pixels.transpose(0, 2, 3, 1).flags.c_contiguous:  # every pixel is a row already
            yield (slice(0, len(images)), slice(0, output[0])), _pixels(pixels)
            return
    buffer = np.empty(0, dtype=images.dtype)
    for part, rows in _blocks(len(images), output[0], output[1] * width * images.itemsize):
        shape = (part.stop - part.start, rows.stop - rows.start, output[1])
        size = shape[0] * shape[1] * shape[2] * width
        if buffer.size < size:
            buffer = np.empty(size, dtype=images.dtype)
        source = images[part, :, rows.start * step_y :]
        if _is_few(channels):  # tap by tap: a run is a row of the image
            planes = buffer[:size].reshape(*window.size, channels, *shape)
            for tap in window.taps():
                planes[tap] = source[(..., *window.slices(tap, shape[1:]))].swapaxes(0, 1)
            yield (part, rows), planes.reshape(width, -1).T
        else:  # pixel by pixel: a run is a row of the window
            columns = buffer[:size].reshape(*shape, *window.size, channels)
            n, c, y, x = source.strides
            dy, dx = window.dilation
            strides = (n, y * step_y, x * step_x, y * dy, x * dx, c)
            columns[...] = np.lib.stride_tricks.as_strided(source, columns.shape, strides, writeable=False)
            yield (part, rows), columns.reshape(-1, width)
