"""Convolution through compiled kernels: which kernel serves which shape."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend
from ..window import Ints, Window
from .lazy import kernels

# Groups of fewer output channels fill too little of a vector.
FEWEST_PER_GROUP = 4


class ConvolutionKernels(NumpyBackend):
    """Convolution of float32 images, channels last in memory.

    NumPy must copy windows into matrices before it can multiply; compiled kernels read them where they are.
    """

    def conv2d(self, x: Array, w: Array, b: Array | None, window: Window) -> Array:
        """`Backend.conv2d` by Winograd's algorithm or a direct kernel."""
        # Compiled kernels check no bounds, so shapes that do not fit are NumPy's to complain about.
        fitting = x.shape[1] == w.shape[1] * window.groups and (b is None or (b.shape, b.dtype) == ((len(w),), x.dtype))
        if not fitting or not _applies(x, w, w.shape[0], window):
            return super().conv2d(x, w, b, window)
        if not x.size or not w.size:
            return super().conv2d(x, w, b, window)
        if window.rank == 1:
            return self.conv2d(x[:, :, None], w[:, :, None], b, _flat(window))[:, :, 0]
        convolution = kernels.convolution

        return convolution.forward(x, w, b, window)

    def conv2d_input_grad(self, g: Array, w: Array, shape: Ints, window: Window) -> Array:
        """`Backend.conv2d_input_grad` by Winograd's algorithm or a direct kernel."""
        if shape[1] != w.shape[1] * window.groups or not _applies(g, w, shape[1], window):
            return super().conv2d_input_grad(g, w, shape, window)
        if not g.size or not w.size:
            return np.zeros(shape, dtype=g.dtype)
        if window.rank == 1:
            images = (*shape[:2], 1, shape[2])
            return self.conv2d_input_grad(g[:, :, None], w[:, :, None], images, _flat(window))[:, :, 0]
        convolution = kernels.convolution

        return convolution.input_grad(g, w, shape, window)

    def conv2d_weight_grad(self, g: Array, x: Array, window: Window) -> Array:
        """`Backend.conv2d_weight_grad` by Winograd's algorithm or a direct kernel."""
        if not _applies(x, g, g.shape[1], window):
            return super().conv2d_weight_grad(g, x, window)
        if not g.size or not x.size:
            return np.zeros((g.shape[1], x.shape[1] // window.groups, *window.size), dtype=x.dtype)
        if window.rank == 1:
            return self.conv2d_weight_grad(g[:, :, None], x[:, :, None], _flat(window))[:, :, 0]
        convolution = kernels.convolution

        return convolution.weight_grad(g, x, window)


def _applies(a: Any, b: Any, columns: int, window: Window) -> bool:
    """Whether compiled kernels cover this; `columns` counts the channels of the result."""
    return (
        a.dtype == b.dtype == np.float32
        and window.rank <= 2
        and (
            window.groups == 1 or columns >= FEWEST_PER_GROUP * window.groups or a.shape[1] == window.groups == columns
        )
    )


def _flat(window: Window) -> Window:
    """A window over one row of pixels for one over a signal."""
    return replace(
        window,
        size=(1, *window.size),
        stride=(1, *window.stride),
        padding=((0, 0), *window.padding),
        dilation=(1, *window.dilation),
    )
