"""Normalisation of channels, groups and rows through compiled kernels."""

from math import gcd

import numpy as np

from ..base import Array
from ..memory import channels_second
from ..numpy import NumpyBackend
from .lazy import kernels
from .memory import channels_last, empty, image_blocks

SMALL = 1 << 14  # fewer values cost less than the calls around a compiled kernel
FEW = 1 << 6  # the same for rows, which the reference goes through more often
LEAST_ROWS = 16  # of a block
COST = 1.5e-4  # microseconds per value and pass on one thread
BLOCK = 1 << 14  # values in a block of rows: they stay in the cache between its passes
WIDE = 64  # columns that keep a loop over them in vector registers


class NormalizationKernels(NumpyBackend):
    """The backend's normalisation of channels and rows."""

    # NumPy goes through the rows six times each way, on one thread.

    def batch_norm(self, x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
        """`Backend.batch_norm` in two passes; means and variances of blocks of rows are combined in float64."""
        if x.size < SMALL or not _fit(x, weight, bias):
            return super().batch_norm(x, weight, bias, eps)
        normalization = kernels.normalization

        rows, fold = _rows(x)
        step = _step(rows)
        means = np.empty((-(-len(rows) // step), rows.shape[1]), dtype=x.dtype)
        spreads, mean = np.empty_like(means), np.empty(x.shape[1], dtype=x.dtype)
        invstd = np.empty_like(mean)
        normalization.moments.fitting(x.size * COST)(rows, step, means, spreads)
        normalization.combine(means, spreads, step, len(rows), float(eps), mean, invstd)
        scale = invstd if weight is None else invstd * weight
        out, offset = empty(rows.shape), np.zeros_like(mean) if bias is None else bias
        terms = (_folded(v[None], fold) for v in (mean, scale))
        normalization.normalize.fitting(x.size * COST)(rows, step, len(rows), *terms, _folded(offset, fold), out)
        return _images(out, x), mean, invstd

    def batch_norm_input_grad(
        self, g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array
    ) -> tuple[Array, Array, Array]:
        """`Backend.batch_norm_input_grad` in two passes."""
        if x.size < SMALL or g.shape != x.shape or g.dtype != x.dtype or not _fit(x, weight, mean, invstd):
            return super().batch_norm_input_grad(g, x, weight, mean, invstd)
        normalization = kernels.normalization

        (rows, fold), (gradients, _) = _rows(x), _rows(g)
        step, count = _step(rows), len(rows) * fold
        sums = np.empty((-(-len(rows) // step), rows.shape[1]), dtype=x.dtype)
        products = np.empty_like(sums)
        sum_up, centre = normalization.gradient_sums.fitting(x.size * COST), _folded(mean[None], fold)
        sum_up(gradients, rows, step, len(rows), centre, sums, products)
        bias_grad, along = np.zeros((2, len(mean)))
        normalization.combine_sums(sums, products, bias_grad, along)
        weight_grad = along * invstd
        # s·(g − Σg/n − x̂·Σgx̂/n) as s·g + slope·(x − mean) + offset, with numbers per channel
        scale = (invstd if weight is None else invstd * weight).astype(np.float64)
        numbers = (mean, scale, -scale * invstd * weight_grad / count, -scale * bias_grad / count)
        out, terms = empty(rows.shape), (_folded(v.astype(x.dtype, copy=False)[None], fold) for v in numbers)
        normalization.input_grad.fitting(x.size * COST)(gradients, rows, step, len(rows), *terms, out)
        return _images(out, x), weight_grad.astype(x.dtype), bias_grad.astype(x.dtype)

    # The reference brings the channels of a group together in memory, and apart again. Here sums of each channel of
    # each image, of which there are few, are added to those of groups.

    def group_norm(
        self, x: Array, weight: Array | None, bias: Array | None, groups: int, eps: float
    ) -> tuple[Array, Array, Array]:
        """`Backend.group_norm` in two passes over channels-last images."""
        if x.size < SMALL or not _fit(x, weight, bias):
            return super().group_norm(x, weight, bias, groups, eps)
        normalization = kernels.normalization

        rows, fold, blocks = _image_rows(x)
        step = len(rows) // (len(x) * blocks)
        means, spreads = np.empty((2, len(x) * blocks, rows.shape[1]), dtype=x.dtype)
        normalization.moments.fitting(x.size * COST)(rows, step, means, spreads)
        parts = (len(x), blocks * fold, groups, x.shape[1] // groups)
        centres = means.reshape(parts).astype(np.float64)
        mean = centres.mean(axis=(1, 3))
        squares = (centres - mean[:, None, :, None]) ** 2
        variance = spreads.reshape(parts).mean(axis=(1, 3), dtype=np.float64) / step + squares.mean(axis=(1, 3))
        mean, invstd = mean.astype(x.dtype), (1 / np.sqrt(variance + eps)).astype(x.dtype)
        scale = _spread(invstd, x) if weight is None else _spread(invstd, x) * weight
        out, offset = empty(rows.shape), np.zeros(x.shape[1], x.dtype) if bias is None else bias
        terms = (_folded(v, fold) for v in (_spread(mean, x), scale, offset))
        normalization.normalize.fitting(x.size * COST)(rows, step, blocks, *terms, out)
        return _images(out, x), mean, invstd

    def group_norm_input_grad(
        self, g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array
    ) -> tuple[Array, Array, Array]:
        """`Backend.group_norm_input_grad` in two passes over channels-last images."""
        same = g.shape == x.shape and g.dtype == mean.dtype == x.dtype
        if x.size < SMALL or not same or not _fit(x, weight):
            return super().group_norm_input_grad(g, x, weight, mean, invstd)
        normalization = kernels.normalization

        (rows, fold, blocks), (gradients, *_) = _image_rows(x), _image_rows(g)
        step, groups, channels = len(rows) // (len(x) * blocks), mean.shape[1], x.shape[1]
        sums, products = np.empty((2, len(x) * blocks, rows.shape[1]), dtype=x.dtype)
        centre, deviations = _spread(mean, x), _spread(invstd, x)
        sum_up = normalization.gradient_sums.fitting(x.size * COST)
        sum_up(gradients, rows, step, blocks, _folded(centre, fold), sums, products)
        plain, along = (v.reshape(len(x), -1, channels).sum(axis=1, dtype=np.float64) for v in (sums, products))
        along *= deviations
        factor = np.float64(1) if weight is None else weight.astype(np.float64)
        count = x.size // (len(x) * groups)
        level, slope = (
            _spread((v * factor).reshape(len(x), groups, -1).sum(axis=2) / count, x) for v in (plain, along)
        )
        # s·(g·w − mean(g·w) − x̂·mean(g·w·x̂)) as g·scale + (x − mean)·slope + offset
        numbers = (centre, deviations * factor, -slope * deviations * deviations, -level * deviations)
        out, terms = empty(rows.shape), (_folded(v.astype(x.dtype, copy=False), fold) for v in numbers)
        normalization.input_grad.fitting(x.size * COST)(gradients, rows, step, blocks, *terms, out)
        return _images(out, x), along.sum(axis=0).astype(x.dtype), plain.sum(axis=0).astype(x.dtype)

    # The reference writes and reads the rows at every step.

    def layer_norm(self, x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
        """`Backend.layer_norm`, row by row."""
        if x.size < FEW or not _fit_rows(x, weight, bias):
            return super().layer_norm(x, weight, bias, eps)
        columns = x.shape[-1]
        rows = np.ascontiguousarray(x).reshape(-1, columns)
        factor = np.ones(columns, x.dtype) if weight is None else np.ascontiguousarray(weight)
        offset = np.zeros(columns, x.dtype) if bias is None else np.ascontiguousarray(bias)
        out, mean, invstd = empty(rows.shape), np.empty(len(rows), x.dtype), np.empty(len(rows), x.dtype)
        normalize = kernels.row_normalization.normalize_rows.fitting(x.size * COST)
        normalize(rows, factor, offset, float(eps), _row_step(columns), mean, invstd, out)
        per_row = (*x.shape[:-1], 1)
        return out.reshape(x.shape), mean.reshape(per_row), invstd.reshape(per_row)

    def layer_norm_input_grad(
        self, g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array
    ) -> tuple[Array, Array, Array]:
        """`Backend.layer_norm_input_grad`, row by row."""
        if x.size < FEW or g.shape != x.shape or not _fit_rows(x, weight) or not g.dtype == mean.dtype == x.dtype:
            return super().layer_norm_input_grad(g, x, weight, mean, invstd)
        columns = x.shape[-1]
        gradients, rows = (np.ascontiguousarray(v).reshape(-1, columns) for v in (g, x))
        factor = np.ones(columns, x.dtype) if weight is None else np.ascontiguousarray(weight)
        step, out = _row_step(columns), empty(rows.shape)
        along, plain = np.empty((2, -(-len(rows) // step), columns), x.dtype)
        terms = (mean.reshape(-1), invstd.reshape(-1), step, along, plain, out)
        kernels.row_normalization.row_gradients.fitting(x.size * COST)(gradients, rows, factor, *terms)
        bias_grad, weight_grad = np.zeros((2, columns))
        kernels.normalization.combine_sums(plain, along, bias_grad, weight_grad)
        return out.reshape(x.shape), weight_grad.astype(x.dtype), bias_grad.astype(x.dtype)

    def update_running_statistics(
        self,
        running_mean: Array,
        running_var: Array,
        mean: Array,
        invstd: Array,
        *,
        momentum: float,
        eps: float,
        count: int,
    ) -> None:
        """`Backend.update_running_statistics` in one call, instead of ten for as many numbers as there are channels."""
        arrays = (running_mean, running_var, mean, invstd)
        if any(a.dtype != np.float32 or not a.flags.c_contiguous or a.shape != mean.shape for a in arrays):
            super().update_running_statistics(*arrays, momentum=momentum, eps=eps, count=count)
            return
        normalization = kernels.normalization

        normalization.move(*arrays, float(momentum), float(eps), count / (count - 1))

    def scale_channels(self, x: Array, w: Array, b: Array | None) -> Array:
        """`Backend.scale_channels` in one pass."""
        if x.size < SMALL or not _fit(x, w, b):
            return super().scale_channels(x, w, b)
        normalization = kernels.normalization

        rows, fold = _rows(x)
        out, offset = empty(rows.shape), np.zeros_like(w) if b is None else b
        normalization.scale_rows.fitting(x.size * COST)(rows, _step(rows), _folded(w, fold), _folded(offset, fold), out)
        return _images(out, x)


def _fit(x: Array, *terms: Array | None) -> bool:
    """Whether all is of float32, and the terms have a value per channel."""
    per_channel = [term for term in terms if term is not None]
    return x.dtype == np.float32 and all(v.dtype == x.dtype and v.shape == x.shape[1:2] for v in per_channel)


def _fit_rows(x: Array, *terms: Array | None) -> bool:
    """Whether all is of float32, and the terms have a value per column."""
    return x.dtype == np.float32 and all(v is None or (v.dtype == x.dtype and v.shape == x.shape[-1:]) for v in terms)


def _row_step(columns: int) -> int:
    """Rows to a block: enough of them that its sums per column are small beside it."""
    return max(BLOCK // columns, LEAST_ROWS)


def _rows(x: Array) -> tuple[Array, int]:
    """(N, C, …) as a matrix (pixels / fold, fold · C), channels last; few channels are folded into wider rows."""
    channels = x.shape[1]
    last = channels_last(x)
    fold = gcd(x.size // channels, 1 << (max(WIDE // channels, 1).bit_length() - 1))
    return last.reshape(-1, fold * channels), fold


def _image_rows(x: Array) -> tuple[Array, int, int]:
    """`_rows` that do not join pixels of two images, and into how many blocks to cut those of an image."""
    fold, blocks = image_blocks(x, WIDE, BLOCK)
    return channels_last(x).reshape(-1, fold * x.shape[1]), fold, blocks


def _spread(values: Array, x: Array) -> Array:
    """A number per image and group (N, G) as one per image and channel."""
    return values.repeat(x.shape[1] // values.shape[1], axis=1)


def _images(rows: Array, like: Array) -> Array:
    return channels_second(rows.reshape(like.shape[0], *like.shape[2:], like.shape[1]))


def _step(rows: Array) -> int:
    return max(BLOCK // int(rows.shape[1]), 1)


def _folded(values: Array, fold: int) -> Array:
    return np.tile(values, (1,) * (values.ndim - 1) + (fold,)) if fold > 1 else np.ascontiguousarray(values)
