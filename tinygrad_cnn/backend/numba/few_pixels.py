"""Convolution of few pixels with many weights, as in the last layers for one image: products that read weights once.

Elsewhere kernels are packed before all else, and every pixel meets what was packed; here that would take longer than
the products. So kernels and their gradients stay (O, C · taps), as they lie, and windows become the other matrix.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..window import Ints, Window
from .product_methods import product

MOST_PIXELS = 192  # rows that meet one packed panel: `products.ROWS`
FEWEST_WEIGHTS, OF_SEVERAL_TAPS = 1 << 11, 10 << 10  # per pixel; windows of several taps have to be unfolded

Array = Any


def pays(pixels: int, weights: int, window: Window) -> bool:
    """Whether there are so few pixels, and so many weights, that to pack these costs more than to read them."""
    least = FEWEST_WEIGHTS if window.tap_count == 1 else OF_SEVERAL_TAPS
    return window.groups == 1 and pixels <= MOST_PIXELS and weights >= least * pixels


def forward(x: Array, w: Array, b: Array | None, window: Window) -> Array:
    """Images (N, C, H, W), kernels (O, C, KH, KW), bias (O) or None → (N, O, OH, OW)."""
    out = product(_windows(x, window), w.reshape(len(w), -1).T, b)
    return out.reshape(len(x), *window.output_size(x.shape[2:]), len(w)).transpose(0, 3, 1, 2)


def weight_grad(g: Array, x: Array, window: Window) -> Array:
    """Gradients (N, OH, OW, O), images (N, C, H, W) → (O, C, KH, KW)."""
    out = product(g.reshape(-1, g.shape[3]).T, _windows(x, window), None)
    return out.reshape(g.shape[3], x.shape[1], *window.size)


def input_grad(g: Array, w: Array, shape: Ints, window: Window) -> Array:
    """Gradients (N, OH, OW, O), kernels (O, C, KH, KW) → (N, C, H, W)."""
    shares = product(g.reshape(-1, len(w)), w.reshape(len(w), -1), None)
    (top, bottom), (left, right) = window.pads(shape[2:])
    batch, channels, height, width = shape
    padded = np.zeros((batch, height + top + bottom, width + left + right, channels), dtype=g.dtype)
    of_taps = shares.reshape(*g.shape[:3], channels, *window.size)
    for tap in window.taps():
        padded[(slice(None), *window.slices(tap, g.shape[1:3]))] += of_taps[(..., *tap)]
    return np.ascontiguousarray(padded[:, top : top + height, left : left + width]).transpose(0, 3, 1, 2)


def _windows(x: Array, window: Window) -> Array:
    """The values of each window as a row, in the order of kernels: (pixels, C · taps)."""
    (batch, channels, height, width), (down, across), (low, far) = x.shape, window.stride, window.dilation
    (top, bottom), (left, right) = window.pads((height, width))
    padded = np.zeros((batch, channels, height + top + bottom, width + left + right), dtype=x.dtype)
    padded[:, :, top : top + height, left : left + width] = x
    image, plane, line, pixel = padded.strides
    rows, columns = window.output_size((height, width))
    shape = (batch, rows, columns, channels, *window.size)
    strides = (image, line * down, pixel * across, plane, line * low, pixel * far)
    return as_strided(padded, shape, strides).reshape(batch * rows * columns, -1)
