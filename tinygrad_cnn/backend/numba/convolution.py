"""The three convolutions of float32 images: which algorithm, and memory for the compiled loops."""

from functools import lru_cache
from typing import Any

import numpy as np

from ..switches import winograd as Winograd
from ..threads import get_num_threads
from ..window import Ints, Window
from . import depthwise, direct, few_pixels, geometry, packing, scatter, winograd
from .block import panels
from .geometry import Plan
from .memory import channels_last, empty
from .simd import WIDTH
from .workspace import take

# A gradient in the images adds up windows where so many channels or fewer leave lanes idle, from so many images on.
FEW_CHANNELS = 8
FEWEST_IMAGES = 8

# Images of so many channels are read plane by plane where they lie so.
MOST_PLANES = 4

# So many units per thread, and threads need not share the padding and the products of each.
UNITS_PER_WORKER = 4

# Winograd's transforms pay from so many channels on; where tiles of 4×4 have at most so many times the pixels of the
# result; and where there are so many tiles that the transform of the kernels counts for little.
FEWEST_CHANNELS = 8
FULLEST = 2.0
FEWEST_TILES = 32

# Transformed tiles: those of one worker stay in its cache from one transform to the other; those of a weight gradient
# are shared, and the more of them the fewer passes over the sums.
TILE_BYTES = 800 << 10
MOST_TILES = 4
SUM_BYTES = 8 << 20

# Sums of a weight gradient that stay in a worker's cache are taken in so many parts, each by one worker alone.
PART_BYTES = 640 << 10
WINOGRAD_PARTS = 8

# Microseconds of one core, per product or vector of products, and per value packed.
PER_PRODUCT, PER_VECTOR, PER_CHANNEL_VECTOR, PER_VALUE = 2e-5, 3e-4, 8e-4, 5e-4

NO_BIAS = np.zeros(0, dtype=np.float32)

Array = Any


def forward(x: Array, w: Array, b: Array | None, window: Window) -> Array:
    """Images (N, C, H, W), kernels (O, C/G, KH, KW), bias (O) or None → (N, O, OH, OW)."""
    bias = NO_BIAS if b is None else _readable(b)
    output = window.output_size(x.shape[2:])
    if _winograd_pays(window, len(x), output, x.shape[1], len(w)):
        (top, _), (left, _) = window.padding
        return _winograd(x, w, bias, output, top, left, turned=False)
    if few_pixels.pays(len(x) * output[0] * output[1], w.size, window):
        return few_pixels.forward(x, _readable(w), b, window)
    if _neighbours_share(x, len(w), window):
        (top, _), (left, _) = window.padding
        return _depthwise(x, w, b, output, window.stride, (top, left), turned=False)
    plan = geometry.forward(window, x.shape, len(w), _pairwise(x.shape[1], len(w), window), _planar(x, window))
    out = empty((x.shape[0], *output, len(w)))
    _run(plan, x, w, bias, out, turned=False)
    return out.transpose(0, 3, 1, 2)


def input_grad(g: Array, w: Array, shape: Ints, window: Window) -> Array:
    """Gradients (N, O, OH, OW), kernels (O, C/G, KH, KW) → (N, C, H, W)."""
    if _winograd_pays(window, len(g), shape[2:], shape[1], len(w)):
        (top, _), (left, _) = window.padding
        return _winograd(g, w, NO_BIAS, shape[2:], 2 - top, 2 - left, turned=True)
    if few_pixels.pays(g.size // len(w), w.size, window):
        return few_pixels.input_grad(_channels_last(g), _readable(w), shape, window)
    if window.stride == (1, 1) and _neighbours_share(g, shape[1], window):
        (top, _), (left, _) = window.padding
        pads = (window.size[0] - 1 - top, window.size[1] - 1 - left)
        return _depthwise(g, w, None, shape[2:], window.stride, pads, turned=True)
    if window.groups == window.dilation[1] == 1 and shape[1] <= FEW_CHANNELS and len(g) >= FEWEST_IMAGES:
        return _add_windows(g, w, shape, window)
    plan = geometry.adjoint(window, shape, len(w), _pairwise(shape[1], len(w), window))
    out = empty((shape[0], *shape[2:], shape[1]))
    if not plan.complete:
        out.fill(0)
    _run(plan, g, w, NO_BIAS, out, turned=plan.inputs > 0)
    return out.transpose(0, 3, 1, 2)


def _add_windows(g: Array, w: Array, shape: Ints, window: Window) -> Array:
    plan, out = scatter.plan(window, shape, len(w)), empty((shape[0], *shape[2:], shape[1]))
    run = scatter.add_windows.fitting(plan.products * PER_VECTOR)
    workers = get_num_threads() if run is scatter.add_windows else 1
    packed, padded = take("kernels", *plan.packed), take("images", workers * plan.padded)
    products = take("products", workers * direct.CHUNK * plan.sizes[-1])
    run(
        *(_channels_last(g), _readable(w.reshape(*w.shape[:2], -1)), out, plan.tables, plan.sizes),
        *(packed, products, padded, workers),
    )
    return out.transpose(0, 3, 1, 2)


def weight_grad(g: Array, x: Array, window: Window) -> Array:
    """Gradients (N, O, OH, OW), images (N, C, H, W) → (O, C/G, KH, KW)."""
    outputs, inputs = g.shape[1], x.shape[1]
    if _winograd_pays(window, len(g), g.shape[2:], inputs, outputs):
        return _winograd_weight_grad(g, x, window)
    if few_pixels.pays(g.size // outputs, outputs * inputs * window.tap_count, window):
        return few_pixels.weight_grad(_channels_last(g), x, window)
    plan = geometry.forward(window, x.shape, outputs, _pairwise(inputs, outputs, window), _planar(x, window))
    out = empty((outputs, inputs // window.groups, *window.size))
    flat, steps = _flat(x)
    run, workers = _workers(direct.weight_sums, plan, plan.sums[0] // 2)
    sizes, padded = _sizes(plan, x.shape, steps, workers)
    arrays = (_channels_last(g), out.reshape(*out.shape[:2], -1), plan.sum_tables, sizes + plan.sum_sizes)
    run(flat, steps, *arrays, take("sums", *plan.sums), padded)
    return out


def _run(plan: Plan, x: Array, w: Array, bias: Array, out: Array, *, turned: bool) -> None:
    """Every pass of a plan with its share of the kernels, which are turned or not."""
    flat, steps = _flat(x)
    run, workers = _workers(direct.convolve, plan, plan.units // UNITS_PER_WORKER)
    sizes, padded = _sizes(plan, x.shape, steps, workers)
    groups = out.shape[3] // plan.columns
    packed = take("kernels", groups, plan.panels, 1 + len(plan.tables[2]), plan.vectors * WIDTH)
    kernels = _readable(w.reshape(*w.shape[:2], -1))
    run(flat, steps, kernels, bias, turned, out, plan.tables, plan.passes, sizes, packed, padded)


def _workers(kernel: Any, plan: Plan, most: int) -> tuple[Any, int]:
    """How to start a kernel, and the number of workers; 0 if there would be more threads than units for `most`."""
    run = kernel.fitting(plan.products * (PER_VECTOR if plan.inputs else PER_CHANNEL_VECTOR))
    workers = get_num_threads() if run is kernel else 1
    return run, workers if workers <= max(1, most) else 0


def _sizes(plan: Plan, shape: Ints, steps: Ints, workers: int) -> tuple[Ints, Array]:
    """What the direct kernels need to know of the images, and memory to pad them in."""
    rows, line, channels = plan.padded
    copied = plan.around or plan.planes > 1 or steps[3] != 1 or steps[2] != channels
    units = (workers or plan.units) if copied else 0
    images = (plan.units, plan.images, plan.planes, *shape[2:], channels, *plan.pads, rows, line)
    padded = take("images", units * plan.images * plan.planes * rows * line * channels)
    return (*images, plan.inputs, plan.columns, int(copied), workers), padded


def _winograd_pays(window: Window, batch: int, result: Ints, inputs: int, outputs: int) -> bool:
    """Whether fewer products outweigh the transforms."""
    if not Winograd.allowed or (window.size, window.stride, window.dilation) != ((3, 3), (1, 1), (1, 1)):
        return False
    if window.groups > 1 or min(inputs, outputs) < FEWEST_CHANNELS:
        return False
    rows, columns = result
    tiles = -(-rows // 4) * -(-columns // 4)
    return 16 * tiles <= FULLEST * rows * columns and batch * tiles >= FEWEST_TILES


def _winograd(x: Array, w: Array, bias: Array, output: Ints, top: int, left: int, *, turned: bool) -> Array:
    """`forward` for a window with this padding, or with turned kernels the gradient in its images."""
    images = _channels_last(x)
    inputs, outputs = (len(w), w.shape[1]) if turned else (w.shape[1], len(w))
    count, vectors, _ = panels(outputs, False)
    packed = take("kernels", 1, count, 9 * inputs, vectors * WIDTH)
    kernels, width = _readable(w.reshape(*w.shape[:2], 9)), vectors * WIDTH
    places = _nine_places(inputs * width, 1 if turned else inputs, width, turned)
    starts = packing.apart(9 if turned else 9 * inputs)
    packing.pack.fitting(w.size * PER_VALUE)(kernels, NO_BIAS, 1, turned, starts, places, packed)
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
    run(images, u, bias, out, v, m, top, left, tiles, rows * inputs, np.arange(inputs), rows * outputs)
    return out.transpose(0, 3, 1, 2)


def _winograd_weight_grad(g: Array, x: Array, window: Window) -> Array:
    inputs, outputs, (rows, columns) = x.shape[1], g.shape[1], g.shape[2:]
    count, _, block = panels(outputs, False)
    total = len(g) * -(-rows // 4) * -(-columns // 4)
    channels = np.arange(-(-inputs // block) * block)
    part_bytes, tile_bytes = 36 * 4 * len(channels) * outputs, 36 * 4 * (inputs + outputs)
    parts = WINOGRAD_PARTS if part_bytes <= PART_BYTES and total >= 24 * WINOGRAD_PARTS else 1
    run = winograd.weight_sums.fitting(total * 36 * inputs * outputs * PER_PRODUCT)
    workers = get_num_threads() if parts > 1 and run is winograd.weight_sums else 1
    tiles = max(24, min(total, (TILE_BYTES - part_bytes if parts > 1 else SUM_BYTES) // tile_bytes))
    u = take("transformed_kernels", parts, 36, len(channels), outputs)
    v = take("transformed_images", workers, 36 * (tiles * inputs + WIDTH))
    m = take("products", workers, 36 * (tiles * outputs + WIDTH))
    tables = (np.arange(tiles) * inputs, np.minimum(channels, inputs - 1), channels * outputs)
    (top, _), (left, _) = window.padding
    run(_channels_last(x), _channels_last(g), u, v, m, top, left, tiles, count, tables)
    u = u[0]
    sums = take("sums", 9, inputs, outputs)
    winograd.gather_kernels.fitting(u.size * PER_VALUE)(u, sums)
    out = empty((outputs, inputs, 3, 3))
    starts, apart = _nine_places(inputs * outputs, inputs, outputs, False), packing.apart(9 * inputs)
    sums, flat = sums.reshape(1, 1, 9 * inputs, outputs), out.reshape(outputs, inputs, 9)
    packing.unpack.fitting(sums.size * PER_VALUE)(sums, flat, starts, apart)
    return out


@lru_cache(maxsize=256)
def _nine_places(tap_step: int, inputs: int, input_step: int, turned: bool) -> Array:
    """`packing.places` of a 3 × 3 kernel's taps in their order, or by half a turn."""
    return packing.places(np.arange(9)[:: -1 if turned else 1], 9, tap_step, inputs, input_step)


def _neighbours_share(x: Array, outputs: int, window: Window) -> bool:
    """Whether `depthwise` covers this: a kernel of few columns per channel, of images that lie channels last."""
    if not _pairwise(x.shape[1], outputs, window) or window.size[1] not in depthwise.PIXELS or window.stride[1] > 2:
        return False
    return window.dilation == (1, 1) and x.flags.writeable and x.transpose(0, 2, 3, 1).flags.c_contiguous


def _depthwise(x: Array, w: Array, b: Array | None, output: Ints, strides: Ints, pads: Ints, *, turned: bool) -> Array:
    """`forward` with a kernel per channel, or with turned kernels and a stride of 1 the gradient in its images."""
    channels, taps, rows = len(w), w.shape[2] * w.shape[3], w.shape[2]
    packed = take("kernels", 2 + taps, channels)
    packed[0], packed[-1] = 0 if b is None else b, 0
    kernels = w.reshape(channels, taps).T
    packed[1:-1] = kernels[::-1] if turned else kernels
    out = empty((len(x), *output, channels))
    run = depthwise.convolve(w.shape[3]).fitting(out.size * taps * PER_CHANNEL_VECTOR / WIDTH)
    run(x.transpose(0, 2, 3, 1), packed, rows, out, strides, pads)
    return out.transpose(0, 3, 1, 2)


def _pairwise(channels: int, outputs: int, window: Window) -> bool:
    """Whether every channel has a kernel of its own."""
    return channels == outputs == window.groups > 1


def _planar(x: Array, window: Window) -> bool:
    """Whether images of few channels lie plane by plane: to put channels side by side would take as long as to read."""
    return bool(window.groups == 1 < x.shape[1] <= MOST_PLANES and x.flags.c_contiguous and x.flags.writeable)


def _readable(x: Array) -> Array:
    """x in row-major memory; a copy of what is read-only too, which Numba would compile all kernels for once more."""
    return x if x.flags.c_contiguous and x.flags.writeable else np.array(x, order="C")


def _channels_last(x: Array) -> Array:
    """(N, C, H, W) → (N, H, W, C) in row-major memory."""
    return _readable(channels_last(x))


def _flat(x: Array) -> tuple[Array, Ints]:
    """Images as one run of memory, and their strides of image, row, column and channel; a copy where they have gaps."""
    _, channels, height, width = x.shape
    last = x.transpose(0, 2, 3, 1)
    if not last.flags.c_contiguous and x.flags.c_contiguous and x.flags.writeable:
        pixels = height * width
        return x.reshape(-1), (channels * pixels, width, 1, pixels)
    return _readable(last).reshape(-1), (height * width * channels, width * channels, channels, 1)
