"""Direct convolution, compiled: windows are multiplied where they lie in a padded channels-last image.

Every kernel takes tables of offsets (`geometry.py` makes them), so that stride, dilation, groups, and the adjoint in
the images are the same code.
"""

from typing import Any

import numba
import numpy as np

from .block import multiply
from .compile import kernel, serial
from .simd import WIDTH, load, splat, store

CHUNK = 96  # pixels that one task computes before it takes the next panel of weights; a multiple of all of block.ROWS
CHANNEL_TAPS = 5  # taps that are summed at a time where every channel has its own
DEPTH = 1024  # pixels whose gradients stay in the cache while all weights take their sums over them


@serial
def rows(
    vectors: int,
    x: Any,
    x_at: int,
    pixels: Any,
    first: int,
    last: int,
    taps: Any,
    w: Any,
    w_at: int,
    w_step: int,
    lanes: int,
    out: Any,
    out_at: int,
    places: Any,
) -> None:
    """Rows of a product from the first to before the last, which are whole blocks, in one panel."""
    depth = len(taps)
    if vectors == 1:
        for r in range(first, last, 8):
            multiply(8, 1, 0, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 2:
        for r in range(first, last, 8):
            multiply(8, 2, 0, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 3:
        for r in range(first, last, 6):
            multiply(6, 3, 0, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)
    else:
        for r in range(first, last, 6):
            multiply(6, 4, 0, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)


@serial
def add_rows(
    vectors: int,
    x: Any,
    taps: Any,
    first: int,
    last: int,
    pixels: Any,
    start: int,
    stop: int,
    g: Any,
    g_step: int,
    lanes: int,
    out: Any,
    places: Any,
    at: Any,
) -> None:
    """Add to rows of out; the roles of pixels and taps are exchanged."""
    x_at, g_at, out_at = at
    if vectors == 1:
        for r in range(first, last, 8):
            multiply(8, 1, 0, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)
    elif vectors == 2:
        for r in range(first, last, 8):
            multiply(8, 2, 0, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)
    elif vectors == 3:
        for r in range(first, last, 6):
            multiply(6, 3, 0, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)
    else:
        for r in range(first, last, 6):
            multiply(6, 4, 0, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)


@kernel
def convolve(x: Any, w: Any, out: Any, pixels: Any, places: Any, taps: Any, units: int, columns: int) -> None:
    """Images (N, H, W, C), weights (G, panels, taps·C/G, columns) → out (N, OH, OW, O), where the table of places says.

    A unit is as many images as the tables span; columns = O/G.
    """
    groups, panels, depth, width = w.shape
    images = len(out) // units
    x_unit, out_unit = (
        images * x.shape[1] * x.shape[2] * x.shape[3],
        images * out.shape[1] * out.shape[2] * out.shape[3],
    )
    inputs = x.shape[3] // groups
    chunks = -(-len(pixels) // CHUNK)
    for task in numba.prange(units * chunks):
        unit, chunk = task // chunks, task % chunks
        first = chunk * CHUNK
        last = min(first + CHUNK, len(pixels))
        for group in range(groups):
            for panel in range(panels):
                column = panel * width
                vectors = -(-min(width, columns - column) // WIDTH)
                lanes = columns - column - (vectors - 1) * WIDTH
                x_at = unit * x_unit + group * inputs
                w_at = (group * panels + panel) * depth * width
                out_at = unit * out_unit + group * columns + column
                rows(vectors, x, x_at, pixels, first, last, taps, w, w_at, width, lanes, out, out_at, places)


@kernel
def convolve_channels(x: Any, w: Any, out: Any, pixels: Any, places: Any, taps: Any, units: int) -> None:
    """Images (N, H, W, C), weights (panels, taps, columns), one per channel → out (N, OH, OW, C), as `convolve`."""
    panels, depth, width = w.shape
    images, channels = len(out) // units, out.shape[3]
    x_unit, out_unit = images * x.shape[1] * x.shape[2] * channels, images * out.shape[1] * out.shape[2] * channels
    chunks = -(-len(pixels) // CHUNK)
    for task in numba.prange(units * chunks):
        x_at, out_at, chunk = task // chunks * x_unit, task // chunks * out_unit, task % chunks
        for r in range(chunk * CHUNK, min(chunk * CHUNK + CHUNK, len(pixels)), 6):
            for panel in range(panels):  # innermost: all channels of a pixel, before the next pixels need the cache
                c = panel * width
                vectors = -(-min(width, channels - c) // WIDTH)
                lanes = channels - c - (vectors - 1) * WIDTH
                at, of, to = x_at + c, panel * depth * width, out_at + c
                if vectors == 1:
                    multiply(6, 1, 1, 0, x, at, pixels, r, taps, 0, depth, w, of, width, lanes, out, to, places)
                elif vectors == 2:
                    multiply(6, 2, 1, 0, x, at, pixels, r, taps, 0, depth, w, of, width, lanes, out, to, places)
                elif vectors == 3:
                    multiply(6, 3, 1, 0, x, at, pixels, r, taps, 0, depth, w, of, width, lanes, out, to, places)
                else:
                    multiply(6, 4, 1, 0, x, at, pixels, r, taps, 0, depth, w, of, width, lanes, out, to, places)


@kernel
def weight_sums(
    x: Any,
    g: Any,
    sums: Any,
    pixels: Any,
    taps: Any,
    places: Any,
    count: int,
    units: int,
    panels: int,
    vectors: int,
    block: int,
    spans: int,
) -> None:
    """Add images (N, H, W, C) times gradients (N, OH, OW, O) to sums (parts, G, taps·C/G, O/G), part by part.

    The units are cut into as many parts, the taps into as many spans; a task is one of each.
    """
    parts, groups, depth, columns = sums.shape
    images = len(g) // units
    x_unit, g_unit = images * x.shape[1] * x.shape[2] * x.shape[3], images * g.shape[1] * g.shape[2] * g.shape[3]
    inputs, step, width, blocks = x.shape[3] // groups, g.shape[3], vectors * WIDTH, depth // block
    for task in numba.prange(parts * spans):
        part, span = task // spans, task % spans
        first, last = span * blocks // spans * block, (span + 1) * blocks // spans * block
        for unit in range(part * units // parts, (part + 1) * units // parts):
            for start in range(0, count, DEPTH):
                stop = min(start + DEPTH, count)
                for group in range(groups):
                    for panel in range(panels):
                        column = panel * width
                        used = min(vectors, -(-(columns - column) // WIDTH))
                        lanes = columns - column - (used - 1) * WIDTH
                        g_at = unit * g_unit + group * columns + column
                        to = (part * groups + group) * depth * columns + column
                        at = (unit * x_unit + group * inputs, g_at, to)
                        add_rows(used, x, taps, first, last, pixels, start, stop, g, step, lanes, sums, places, at)


@kernel
def channel_sums(
    x: Any, g: Any, sums: Any, pixels: Any, taps: Any, places: Any, count: int, units: int, panels: int, vectors: int
) -> None:
    """Add images (N, H, W, C) times gradients (N, OH, OW, C) to sums (parts, 1, taps, C), a product per channel."""
    parts, _, depth, channels = sums.shape
    images, width = len(g) // units, vectors * WIDTH
    x_unit, g_unit = images * x.shape[1] * x.shape[2] * channels, images * g.shape[1] * g.shape[2] * channels
    for part in numba.prange(parts):
        for unit in range(part * units // parts, (part + 1) * units // parts):
            for start in range(0, count, CHUNK):
                stop = min(start + CHUNK, count)
                for panel in range(panels):
                    c = panel * width
                    used = min(vectors, -(-(channels - c) // WIDTH))
                    lanes = channels - c - (used - 1) * WIDTH
                    of, by, to = unit * x_unit + c, unit * g_unit + c, part * depth * channels + c
                    step, a, b, out = channels, start, stop, sums
                    for r in range(0, depth, CHANNEL_TAPS):
                        if used == 1:
                            multiply(5, 1, 1, 1, x, of, taps, r, pixels, a, b, g, by, step, lanes, out, to, places)
                        elif used == 2:
                            multiply(5, 2, 1, 1, x, of, taps, r, pixels, a, b, g, by, step, lanes, out, to, places)
                        elif used == 3:
                            multiply(5, 3, 1, 1, x, of, taps, r, pixels, a, b, g, by, step, lanes, out, to, places)
                        else:
                            multiply(5, 4, 1, 1, x, of, taps, r, pixels, a, b, g, by, step, lanes, out, to, places)


@kernel
def pad(x: Any, top: int, left: int, out: Any) -> None:
    """Copy images (N, H, W, C) into larger ones and write zeros around them."""
    images, rows, columns, channels = out.shape
    height, width, line = x.shape[1], x.shape[2] * channels, columns * channels
    before = left * channels
    for task in numba.prange(images * rows):
        image, y, at = task // rows, task % rows - top, task * line
        if 0 <= y < height:
            _zeros(out, at, before)
            source = (image * height + y) * width
            for i in range(0, width, WIDTH):
                store(out, at + before + i, width - i, load(x, source + i, width - i))
            _zeros(out, at + before + width, line - before - width)
        else:
            _zeros(out, at, line)


@serial
def _zeros(out: Any, at: int, count: int) -> None:
    for i in range(0, count, WIDTH):
        store(out, at + i, count - i, splat(np.float32(0)))


@kernel
def pack(w: Any, groups: int, turned: bool, order: Any, out: Any) -> None:
    """Kernels (O, C/G, taps) → (G, panels, rows, columns of a panel) for the taps in `order`.

    Rows are taps × C/G and columns O/G; turned, rows are taps × O/G and columns C/G.
    """
    outputs, inputs, taps = w.shape
    outputs //= groups
    _, panels, depth, width = out.shape
    flat, target = w.reshape(-1), out.reshape(-1)
    lines, row_step = (outputs, inputs * taps) if turned else (inputs, taps)
    columns, column_step = (inputs, taps) if turned else (outputs, inputs * taps)
    blocks = -(-columns // WIDTH)
    for task in numba.prange(groups * blocks):  # as many columns as one line of the cache holds
        group, column = task // blocks, task % blocks * WIDTH
        source = group * outputs * inputs * taps + column * column_step
        place = (group * panels + column // width) * depth * width + column % width
        for row in range(lines):
            for number in range(len(order)):
                at, to = source + row * row_step + order[number], place + (number * lines + row) * width
                for j in range(min(WIDTH, columns - column)):
                    target[to + j] = flat[at + j * column_step]


@kernel
def unpack(sums: Any, out: Any) -> None:
    """Add the parts of sums (parts, G, taps·C/G, O/G) in order → kernels (O, C/G, taps)."""
    parts, groups, _, columns = sums.shape
    _, inputs, taps = out.shape
    for task in numba.prange(groups * inputs):
        group, c = task // inputs, task % inputs
        for o in range(columns):
            for tap in range(taps):
                total = sums[0, group, tap * inputs + c, o]
                for part in range(1, parts):
                    total += sums[part, group, tap * inputs + c, o]
                out[group * columns + o, c, tap] = total
