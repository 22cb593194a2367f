"""What surrounds the products of a convolution, compiled: padded images, and kernels in the order they are read in."""

from typing import Any

import numba
import numpy as np

from .compile import kernel, serial
from .simd import WIDTH, load, splat, store

ALONE = 1 << 15  # so many values one thread has packed or added up before others have woken


@serial
def pad_lines(x: Any, channel: int, steps: Any, image: Any, first: int, last: int, out: Any, at: int) -> None:
    """Write lines of padded channels-last images: images x, with these strides, and zeros around each.

    `image` is the height and width of x, how many channels from `channel` on to take, the zeros above and to the left,
    and the padded height and width; lines are numbered through all images.
    """
    height, width, channels, top, left, rows, line = image
    image_step, row_step, column_step, channel_step = steps
    before, length = left * channels, width * channels
    whole = channel_step == 1 and column_step == channels
    number, y = first // rows, first % rows - top
    for _ in range(first, last):
        source = number * image_step + y * row_step + channel * channel_step
        if not 0 <= y < height:
            _zeros(out, at, line * channels)
        else:
            _zeros(out, at, before)
            if whole:
                for i in range(0, length, WIDTH):
                    store(out, at + before + i, length - i, load(x, source + i, length - i))
            elif channel_step == 1:
                for i in range(width):
                    of, to = source + i * column_step, at + before + i * channels
                    for c in range(0, channels, WIDTH):
                        store(out, to + c, channels - c, load(x, of + c, channels - c))
            else:
                for c in range(channels):
                    of, to = source + c * channel_step, at + before + c
                    for i in range(width):
                        out[to + i * channels] = x[of + i * column_step]
            _zeros(out, at + before + length, line * channels - before - length)
        at += line * channels
        y += 1
        if y == rows - top:
            number, y = number + 1, -top


@serial
def _zeros(out: Any, at: int, count: int) -> None:
    for i in range(0, count, WIDTH):
        store(out, at + i, count - i, splat(np.float32(0)))


@serial
def pack_columns(w: Any, bias: Any, groups: int, turned: bool, order: Any, task: int, out: Any) -> None:
    """A vector of columns of `pack`."""
    outputs, inputs, taps = w.shape
    outputs //= groups
    _, panels, depth, width = out.shape
    flat, target = w.reshape(-1), out.reshape(-1)
    lines, row_step = (outputs, inputs * taps) if turned else (inputs, taps)
    columns, column_step = (inputs, taps) if turned else (outputs, inputs * taps)
    blocks = -(-columns // WIDTH)
    group, column = task // blocks, task % blocks * WIDTH
    count = min(WIDTH, columns - column)
    source = group * outputs * inputs * taps + column * column_step
    place = (group * panels + column // width) * depth * width + column % width
    if depth > len(order) * lines:
        for j in range(count):
            target[place + j] = bias[group * columns + column + j] if len(bias) else np.float32(0)
        place += width
    for row in range(lines):
        for number in range(len(order)):
            at, to = source + row * row_step + order[number], place + (number * lines + row) * width
            for j in range(count):
                target[to + j] = flat[at + j * column_step]


@kernel
def pack(w: Any, bias: Any, groups: int, turned: bool, order: Any, out: Any) -> None:
    """Kernels (O, C/G, taps) → (G, panels, rows, columns of a panel) for the taps in `order`.

    Rows are taps × C/G and columns O/G; turned, rows are taps × O/G and columns C/G. Where there is one more row, the
    first holds the bias (O), or zeros if that has length 0.
    """
    columns = w.shape[1] if turned else w.shape[0] // groups
    for task in numba.prange(groups * -(-columns // WIDTH)):  # as many columns as one line of the cache holds
        pack_columns(w, bias, groups, turned, order, task, out)


@serial
def unpack_channel(sums: Any, out: Any, number: int) -> None:
    """One input channel of a group of `unpack`."""
    parts, groups, depth, columns = sums.shape
    _, inputs, taps = out.shape
    group, c = number // inputs, number % inputs
    flat, target = sums.reshape(-1), out.reshape(-1)
    part_step, out_step = groups * depth * columns, inputs * taps
    for column in range(0, columns, WIDTH):
        count = min(WIDTH, columns - column)
        for tap in range(taps):
            at = (group * depth + tap * inputs + c) * columns + column
            total = load(sums, at, count)
            for part in range(1, parts):
                total = total + load(sums, at + part * part_step, count)
            store(sums, at, count, total)
            to = ((group * columns + column) * inputs + c) * taps + tap
            for j in range(count):
                target[to + j * out_step] = flat[at + j]


@kernel
def unpack(sums: Any, out: Any) -> None:
    """Add the parts of sums (parts, G, taps·C/G, O/G) in order → kernels (O, C/G, taps)."""
    for number in numba.prange(sums.shape[1] * out.shape[1]):
        unpack_channel(sums, out, number)
