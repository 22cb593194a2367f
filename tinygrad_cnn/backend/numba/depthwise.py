"""Convolution with a kernel of 3 columns per channel, compiled: neighbouring pixels share the values they read.

The work is little beside the memory it reads, so no image is padded: at its borders, what lies outside is not loaded.
"""

from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .compile import kernel, serial
from .simd import FLAGS, WIDTH, emit_load, emit_pointer, emit_store, first_lanes

SIZE = 3  # columns of a kernel
PIXELS = 8  # neighbours whose sums and values, for a row of the window, fit into the registers


@intrinsic(prefer_literal=True)
def _neighbours(
    typing: Any,
    stride: Any,
    whole: Any,
    x: Any,
    x_at: Any,
    row_step: Any,
    channels: Any,
    left: Any,
    width: Any,
    start: Any,
    stop: Any,
    w: Any,
    w_at: Any,
    w_step: Any,
    lanes: Any,
    pixels: Any,
    out: Any,
    out_at: Any,
) -> Any:
    """Pixels p at out[out_at + p·channels + j] = w[w_at + j] + Σ_k Σ_i x_ki[j] · w_ki[j].

    x_ki begins at x[x_at + k·row_step + (p·stride + i)·channels].
    p < PIXELS, j < 16, i < SIZE, start ≤ k < stop, and w_ki lies (1 + k·SIZE + i)·w_step after the bias at w_at. Unless
    `whole` is 1, values of x in columns before `left` or from `width` on, counted from x_at, are 0 and not read, only
    the first `lanes` channels are read and written, and of the result only the first `pixels`.
    """
    step, everything = stride.literal_value, whole.literal_value

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, x_at, row_step, channels, left, width, start, stop, w, w_at, w_step, lanes, pixels, out, out_at = args[2:]
        none = ir.Constant(lanes.type, 0)

        def number(n: int) -> Any:
            return ir.Constant(lanes.type, n)

        def mask(valid: Any) -> Any:
            return None if everything else first_lanes(builder, builder.select(valid, lanes, none))

        def readable(column: int) -> Any:
            after = builder.icmp_signed(">=", number(column), left)
            return mask(builder.and_(after, builder.icmp_signed("<", number(column), width)))

        columns = [readable(n) for n in range((PIXELS - 1) * step + SIZE)]
        every = None if everything else first_lanes(builder, lanes)
        target = emit_pointer(context, builder, sig.args[15], out, out_at)
        kernels = emit_pointer(context, builder, sig.args[10], w, w_at)
        bias = emit_load(builder, kernels, 0, every)
        sums = [cgutils.alloca_once_value(builder, bias) for _ in range(PIXELS)]
        with cgutils.for_range_slice(builder, start, stop, number(1), start.type) as (k, _):
            offset = builder.add(x_at, builder.mul(k, row_step))
            source = emit_pointer(context, builder, sig.args[2], x, offset)
            row = builder.add(builder.mul(k, number(SIZE)), number(1))
            factors = [
                emit_load(builder, builder.gep(kernels, [builder.mul(builder.add(row, number(i)), w_step)]), 0, every)
                for i in range(SIZE)
            ]
            values = [
                emit_load(builder, builder.gep(source, [builder.mul(number(n), channels)]), 0, valid)
                for n, valid in enumerate(columns)
            ]
            for i in range(SIZE):
                for p in range(PIXELS):
                    product = builder.fmul(values[p * step + i], factors[i], flags=FLAGS)
                    builder.store(builder.fadd(builder.load(sums[p]), product, flags=FLAGS), sums[p])
        for p in range(PIXELS):
            place = builder.gep(target, [builder.mul(number(p), channels)])
            written = mask(builder.icmp_signed("<", number(p), pixels))
            emit_store(builder, place, 0, written, builder.load(sums[p]))
        return context.get_dummy_value()

    index = types.intp
    return types.void(
        *(stride, whole, x, index, index, index, index, index, index, index),
        *(w, index, index, index, index, out, index),
    ), generate


@serial
def _row(x: Any, x_at: int, w: Any, size: int, y: int, out: Any, out_at: int, strides: Any, pads: Any) -> None:
    """One row of the result, of an image (H, W, C) that begins at x_at."""
    _, height, width, channels = x.shape
    columns = out.shape[2]
    flat, kernels, target = x.reshape(-1), w.reshape(-1), out.reshape(-1)
    (down, across), (top, before) = strides, pads
    line, step, first = width * channels, w.shape[1], y * down - top
    start, stop = max(0, -first), min(size, height - first)
    for column in range(0, columns, PIXELS):
        left, pixels = column * across - before, columns - column
        inside = left >= 0 and left + (PIXELS - 1) * across + SIZE <= width and pixels >= PIXELS
        end, at, to = width - left, x_at + first * line + left * channels, out_at + column * channels
        for c in range(0, channels, WIDTH):
            lanes, of, place = channels - c, at + c, to + c
            if across == 1 and inside and lanes >= WIDTH:
                _neighbours(
                    1,
                    1,
                    flat,
                    of,
                    line,
                    channels,
                    -left,
                    end,
                    start,
                    stop,
                    kernels,
                    c,
                    step,
                    lanes,
                    pixels,
                    target,
                    place,
                )
            elif across == 1:
                _neighbours(
                    1,
                    0,
                    flat,
                    of,
                    line,
                    channels,
                    -left,
                    end,
                    start,
                    stop,
                    kernels,
                    c,
                    step,
                    lanes,
                    pixels,
                    target,
                    place,
                )
            elif inside and lanes >= WIDTH:
                _neighbours(
                    2,
                    1,
                    flat,
                    of,
                    line,
                    channels,
                    -left,
                    end,
                    start,
                    stop,
                    kernels,
                    c,
                    step,
                    lanes,
                    pixels,
                    target,
                    place,
                )
            else:
                _neighbours(
                    2,
                    0,
                    flat,
                    of,
                    line,
                    channels,
                    -left,
                    end,
                    start,
                    stop,
                    kernels,
                    c,
                    step,
                    lanes,
                    pixels,
                    target,
                    place,
                )


@kernel
def convolve(x: Any, w: Any, size: int, out: Any, strides: Any, pads: Any) -> None:
    """Images x (N, H, W, C), kernels w (1 + size·SIZE, C) of `size` rows after the bias → out (N, OH, OW, C).

    `pads` are zeros above and to the left; strides across are 1 or 2.
    """
    images, rows, columns, channels = out.shape
    for task in numba.prange(images * rows):
        row = int(task)
        at, to = row // rows * (x.size // images), row * columns * channels
        _row(x, at, w, size, row % rows, out, to, strides, pads)
