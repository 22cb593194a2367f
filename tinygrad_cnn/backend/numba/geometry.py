"""Tables of offsets for direct convolution: where in flat channels-last memory a window reads and writes."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..window import Ints, Window
from .block import panels

UNIT = 96  # at least so many pixels are one unit of work, from as many images as it takes

Array = Any


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """One launch: for every pixel, the sum over these taps.

    Attributes:
        order: numbers of the window's taps, row by row.
        pixels: where the window of each pixel begins in the padded images of a unit.
        places: where each pixel lies in the result.
        taps: where each value of a window lies, from its beginning.
    """

    order: Array
    pixels: Array
    places: Array
    taps: Array


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What the kernels need to know about one geometry.

    Attributes:
        pads: zeros around what is read, ((top, bottom), (left, right)).
        units: the batch is cut into so many units of equal size.
        pixels: pixels per unit; tables are longer, for whole blocks.
        panels: panels of output channels.
        vectors: vectors per panel; the last may have fewer.
        block: lengths of tables are multiples of it.
        passes: one, or for the adjoint in the images one per position relative to the stride.
        complete: whether the passes write every pixel of the result.
    """

    pads: tuple[tuple[int, int], tuple[int, int]]
    units: int
    pixels: int
    panels: int
    vectors: int
    block: int
    passes: tuple[Pass, ...]
    complete: bool


def _images_per_unit(batch: int, pixels: int) -> int:
    """The fewest images that divide the batch and have `UNIT` pixels; all of it if there are none."""
    return next((n for n in range(1, batch) if batch % n == 0 and n * pixels >= UNIT), batch)


def _grid(images: int, height: int, width: int, ys: Array, xs: Array, channels: int, length: int) -> Array:
    """Offsets of the pixels ys × xs in so many images; the last is repeated until there are whole blocks."""
    rows = np.arange(images)[:, None, None] * height + ys[:, None]
    offsets = ((rows * width + xs) * channels).reshape(-1)
    return np.concatenate([offsets, np.repeat(offsets[-1:], -len(offsets) % length)])


def _window_values(ys: Array, xs: Array, width: int, channels: int, per_group: int) -> Array:
    """Offsets of the values at the taps ys × xs, channels innermost."""
    pixels = (ys[:, None] * width + xs) * channels
    return (pixels[..., None] + np.arange(per_group)).reshape(-1)


@lru_cache(maxsize=128)
def forward(window: Window, shape: Ints, outputs: int, pairwise: bool) -> Plan:
    """For `conv2d` of images of this shape, and for its adjoint in the kernels."""
    batch, channels, height, width = shape
    (top, bottom), (left, right) = pads = window.pads((height, width))
    rows, columns = window.output_size((height, width))
    count, vectors, block = panels(outputs if pairwise else outputs // window.groups, pairwise)
    images = _images_per_unit(batch, rows * columns)
    ys, xs = (np.arange(n) * step for n, step in zip((rows, columns), window.stride, strict=True))
    tap_ys, tap_xs = (np.arange(n) * step for n, step in zip(window.size, window.dilation, strict=True))
    height, width = height + top + bottom, width + left + right
    one = Pass(
        np.arange(window.tap_count),
        _grid(images, height, width, ys, xs, channels, block),
        _grid(images, rows, columns, np.arange(rows), np.arange(columns), outputs, block),
        _window_values(tap_ys, tap_xs, width, channels, 1 if pairwise else channels // window.groups),
    )
    return Plan((pads[0], pads[1]), batch // images, images * rows * columns, count, vectors, block, (one,), True)


@lru_cache(maxsize=128)
def adjoint(window: Window, shape: Ints, outputs: int, pairwise: bool) -> Plan:
    """For `conv2d_input_grad`: images of this shape, one pass per remainder of a pixel's position and the stride.

    Pixel y meets tap t in the window q = (y + p − d·t) / s, where that is an integer.
    """
    batch, channels, height, width = shape
    output = window.output_size((height, width))
    count, vectors, block = panels(channels if pairwise else channels // window.groups, pairwise)
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
    top, left = pads[0][0], pads[1][0]
    rows, columns = (n + sum(pad) for n, pad in zip(output, pads, strict=True))
    passes = tuple(
        Pass(
            (tap_ys[:, None] * window.size[1] + tap_xs).reshape(-1),
            _grid(images, rows, columns, first_ys + top, first_xs + left, outputs, block),
            _grid(images, height, width, ys, xs, channels, block),
            _window_values(step_ys, step_xs, columns, outputs, 1 if pairwise else outputs // window.groups),
        )
        for ys, tap_ys, first_ys, step_ys in phases[0]
        for xs, tap_xs, first_xs, step_xs in phases[1]
    )
    return Plan((pads[0], pads[1]), batch // images, 0, count, vectors, block, passes, covered == [height, width])
