"""The CPU backend: NumPy arrays, with convolution as matrix products on channels-last memory.

Images are (N, C, H, W) to everyone; inside, the channels lie next to each other, so that a row of a window is one run of
memory and one image pixel is one row of a matrix. A convolution's result keeps that order as strides; the next layer finds it.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from .base import Array, Backend
from .window import Ints, Window

# One block of unfolded windows: small enough to stay in a core's cache while it is multiplied, large enough for BLAS.
BLOCK_BYTES = 2 << 20

# With fewer channels than this, a run of channels is too short to copy well, and windows are unfolded tap by tap.
FEW_CHANNELS = 8


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
        return (bits.astype(np.uint64) < round(p * 2**32) if p >= 1 else bits < np.uint32(round(p * 2**32))).reshape(shape)

    def integers(self, low: int, high: int, shape: Ints, dtype: Any) -> Array:
        """Integers in [low, high)."""
        return self._rng.integers(low, high, shape, dtype=dtype)

    def permutation(self, n: int) -> Array:
        """The integers below n in random order."""
        return self._rng.permutation(n)


def _floats(draw: Any, shape: Ints, dtype: Any) -> Array:
    native = dtype in (np.float32, np.float64)
    values = np.asarray(draw(shape, dtype=dtype if native else np.float32))
    return values if native else values.astype(dtype)


class NumpyBackend(Backend):
    """NumPy on the CPU."""

    name = "cpu"
    xp = np
    array_type = np.ndarray

    def __init__(self) -> None:
        self.rng = NumpyGenerator()

    def to_numpy(self, x: Array) -> Any:
        """The array itself."""
        return x

    def new_generator(self) -> NumpyGenerator:
        """A random generator of its own."""
        return NumpyGenerator()

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
        mask.transpose(by_stride).reshape(-1)[...] = self.rng.bernoulli((x.size,), 1 - p)  # no gaps, so a view of the mask
        return mask

    # The reference multiplies once per tap and keeps (N, C, H, W) in memory; one product per block of unfolded windows uses
    # BLAS several times better, and the block bounds the memory.

    def conv2d(self, x: Array, w: Array, window: Window) -> Array:
        """`Backend.conv2d` as one matrix product per block of unfolded windows."""
        if window.rank != 2 or _depthwise(x, w, window):
            return super().conv2d(x, w, window)
        n, (height, width) = x.shape[0], window.output_size(x.shape[2:])
        out = np.empty((n, height, width, w.shape[0]), dtype=x.dtype)
        images = self._channels_last(x, window)
        kernels = _kernel_matrices(w, window.groups)
        for group, (channels, outputs) in enumerate(_group_slices(x.shape[1], w.shape[0], window.groups)):
            for block, columns in _unfold(images[..., channels], window, (height, width)):
                # With one group `out[block]` is a run of whole rows, and the product is written straight into it.
                result = out[block][..., outputs]
                if window.groups == 1 and result.flags.c_contiguous:
                    np.matmul(columns, kernels[group], out=result.reshape(-1, w.shape[0]))
                else:
                    result[...] = (columns @ kernels[group]).reshape(result.shape)
        return out.transpose(0, 3, 1, 2)

    def conv2d_input_grad(self, g: Array, w: Array, shape: Ints, window: Window) -> Array:
        """`Backend.conv2d_input_grad`: for stride 1 a convolution with the turned kernels, else a product per block and tap sums."""
        if window.rank != 2 or _depthwise(shape, w, window):
            return super().conv2d_input_grad(g, w, shape, window)
        if max(window.stride) == 1 and all(e > p for e, pads in zip(window.extent, window.padding, strict=True) for p in pads):
            pads = tuple((e - 1 - a, e - 1 - b) for e, (a, b) in zip(window.extent, window.padding, strict=True))
            turned = Window(window.size, (1, 1), pads, window.dilation, window.groups, op="conv2d_input_grad")
            return self.conv2d(g, _turned(w, window.groups), turned)
        pads = window.pads(shape[2:])
        padded = np.zeros((shape[0], *(n + a + b for n, (a, b) in zip(shape[2:], pads, strict=True)), shape[1]), dtype=g.dtype)
        gradients = np.ascontiguousarray(g.transpose(0, 2, 3, 1))
        kernels = _kernel_matrices(w, window.groups)
        for group, (channels, outputs) in enumerate(_group_slices(shape[1], w.shape[0], window.groups)):
            for images, rows in _blocks(g.shape[0], g.shape[2], g.shape[3] * kernels[group].shape[0] * g.itemsize):
                part = gradients[images, rows, :, outputs]
                columns = part.reshape(-1, part.shape[-1]) @ kernels[group].T
                columns = columns.reshape(*part.shape[:3], *window.size, -1)  # (n, oh, ow, kh, kw, C/G)
                top = rows.start * window.stride[0]
                target = padded[images, top:, :, channels]
                for tap in window.taps():
                    target[(slice(None), *window.slices(tap, part.shape[1:3]))] += columns[:, :, :, *tap]
        (top, _), (left, _) = pads
        return padded[:, top : top + shape[2], left : left + shape[3]].transpose(0, 3, 1, 2)

    def conv2d_weight_grad(self, g: Array, x: Array, window: Window) -> Array:
        """`Backend.conv2d_weight_grad` as one matrix product per block of unfolded windows."""
        if window.rank != 2 or _depthwise(x, g, window):
            return super().conv2d_weight_grad(g, x, window)
        images = self._channels_last(x, window)
        gradients = np.ascontiguousarray(g.transpose(0, 2, 3, 1))
        inputs = x.shape[1] // window.groups
        out = np.zeros((window.groups, window.tap_count * inputs, g.shape[1] // window.groups), dtype=x.dtype)
        for group, (channels, outputs) in enumerate(_group_slices(x.shape[1], g.shape[1], window.groups)):
            for block, columns in _unfold(images[..., channels], window, g.shape[2:]):
                part = gradients[block][..., outputs]
                out[group] += columns.T @ part.reshape(-1, part.shape[-1])
        out = out.reshape(window.groups, *window.size, inputs, -1)  # (G, KH, KW, C/G, O/G)
        return np.ascontiguousarray(out.transpose(0, 4, 3, 1, 2)).reshape(g.shape[1], inputs, *window.size)

    def _channels_last(self, x: Array, window: Window) -> Array:
        """The padded images as a contiguous array (N, H, W, C)."""
        images = x.transpose(0, 2, 3, 1)
        pads = window.pads(x.shape[2:])
        if not any(map(any, pads)):
            return np.ascontiguousarray(images)
        padded = np.zeros((x.shape[0], *(n + a + b for n, (a, b) in zip(x.shape[2:], pads, strict=True)), x.shape[1]), dtype=x.dtype)
        (top, _), (left, _) = pads
        padded[:, top : top + x.shape[2], left : left + x.shape[3]] = images
        return padded


def _depthwise(x: Any, w: Array, window: Window) -> bool:
    """Whether groups are so narrow that a product per tap over all groups at once beats one product per group."""
    channels = (x if isinstance(x, tuple) else x.shape)[1]
    return window.groups > 1 and channels < 8 * window.groups


def _group_slices(inputs: int, outputs: int, groups: int) -> Iterator[tuple[slice, slice]]:
    """For each group, its input channels and its output channels."""
    c, o = inputs // groups, outputs // groups
    return ((slice(i * c, i * c + c), slice(i * o, i * o + o)) for i in range(groups))


def _kernel_matrices(w: Array, groups: int) -> Array:
    """Kernels (O, C/G, KH, KW) as one matrix per group, (G, KH·KW·C/G, O/G): the rows in the order of a window's pixels."""
    kernels = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    return kernels.transpose(0, 3, 4, 2, 1).reshape(groups, -1, kernels.shape[1])


def _turned(w: Array, groups: int) -> Array:
    """Kernels turned by half a turn, inputs and outputs exchanged: (O, C/G, KH, KW) → (C, O/G, KH, KW)."""
    kernels = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])[..., ::-1, ::-1]
    return kernels.swapaxes(1, 2).reshape(-1, kernels.shape[1], *w.shape[2:])


def _blocks(images: int, rows: int, row_bytes: int) -> Iterator[tuple[slice, slice]]:
    """Cut (images, rows) into blocks of at most `BLOCK_BYTES`: several whole images, or some rows of one."""
    fitting = max(BLOCK_BYTES // max(row_bytes, 1), 1)
    if fitting >= rows:
        step = max(fitting // max(rows, 1), 1)
        for start in range(0, images, step):
            yield slice(start, min(start + step, images)), slice(0, rows)
    else:
        for image in range(images):
            for start in range(0, rows, fitting):
                yield slice(image, image + 1), slice(start, min(start + fitting, rows))


def _unfold(images: Array, window: Window, output: Ints) -> Iterator[tuple[tuple[slice, slice], Array]]:
    """Cut the output into blocks; for each, the matrix (pixels of the output, pixels of a window) of what its windows read."""
    channels = images.shape[-1]
    (step_y, step_x), width = window.stride, window.tap_count * channels
    if window.size == (1, 1):
        pixels = images[:, ::step_y, ::step_x][:, : output[0], : output[1]]
        if pixels.flags.c_contiguous:  # every pixel is a row already
            yield (slice(0, len(images)), slice(0, output[0])), pixels.reshape(-1, channels)
            return
    by_tap = channels < FEW_CHANNELS
    buffer = np.empty(0, dtype=images.dtype)
    for part, rows in _blocks(len(images), output[0], output[1] * width * images.itemsize):
        shape = (part.stop - part.start, rows.stop - rows.start, output[1])
        size = shape[0] * shape[1] * shape[2] * width
        if buffer.size < size:
            buffer = np.empty(size, dtype=images.dtype)
        source = images[part, rows.start * step_y :]
        if by_tap:
            columns = buffer[:size].reshape(*window.size, channels, *shape)
            for tap in window.taps():
                columns[tap] = source[(slice(None), *window.slices(tap, shape[1:]))].transpose(3, 0, 1, 2)
            yield (part, rows), columns.reshape(width, -1).T
        else:
            columns = buffer[:size].reshape(*shape, *window.size, channels)
            n, y, x, c = source.strides
            dy, dx = window.dilation
            columns[...] = np.lib.stride_tricks.as_strided(source, columns.shape, (n, y * step_y, x * step_x, y * dy, x * dx, c), writeable=False)
            yield (part, rows), columns.reshape(-1, width)
