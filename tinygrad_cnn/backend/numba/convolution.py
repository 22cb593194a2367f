"""The three convolutions of float32 images: tables, padded images and packed kernels for the compiled loops."""

from typing import Any

import numpy as np

from ..switches import winograd as Winograd
from ..window import Ints, Window
from . import direct, geometry, winograd
from .block import panels
from .compile import get_num_threads
from .geometry import Plan
from .memory import empty
from .simd import WIDTH
from .workspace import take

# Partial sums of a weight gradient: as many parts as fit, so that threads have work where there are few weights.
PARTS_BYTES = 2 << 20
MOST_PARTS = 8
SPANS = 8

# Winograd's transforms pay from so many channels on; where tiles of 4×4 have at most so many times the pixels of the
# result; and where there are so many tiles that the transform of the kernels counts for little.
FEWEST_CHANNELS = 8
FULLEST = 2.0
FEWEST_TILES = 32

# Transformed tiles: those of one worker stay in its cache from one transform to the other; those of a weight gradient
# are shared, and the more of them the fewer passes over the sums.
TILE_BYTES = 1200 << 10
MOST_TILES = 4
SUM_BYTES = 8 << 20

# Microseconds of one core.
PER_PRODUCT, PER_CHANNEL_PRODUCT, PER_VALUE = 1e-5, 5e-5, 5e-4

Array = Any


def forward(x: Array, w: Array, window: Window) -> Array:
    """Images (N, C, H, W), kernels (O, C/G, KH, KW) → (N, O, OH, OW)."""
    if _winograd_pays(window, len(x), window.output_size(x.shape[2:]), x.shape[1], len(w)):
        (top, _), (left, _) = window.padding
        return _winograd(x, w, window.output_size(x.shape[2:]), top, left, turned=False)
    pairwise = _pairwise(x.shape[1], len(w), window)
    plan = geometry.forward(window, x.shape, len(w), pairwise)
    out = empty((x.shape[0], *window.output_size(x.shape[2:]), len(w)))
    _run(plan, _padded(x, plan.pads), w, window, out, pairwise, turned=False)
    return out.transpose(0, 3, 1, 2)


def input_grad(g: Array, w: Array, shape: Ints, window: Window) -> Array:
    """Gradients (N, O, OH, OW), kernels (O, C/G, KH, KW) → (N, C, H, W)."""
    if _winograd_pays(window, len(g), shape[2:], shape[1], len(w)):
        (top, _), (left, _) = window.padding
        return _winograd(g, w, shape[2:], 2 - top, 2 - left, turned=True)
    pairwise = _pairwise(shape[1], len(w), window)
    plan = geometry.adjoint(window, shape, len(w), pairwise)
    out = empty((shape[0], *shape[2:], shape[1]))
    if not plan.complete:
        out.fill(0)
    _run(plan, _padded(g, plan.pads), w, window, out, pairwise, turned=True)
    return out.transpose(0, 3, 1, 2)


def weight_grad(g: Array, x: Array, window: Window) -> Array:
    """Gradients (N, O, OH, OW), images (N, C, H, W) → (O, C/G, KH, KW)."""
    if _winograd_pays(window, len(g), g.shape[2:], x.shape[1], g.shape[1]):
        return _winograd_weight_grad(g, x, window)
    outputs, per_group = g.shape[1], x.shape[1] // window.groups
    pairwise = _pairwise(x.shape[1], outputs, window)
    plan = geometry.forward(window, x.shape, outputs, pairwise)
    groups = 1 if pairwise else window.groups
    (one,), block = plan.passes, direct.CHANNEL_TAPS if pairwise else plan.block
    taps = np.concatenate([one.taps, np.repeat(one.taps[-1:], -len(one.taps) % block)])
    columns = outputs // groups
    parts = max(1, min(MOST_PARTS, plan.units, PARTS_BYTES // (4 * groups * len(taps) * columns)))
    sums = take("sums", parts, groups, len(taps), columns)
    sums.fill(0)
    arrays = (_padded(x, plan.pads), _channels_last(g), sums, one.pixels, taps, np.arange(len(taps)) * columns)
    sizes = (plan.pixels, plan.units, plan.panels, plan.vectors)
    if pairwise:
        direct.channel_sums.fitting(g.size * len(taps) * PER_CHANNEL_PRODUCT)(*arrays, *sizes)
    else:
        spans = min(SPANS, len(taps) // block)
        direct.weight_sums.fitting(g.size * len(taps) * PER_PRODUCT)(*arrays, *sizes, block, spans)
    out = empty((outputs, per_group, *window.size))
    direct.unpack.fitting(sums.size * PER_VALUE)(sums, out.reshape(outputs, per_group, -1))
    return out


def _run(plan: Plan, x: Array, w: Array, window: Window, out: Array, pairwise: bool, *, turned: bool) -> None:
    """Every pass of a plan with its share of the kernels."""
    kernels = _readable(w.reshape(*w.shape[:2], -1))
    groups = 1 if pairwise else window.groups
    rows = 1 if pairwise else len(w) // groups if turned else w.shape[1]
    columns = out.shape[3] // groups
    for one in plan.passes:
        packed = take("kernels", groups, plan.panels, len(one.order) * rows, plan.vectors * WIDTH)
        # kernels per channel (C, 1, taps) have channels as columns either way, so they are not turned
        direct.pack.fitting(w.size * PER_VALUE)(kernels, groups, turned and not pairwise, one.order, packed)
        products = plan.units * len(one.places) * len(one.taps) * columns * groups
        tables = (one.pixels, one.places, one.taps, plan.units)
        if pairwise:
            run = direct.convolve_channels.fitting(products * PER_CHANNEL_PRODUCT)
            run(x, packed[0], out, *tables)
        else:
            direct.convolve.fitting(products * PER_PRODUCT)(x, packed, out, *tables, columns)


def _winograd_pays(window: Window, batch: int, result: Ints, inputs: int, outputs: int) -> bool:
    """Whether fewer products outweigh the transforms."""
    if not Winograd.allowed or (window.size, window.stride, window.dilation) != ((3, 3), (1, 1), (1, 1)):
        return False
    if window.groups > 1 or min(inputs, outputs) < FEWEST_CHANNELS:
        return False
    rows, columns = result
    tiles = -(-rows // 4) * -(-columns // 4)
    return 16 * tiles <= FULLEST * rows * columns and batch * tiles >= FEWEST_TILES


def _winograd(x: Array, w: Array, output: Ints, top: int, left: int, *, turned: bool) -> Array:
    """`forward` for a window with this padding, or with turned kernels the gradient in its images."""
    images = _channels_last(x)
    inputs, outputs = (len(w), w.shape[1]) if turned else (w.shape[1], len(w))
    count, vectors, _ = panels(outputs, False)
    packed = take("kernels", 1, count, 9 * inputs, vectors * WIDTH)
    kernels, order = _readable(w.reshape(*w.shape[:2], 9)), np.arange(9)
    direct.pack.fitting(w.size * PER_VALUE)(kernels, 1, turned, order[::-1].copy() if turned else order, packed)
    u = take("transformed_kernels", 36, count, inputs, vectors * WIDTH)
    winograd.transform_kernels.fitting(u.size * PER_VALUE)(packed.reshape(count, 9, inputs, -1), u)
    out = empty((len(x), *output, outputs))
    tiles = 24 * max(1, min(MOST_TILES, TILE_BYTES // (24 * 36 * 4 * (inputs + outputs))))
    total = len(x) * -(-output[0] // 4) * -(-output[1] // 4)
    run = winograd.convolve.fitting(total * 36 * inputs * outputs * PER_PRODUCT)
    workers = get_num_threads() if run is winograd.convolve else 1
    v = take("transformed_images", workers, 36 * (tiles * inputs + WIDTH))
    m = take("products", workers, 36 * (tiles * outputs + WIDTH))
    rows = np.arange(tiles)
    run(images, u, out, v, m, top, left, tiles, rows * inputs, np.arange(inputs), rows * outputs)
    return out.transpose(0, 3, 1, 2)


def _winograd_weight_grad(g: Array, x: Array, window: Window) -> Array:
    inputs, outputs, (rows, columns) = x.shape[1], g.shape[1], g.shape[2:]
    count, _, block = panels(outputs, False)
    total = len(g) * -(-rows // 4) * -(-columns // 4)
    tiles = max(24, min(total, SUM_BYTES // (36 * 4 * (inputs + outputs))))
    channels = np.arange(-(-inputs // block) * block)
    u = take("transformed_kernels", 36, len(channels), outputs)
    u.fill(0)
    v = take("transformed_images", 36 * (tiles * inputs + WIDTH))
    m = take("products", 36 * (tiles * outputs + WIDTH))
    (top, _), (left, _) = window.padding
    winograd.weight_sums.fitting(total * 36 * inputs * outputs * PER_PRODUCT)(
        *(_channels_last(x), _channels_last(g), u, v, m, top, left, tiles, count),
        *(np.arange(tiles) * inputs, np.minimum(channels, inputs - 1), channels * outputs),
    )
    sums = take("sums", 9, inputs, outputs)
    winograd.gather_kernels.fitting(u.size * PER_VALUE)(u, sums)
    out = empty((outputs, inputs, 3, 3))
    direct.unpack.fitting(sums.size * PER_VALUE)(
        sums.reshape(1, 1, 9 * inputs, outputs), out.reshape(outputs, inputs, 9)
    )
    return out


def _pairwise(channels: int, outputs: int, window: Window) -> bool:
    """Whether every channel has a kernel of its own."""
    return channels == outputs == window.groups > 1


def _readable(x: Array) -> Array:
    """x in row-major memory; a copy of what is read-only too, which Numba would compile all kernels for once more."""
    return x if x.flags.c_contiguous and x.flags.writeable else np.array(x, order="C")


def _channels_last(x: Array) -> Array:
    """(N, C, H, W) → (N, H, W, C) in row-major memory."""
    return _readable(x.transpose(0, 2, 3, 1))


def _padded(x: Array, pads: tuple[tuple[int, int], tuple[int, int]]) -> Array:
    """(N, C, H, W) → (N, H', W', C) in row-major memory, with zeros around the images."""
    (top, bottom), (left, right) = pads
    images = _channels_last(x)
    if not top + bottom + left + right:
        return images
    n, height, width, channels = images.shape
    out = take("images", n, top + height + bottom, left + width + right, channels)
    direct.pad.fitting(out.size * PER_VALUE / 4)(images, top, left, out)
    return out
