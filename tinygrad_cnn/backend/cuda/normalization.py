"""Normalisation and sums per channel on CUDA: a pass for the sums, a pass for the result, over channels-last memory."""

from math import prod
from typing import Any

import numpy as np

from ..base import Backend
from ..memory import channels_second
from .array import in_rows
from .kernels import THREADS, computing_type, divisor_argument, launch, packs, threads_for, type_name
from .memory import channels_last, contiguous, empty
from .pooling import FLOATS
from .products import MULTIPLIED

LANES = 1 << 18  # threads that sum together, over all channels


def _lanes(rows: int, channels: int) -> int:
    """How many threads share the rows of a channel."""
    return max(1, min(rows, LANES // max(channels, 1)))


class Normalization(Backend):
    """Batch normalisation of CUDA arrays. The reference makes about ten passes over memory each way."""

    joins_relu = True

    def channel_sum(self, x: Any) -> Any:
        """`Backend.channel_sum`: CuPy's sum over channels-last images reads memory in long strides."""
        if x.dtype.char not in MULTIPLIED or not x.size or x.ndim < 2:
            return super().channel_sum(x)
        rows, channels = channels_last(x), x.shape[1]
        count, kind, accumulated = x.size // channels, type_name(x.dtype), computing_type(x.dtype)
        lanes = _lanes(count, channels)
        sums, out = empty((lanes, channels), accumulated), empty((channels,), x.dtype)
        c, n = np.uint32(channels), np.uint32(lanes)
        launch("channels", "channel_sums", kind, sums.size, rows, sums, x.size, c, n)
        self._add_lanes(kind, sums, out)
        return out

    @staticmethod
    def _add_lanes(kind: str, sums: Any, out: Any) -> None:
        lanes, channels = sums.shape
        c, n = np.uint32(channels), np.uint32(lanes)
        launch("channels", "add_lanes", kind, channels, sums, out, c, n, threads=THREADS)

    def batch_norm(self, x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
        """`Backend.batch_norm`."""
        if not _plain(x, weight, bias):
            return super().batch_norm(x, weight, bias, eps)
        return self._normalized(x, weight, bias, eps, rectified=False)

    def batch_norm_relu(self, x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
        """`Backend.batch_norm_relu` in the same passes."""
        if not _plain(x, weight, bias):
            return super().batch_norm_relu(x, weight, bias, eps)
        return self._normalized(x, weight, bias, eps, rectified=True)

    @staticmethod
    def _normalized(x: Any, weight: Any, bias: Any, eps: float, rectified: bool) -> tuple[Any, Any, Any]:
        rows, channels = channels_last(x), x.shape[1]
        count, kind = x.size // channels, type_name(x.dtype)
        lanes, by = _lanes(count, channels), divisor_argument(channels)
        sums, squares = (empty((lanes, channels), computing_type(x.dtype)) for _ in range(2))
        mean, invstd = empty((channels,), x.dtype), empty((channels,), x.dtype)
        c, n, out = np.uint32(channels), np.uint32(lanes), empty(rows.shape, x.dtype)
        launch("channels", "channel_moments", kind, sums.size, rows, sums, squares, x.size, c, n)
        finish = (rows, sums, squares, mean, invstd, count, c, n, np.float64(eps))
        launch("channels", "finish_moments", kind, channels, *finish, threads=THREADS)
        arrays = (rows, mean, invstd, weight, bias, out)
        launch("channels", "normalize", kind, packs(x), *arrays, np.uint32(x.size), by, np.int32(rectified))
        return channels_second(out), mean, invstd

    def batch_norm_input_grad(self, g: Any, x: Any, weight: Any, mean: Any, invstd: Any) -> tuple[Any, Any, Any]:
        """`Backend.batch_norm_input_grad`."""
        if not _plain(x, g, weight, mean, invstd):
            return super().batch_norm_input_grad(g, x, weight, mean, invstd)
        return self._normalized_grad(g, None, x, weight, mean, invstd)

    def batch_norm_relu_input_grad(
        self, g: Any, out: Any, x: Any, weight: Any, mean: Any, invstd: Any
    ) -> tuple[Any, Any, Any]:
        """`Backend.batch_norm_relu_input_grad` in the same passes."""
        if not _plain(x, g, out, weight, mean, invstd):
            return super().batch_norm_relu_input_grad(g, out, x, weight, mean, invstd)
        return self._normalized_grad(g, channels_last(out), x, weight, mean, invstd)

    def _normalized_grad(
        self, g: Any, rectified: Any, x: Any, weight: Any, mean: Any, invstd: Any
    ) -> tuple[Any, Any, Any]:
        rows, gradients, channels = channels_last(x), channels_last(g), x.shape[1]
        count, kind = x.size // channels, type_name(x.dtype)
        lanes, by = _lanes(count, channels), divisor_argument(channels)
        plain, weighted = (empty((lanes, channels), computing_type(x.dtype)) for _ in range(2))
        bias_grad, weight_grad = empty((channels,), x.dtype), empty((channels,), x.dtype)
        c, n, out = np.uint32(channels), np.uint32(lanes), empty(rows.shape, x.dtype)
        sums = (gradients, rows, mean, invstd, plain, weighted, x.size, c, n, rectified)
        launch("channels", "gradient_sums", kind, plain.size, *sums)
        self._add_lanes(kind, plain, bias_grad)
        self._add_lanes(kind, weighted, weight_grad)
        arrays = (gradients, rows, mean, invstd, weight, bias_grad, weight_grad, out)
        numbers = (np.uint32(x.size), np.float64(count), by, rectified)
        launch("channels", "normalize_grad", kind, packs(x), *arrays, *numbers)
        return channels_second(out), weight_grad, bias_grad

    def layer_norm(self, x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
        """`Backend.layer_norm` in one launch; the statistics of float16 are float32."""
        if not _plain(x, weight, bias):
            return super().layer_norm(x, weight, bias, eps)
        rows, kind, size = contiguous(x), type_name(x.dtype), x.shape[-1]
        out, count = empty(x.shape, x.dtype), x.size // size
        mean, invstd = (empty((*x.shape[:-1], 1), np.dtype(computing_type(x.dtype))) for _ in range(2))
        numbers = (np.uint32(count), np.uint32(size), np.float64(eps))
        arguments = (rows, weight, bias, out, mean, invstd, *numbers)
        launch("rows", "row_norm", kind, count, *arguments, threads=threads_for(size))
        return out, mean, invstd

    def layer_norm_input_grad(self, g: Any, x: Any, weight: Any, mean: Any, invstd: Any) -> tuple[Any, Any, Any]:
        """`Backend.layer_norm_input_grad`."""
        wide = np.dtype(computing_type(x.dtype))
        if not _plain(x, g, weight) or not mean.dtype == invstd.dtype == wide or g.shape != x.shape:
            return super().layer_norm_input_grad(g, x, weight, mean, invstd)
        rows, gradients, kind, size = contiguous(x), contiguous(g), type_name(x.dtype), x.shape[-1]
        mean, invstd, out, count = contiguous(mean), contiguous(invstd), empty(x.shape, x.dtype), x.size // size
        r, n, lanes = np.uint32(count), np.uint32(size), _lanes(count, size)
        arguments: tuple[Any, ...] = (gradients, rows, weight, mean, invstd, out, r, n)
        launch("rows", "row_norm_grad", kind, count, *arguments, threads=threads_for(size))
        plain, weighted = (empty((lanes, size), wide) for _ in range(2))
        sums = (gradients, rows, mean, invstd, plain, weighted, r, n, np.uint32(lanes), divisor_argument(size))
        launch("rows", "row_norm_sums", kind, plain.size, *sums)
        bias_grad, weight_grad = empty((size,), x.dtype), empty((size,), x.dtype)
        self._add_lanes(kind, plain, bias_grad)
        self._add_lanes(kind, weighted, weight_grad)
        return out, weight_grad, bias_grad

    def update_running_statistics(
        self,
        running_mean: Any,
        running_var: Any,
        mean: Any,
        invstd: Any,
        *,
        momentum: float,
        eps: float,
        count: int,
    ) -> None:
        """`Backend.update_running_statistics` in one launch."""
        arrays = (running_mean, running_var, mean, invstd)
        if not _plain(*arrays) or not all(in_rows(a) for a in arrays):
            options: dict[str, Any] = {"momentum": momentum, "eps": eps, "count": count}
            super().update_running_statistics(*arrays, **options)
            return
        channels, kind = len(mean), type_name(mean.dtype)
        numbers = (np.uint32(channels), np.float64(momentum), np.float64(eps), np.float64(count / (count - 1)))
        launch("channels", "running_statistics", kind, channels, *arrays, *numbers)

    def scale_channels(self, x: Any, w: Any, b: Any) -> Any:
        """`Backend.scale_channels` in one pass."""
        if not _plain(x, w, b):
            return super().scale_channels(x, w, b)
        rows, by = channels_last(x), divisor_argument(x.shape[1])
        out, kind = empty(rows.shape, x.dtype), type_name(x.dtype)
        launch("channels", "scale_channels", kind, packs(x), rows, w, b, out, np.uint32(x.size), by, np.int32(0))
        return channels_second(out)


def _plain(first: Any, *others: Any) -> bool:
    """Whether there are values, of one floating-point dtype, few enough to be counted in 32 bits."""
    known = [x for x in others if x is not None]
    if first.dtype not in FLOATS or not prod(first.shape) or first.size >= 1 << 31:
        return False
    return all(x.dtype == first.dtype and (x.ndim > 1 or in_rows(x)) for x in known)
