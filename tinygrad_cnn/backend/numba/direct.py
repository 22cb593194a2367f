"""Direct convolution, compiled: windows are multiplied where they lie in a padded channels-last image.

Every kernel takes tables of offsets (`geometry.py` makes them), so that stride, dilation, groups, and the adjoint in
the images are the same code. One call does all: it packs the kernels, pads the images and multiplies.
"""

from typing import Any

import numba
import numpy as np

from .block import EVERY_BLOCK, multiply
from .compile import kernel, serial
from .packing import ALONE, pack_columns, pad_lines, unpack_columns
from .simd import HALF, WIDTH, splat, store

CHUNK = 96  # pixels that one task computes before it takes the next panel of weights; a multiple of all of block.ROWS
TASKS = 16  # so many tasks at least, if there is work for them, where threads share an image
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
    if vectors == 1 and lanes <= HALF:
        for r in range(first, last, 8):
            multiply(8, 0, 0, 0, x, x_at, pixels, r, taps, 0, depth, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 1:
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
def biased_rows(
    vectors: int,
    x: Any,
    x_at: int,
    pixels: Any,
    first: int,
    last: int,
    taps: Any,
    start: int,
    stop: int,
    w: Any,
    w_at: int,
    w_step: int,
    lanes: int,
    out: Any,
    out_at: int,
    places: Any,
) -> None:
    """`rows` over some of the taps, plus the row of w before the first."""
    if vectors == 1 and lanes <= HALF:
        for r in range(first, last, 8):
            multiply(8, 0, 0, 2, x, x_at, pixels, r, taps, start, stop, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 1:
        for r in range(first, last, 8):
            multiply(8, 1, 0, 2, x, x_at, pixels, r, taps, start, stop, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 2:
        for r in range(first, last, 8):
            multiply(8, 2, 0, 2, x, x_at, pixels, r, taps, start, stop, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 3:
        for r in range(first, last, 6):
            multiply(6, 3, 0, 2, x, x_at, pixels, r, taps, start, stop, w, w_at, w_step, lanes, out, out_at, places)
    else:
        for r in range(first, last, 6):
            multiply(6, 4, 0, 2, x, x_at, pixels, r, taps, start, stop, w, w_at, w_step, lanes, out, out_at, places)


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
    if vectors == 1 and lanes <= HALF:
        for r in range(first, last, 8):
            multiply(8, 0, 0, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, g_step, lanes, out, out_at, places)
    elif vectors == 1:
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


@serial
def _channel_rows(
    vectors: int,
    x: Any,
    x_at: int,
    pixels: Any,
    r: int,
    taps: Any,
    start: int,
    stop: int,
    w: Any,
    w_at: int,
    w_step: int,
    lanes: int,
    out: Any,
    out_at: int,
    places: Any,
) -> None:
    """One block of rows where every channel has its own weights."""
    if vectors == 1:
        multiply(6, 1, 1, 2, x, x_at, pixels, r, taps, start, stop, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 2:
        multiply(6, 2, 1, 2, x, x_at, pixels, r, taps, start, stop, w, w_at, w_step, lanes, out, out_at, places)
    elif vectors == 3:
        multiply(6, 3, 1, 2, x, x_at, pixels, r, taps, start, stop, w, w_at, w_step, lanes, out, out_at, places)
    else:
        multiply(6, 4, 1, 2, x, x_at, pixels, r, taps, start, stop, w, w_at, w_step, lanes, out, out_at, places)


@serial
def _chunk(
    x: Any,
    x_at: int,
    w: Any,
    out: Any,
    out_at: int,
    pixels: Any,
    places: Any,
    taps: Any,
    first: int,
    last: int,
    start: int,
    stop: int,
    plane: int,
    columns: int,
) -> None:
    """Pixels from the first to before the last, sums over the taps from `start` to before `stop`, all channels.

    Weights are (G, panels, 1 + taps·C/G, columns of a panel), for columns = O/G. The images of the next group lie
    `plane` values on; 0 means a kernel per channel.
    """
    groups, panels, depth, width = w.shape
    if plane == 0:
        for r in range(first, last, 6):
            for panel in range(panels):  # innermost: all channels of a pixel, before the next pixels need the cache
                c = panel * width
                vectors = -(-min(width, columns - c) // WIDTH)
                lanes = columns - c - (vectors - 1) * WIDTH
                w_at, to = (panel * depth + 1) * width, out_at + c
                _channel_rows(
                    vectors, x, x_at + c, pixels, r, taps, start, stop, w, w_at, width, lanes, out, to, places
                )
        return
    for group in range(groups):
        for panel in range(panels):
            column = panel * width
            vectors = -(-min(width, columns - column) // WIDTH)
            lanes = columns - column - (vectors - 1) * WIDTH
            at, to = x_at + group * plane, out_at + group * columns + column
            w_at = ((group * panels + panel) * depth + 1) * width
            biased_rows(
                *(vectors, x, at, pixels, first, last, taps, start, stop), *(w, w_at, width, lanes, out, to, places)
            )


@kernel
def convolve(
    x: Any,
    steps: Any,
    w: Any,
    bias: Any,
    turned: bool,
    out: Any,
    tables: Any,
    passes: Any,
    sizes: Any,
    packed: Any,
    padded: Any,
) -> None:
    """Images x, kernels (O, C/G, taps) and a bias (O), or none of length 0 → out (N, OH, OW, O), pass by pass.

    `steps` are x's strides of image, row, column and channel; in padded images every group is a plane of its own, so
    that the pixels of one lie close together. `tables` are pixels, places and taps, of which every row of `passes` cuts
    out a part, and those of `pack`. `packed` and `padded` are memory to work in. With workers, each has
    padded images of its own and pads those it needs next; without, all images are padded first.
    """
    pixels, places, taps, starts, packed_places = tables
    units, images, planes, height, width, channels, top, left, rows, line, inputs, columns, copied, workers = sizes
    groups = packed.shape[0]
    blocks = groups * -(-columns // WIDTH)
    if w.size <= ALONE:
        for task in range(blocks):
            pack_columns(w, bias, groups, turned, len(taps), starts, packed_places, task, packed)
    else:
        for task in numba.prange(blocks):
            pack_columns(w, bias, groups, turned, len(taps), starts, packed_places, task, packed)
    lines, image = images * rows, (height, width, channels, top, left, rows, line)
    plane_size, out_size = lines * line * channels, out.size // units
    unit_size, plane = planes * plane_size, plane_size if inputs else 0
    source = padded if copied else x
    if workers:
        for worker in numba.prange(workers):
            for unit in range(worker * units // workers, (worker + 1) * units // workers):
                at = (np.int64(worker) if copied else unit) * unit_size
                if copied:
                    for number in range(planes):
                        to = at + number * plane_size
                        pad_lines(x, number * channels, steps, image, unit * lines, (unit + 1) * lines, padded, to)
                for p in range(len(passes)):
                    stop, start_tap, stop_tap = passes[p, 1], passes[p, 2], passes[p, 3]
                    for first in range(passes[p, 0], stop, CHUNK):
                        last, to = min(first + CHUNK, stop), unit * out_size
                        _chunk(
                            *(source, at, packed, out, to, pixels, places, taps),
                            *(first, last, start_tap, stop_tap, plane, columns),
                        )
        return
    if copied:
        for row in numba.prange(units * lines):
            for number in range(planes):
                to = np.int64(row) // lines * unit_size + number * plane_size + np.int64(row) % lines * line * channels
                pad_lines(x, number * channels, steps, image, row, row + 1, padded, to)
    for p in range(len(passes)):
        start, stop, start_tap, stop_tap = passes[p, 0], passes[p, 1], passes[p, 2], passes[p, 3]
        chunk = min(CHUNK, -(-(stop - start) * units // (TASKS * EVERY_BLOCK)) * EVERY_BLOCK)
        chunks = -(-(stop - start) // chunk)
        for task in numba.prange(units * chunks):
            unit, first = task // chunks, start + task % chunks * chunk
            last, at, to = min(first + chunk, stop), unit * unit_size, unit * out_size
            _chunk(
                *(source, at, packed, out, to, pixels, places, taps),
                *(first, last, start_tap, stop_tap, plane, columns),
            )


@serial
def _channel_sums(
    vectors: int,
    x: Any,
    x_at: int,
    taps: Any,
    pixels: Any,
    start: int,
    stop: int,
    g: Any,
    g_at: int,
    step: int,
    lanes: int,
    out: Any,
    out_at: int,
    places: Any,
) -> None:
    """Add to the sums of all taps of some channels that have kernels of their own."""
    for r in range(0, len(taps), CHANNEL_TAPS):
        if vectors == 1:
            multiply(5, 1, 1, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, step, lanes, out, out_at, places)
        elif vectors == 2:
            multiply(5, 2, 1, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, step, lanes, out, out_at, places)
        elif vectors == 3:
            multiply(5, 3, 1, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, step, lanes, out, out_at, places)
        else:
            multiply(5, 4, 1, 1, x, x_at, taps, r, pixels, start, stop, g, g_at, step, lanes, out, out_at, places)


@serial
def _add_unit(
    x: Any, x_at: int, g: Any, g_at: int, sums: Any, part: int, tables: Any, first: int, last: int, sizes: Any
) -> None:
    """Add the images of a unit times their gradients to a part of the sums, from the first row to before the last."""
    pixels, taps, places = tables
    plane, columns, count, panels, vectors = sizes
    _, groups, depth, _ = sums.shape
    step, width = groups * columns, vectors * WIDTH
    deep = CHUNK if plane == 0 else DEPTH
    for start in range(0, count, deep):
        stop = min(start + deep, count)
        for group in range(groups):
            for panel in range(panels):
                column = panel * width
                used = min(vectors, -(-(columns - column) // WIDTH))
                lanes = columns - column - (used - 1) * WIDTH
                of, to = g_at + group * columns + column, (part * groups + group) * depth * columns + column
                if plane == 0:
                    at = x_at + column
                    _channel_sums(used, x, at, taps, pixels, start, stop, g, of, step, lanes, sums, to, places)
                else:
                    ats = (x_at + group * plane, of, to)
                    add_rows(used, x, taps, first, last, pixels, start, stop, g, step, lanes, sums, places, ats)


@serial
def _clear(sums: Any, part: int, first: int, last: int) -> None:
    _, groups, depth, columns = sums.shape
    for group in range(groups):
        at = ((part * groups + group) * depth + first) * columns
        for i in range(0, (last - first) * columns, WIDTH):
            store(sums, at + i, (last - first) * columns - i, splat(np.float32(0)))


@kernel
def weight_sums(x: Any, steps: Any, g: Any, out: Any, tables: Any, sizes: Any, sums: Any, padded: Any) -> None:
    """Images x times gradients g (N, OH, OW, O) → kernels (O, C/G, taps), through sums (parts, G, taps·C/G, O/G).

    The units are cut into as many parts. With workers, each pads images for the parts it sums; without, all images are
    padded first, the taps are cut into spans, and a task is one part and span.
    """
    pixels, taps, places, starts, apart = tables
    units, images, planes, height, width, channels, top, left, rows, line, inputs, columns, copied, workers = sizes[:14]
    count, panels, vectors, block, spans = sizes[14:]
    parts, depth = sums.shape[0], sums.shape[2]
    lines, image = images * rows, (height, width, channels, top, left, rows, line)
    plane_size, g_size = lines * line * channels, g.size // units
    unit_size, plane = planes * plane_size, plane_size if inputs else 0
    source = padded if copied else x
    loops = (plane, columns, count, panels, vectors)
    if workers:
        for worker in numba.prange(workers):
            for part in range(worker * parts // workers, (worker + 1) * parts // workers):
                _clear(sums, part, 0, depth)
                for unit in range(part * units // parts, (part + 1) * units // parts):
                    at = (np.int64(worker) if copied else unit) * unit_size
                    if copied:
                        for number in range(planes):
                            to = at + number * plane_size
                            pad_lines(x, number * channels, steps, image, unit * lines, (unit + 1) * lines, padded, to)
                    _add_unit(source, at, g, unit * g_size, sums, part, (pixels, taps, places), 0, depth, loops)
    else:
        if copied:
            for row in numba.prange(units * lines):
                for number in range(planes):
                    to = (
                        np.int64(row) // lines * unit_size
                        + number * plane_size
                        + np.int64(row) % lines * line * channels
                    )
                    pad_lines(x, number * channels, steps, image, row, row + 1, padded, to)
        for task in numba.prange(parts * spans):
            part, span = task // spans, task % spans
            first, last = span * (depth // block) // spans * block, (span + 1) * (depth // block) // spans * block
            _clear(sums, part, first, last)
            for unit in range(part * units // parts, (part + 1) * units // parts):
                at = unit * unit_size
                _add_unit(source, at, g, unit * g_size, sums, part, (pixels, taps, places), first, last, loops)
    total = sums.shape[1] * -(-columns // WIDTH)
    if sums.size <= ALONE:
        for task in range(total):
            unpack_columns(sums, out, starts, apart, task)
    else:
        for task in numba.prange(total):
            unpack_columns(sums, out, starts, apart, task)
