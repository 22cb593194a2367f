"""Convolution with a kernel of few columns per channel, compiled: neighbouring pixels share the values they read.

The work is little beside the memory it reads, so no image is padded: at its borders, what lies outside is not loaded.
"""

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .compile import Kernel, kernel, serial
from .simd import FLAGS, WIDTH, emit_load, emit_pointer, emit_store, first_lanes

# Columns of a kernel, and for strides of 1 and 2 as many neighbours as have their sums, and what they read of a row of
# the window, in the registers.
PIXELS = {3: (8, 8), 5: (8, 6), 7: (8, 4)}


@intrinsic(prefer_literal=True)
def _neighbours(
    typing: Any,
    size: Any,
    stride: Any,
    count: Any,
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
    zeros: Any,
    lanes: Any,
    pixels: Any,
    out: Any,
    out_at: Any,
) -> Any:
    """Pixels p at out[out_at + p·channels + j] = w[w_at + j] + Σ_k Σ_i x_ki[j] · w_ki[j].

    x_ki begins at x[x_at + k·row_step + (p·stride + i)·channels].
    p < count, j < 16, i < size, start ≤ k < stop, and w_ki lies (1 + k·size + i)·w_step after the bias at w_at; size,
    stride, count and whole are numbers written in the call. Values of x in columns before `left` or from `width` on,
    counted from x_at, are 0: they are read from w[zeros + j]. Of the result only the first `pixels` are written, and
    unless `whole` is 1 only the first `lanes` channels are read and written.
    """
    taps, step, many, everything = (part.literal_value for part in (size, stride, count, whole))

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        (x, x_at, row_step, channels, left, width, start, stop), (w, w_at, w_step, zeros) = args[4:12], args[12:16]
        lanes, pixels, out, out_at = args[16:]

        def number(n: int) -> Any:
            return ir.Constant(lanes.type, n)

        def readable(column: int) -> Any:
            after = builder.icmp_signed(">=", number(column), left)
            return builder.and_(after, builder.icmp_signed("<", number(column), width))

        columns = [readable(n) for n in range((many - 1) * step + taps)]
        every = None if everything else first_lanes(builder, lanes)
        nothing = emit_pointer(context, builder, sig.args[12], w, zeros)
        target = emit_pointer(context, builder, sig.args[18], out, out_at)
        kernels = emit_pointer(context, builder, sig.args[12], w, w_at)
        bias = emit_load(builder, kernels, 0, every)
        sums = [cgutils.alloca_once_value(builder, bias) for _ in range(many)]
        with cgutils.for_range_slice(builder, start, stop, number(1), start.type) as (k, _):
            offset = builder.add(x_at, builder.mul(k, row_step))
            source = emit_pointer(context, builder, sig.args[4], x, offset)
            row = builder.add(builder.mul(k, number(taps)), number(1))
            factors = [
                emit_load(builder, builder.gep(kernels, [builder.mul(builder.add(row, number(i)), w_step)]), 0, every)
                for i in range(taps)
            ]
            lines = [builder.gep(source, [builder.mul(number(n), channels)]) for n in range(len(columns))]
            values = [
                emit_load(builder, builder.select(valid, line, nothing), 0, every)
                for valid, line in zip(columns, lines, strict=True)
            ]
            for i in range(taps):
                for p in range(many):
                    product = builder.fmul(values[p * step + i], factors[i], flags=FLAGS)
                    builder.store(builder.fadd(builder.load(sums[p]), product, flags=FLAGS), sums[p])
        for p in range(many):
            place = builder.gep(target, [builder.mul(number(p), channels)])
            with builder.if_then(builder.icmp_signed("<", number(p), pixels)):
                emit_store(builder, place, 0, every, builder.load(sums[p]))
        return context.get_dummy_value()

    index = types.intp
    return types.void(
        *(size, stride, count, whole, x, index, index, index, index, index, index, index),
        *(w, index, index, index, index, index, out, index),
    ), generate


# Numba keeps no function that is handed to another: loops are written once, and copied under a name and with numbers of
# their own.
SIZE, NEAR, FAR = 3, *PIXELS[3]
row_of_result: Any = None


def _row(x: Any, x_at: int, w: Any, size: int, y: int, out: Any, out_at: int, strides: Any, pads: Any) -> None:
    """One row of the result, of an image (H, W, C) that begins at x_at."""
    _, height, width, channels = x.shape
    columns = out.shape[2]
    a, b, result = x.reshape(-1), w.reshape(-1), out.reshape(-1)
    (down, across), (top, before) = strides, pads
    line, step, first = width * channels, w.shape[1], y * down - top
    i, j, zeros = max(0, -first), min(size, height - first), (1 + size * SIZE) * step
    many = NEAR if across == 1 else FAR
    for column in range(0, columns, many):
        left, pixels = column * across - before, columns - column
        end, at, to = width - left, x_at + first * line + left * channels, out_at + column * channels
        for c in range(0, channels, WIDTH):
            n, of, place = channels - c, at + c, to + c
            if across == 1 and n >= WIDTH:
                _neighbours(
                    SIZE,
                    1,
                    NEAR,
                    1,
                    a,
                    of,
                    line,
                    channels,
                    -left,
                    end,
                    i,
                    j,
                    b,
                    c,
                    step,
                    zeros,
                    n,
                    pixels,
                    result,
                    place,
                )
            elif across == 1:
                _neighbours(
                    SIZE,
                    1,
                    NEAR,
                    0,
                    a,
                    of,
                    line,
                    channels,
                    -left,
                    end,
                    i,
                    j,
                    b,
                    c,
                    step,
                    zeros,
                    n,
                    pixels,
                    result,
                    place,
                )
            elif n >= WIDTH:
                _neighbours(
                    SIZE,
                    2,
                    FAR,
                    1,
                    a,
                    of,
                    line,
                    channels,
                    -left,
                    end,
                    i,
                    j,
                    b,
                    c,
                    step,
                    zeros,
                    n,
                    pixels,
                    result,
                    place,
                )
            else:
                _neighbours(
                    SIZE,
                    2,
                    FAR,
                    0,
                    a,
                    of,
                    line,
                    channels,
                    -left,
                    end,
                    i,
                    j,
                    b,
                    c,
                    step,
                    zeros,
                    n,
                    pixels,
                    result,
                    place,
                )


def _convolve(x: Any, w: Any, size: int, out: Any, strides: Any, pads: Any) -> None:
    """Images x (N, H, W, C), kernels w (2 + size·columns, C) of `size` rows → out (N, OH, OW, C).

    In w, the bias stands before the kernels, and zeros behind. `pads` are zeros above and to the left; strides across
    are 1 or 2.
    """
    images, rows, columns, channels = out.shape
    for task in numba.prange(images * rows):
        row = int(task)
        at, to = row // rows * (x.size // images), row * columns * channels
        row_of_result(x, at, w, size, row % rows, out, to, strides, pads)


def _with(template: Callable[..., Any], columns: int, **parts: Any) -> Callable[..., Any]:
    near, far = PIXELS[columns]
    made = FunctionType(template.__code__, {**globals(), "SIZE": columns, "NEAR": near, "FAR": far, **parts})
    made.__qualname__ = made.__name__ = f"{template.__name__}_{columns}"
    return made


@cache
def convolve(columns: int) -> Kernel:
    """The kernel (x, w, size, out, strides, pads) for so many columns."""
    return kernel(_with(_convolve, columns, row_of_result=serial(_with(_row, columns))))
