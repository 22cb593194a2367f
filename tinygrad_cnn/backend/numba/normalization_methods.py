"""Batch normalisation through compiled kernels."""

from math import gcd

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend

SMALL = 1 << 15  # fewer values are done before the threads have started
BLOCK = 1 << 14  # values in a block of rows: they stay in the cache between its passes
WIDE = 64  # columns that keep a loop over them in vector registers


class NormalizationKernels(NumpyBackend):
    """The backend's batch normalisation."""

    # NumPy goes through the rows six times each way, on one thread.

    def batch_norm(self, x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
        """`Backend.batch_norm` in two passes; means and variances of blocks of rows are combined in float64."""
        if x.dtype != np.float32 or x.size < SMALL:
            return super().batch_norm(x, weight, bias, eps)
        from . import normalization

        rows, fold = _rows(x)
        step, count = _step(rows), len(rows) * fold
        means = np.empty((-(-len(rows) // step), rows.shape[1]), dtype=x.dtype)
        spreads = np.empty_like(means)
        normalization.moments(rows, step, means, spreads)
        sizes = np.full(len(means), step, dtype=np.float64)
        sizes[-1] = len(rows) - step * (len(means) - 1)
        sizes = np.repeat(sizes, fold)[:, None]
        means, spreads = means.reshape(len(sizes), -1).astype(np.float64), spreads.reshape(len(sizes), -1)
        centre = np.sum(sizes * means, axis=0) / count
        variance = (np.sum(spreads, axis=0, dtype=np.float64) + np.sum(sizes * (means - centre) ** 2, axis=0)) / count
        mean, invstd = centre.astype(x.dtype), (1 / np.sqrt(variance + eps)).astype(x.dtype)
        scale = invstd if weight is None else invstd * weight
        out, offset = np.empty_like(rows), np.zeros_like(mean) if bias is None else bias
        normalization.normalize(rows, step, *(np.tile(v, fold) for v in (mean, scale, offset)), out)
        return _images(out, x), mean, invstd

    def batch_norm_input_grad(
        self, g: Array, x: Array, weight: Array | None, mean: Array, invstd: Array
    ) -> tuple[Array, Array, Array]:
        """`Backend.batch_norm_input_grad` in two passes."""
        if x.dtype != np.float32 or g.dtype != x.dtype or x.size < SMALL:
            return super().batch_norm_input_grad(g, x, weight, mean, invstd)
        from . import normalization

        (rows, fold), (gradients, _) = _rows(x), _rows(g)
        step, count = _step(rows), len(rows) * fold
        sums = np.empty((-(-len(rows) // step), rows.shape[1]), dtype=x.dtype)
        products = np.empty_like(sums)
        normalization.gradient_sums(gradients, rows, step, np.tile(mean, fold), sums, products)
        bias_grad, along = (np.sum(v.reshape(-1, len(mean)), axis=0, dtype=np.float64) for v in (sums, products))
        weight_grad = along * invstd
        # s·(g − Σg/n − x̂·Σgx̂/n) as s·g + slope·(x − mean) + offset, with numbers per channel
        scale = (invstd if weight is None else invstd * weight).astype(np.float64)
        terms = (mean, scale, -scale * invstd * weight_grad / count, -scale * bias_grad / count)
        out = np.empty_like(rows)
        normalization.input_grad(gradients, rows, step, *(np.tile(v.astype(x.dtype), fold) for v in terms), out)
        return _images(out, x), weight_grad.astype(x.dtype), bias_grad.astype(x.dtype)


def _rows(x: Array) -> tuple[Array, int]:
    """(N, C, …) as a matrix (pixels / fold, fold · C), channels last; few channels are folded into wider rows."""
    channels = x.shape[1]
    last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    fold = gcd(x.size // channels, 1 << (max(WIDE // channels, 1).bit_length() - 1))
    return last.reshape(-1, fold * channels), fold


def _images(rows: Array, like: Array) -> Array:
    return np.moveaxis(rows.reshape(like.shape[0], *like.shape[2:], like.shape[1]), -1, 1)


def _step(rows: Array) -> int:
    return max(BLOCK // int(rows.shape[1]), 1)
