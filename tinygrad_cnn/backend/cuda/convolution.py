"""Convolution on CUDA without cuDNN: unfolded windows times kernels, for channels-last images.

The columns of a batch are made in pieces, so that memory stays bounded. Gradients are gathered, not added by atomics:
the same numbers from run to run.
"""

from math import prod
from typing import Any

import numpy as np

from ..base import Backend
from ..memory import channels_second
from ..window import Ints, Window
from .geometry import MOST, geometry, parts, values
from .kernels import computing_type, divisor, launch, structure, type_name
from .memory import channels_last, contiguous, empty
from .products import MULTIPLIED, add_bias, product

COLUMN_BYTES = 256 << 20  # of unfolded windows at a time
NARROW = 16  # channels of a group below which a matrix product has too little to do
WEIGHT_PARTS = 64  # into which the pixels of a batch are cut for the weights of narrow groups, at most


class ColumnConvolution(Backend):
    """Convolution by columns. The reference makes a product per tap, and a pass over memory for each."""

    def conv2d(self, x: Any, w: Any, b: Any, window: Window) -> Any:
        """`Backend.conv2d`."""
        return self._convolved(x, w, b, window, rectified=False)

    def conv2d_relu(self, x: Any, w: Any, b: Any, window: Window) -> Any:
        """`Backend.conv2d_relu`, with relu in the pass that adds b."""
        return self._convolved(x, w, b, window, rectified=True)

    def _convolved(self, x: Any, w: Any, b: Any, window: Window, rectified: bool) -> Any:
        if not _known(x, w):
            out = super().conv2d(x, w, b, window)
            return self.relu(out) if rectified else out
        out = self._forward(x, w, window)
        if b is None:
            out = self.relu(out) if rectified else out
        elif out.size:
            for part in parts(len(out), values(w.shape[0], out.shape[1:-1])):
                add_bias(out[part], b, rectified)
        return channels_second(out)

    def _forward(self, x: Any, w: Any, window: Window) -> Any:
        """The result with channels last, without the bias."""
        output, outputs = window.output_size(x.shape[2:]), w.shape[0]
        out = empty((len(x), *output, outputs), x.dtype)
        if not out.size:
            return out
        rows = channels_last(x)
        if _narrow(w, window):
            taps, groups = _weights_by_tap(w), _groups(w, window)
            for part in parts(len(x), max(values(outputs, output), values(x.shape[1], x.shape[2:]))):
                piece, image = out[part], rows[part]
                k = geometry(window, len(image), tuple(x.shape[2:]), output, outputs, x.shape[1], 0)
                launch("groups", "grouped_forward", type_name(x.dtype), piece.size, image, taps, piece, k, groups)
            return out
        for group, kernels in enumerate(_kernel_matrices(w, window.groups)):  # (O/G, taps · C/G)
            for part, columns in self._columns(rows, window, group, w.shape[1], output):
                target = out[part].reshape(-1, outputs)
                product(columns, kernels.T, _group(target, group, window.groups))
        return out

    @staticmethod
    def _columns(rows: Any, window: Window, group: int, channels: int, output: Ints) -> Any:
        """For pieces of the batch, what all windows read of a group's channels: (windows, taps · C/G)."""
        pixels = window.tap_count == 1 and max(window.stride) == 1 and output == rows.shape[1:-1]
        if pixels and window.groups == 1 and not any(map(any, window.padding)):
            yield slice(0, len(rows)), rows.reshape(-1, channels)
            return
        width = window.tap_count * channels
        row_values = prod(output) * width
        for part in parts(len(rows), row_values, min(COLUMN_BYTES // rows.itemsize, MOST)):
            images = rows[part]
            columns = empty((len(images) * prod(output), width), rows.dtype)
            pitch = rows.shape[-1]
            k = geometry(window, len(images), rows.shape[1:-1], output, channels, pitch, group * channels)
            launch("windows", "im2col", type_name(rows.dtype), columns.size, images, columns, k)
            yield part, columns

    def conv2d_input_grad(self, g: Any, w: Any, shape: Ints, window: Window) -> Any:
        """`Backend.conv2d_input_grad`."""
        if not _known(g, w):
            return super().conv2d_input_grad(g, w, shape, window)
        inputs, outputs, image, output = shape[1], w.shape[0], tuple(shape[2:]), tuple(g.shape[2:])
        out = empty((shape[0], *image, inputs), g.dtype)
        if not out.size:
            return channels_second(out)
        rows, kind = channels_last(g), type_name(g.dtype)
        if _narrow(w, window):
            taps, groups = _weights_by_tap(w), _groups(w, window)
            for part in parts(shape[0], max(values(outputs, output), values(inputs, image))):
                piece, gradients = out[part], rows[part]
                k = geometry(window, len(piece), image, output, inputs, outputs, 0)
                launch("groups", "grouped_input_grad", kind, piece.size, gradients, taps, piece, k, groups)
            return channels_second(out)
        channels, width = w.shape[1], window.tap_count * w.shape[1]
        for group, kernels in enumerate(_kernel_matrices(w, window.groups)):
            for part in parts(shape[0], prod(output) * width, min(COLUMN_BYTES // g.itemsize, MOST)):
                piece = out[part]
                gradients = _group(rows[part].reshape(-1, outputs), group, window.groups)
                columns = product(gradients, kernels, empty((len(gradients), width), g.dtype))
                k = geometry(window, len(piece), image, output, channels, inputs, group * channels)
                launch("windows", "col2im", kind, piece.size // window.groups, columns, piece, k)
        return channels_second(out)

    def conv2d_weight_grad(self, g: Any, x: Any, window: Window) -> Any:
        """`Backend.conv2d_weight_grad`."""
        if not _known(g, x):
            return super().conv2d_weight_grad(g, x, window)
        outputs, channels = g.shape[1], x.shape[1] // window.groups
        shape = (outputs, channels, *window.size)
        if not g.size or not x.size:
            return self.xp.zeros(shape, dtype=x.dtype)
        rows, gradients, output = channels_last(x), channels_last(g), tuple(g.shape[2:])
        if window.groups > 1 and channels < NARROW:
            return self._narrow_weight_grad(gradients, rows, shape, window)
        width, per_group = window.tap_count * channels, outputs // window.groups
        sums = empty((window.groups, per_group, width), x.dtype)
        for group in range(window.groups):
            started = False
            for part, columns in self._columns(rows, window, group, channels, output):
                share = _group(gradients[part].reshape(-1, outputs), group, window.groups).T
                if started:
                    sums[group] += product(share, columns, empty((per_group, width), x.dtype))
                else:
                    product(share, columns, sums[group])
                started = True
        return contiguous(channels_second(sums.reshape(outputs, *window.size, channels)))

    def _narrow_weight_grad(self, gradients: Any, rows: Any, shape: Ints, window: Window) -> Any:
        outputs, channels = shape[:2]
        weights, kind = prod(shape), type_name(rows.dtype)
        places = prod(gradients.shape[:-1])
        pieces = max(1, min(WEIGHT_PARTS, places // 64))
        total = None
        for part in parts(len(rows), max(prod(gradients.shape[1:]), prod(rows.shape[1:]))):
            sums = empty((pieces, weights), computing_type(rows.dtype))
            k = geometry(window, len(rows[part]), rows.shape[1:-1], gradients.shape[1:-1], outputs, rows.shape[-1], 0)
            per_group = outputs // window.groups
            groups = structure((channels, per_group, *divisor(channels), *divisor(per_group)))
            arguments = (gradients[part], rows[part], sums, np.uint32(pieces), k, groups)
            launch("groups", "grouped_weight_grad", kind, sums.size, *arguments)
            share = self.channel_sum(sums)
            total = share if total is None else total + share
        assert total is not None
        # (taps, C/G, O) → (O, C/G, *taps)
        made = total.astype(rows.dtype, copy=False).reshape(window.tap_count, channels, outputs).transpose(2, 1, 0)
        return contiguous(made).reshape(shape)


def _known(x: Any, y: Any) -> bool:
    return x.dtype == y.dtype and x.dtype.char in MULTIPLIED


def _narrow(w: Any, window: Window) -> bool:
    return window.groups > 1 and w.shape[1] < NARROW


def _group(matrix: Any, group: int, groups: int) -> Any:
    """A group's columns of a matrix (rows, channels)."""
    width = matrix.shape[1] // groups
    return matrix[:, group * width : (group + 1) * width]


def _kernel_matrices(w: Any, groups: int) -> Any:
    """Kernels (O, C/G, *size) as a matrix per group, (G, O/G, taps · C/G)."""
    rows = contiguous(w.transpose(0, *range(2, w.ndim), 1))
    return rows.reshape(groups, w.shape[0] // groups, -1)


def _weights_by_tap(w: Any) -> Any:
    """Kernels (O, C/G, *size) as (taps, C/G, O)."""
    return contiguous(w.reshape(*w.shape[:2], -1).transpose(2, 1, 0))


def _groups(w: Any, window: Window) -> Any:
    """The argument `Groups`."""
    inputs, outputs = w.shape[1], w.shape[0] // window.groups
    return structure((inputs, outputs, *divisor(inputs), *divisor(outputs)))
