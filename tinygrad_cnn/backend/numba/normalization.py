"""Batch and group normalisation of rows of channels (pixels, C): two passes over memory each way.

Means and factors are (1, C) for all rows, or (N, C) for those of each image, cut into so many blocks. Sums are made
over blocks of a fixed number of rows; `combine` adds the blocks in float64. So bits do not depend on the number of
threads, nor much on the number of rows.
"""

from math import sqrt
from typing import Any

import numpy as np
from numba import prange

from .compile import kernel, serial


@serial
def _block_moments(x: Any, mean: Any, spread: Any) -> None:
    even = len(x) // 4 * 4
    mean[:] = 0
    for i in range(0, even, 4):  # four rows at a time: a quarter of the additions that wait for one another
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for j in range(len(mean)):
            mean[j] += (a[j] + b[j]) + (c[j] + d[j])
    for i in range(even, len(x)):
        a = x[i]
        for j in range(len(mean)):
            mean[j] += a[j]
    for j in range(len(mean)):
        mean[j] /= len(x)
    spread[:] = 0
    for i in range(0, even, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for j in range(len(mean)):
            m = mean[j]
            spread[j] += ((a[j] - m) ** 2 + (b[j] - m) ** 2) + ((c[j] - m) ** 2 + (d[j] - m) ** 2)
    for i in range(even, len(x)):
        a = x[i]
        for j in range(len(mean)):
            spread[j] += (a[j] - mean[j]) ** 2


@kernel
def moments(x: Any, step: int, mean: Any, spread: Any) -> None:
    """For each block of `step` rows: the mean of each column, and the sum of squares around it."""
    for block in prange(len(mean)):
        _block_moments(x[block * step : (block + 1) * step], mean[block], spread[block])


@serial
def combine(means: Any, spreads: Any, step: int, rows: int, eps: float, mean: Any, invstd: Any) -> None:
    """From the blocks of `moments`, channels folded or not: mean and 1/√(variance + eps) of each channel."""
    channels = len(mean)
    centre, total = np.zeros(channels), np.zeros(channels)
    count = rows * (means.shape[1] // channels)
    for block in range(len(means)):
        size = min(step, rows - block * step)
        for first in range(0, means.shape[1], channels):
            part = means[block, first : first + channels]
            for c in range(channels):
                centre[c] += size * part[c]
    for c in range(channels):
        centre[c] /= count
    for block in range(len(means)):
        size = min(step, rows - block * step)
        for first in range(0, means.shape[1], channels):
            part, spread = means[block, first : first + channels], spreads[block, first : first + channels]
            for c in range(channels):
                total[c] += spread[c] + size * (part[c] - centre[c]) ** 2
    for c in range(channels):
        mean[c] = centre[c]
        invstd[c] = 1 / sqrt(total[c] / count + eps)


@serial
def _normalize_block(x: Any, mean: Any, scale: Any, bias: Any, out: Any) -> None:
    for i in range(len(x)):
        row, result = x[i], out[i]
        for j in range(len(mean)):
            result[j] = (row[j] - mean[j]) * scale[j] + bias[j]


@kernel
def normalize(x: Any, step: int, blocks: int, mean: Any, scale: Any, bias: Any, out: Any) -> None:
    """(x − mean) · scale + bias"""
    for block in prange((len(x) + step - 1) // step):
        at, image = slice(block * step, (block + 1) * step), np.int64(block) // blocks
        _normalize_block(x[at], mean[image], scale[image], bias, out[at])


@serial
def _block_sums(g: Any, x: Any, mean: Any, sums: Any, products: Any) -> None:
    even = len(x) // 2 * 2
    sums[:] = 0
    products[:] = 0
    for i in range(0, even, 2):
        a, b, v, w = g[i], g[i + 1], x[i], x[i + 1]
        for j in range(len(mean)):
            sums[j] += a[j] + b[j]
            products[j] += a[j] * (v[j] - mean[j]) + b[j] * (w[j] - mean[j])
    for i in range(even, len(x)):
        a, v = g[i], x[i]
        for j in range(len(mean)):
            sums[j] += a[j]
            products[j] += a[j] * (v[j] - mean[j])


@kernel
def gradient_sums(g: Any, x: Any, step: int, blocks: int, mean: Any, sums: Any, products: Any) -> None:
    """For each block of rows: the sums of g and of g · (x − mean) per column."""
    for block in prange(len(sums)):
        at, image = slice(block * step, (block + 1) * step), np.int64(block) // blocks
        _block_sums(g[at], x[at], mean[image], sums[block], products[block])


@serial
def combine_sums(sums: Any, products: Any, total: Any, along: Any) -> None:
    """Add the blocks of `gradient_sums`, channels folded or not, into float64."""
    channels = len(total)
    for block in range(len(sums)):
        for first in range(0, sums.shape[1], channels):
            a, b = sums[block, first : first + channels], products[block, first : first + channels]
            for c in range(channels):
                total[c] += a[c]
                along[c] += b[c]


@serial
def _input_grad_block(g: Any, x: Any, mean: Any, scale: Any, slope: Any, offset: Any, out: Any) -> None:
    for i in range(len(x)):
        gradient, row, result = g[i], x[i], out[i]
        for j in range(len(mean)):
            result[j] = gradient[j] * scale[j] + ((row[j] - mean[j]) * slope[j] + offset[j])


@kernel
def input_grad(
    g: Any, x: Any, step: int, blocks: int, mean: Any, scale: Any, slope: Any, offset: Any, out: Any
) -> None:
    """g · scale + (x − mean) · slope + offset"""
    for block in prange((len(x) + step - 1) // step):
        at, i = slice(block * step, (block + 1) * step), np.int64(block) // blocks
        _input_grad_block(g[at], x[at], mean[i], scale[i], slope[i], offset[i], out[at])


@serial
def _scale_block(x: Any, scale: Any, bias: Any, out: Any) -> None:
    for i in range(len(x)):
        row, result = x[i], out[i]
        for j in range(len(scale)):
            result[j] = row[j] * scale[j] + bias[j]


@kernel
def scale_rows(x: Any, step: int, scale: Any, bias: Any, out: Any) -> None:
    """x · scale + bias"""
    for block in prange((len(x) + step - 1) // step):
        at = slice(block * step, (block + 1) * step)
        _scale_block(x[at], scale, bias, out[at])


@serial
def move(running_mean: Any, running_var: Any, mean: Any, invstd: Any, share: float, eps: float, unbias: float) -> None:
    """Running statistics a share of the way towards those of a batch, whose variance still has to be made unbiased."""
    for c in range(len(mean)):
        variance = (1 / (np.float64(invstd[c]) * invstd[c]) - eps) * unbias
        running_mean[c] = (1 - share) * running_mean[c] + share * mean[c]
        running_var[c] = (1 - share) * running_var[c] + share * variance
