"""Plans for direct convolution: where in flat channels-last memory windows read and write, and how work is cut."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise as neighbours
from typing import Any

import numpy as np

from ..window import Ints, Window
from . import packing
from .block import panels
from .direct import CHANNEL_TAPS
from .simd import WIDTH

UNIT = 96  # at least so many pixels are one unit of work, from as many images as it takes

# Partial sums of a weight gradient: as many parts as fit, so that threads have work where there are few weights.
PARTS_BYTES = 2 << 20
MOST_PARTS = 8
SPANS = 8

Array = Any


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What the kernels need to know about one geometry.

    A pass is for every pixel the sum over some taps: one pass, or for the adjoint in the images one per position
    relative to the stride. The tables hold the passes one after the other.

    Attributes:
        units: the batch is cut into so many units of equal size.
        images: so many images are a unit.
        pads: zeros above and to the left of what is read.
        planes: what is read has so many planes of channels, one per group or, of few channels, one for each.
        padded: (height, width, channels) of a plane, with padding.
        around: whether there is any padding.
        panels: panels of output channels.
        vectors: vectors per panel; the last may have fewer.
        inputs: channels that a sum runs over; 0 if each channel has its own kernel.
        columns: channels of the result per group.
        tables: where in the padded images of a unit the window of each pixel begins; where each pixel lies in the
            result; where each value of a window lies, from its beginning; and the two of `packing.pack`.
        passes: per pass, from where to where its pixels and its taps go.
        complete: whether the passes write every pixel of the result.
        products: multiplications, with those of idle lanes and of padding.
        sums: for the adjoint in the kernels, the shape of its partial sums: (parts, groups, taps · C/G, O/G).
        sum_tables: for it, the pixels, the values of a window for whole blocks of rows, and where those rows lie.
        sum_sizes: for it, pixels per unit, panels, vectors, rows of a block, and spans.
    """

    units: int
    images: int
    pads: tuple[int, int]
    planes: int
    padded: Ints
    around: bool
    panels: int
    vectors: int
    inputs: int
    columns: int
    tables: tuple[Array, ...]
    passes: Array
    complete: bool
    products: int
    sums: Ints = ()
    sum_tables: tuple[Array, ...] = ()
    sum_sizes: Ints = ()


def _images_per_unit(batch: int, pixels: int) -> int:
    """The fewest images that divide the batch and have `UNIT` pixels; all of it if there are none."""
    return next((n for n in range(1, batch) if batch % n == 0 and n * pixels >= UNIT), batch)


def _whole(offsets: Array, length: int) -> Array:
    """The last is repeated until there are whole blocks."""
    return np.concatenate([offsets, np.repeat(offsets[-1:], -len(offsets) % length)])


def _grid(images: int, height: int, width: int, ys: Array, xs: Array, channels: int) -> Array:
    """Offsets of the pixels ys × xs in so many images."""
    rows = np.arange(images)[:, None, None] * height + ys[:, None]
    return ((rows * width + xs) * channels).reshape(-1)


def _window_values(ys: Array, xs: Array, width: int, channels: int, inputs: int) -> Array:
    """Offsets of the values at the taps ys × xs, channels innermost."""
    pixels = (ys[:, None] * width + xs) * channels
    return (pixels[..., None] + np.arange(max(1, inputs))).reshape(-1)


@lru_cache(maxsize=128)
def forward(window: Window, shape: Ints, outputs: int, pairwise: bool, planar: bool) -> Plan:
    """For `conv2d` of images of this shape, and for its adjoint in the kernels; if planar, each channel is a plane."""
    batch, channels, height, width = shape
    (top, bottom), (left, right) = window.pads((height, width))
    rows, columns = window.output_size((height, width))
    groups = 1 if pairwise else window.groups
    count, vectors, block = panels(outputs // groups, pairwise)
    images = _images_per_unit(batch, rows * columns)
    ys, xs = (np.arange(n) * step for n, step in zip((rows, columns), window.stride, strict=True))
    tap_ys, tap_xs = (np.arange(n) * step for n, step in zip(window.size, window.dilation, strict=True))
    height, width = height + top + bottom, width + left + right
    plane = channels // groups
    inputs = 0 if pairwise else plane
    step = 1 if planar else plane
    pixels = _whole(_grid(images, height, width, ys, xs, step), block)
    places = _whole(_grid(images, rows, columns, np.arange(rows), np.arange(columns), outputs), block)
    taps = _window_values(tap_ys, tap_xs, width, plane, inputs)
    if planar:
        taps = _grid(1, 0, width, tap_ys, tap_xs, 1)[:, None] + np.arange(inputs) * (images * height * width)
        taps = taps.reshape(-1)
    units, rows_at_a_time = batch // images, CHANNEL_TAPS if pairwise else block
    sum_taps = _whole(taps, rows_at_a_time)
    values, line = max(1, inputs), vectors * WIDTH
    apart = packing.apart(values * window.tap_count)
    order = np.arange(window.tap_count)
    sums = (groups, len(sum_taps), outputs // groups)
    parts = max(1, min(MOST_PARTS, units, PARTS_BYTES // (4 * groups * len(sum_taps) * sums[2])))
    spans = 1 if pairwise else min(SPANS, len(sum_taps) // block)
    return Plan(
        units,
        images,
        (top, left),
        plane if planar else groups,
        (height, width, step),
        top + bottom + left + right > 0,
        count,
        vectors,
        inputs,
        outputs // groups,
        (pixels, places, taps, apart, packing.places(order, len(order), values * line, values, line)),
        np.array([[0, len(pixels), 0, len(taps)]]),
        True,
        units * len(pixels) * len(taps) * groups * count * vectors,
        (parts, *sums),
        (
            *(pixels, sum_taps, np.arange(len(sum_taps)) * sums[2]),
            *(packing.places(order, len(order), values * sums[2], values, sums[2]), apart),
        ),
        (images * rows * columns, count, vectors, rows_at_a_time, spans),
    )


@lru_cache(maxsize=128)
def adjoint(window: Window, shape: Ints, outputs: int, pairwise: bool) -> Plan:
    """For `conv2d_input_grad`: images of this shape, one pass per remainder of a pixel's position and the stride.

    Pixel y meets tap t in the window q = (y + p − d·t) / s, where that is an integer.
    """
    batch, channels, height, width = shape
    output = window.output_size((height, width))
    groups = 1 if pairwise else window.groups
    count, vectors, block = panels(channels // groups, pairwise)
    phases, pads = [], []
    for size, out, k, s, d, (p, _) in zip(
        (height, width), output, window.size, window.stride, window.dilation, window.padding, strict=True
    ):
        lines, reach = [], [0, out - 1]
        for rest in range(s):
            pixels, taps = np.arange((rest - p) % s, size, s), np.arange(k)[np.arange(k) * d % s == rest]
            if not pixels.size or not taps.size:
                continue
            firsts, steps = (pixels + p - rest) // s, (rest - taps * d) // s
            reach += [firsts[0] + steps.min(), firsts[-1] + steps.max()]
            lines.append((pixels, taps, firsts, steps))
        pads.append((max(0, int(-min(reach))), max(0, int(max(reach)) - out + 1)))
        phases.append(lines)
    covered = [sum(len(pixels) for pixels, *_ in lines) for lines in phases]
    images = _images_per_unit(batch, height * width // (window.stride[0] * window.stride[1]))
    (top, _), (left, _) = pads
    rows, columns = (n + sum(pad) for n, pad in zip(output, pads, strict=True))
    plane = outputs // groups
    inputs = 0 if pairwise else plane
    tables: tuple[list[Array], ...] = ([], [], [], [])
    ends = [[0, 0]]
    for ys, tap_ys, first_ys, step_ys in phases[0]:
        for xs, tap_xs, first_xs, step_xs in phases[1]:
            parts = (
                _whole(_grid(images, rows, columns, first_ys + top, first_xs + left, plane), block),
                _whole(_grid(images, height, width, ys, xs, channels), block),
                _window_values(step_ys, step_xs, columns, plane, inputs),
                (tap_ys[:, None] * window.size[1] + tap_xs).reshape(-1),
            )
            for table, part in zip(tables, parts, strict=True):
                table.append(part)
            ends.append([ends[-1][0] + len(parts[0]), ends[-1][1] + len(parts[2])])
    empty = np.arange(0)
    joined = [np.concatenate(table) if table else empty for table in tables]
    passes = np.array([[a, b, c, d] for (a, c), (b, d) in neighbours(ends)]).reshape(-1, 4)
    products = sum((b - a) * (d - c) for a, b, c, d in passes.tolist())
    return Plan(
        batch // images,
        images,
        (top, left),
        groups,
        (rows, columns, plane),
        sum(map(sum, pads)) > 0,
        count,
        vectors,
        inputs,
        channels // groups,
        (
            *(joined[0], joined[1], joined[2], packing.apart(window.tap_count)),
            packing.places(joined[3], window.tap_count, max(1, inputs) * vectors * WIDTH, 1, 0),
        ),
        passes,
        covered == [height, width],
        batch // images * products * groups * count * vectors,
    )
