"""What a backend must offer, and every kernel once, plainly, for any array library with NumPy's names.

This is the reference: a reader learns from it, a new backend starts from it, every faster kernel is tested against it.
Convolution and pooling are sums over the taps of a window: for each tap, one strided slice of the padded image holds
what all windows read there.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import prod
from typing import Any

from .activations import ActivationKernels
from .generator import RandomGenerator
from .graph import Graph
from .normalization import NormalizationKernels, per_channel
from .recurrent import RecurrentKernels
from .window import Ints, Window

Array = Any


class Kept:
    """What a backend worked out about arrays that it expects to be given again; not for copies, whose arrays differ.

    A backend must look whether the arrays are the same ones before it relies on it.
    """

    what: Any = None

    def __reduce__(self) -> tuple[type["Kept"], tuple[()]]:
        return Kept, ()


class Backend(ActivationKernels, NormalizationKernels, RecurrentKernels):
    """One kind of array on one device.

    Attributes:
        name: the device it computes on, such as `cpu` or `cuda:0`.
        xp: the array library, with NumPy 2's names and promotion.
        array_type: the class of its arrays.
        rng: the device's default random generator.
        full_precision: policies of operations (`ops/precision.py`) that autocast runs in float32 here.
        only_stored: characters of the float dtypes that it keeps in memory and computes with in float32.
    """

    name: str
    xp: Any
    array_type: type[Any]
    rng: RandomGenerator
    only_stored = "eE"  # float16 and bfloat16
    full_precision: tuple[str, ...] = ("full",)

    def holds(self, array: Any) -> bool:
        """Whether this is an array of the backend, on its device."""
        return isinstance(array, self.array_type)

    def enter(self) -> None:
        """Get ready to make arrays: what is made next, in this thread, is made on this device."""

    # transfer ---------------------------------------------------------------------------------------------------------

    def asarray(self, values: Any, dtype: Any = None) -> Array:
        """An array of this backend with these values, sharing their memory where that is possible."""
        return self.xp.asarray(values, dtype=dtype)

    def to_numpy(self, x: Array) -> Any:
        """The values as a NumPy array, sharing memory where that is possible."""
        raise NotImplementedError

    def copy_from(self, other: "Backend", x: Array) -> Array:
        """The array x of another backend as an array of this one."""
        return self.asarray(other.to_numpy(x))

    def pinned(self, x: Array) -> Array:
        """A copy in memory that another device reads by itself; x where there is none."""
        return x

    def is_pinned(self, x: Array) -> bool:
        """Whether an array is in such memory."""
        return False

    def finish_uploads(self) -> None:
        """Wait until what `copy_from` reads may be written to."""

    def from_dlpack(self, x: Any) -> Array:
        """An array on the memory of another library's, which is on this device."""
        return self.xp.from_dlpack(x)

    def synchronize(self) -> None:
        """Wait until everything that was started on the device is done."""

    def new_generator(self) -> RandomGenerator:
        """A random generator of its own, seeded from the operating system."""
        raise NotImplementedError

    def new_graph(self) -> Graph | None:
        """Something to capture work into; None where a backend can't."""
        return None

    def shares_memory(self, a: Array, b: Array) -> bool:
        """Whether one of the arrays may be a view of the other (or of the same memory)."""
        return bool(self.xp.may_share_memory(a, b))

    def address(self, x: Array) -> int:
        """Where in memory its first element is."""
        return int(x.__array_interface__["data"][0])

    def owns_memory(self, x: Array) -> bool:
        """Whether no other array looks at the memory of this one: False where that is not certain."""
        return x.base is None

    def row_major(self, x: Array) -> Array:
        """The values in row-major order, copied where they are in another."""
        return self.xp.ascontiguousarray(x)

    def quiet(self) -> AbstractContextManager[Any]:
        """A block in which 1 / 0 and the like give ±inf and NaN without a warning."""
        return nullcontext()

    # convolution ------------------------------------------------------------------------------------------------------

    def conv2d(self, x: Array, w: Array, b: Array | None, window: Window) -> Array:
        """Cross-correlate images (N, C, *image) with kernels (O, C/groups, *size), add b (O) or None → (N, O, *output).

        out[n, o, i] = Σ_c Σ_t x[n, c, s·i + d·t − p] · w[o, c, t] + b[o], c running over the channels of o's group.
        """
        groups, output = window.groups, window.output_size(x.shape[2:])
        images = self._grouped(self.pad(x, window), groups)  # (N, G, C/G, *padded)
        kernels = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])  # (G, O/G, C/G, *size)
        out = self.xp.zeros((x.shape[0], groups, kernels.shape[1], prod(output)), dtype=x.dtype)
        for tap in window.taps():
            pixels = images[(..., *window.slices(tap, output))]
            out += kernels[(..., *tap)] @ _flat(pixels)  # (G, O/G, C/G) @ (N, G, C/G, L)
        out = out.reshape(x.shape[0], w.shape[0], *output)
        return out if b is None else out + per_channel(b, out)

    def conv2d_input_grad(self, g: Array, w: Array, shape: Ints, window: Window) -> Array:
        """The adjoint of `conv2d` in its images: where a window read, its gradient times the weight is added."""
        groups, output = window.groups, g.shape[2:]
        gradients = _flat(self._grouped(g, groups))  # (N, G, O/G, L)
        kernels = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
        padded = self._padded_zeros(shape, g.dtype, window)
        images = self._grouped(padded, groups)
        for tap in window.taps():
            share = kernels[(..., *tap)].swapaxes(1, 2) @ gradients  # (N, G, C/G, L)
            images[(..., *window.slices(tap, output))] += share.reshape(*share.shape[:3], *output)
        return self.crop(padded, shape, window)

    def conv2d_weight_grad(self, g: Array, x: Array, window: Window) -> Array:
        """The adjoint of `conv2d` in its kernels: each weight collects output gradient times the pixel it met."""
        groups, output = window.groups, g.shape[2:]
        images = self._grouped(self.pad(x, window), groups)
        gradients = _flat(self._grouped(g, groups))  # (N, G, O/G, L)
        out = self.xp.zeros((groups, g.shape[1] // groups, x.shape[1] // groups, *window.size), dtype=x.dtype)
        for tap in window.taps():
            pixels = _flat(images[(..., *window.slices(tap, output))])
            out[(..., *tap)] = self.xp.sum(gradients @ pixels.swapaxes(2, 3), axis=0)  # (G, O/G, C/G)
        return out.reshape(g.shape[1], *out.shape[2:])

    # pooling ----------------------------------------------------------------------------------------------------------

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """Maximum in each window, and the number of the tap that holds it; the first of equals, and NaN above all."""
        xp = self.xp
        views = self.tap_views(self.pad(x, window, lowest(xp, x.dtype)), window, window.output_size(x.shape[2:]))
        values = next(views).copy()
        taps = xp.zeros_like(values, dtype=tap_dtype(xp, window))
        for number, view in enumerate(views, start=1):
            better = (view > values) | ((view != view) & (values == values))  # noqa: PLR0124 - NaN differs from itself
            values = xp.where(better, view, values)
            taps = xp.where(better, taps.dtype.type(number), taps)
        return values, taps

    def pools_like_relu(self, x: Array, window: Window) -> bool:
        """Whether relu and max pooling of such images may change places, and their gradients, and give the same bits.

        That is so where all zeros that they make are positive, so that a sum or a maximum has but one zero.
        """
        return False

    def pool_gather(self, x: Array, taps: Array, window: Window) -> Array:
        """From each window take the pixel at its tap: (N, C, *image), (N, C, *output) → (N, C, *output)."""
        out = self.xp.zeros_like(taps, dtype=x.dtype)
        for number, view in enumerate(self.tap_views(self.pad(x, window), window, taps.shape[2:])):
            out = self.xp.where(taps == number, view, out)
        return out

    def pool_scatter(self, g: Array, taps: Array, shape: Ints, window: Window) -> Array:
        """The adjoint of `pool_gather`: add each value to the pixel at its window's tap of an image of zeros."""
        padded = self._padded_zeros(shape, g.dtype, window)
        for number, view in enumerate(self.tap_views(padded, window, taps.shape[2:])):
            view += g * (taps == number)
        return self.crop(padded, shape, window)

    def sum_windows(self, x: Array, window: Window) -> Array:
        """Sum of each window, padding counting as zeros."""
        views = self.tap_views(self.pad(x, window), window, window.output_size(x.shape[2:]))
        out = next(views).copy()
        for view in views:
            out += view
        return out

    def spread_windows(self, g: Array, shape: Ints, window: Window) -> Array:
        """The adjoint of `sum_windows`: every pixel of a window receives the window's value."""
        padded = self._padded_zeros(shape, g.dtype, window)
        for view in self.tap_views(padded, window, g.shape[2:]):
            view += g
        return self.crop(padded, shape, window)

    # products ---------------------------------------------------------------------------------------------------------

    def matmul(self, x: Array, y: Array) -> Array:
        """Matrix products of the last two dimensions, (…, n, k) @ (…, k, m) → (…, n, m); those before broadcast."""
        with self.quiet():
            return self.xp.matmul(x, y)

    def linear(self, x: Array, w: Array, b: Array | None) -> Array:
        """x wᵀ + b: (…, in), (out, in), (out) → (…, out)."""
        with self.quiet():
            out = self.xp.matmul(x, w.T)
            if b is not None:
                out += b
            return out

    def conv2d_relu(self, x: Array, w: Array, b: Array | None, window: Window) -> Array:
        """`conv2d` whose result goes through `relu`."""
        return self.relu_over(self.conv2d(x, w, b, window))

    def linear_relu(self, x: Array, w: Array, b: Array | None) -> Array:
        """`linear` whose result goes through `relu`."""
        return self.relu_over(self.linear(x, w, b))

    # sums -------------------------------------------------------------------------------------------------------------

    def channel_sum(self, x: Array) -> Array:
        """The sum of each channel over batch and space: (N, C, …) → (C)."""
        return self.xp.sum(x, axis=(0, *range(2, x.ndim)), dtype=x.dtype)

    def pixel_sum(self, x: Array) -> Array:
        """The sum of each channel of each image: (N, C, *image) → (N, C)."""
        return self.xp.sum(x, axis=tuple(range(2, x.ndim)), dtype=x.dtype)

    # indexing ---------------------------------------------------------------------------------------------------------

    def all_below(self, x: Array, count: int) -> bool:
        """Whether all int64 numbers lie in [0, count)."""
        return not (x.view("uint64") >= count).any()  # negative ones too are large without a sign

    def scatter_add(self, positions: Array, values: Array, shape: Ints) -> Array:
        """Zeros of this shape, with each value added at its position in the flattened array; positions may repeat."""
        if values.dtype.kind != "f":  # sums in float64 would round large integers
            sums = self.xp.zeros(prod(shape), dtype=values.dtype)
            self.xp.add.at(sums, positions.reshape(-1), values.reshape(-1))
        else:
            sums = self.xp.bincount(positions.reshape(-1), weights=values.reshape(-1), minlength=prod(shape))
        return sums.astype(values.dtype, copy=False).reshape(shape)

    # fused kernels ----------------------------------------------------------------------------------------------------

    def dropout_mask(self, x: Array, p: float, shape: Ints) -> Array:
        """Booleans, each true with probability 1 − p."""
        return self.rng.bernoulli(shape, 1 - p)

    def dropout(self, x: Array, p: float, shape: Ints) -> tuple[Array, Array]:
        """`apply_mask` with a fresh mask of this shape, and the mask."""
        mask = self.dropout_mask(x, p, shape)
        return self.apply_mask(x, mask, p), mask

    def apply_mask(self, x: Array, mask: Array, p: float) -> Array:
        """x / (1 − p) where the mask holds, else 0."""
        out = x * mask
        if p < 1:
            out *= 1 / (1 - p)
        return out

    def cross_entropy(self, x: Array, target: Array) -> Array:
        """The mean of `softmax_cross_entropy`: () of no dimension."""
        with self.quiet():
            return self.xp.true_divide(self.softmax_cross_entropy(x, target).sum(), len(x))

    def softmax_cross_entropy(self, x: Array, target: Array) -> Array:
        """−ln softmax(x)[target] for each row: scores (N, C), class numbers (N) → (N)."""
        xp = self.xp
        with self.quiet():
            shifted = x - xp.max(x, axis=1, keepdims=True)
            return xp.log(xp.sum(xp.exp(shifted), axis=1)) - xp.take_along_axis(shifted, target[:, None], axis=1)[:, 0]

    def softmax_cross_entropy_grad(self, g: Array, x: Array, target: Array) -> Array:
        """g · (softmax(x) − one-hot(target)), row by row; g is (N), or one number for all rows."""
        xp = self.xp
        with self.quiet():
            out = xp.exp(x - xp.max(x, axis=1, keepdims=True))
            out /= xp.sum(out, axis=1, keepdims=True)
        out[xp.arange(len(target)), target] -= 1
        out *= g[:, None] if g.ndim else g
        return out

    def norm(self, arrays: Sequence[Array]) -> Array:
        """√Σ x² over all values of all arrays."""
        parts = [self.xp.vdot(flat, flat) for flat in (x.reshape(-1) for x in arrays)]
        return self.xp.sqrt(sum(parts[1:], parts[0]))

    def shrink(self, arrays: Sequence[Array], norm: Array, most: float) -> bool:
        """Scale arrays of this norm in place so that it is at most `most`; whether they may have changed."""
        factor = most / (float(norm) + 1e-6)
        if factor < 1 or factor != factor:  # noqa: PLR0124 - a NaN spreads, so that it is seen
            for x in arrays:
                x *= factor
            return True
        return False

    def sgd_steps(
        self,
        parameters: Sequence[Array],
        gradients: Sequence[Array],
        buffers: Sequence[Array] | None,
        *,
        dampenings: Sequence[float],
        kept: "Kept",
        **options: Any,
    ) -> None:
        """`sgd_step` for parameters that share no memory, each with its dampening.

        The caller gives the same `kept` for the same parameters, and a backend may leave something there.
        """
        for i, (p, g, dampening) in enumerate(zip(parameters, gradients, dampenings, strict=True)):
            self.sgd_step(p, g, None if buffers is None else buffers[i], dampening=dampening, **options)

    def sgd_step(
        self,
        p: Array,
        g: Array,
        momentum_buffer: Array | None,
        *,
        lr: float,
        momentum: float,
        dampening: float,
        nesterov: bool,
        weight_decay: float,
    ) -> None:
        """One step of descent in place: buffer ← momentum · buffer + (1 − dampening) · g;  p ← p − lr · step."""
        if weight_decay:
            g = g + weight_decay * p
        if momentum_buffer is not None:
            momentum_buffer *= momentum
            momentum_buffer += (1 - dampening) * g
            g = g + momentum * momentum_buffer if nesterov else momentum_buffer
        p -= lr * g

    def adam_steps(
        self,
        parameters: Sequence[Array],
        gradients: Sequence[Array],
        means: Sequence[Array],
        squares: Sequence[Array],
        largest: Sequence[Array] | None,
        *,
        steps: Sequence[int],
        kept: "Kept",
        **options: Any,
    ) -> None:
        """`adam_step` for parameters that share no memory, each with the number of its step; see `sgd_steps`."""
        for i, step in enumerate(steps):
            most = None if largest is None else largest[i]
            self.adam_step(parameters[i], gradients[i], means[i], squares[i], most, step=step, **options)

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
        """One step of Adam in place (Kingma & Ba 2015, algorithm 1); AMSGrad divides by the maxima in `largest`.

        Weight decay is added to the gradient, or when decoupled taken from the weights (Loshchilov & Hutter 2019).
        """
        if weight_decay and decoupled:
            p *= 1 - lr * weight_decay
        elif weight_decay:
            g = g + weight_decay * p
        mean += (1 - beta1) * (g - mean)
        square *= beta2
        square += (1 - beta2) * g * g
        spread = square
        if largest is not None:
            self.xp.maximum(largest, square, out=largest)
            spread = largest
        p -= (lr / (1 - beta1**step)) * mean / (self.xp.sqrt(spread) / (1 - beta2**step) ** 0.5 + eps)

    # helpers of the kernels above -------------------------------------------------------------------------------------

    def pad(self, x: Array, window: Window, value: Any = 0) -> Array:
        """x with the window's padding around its spatial dimensions."""
        pads = window.pads(x.shape[2:])
        if not any(map(any, pads)):
            return x
        padded = self.xp.full(self._padded_shape(x.shape, pads), value, dtype=x.dtype)
        padded[self._inner(x.shape, pads)] = x
        return padded

    def crop(self, padded: Array, shape: Ints, window: Window) -> Array:
        """The image of this shape inside a padded one."""
        return padded[self._inner(shape, window.pads(shape[2:]))]

    def tap_views(self, padded: Array, window: Window, output: Sequence[int]) -> Iterator[Array]:
        """For each tap, a view of what all windows read there: arrays (N, C, *output)."""
        return (padded[(..., *window.slices(tap, output))] for tap in window.taps())

    def _padded_zeros(self, shape: Ints, dtype: Any, window: Window) -> Array:
        return self.xp.zeros(self._padded_shape(shape, window.pads(shape[2:])), dtype=dtype)

    @staticmethod
    def _padded_shape(shape: Ints, pads: tuple[tuple[int, int], ...]) -> Ints:
        return (*shape[:2], *(n + a + b for n, (a, b) in zip(shape[2:], pads, strict=True)))

    @staticmethod
    def _inner(shape: Ints, pads: tuple[tuple[int, int], ...]) -> tuple[Any, ...]:
        return (..., *(slice(a, a + n) for n, (a, _) in zip(shape[2:], pads, strict=True)))

    @staticmethod
    def _grouped(x: Array, groups: int) -> Array:
        """(N, C, *image) → (N, G, C/G, *image)."""
        return x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])


def _flat(x: Array) -> Array:
    """(N, G, C, *image) → (N, G, C, pixels), for empty batches too."""
    return x.reshape(*x.shape[:3], prod(x.shape[3:]))


def lowest(xp: Any, dtype: Any) -> Any:
    """The value that no other is below: −∞, or the smallest integer."""
    return -xp.inf if dtype.kind == "f" else xp.iinfo(dtype).min


def tap_dtype(xp: Any, window: Window) -> Any:
    """The smallest unsigned integer that can number the window's taps."""
    return xp.dtype(xp.uint8 if window.tap_count <= 256 else xp.uint32)
