"""What surrounds the products of a convolution, compiled: padded images, and kernels in the order they are read in."""

from functools import lru_cache
from typing import Any

import numba
import numpy as np

from .compile import kernel, serial
from .simd import WIDTH, load, splat, store
from .transposing import transpose_block, transpose_rows

FEWEST = 8  # channels whose planes are transposed in registers
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
    whole = column_step == channels and (channel_step == 1 or channels == 1)
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
            elif column_step == 1 and channels >= FEWEST:
                for c in range(0, channels, WIDTH):
                    for i in range(0, width, WIDTH):
                        rows_here, columns_here = min(WIDTH, channels - c), min(WIDTH, width - i)
                        of, to = source + c * channel_step + i, at + before + i * channels + c
                        transpose_block(x, of, channel_step, rows_here, columns_here, out, to, channels)
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


@lru_cache(maxsize=256)
def apart(step: int) -> Any:
    """Where lines begin that lie a step apart, as many as are transposed at a time."""
    return np.arange(WIDTH) * step


def places(order: Any, taps: int, tap_step: int, inputs: int, input_step: int) -> Any:
    """Where the values of a kernel (inputs, taps), in this order, lie among packed ones; −1 for taps not in `order`."""
    ranks = np.full(taps, -1)
    ranks[order] = np.arange(len(order))
    table = np.where(ranks < 0, -1, ranks * tap_step + np.arange(inputs)[:, None] * input_step)
    return np.concatenate([table.reshape(-1), np.full(WIDTH, -1)])


@serial
def pack_columns(
    w: Any, bias: Any, groups: int, turned: bool, rows: Any, starts: Any, places: Any, task: int, out: Any
) -> None:
    """A vector of columns of `pack`."""
    outputs, inputs, taps = w.shape
    outputs //= groups
    _, panels, depth, width = out.shape
    flat, target = w.reshape(-1), out.reshape(-1)
    columns = inputs if turned else outputs
    blocks = -(-columns // WIDTH)
    group, column = task // blocks, task % blocks * WIDTH
    count = min(WIDTH, columns - column)
    source = group * outputs * inputs * taps + column * starts[1]
    place = (group * panels + column // width) * depth * width + column % width
    if len(bias):
        store(target, place, count, load(bias, group * columns + column, count))
        place += width
    elif depth > rows:
        store(target, place, count, splat(np.float32(0)))
        place += width
    if turned and taps == 1:  # they lie in columns already
        for line in range(outputs):
            store(target, place + places[0] + line * width, count, load(flat, source + line * inputs, count))
        return
    for line in range(outputs if turned else 1):
        values = taps if turned else inputs * taps
        for k in range(0, values, WIDTH):
            at, to = source + line * inputs * taps + k, place + line * width
            transpose_rows(flat, at, starts, 0, count, min(WIDTH, values - k), target, to, places, k)


@kernel
def pack(w: Any, bias: Any, groups: int, turned: bool, starts: Any, places: Any, out: Any) -> None:
    """Kernels (O, C/G, taps) → (G, panels, rows, columns of a panel).

    Rows are taps × C/G and columns O/G; turned, rows are taps × O/G and columns C/G. The first row holds the bias (O),
    unless that has length 0. `starts` says where columns begin in w, and `places` where the values of a column go;
    turned, where those for the first of its outputs go, one value per tap.
    """
    columns = w.shape[1] if turned else w.shape[0] // groups
    for task in numba.prange(groups * -(-columns // WIDTH)):  # as many columns as one line of the cache holds
        pack_columns(w, bias, groups, turned, out.shape[2] - min(1, len(bias)), starts, places, task, out)


@serial
def unpack_columns(sums: Any, out: Any, starts: Any, places: Any, task: int) -> None:
    """A vector of columns of `unpack`."""
    parts, groups, depth, columns = sums.shape
    _, inputs, taps = out.shape
    blocks = -(-columns // WIDTH)
    group, column = task // blocks, task % blocks * WIDTH
    count = min(WIDTH, columns - column)
    flat, target, part_step = sums.reshape(-1), out.reshape(-1), groups * depth * columns
    first = group * depth * columns + column
    if parts > 1:
        for row in range(inputs * taps):
            at = first + row * columns
            total = load(flat, at, count)
            for part in range(1, parts):
                total = total + load(flat, at + part * part_step, count)
            store(flat, at, count, total)
    to = (group * columns + column) * inputs * taps
    for k in range(0, inputs * taps, WIDTH):
        transpose_rows(flat, first, starts, k, min(WIDTH, inputs * taps - k), count, target, to + k, places, 0)


@kernel
def unpack(sums: Any, out: Any, starts: Any, places: Any) -> None:
    """Add the parts of sums (parts, G, taps·C/G, O/G) in order → kernels (O, C/G, taps).

    `starts` says where the sums for the values of a kernel begin, and `places` how far apart kernels begin.
    """
    for task in numba.prange(sums.shape[1] * -(-sums.shape[3] // WIDTH)):
        unpack_columns(sums, out, starts, places, task)
