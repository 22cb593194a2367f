"""Direct convolution, compiled: windows are multiplied where they lie in a padded channels-last image.

Every kernel takes tables of offsets (`geometry.py` makes them), so that stride, dilation, groups, and the adjoint in the
images are the same code.
"""

from typing import Any

import numba

from .block import multiply
from .compile import kernel, serial
from .simd import WIDTH

CHUNK = 96  # pixels that one task computes before it takes the next panel of weights; a multiple of all of block.ROWS
DEPTH = 1024  # pixels whose gradients stay in the cache while all weights take their sums over them


@serial
def _rows(
    vectors: int,
    pairwise: int,
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
    depth = len(taps)
    if pairwise:
        for r in range(first, last, 12):
            multiply(12, 1, 1, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 1:
        for r in range(first, last, 12):
            multiply(12, 1, 0, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 2:
        for r in range(first, last, 12):
            multiply(12, 2, 0, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 3:
        for r in range(first, last, 8):
            multiply(8, 3, 0, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)
    else:
        for r in range(first, last, 6):
            multiply(6, 4, 0, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)


@serial
def add_rows(
    vectors: int,
    pairwise: int,
    x: Any,
    x_at: int,
    taps: Any,
    first: int,
    last: int,
    pixels: Any,
    start: int,
    stop: int,
    g: Any,
    g_at: int,
    g_step: int,
    lanes: int,
    out: Any,
    out_at: int,
    places: Any,
) -> None:
    """Add to rows of out; the roles of pixels and taps are exchanged."""
    if pairwise:
        for r in range(first, last, 12):
            multiply(12, 1, 1, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)
    elif vectors == 1:
        for r in range(first, last, 12):
            multiply(12, 1, 0, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)
    elif vectors == 2:
        for r in range(first, last, 12):
            multiply(12, 2, 0, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)
    elif vectors == 3:
        for r in range(first, last, 8):
            multiply(8, 3, 0, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)
    else:
        for r in range(first, last, 6):
            multiply(6, 4, 0, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)


@kernel
def convolve(
    x: Any, w: Any, out: Any, pixels: Any, places: Any, taps: Any, units: int, panels: int, vectors: int, pairwise: int
) -> None:
    """Images (N, H, W, C), weights (G, taps·C/G, O/G) → out (N, OH, OW, O), at the places of the table only.

    A unit is as many images as the tables span. Pairwise: one group, weights (taps, C), a product per channel.
    """
    groups, depth, columns = w.shape
    images = len(out) // units
    x_unit, out_unit = images * x.shape[1] * x.shape[2] * x.shape[3], images * out.shape[1] * out.shape[2] * out.shape[3]
    inputs = x.shape[3] // groups
    chunks = -(-len(pixels) // CHUNK)
    width = vectors * WIDTH
    for task in numba.prange(units * chunks):
        unit, chunk = task // chunks, task % chunks
        first = chunk * CHUNK
        last = min(first + CHUNK, len(pixels))
        for group in range(groups):
            for panel in range(panels):
                column = panel * width
                lanes = columns - column - width + WIDTH
                x_at = unit * x_unit + group * inputs + (column if pairwise else 0)
                w_at = group * depth * columns + column
                out_at = unit * out_unit + group * columns + column
                _rows(
                    vectors, pairwise, x, x_at, pixels, first, last, taps, w, w_at, columns, lanes, out, out_at, places
                )


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
    pairwise: int,
    block: int,
    spans: int,
) -> None:
    """Add images (N, H, W, C) times gradients (N, OH, OW, O) to sums (parts, G, taps·C/G, O/G), part by part.

    The units are cut into as many parts, the taps into as many spans; a task is one of each.
    """
    parts, groups, depth, columns = sums.shape
    images = len(g) // units
    x_unit, g_unit = images * x.shape[1] * x.shape[2] * x.shape[3], images * g.shape[1] * g.shape[2] * g.shape[3]
    inputs, outputs = x.shape[3] // groups, g.shape[3]
    width = vectors * WIDTH
    blocks = depth // block
    for task in numba.prange(parts * spans):
        part, span = task // spans, task % spans
        first, last = span * blocks // spans * block, (span + 1) * blocks // spans * block
        for unit in range(part * units // parts, (part + 1) * units // parts):
            for start in range(0, count, DEPTH):
                stop = min(start + DEPTH, count)
                for group in range(groups):
                    for panel in range(panels):
                        column = panel * width
                        lanes = columns - column - width + WIDTH
                        x_at = unit * x_unit + group * inputs + (column if pairwise else 0)
                        g_at = unit * g_unit + group * columns + column
                        out_at = (part * groups + group) * depth * columns + column
                        add_rows(
                            *(vectors, pairwise, x, x_at, taps, first, last, pixels, start, stop),
                            *(g, g_at, outputs, lanes, sums, out_at, places),
                        )


@kernel
def pad(x: Any, top: int, left: int, out: Any) -> None:
    """Copy images (N, H, W, C) into larger ones and write zeros around them."""
    images, rows, columns, channels = out.shape
    height, width = x.shape[1], x.shape[2]
    for line in numba.prange(images * rows):
        n, y = line // rows, line % rows - top
        target = out[n, line % rows].reshape(-1)
        if y < 0 or y >= height:
            target[:] = 0
        else:
            target[: left * channels] = 0
            target[left * channels : (left + width) * channels] = x[n, y].reshape(-1)
            target[(left + width) * channels :] = 0


@kernel
def pack(w: Any, groups: int, turned: bool, order: Any, out: Any) -> None:
    """Kernels (O, C/G, taps) → (G, taps·C/G, O/G) of the taps in `order`; turned: (G, taps·O/G, C/G)."""
    outputs, inputs, _ = w.shape
    outputs //= groups
    for task in numba.prange(groups * len(order)):
        group, number = task // len(order), task % len(order)
        tap = order[number]
        for o in range(outputs):
            for c in range(inputs):
                if turned:
                    out[group, number * outputs + o, c] = w[group * outputs + o, c, tap]
                else:
                    out[group, number * inputs + c, o] = w[group * outputs + o, c, tap]


@kernel
def unpack(sums: Any, out: Any) -> None:
    """Add the parts of sums (parts, G, taps·C/G, O/G) in order → kernels (O, C/G, taps)."""
    parts, groups, _, columns = sums.shape
    outputs, inputs, taps = out.shape
    for task in numba.prange(groups * inputs):
        group, c = task // inputs, task % inputs
        for o in range(columns):
            for tap in range(taps):
                total = sums[0, group, tap * inputs + c, o]
                for part in range(1, parts):
                    total += sums[part, group, tap * inputs + c, o]
                out[group * columns + o, c, tap] = total
