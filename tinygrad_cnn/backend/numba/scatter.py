"""The gradient in images of few channels, compiled: a product per pixel of the result, added to where it was read.

With few channels, most lanes of a vector of channels are idle. Here the columns of the product are all values of a
window, and those of one row of the window lie next to each other in the image too.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numba
import numpy as np

from ..window import Ints, Window
from .block import EVERY_BLOCK, panels
from .compile import kernel, serial
from .direct import CHUNK, rows
from .simd import WIDTH, load, splat, store

Array = Any


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What `add_windows` needs to know about one geometry.

    Attributes:
        packed: the shape of the packed kernels, (panels, O, columns of a panel).
        tables: where each pixel of a gradient begins; the channels; where the product of each pixel begins.
        sizes: see `add_windows`.
        padded: how many values a padded image has.
        products: multiplications, with those of idle lanes.
    """

    packed: Ints
    tables: tuple[Array, Array, Array]
    sizes: Ints
    padded: int
    products: int


@lru_cache(maxsize=128)
def plan(window: Window, shape: Ints, outputs: int) -> Plan:
    """For images of this shape."""
    batch, channels, height, width = shape
    (top, bottom), (left, right) = window.pads((height, width))
    output = window.output_size((height, width))
    values = window.tap_count * channels
    count, vectors, _ = panels(values, False)
    line = vectors * count * WIDTH
    pixels = output[0] * output[1]
    numbers = np.minimum(np.arange(-(-pixels // EVERY_BLOCK) * EVERY_BLOCK), pixels - 1)
    places = np.arange(len(numbers)) % CHUNK * line
    image = (height, width, channels, top, left, height + top + bottom, width + left + right)
    return Plan(
        (count, outputs, vectors * WIDTH),
        (numbers * outputs, np.arange(outputs), places),
        (*image, output[1], *window.size, *window.stride, window.dilation[0], pixels, line),
        image[5] * image[6] * channels,
        batch * len(numbers) * outputs * count * vectors,
    )


@serial
def _pack(w: Any, out: Any) -> None:
    """Kernels (O, C, taps) → (panels, O, columns of a panel), columns being taps × C."""
    outputs, channels, taps = w.shape
    width = out.shape[2]
    for o in range(outputs):
        for c in range(channels):
            for tap in range(taps):
                column = tap * channels + c
                out[column // width, o, column % width] = w[o, c, tap]


@kernel
def add_windows(
    g: Any, w: Any, out: Any, tables: Any, sizes: Any, packed: Any, products: Any, padded: Any, workers: int
) -> None:
    """Gradients g (N, OH, OW, O), kernels (O, C, taps) → images (N, H, W, C), by so many workers.

    `products` and `padded` are memory to work in: rows of windows for a chunk of pixels, and an image, per worker.
    """
    height, width, channels, top, left, padded_height, padded_width, columns = sizes[:8]
    tap_rows, tap_columns, row_step, column_step, dilation, pixels, line = sizes[8:]
    starts, steps, places = tables
    _pack(w, packed)
    panels, outputs, panel_width = packed.shape
    values, run = w.shape[1] * w.shape[2], tap_columns * channels
    size, padded_line = padded_height * padded_width * channels, padded_width * channels
    for worker in numba.prange(workers):
        at, products_at = np.int64(worker) * size, np.int64(worker) * CHUNK * line
        for image in range(worker * len(g) // workers, (worker + 1) * len(g) // workers):
            for i in range(0, size, WIDTH):
                store(padded, at + i, size - i, splat(np.float32(0)))
            for first in range(0, len(starts), CHUNK):
                last = min(first + CHUNK, len(starts))
                for panel in range(panels):
                    column = panel * panel_width
                    vectors = -(-min(panel_width, values - column) // WIDTH)
                    lanes = values - column - (vectors - 1) * WIDTH
                    g_at, w_at, to = image * pixels * outputs, panel * outputs * panel_width, products_at + column
                    rows(
                        *(vectors, g, g_at, starts, first, last, steps),
                        *(packed, w_at, panel_width, lanes, products, to, places),
                    )
                for pixel in range(first, min(last, pixels)):
                    source = products_at + (pixel - first) * line
                    y, x = pixel // columns * row_step, pixel % columns * column_step
                    target = at + y * padded_line + x * channels
                    for _ in range(tap_rows):
                        for i in range(0, run, WIDTH):
                            total = load(padded, target + i, run - i) + load(products, source + i, run - i)
                            store(padded, target + i, run - i, total)
                        source, target = source + run, target + dilation * padded_line
            _crop(padded, at, image, (height, width * channels, top, left * channels, padded_line), out)


@serial
def _crop(padded: Any, at: int, image: int, sizes: Any, out: Any) -> None:
    """Copy the lines inside a padded image to an image of out."""
    height, line, top, left, padded_line = sizes
    for y in range(height):
        source, target = at + (top + y) * padded_line + left, (image * height + y) * line
        for i in range(0, line, WIDTH):
            store(out, target + i, line - i, load(padded, source + i, line - i))
