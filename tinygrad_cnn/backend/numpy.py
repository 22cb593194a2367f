"""The CPU backend: NumPy arrays; what NumPy can do faster than the reference, without a compiler.

Every kernel keeps the memory order of what it is given. After a convolution that is channels last, where whole rows of
channels are one run of memory; arrays of two orders in one operation cost several times more.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy as np

from . import cuda
from .base import Array, Kept, lowest, tap_dtype
from .memory import channels_at_end, channels_second, is_alone
from .numpy_convolution import MatrixConvolution
from .window import Ints, Window

# Where several passes over memory serve one result, they are made over blocks of so many values: they stay in cache.
BLOCK = 1 << 16
ROWS = 256  # that are summed in their own precision
FEW = 1 << 10  # values that pass through one call of NumPy's in less time than through several
SMALL = 1 << 13  # so many values pass through a step of descent faster when they are copied together with others


@cache
def _zero(dtype: Any) -> Array:
    return np.zeros((), dtype)


class NumpyGenerator:
    """Random numbers from NumPy's PCG64."""

    def __init__(self) -> None:
        self.seed(None)

    def seed(self, seed: int | None) -> int:
        """Start the stream anew; without a seed, from the operating system's entropy. Returns the seed."""
        sequence = np.random.SeedSequence(seed)
        self._rng = np.random.Generator(np.random.PCG64(sequence))
        entropy = sequence.entropy
        return int(entropy if isinstance(entropy, int) else 0)

    def get_state(self) -> Any:
        """Where the stream is."""
        return self._rng.bit_generator.state

    def set_state(self, state: Any) -> None:
        """Go on from where `get_state` was called."""
        self._rng.bit_generator.state = state

    def uniform(self, shape: Ints, dtype: Any) -> Array:
        """Values in [0, 1)."""
        return _floats(self._rng.random, shape, dtype)

    def normal(self, shape: Ints, dtype: Any) -> Array:
        """Values with mean 0 and variance 1."""
        return _floats(self._rng.standard_normal, shape, dtype)

    def bernoulli(self, shape: Ints, p: float) -> Array:
        """True with probability p, exact to 2⁻³²."""
        # 32 random bits per value, two values per draw: half the cost of drawing floats.
        count = int(np.prod(shape, dtype=np.int64))
        bits = np.asarray(self._rng.bit_generator.random_raw((count + 1) // 2)).view(np.uint32)[:count]
        limit = round(p * 2**32)
        return (bits < np.uint32(limit) if limit < 2**32 else bits.astype(np.uint64) < limit).reshape(shape)

    def integers(self, low: int, high: int, shape: Ints, dtype: Any) -> Array:
        """Integers in [low, high)."""
        return self._rng.integers(low, high, shape, dtype=dtype)

    def permutation(self, n: int) -> Array:
        """The integers below n in random order."""
        return self._rng.permutation(n)

    def poisson(self, rates: Array) -> Array:
        """How many events happen, for each mean number of them."""
        return self._rng.poisson(rates)


def _floats(draw: Any, shape: Ints, dtype: Any) -> Array:
    native = dtype in (np.float32, np.float64)
    values = np.asarray(draw(shape, dtype=dtype if native else np.float32))
    return values if native else values.astype(dtype)


class NumpyBackend(MatrixConvolution):
    """NumPy on the CPU."""

    name = "cpu"
    xp = np
    array_type = np.ndarray

    def __init__(self) -> None:
        self.rng = NumpyGenerator()

    def pinned(self, x: Array) -> Array:
        """`Backend.pinned`: CUDA's devices read it."""
        return cuda.pinned(x)

    def is_pinned(self, x: Array) -> bool:
        """`Backend.is_pinned`."""
        return cuda.is_pinned(x)

    def to_numpy(self, x: Array) -> Any:
        """The array itself."""
        return x

    def new_generator(self) -> NumpyGenerator:
        """A random generator of its own."""
        return NumpyGenerator()

    def owns_memory(self, x: Array) -> bool:
        """`Backend.owns_memory`, for arrays of `memory.py` too."""
        return is_alone(x)

    def quiet(self) -> AbstractContextManager[Any]:
        """NumPy's floating-point warnings off."""
        return np.errstate(all="ignore")

    # A mask in the order of x's memory: multiplying arrays of two orders costs several times more.

    def dropout_mask(self, x: Array, p: float, shape: Ints) -> Array:
        """`Backend.dropout_mask`, drawn along the memory of x."""
        if shape != x.shape:
            return super().dropout_mask(x, p, shape)
        mask = np.empty_like(x, dtype=bool)
        by_stride = sorted(range(x.ndim), key=lambda dim: -mask.strides[dim])
        mask.transpose(by_stride).reshape(-1)[...] = self.rng.bernoulli(
            (x.size,), 1 - p
        )  # no gaps, so a view of the mask
        return mask

    # To make an array of a Python number costs NumPy as much as a small maximum.

    def relu(self, x: Array) -> Array:
        """`Backend.relu` with a zero that is kept."""
        return np.maximum(x, _zero(x.dtype))

    # NumPy chooses between random values slowly, and makes no numbers of booleans: the mask is made of integers, whose
    # bits are all 0 or all 1.

    def relu_grad(self, g: Array, out: Array) -> Array:
        """`Backend.relu_grad` by bits, in the memory order of out."""
        if out.size < FEW:
            zero = _zero(g.dtype)
            return np.where(out <= zero, zero, g)
        return _without(out <= 0, g) if _alike(g, out) else super().relu_grad(g, out)

    def hardtanh_grad(self, g: Array, x: Array, low: float, high: float) -> Array:
        """`Backend.hardtanh_grad` by bits, in the memory order of x."""
        return _without((x <= low) | (x >= high), g) if _alike(g, x) else super().hardtanh_grad(g, x, low, high)

    # The reference's tests for NaN, and its `where` over random conditions, which no processor predicts, cost ten times
    # what maxima and products cost.

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """`Backend.max_pool2d` by maxima alone: where one changes the result is its tap; the reference for NaN."""
        views = self.tap_views(self.pad(x, window, lowest(np, x.dtype)), window, window.output_size(x.shape[2:]))
        values = next(views).copy(order="K")
        taps = np.zeros_like(values, dtype=tap_dtype(np, window))
        for number, view in enumerate(views, start=1):
            larger = np.maximum(values, view)
            changed = (larger != values).view(np.uint8).astype(taps.dtype, copy=False)
            changed *= taps.dtype.type(number)
            np.maximum(taps, changed, out=taps)
            values = larger
        if values.dtype.kind == "f" and values.size and np.isnan(values.min()):
            return super().max_pool2d(x, window)
        return values, taps

    def pool_scatter(self, g: Array, taps: Array, shape: Ints, window: Window) -> Array:
        """`Backend.pool_scatter` in the memory order of the taps; without overlap every pixel is written once."""
        padded, apart = self._image_around(taps, shape, g.dtype, window)
        g = _in_order_of(taps, g)
        for number, view in enumerate(self.tap_views(padded, window, taps.shape[2:])):
            if apart:
                np.multiply(g, taps == number, out=view)
            else:
                view += g * (taps == number)
        return self.crop(padded, shape, window)

    def sum_windows(self, x: Array, window: Window) -> Array:
        """`Backend.sum_windows` in the memory order of x."""
        views = self.tap_views(self.pad(x, window), window, window.output_size(x.shape[2:]))
        out = next(views).copy(order="K")
        for view in views:
            out += view
        return out

    def spread_windows(self, g: Array, shape: Ints, window: Window) -> Array:
        """`Backend.spread_windows` in the memory order of g; without overlap every pixel is written once."""
        padded, apart = self._image_around(g, shape, g.dtype, window)
        for view in self.tap_views(padded, window, g.shape[2:]):
            if apart:
                view[...] = g
            else:
                view += g
        return self.crop(padded, shape, window)

    def pad(self, x: Array, window: Window, value: Any = 0) -> Array:
        """`Backend.pad` in the memory order of x."""
        pads = window.pads(x.shape[2:])
        if not any(map(any, pads)):
            return x
        padded = np.empty_like(x, shape=self._padded_shape(x.shape, pads), subok=False)
        padded.fill(value)
        padded[self._inner(x.shape, pads)] = x
        return padded

    def _image_around(self, like: Array, shape: Ints, dtype: Any, window: Window) -> tuple[Array, bool]:
        """Memory for a padded image of this shape, and whether windows lie apart, so that their pixels need no sums.

        It holds zeros, unless the windows cover all of it without overlap.
        """
        padded = np.empty_like(like, shape=self._padded_shape(shape, window.pads(shape[2:])), dtype=dtype)
        covered = tuple(n * k for n, k in zip(like.shape[2:], window.size, strict=True))
        if window.size != window.stride or max(window.dilation) > 1 or covered != padded.shape[2:]:
            padded.fill(0)
        return padded, not window.overlaps

    # NumPy adds rows one after the other, slowly, and errors grow with their number. Short products with a row of ones
    # are eight times faster, and their few sums are added in float64.

    def channel_sum(self, x: Array) -> Array:
        """`Backend.channel_sum` for channels-last memory."""
        rows = _rows_of_channels(x)
        if rows is None or x.dtype.kind != "f":
            return super().channel_sum(x)
        if len(rows) <= ROWS:
            return np.ones(len(rows), x.dtype) @ rows
        whole = len(rows) // ROWS * ROWS
        blocks = rows[:whole].reshape(-1, ROWS, rows.shape[1])
        sums = np.matmul(np.ones((1, ROWS), dtype=x.dtype), blocks).sum(axis=0, dtype=np.float64)[0]
        return (sums + rows[whole:].sum(axis=0, dtype=np.float64)).astype(x.dtype)

    def pixel_sum(self, x: Array) -> Array:
        """`Backend.pixel_sum` for channels-last memory."""
        last = channels_at_end(x)
        if not last.flags.c_contiguous or not x.size or x.dtype.kind != "f" or x.size > ROWS * x.shape[0] * x.shape[1]:
            return super().pixel_sum(x)
        pixels = last.reshape(x.shape[0], -1, x.shape[1])
        return np.matmul(np.ones((1, pixels.shape[1]), dtype=x.dtype), pixels)[:, 0]

    # The reference makes about ten passes over memory each way. Here rows of channels are taken block by block, and
    # what several passes need stays in the cache; sums over rows are products with a row of ones.

    def batch_norm(self, x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
        """`Backend.batch_norm` for channels-last memory."""
        rows = _rows_of_channels(x)
        if rows is None:
            return super().batch_norm(x, weight, bias, eps)
        count, blocks = len(rows), list(_row_blocks(rows))
        ones = np.ones(blocks[0].stop, dtype=x.dtype)
        mean = np.zeros(rows.shape[1], dtype=x.dtype)
        for block in blocks:
            mean += ones[: block.stop - block.start] @ rows[block]
        mean /= count
        variance = np.zeros_like(mean)
        for block in blocks:
            centred = rows[block] - mean
            centred *= centred
            variance += ones[: len(centred)] @ centred
        variance /= count
        invstd = 1 / np.sqrt(variance + eps)
        scale = invstd if weight is None else invstd * weight
        out = np.empty_like(rows)
        for block in blocks:
            centred = np.subtract(rows[block], mean, out=out[block])
            centred *= scale
            if bias is not None:
                centred += bias
        return _images_of_channels(out, x), mean, invstd

    def batch_norm_input_grad(
        self, g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array
    ) -> tuple[Array, Array, Array]:
        """`Backend.batch_norm_input_grad` for channels-last memory."""
        rows = _rows_of_channels(x)
        if rows is None or g.dtype != x.dtype:
            return super().batch_norm_input_grad(g, x, weight, mean, invstd)
        gradients = _rows_of_channels(_in_order_of(x, g))
        assert gradients is not None
        count, blocks = len(rows), list(_row_blocks(rows))
        ones = np.ones(blocks[0].stop, dtype=x.dtype)
        weight_grad, bias_grad = np.zeros_like(mean), np.zeros_like(mean)
        for block in blocks:
            part = gradients[block]
            centred = rows[block] - mean
            centred *= part
            weight_grad += ones[: len(part)] @ centred
            bias_grad += ones[: len(part)] @ part
        weight_grad *= invstd
        # s·(g − Σg/n − x̂·Σgx̂/n) as s·g + slope·(x − mean) + offset, with numbers per channel
        scale = invstd if weight is None else invstd * weight
        slope, offset = -scale * invstd * weight_grad / count, -scale * bias_grad / count
        out = np.empty_like(rows)
        for block in blocks:
            centred = rows[block] - mean
            centred *= slope
            centred += offset
            np.multiply(gradients[block], scale, out=out[block])
            out[block] += centred
        return _images_of_channels(out, x), weight_grad, bias_grad

    # Each pass of a step costs about a microsecond before it begins. Small parameters are gathered, and take the passes
    # together.

    def adam_steps(
        self,
        parameters: Sequence[Array],
        gradients: Sequence[Array],
        means: Sequence[Array],
        squares: Sequence[Array],
        largest: Sequence[Array] | None,
        *,
        steps: Sequence[int],
        kept: Kept,
        **options: Any,
    ) -> None:
        """`Backend.adam_steps` with few passes."""
        columns = [parameters, gradients, means, squares, *([] if largest is None else [largest])]
        for step, (p, g, mean, square, *most) in _joined(columns, steps):
            self.adam_step(p, g, mean, square, most[0] if most else None, step=step, **options)

    # Each term of the reference's formula makes an array of the parameter's size, whose fresh pages cost more than the
    # arithmetic. Blocks of values pass through a scratch block instead.

    def adam_step(
        self,
        p: Array,
        g: Array,
        mean: Array,
        square: Array,
        largest: Array | None,
        *,
        step: int,
        lr: float,
        beta1: float,
        beta2: float,
        eps: float,
        weight_decay: float,
        decoupled: bool,
    ) -> None:
        """`Backend.adam_step` block by block."""
        arrays = [p, g, mean, square] if largest is None else [p, g, mean, square, largest]
        if p.dtype != g.dtype or not all(a.flags.c_contiguous for a in arrays):
            options: dict[str, Any] = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}
            super().adam_step(p, g, mean, square, largest, step=step, lr=lr, decoupled=decoupled, **options)
            return
        flat = [a.reshape(-1) for a in arrays]
        correction = (1 - beta2**step) ** 0.5
        rate, floor = lr * correction / (1 - beta1**step), eps * correction
        scratch = np.empty(min(p.size, BLOCK), dtype=p.dtype)
        for start in range(0, p.size, BLOCK):
            p, g, mean, square, *rest = (a[start : start + BLOCK] for a in flat)
            s = scratch[: len(p)]
            if weight_decay and decoupled:
                p *= 1 - lr * weight_decay
            elif weight_decay:
                g = g + weight_decay * p
            np.subtract(g, mean, out=s)
            s *= 1 - beta1
            mean += s
            np.multiply(g, g, out=s)
            s *= 1 - beta2
            square *= beta2
            square += s
            if rest:
                np.maximum(rest[0], square, out=rest[0])
            np.sqrt(rest[0] if rest else square, out=s)
            s += floor
            np.divide(mean, s, out=s)
            s *= rate
            p -= s


def _joined(columns: Sequence[Sequence[Array]], kinds: Sequence[Any]) -> Iterator[tuple[Any, list[Array]]]:
    """Rows of arrays of one shape, to be changed in place by the caller: large ones one by one, small ones joined.

    Only rows of one kind and one dtype are joined. What was written to all but the second column, which holds
    gradients, is copied back when the caller asks for the next.
    """
    joined: dict[Any, list[list[Array]]] = {}
    for kind, *row in zip(kinds, *columns, strict=True):
        dtype = row[0].dtype
        if row[0].size <= SMALL and all(array.dtype is dtype for array in row):
            joined.setdefault((kind, dtype.char), []).append(row)
        else:
            yield kind, row
    for (kind, _), rows in joined.items():
        if len(rows) == 1:
            yield kind, rows[0]
            continue
        flat = [np.concatenate([array.reshape(-1) for array in column]) for column in zip(*rows, strict=True)]
        yield kind, flat
        start = 0
        for row in rows:
            part = slice(start, start := start + row[0].size)
            for i, array in enumerate(row):
                if i != 1:
                    array[...] = flat[i][part].reshape(array.shape)


def _in_order_of(like: Array, x: Array) -> Array:
    """x, or a copy whose memory has the order of another array of its shape."""
    if [n // like.itemsize for n in like.strides] == [n // x.itemsize for n in x.strides]:
        return x
    copy = np.empty_like(like, dtype=x.dtype)
    copy[...] = x
    return copy


def _rows_of_channels(x: Array) -> Array | None:
    """(N, C, …) in channels-last memory as a matrix (pixels, C), without a copy; None for another order, or nothing."""
    last = channels_at_end(x)
    return last.reshape(-1, x.shape[1]) if last.flags.c_contiguous and x.size else None


def _images_of_channels(rows: Array, like: Array) -> Array:
    """The inverse of `_rows_of_channels`."""
    return channels_second(rows.reshape(like.shape[0], *like.shape[2:], like.shape[1]))


def _row_blocks(rows: Array) -> Iterator[slice]:
    """Cut a matrix into blocks of rows of about `BLOCK` values."""
    step = max(BLOCK // rows.shape[1], 1)
    return (slice(start, min(start + step, len(rows))) for start in range(0, len(rows), step))


def _alike(g: Array, x: Array) -> bool:
    """Whether a gradient and what belongs to it have one shape and one dtype of 32 or 64 bits."""
    return bool(g.shape == x.shape and g.dtype == x.dtype and x.dtype in (np.float32, np.float64))


def _without(dropped: Array, g: Array) -> Array:
    """g, or 0 where a condition holds."""
    kept = np.subtract(dropped.view(np.int8), 1, dtype=np.int32 if g.itemsize == 4 else np.int64)
    kept &= g.view(kept.dtype)
    return kept.view(g.dtype)
