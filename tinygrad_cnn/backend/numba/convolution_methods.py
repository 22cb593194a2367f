"""Convolution through compiled kernels: which kernel serves which shape."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend
from ..window import Ints, Window
from .lazy import kernels

LANES = 16  # of a vector: `simd.WIDTH`, without the import of Numba
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
        if not fitting or not _applies(x, w, window):
            return super().conv2d(x, w, b, window)
        if not x.size or not w.size:
            return super().conv2d(x, w, b, window)
        if _is_narrow(w.shape[0], x.shape[1], window):
            if (bundle := _bundle(w.shape[0], window)) > 1:
                out = self.conv2d(x, _block_diagonal(w, window, bundle), b, _bundled(window, bundle))
                if _is_finite(out):
                    return out
            return super().conv2d(x, w, b, window)
        if window.rank == 1:
            return self.conv2d(x[:, :, None], w[:, :, None], b, _flat(window))[:, :, 0]
        convolution = kernels.convolution

        return convolution.forward(x, w, b, window)

    def conv2d_input_grad(self, g: Array, w: Array, shape: Ints, window: Window) -> Array:
        """`Backend.conv2d_input_grad` by Winograd's algorithm or a direct kernel."""
        if shape[1] != w.shape[1] * window.groups or not _applies(g, w, window):
            return super().conv2d_input_grad(g, w, shape, window)
        if not g.size or not w.size:
            return np.zeros(shape, dtype=g.dtype)
        if _is_narrow(shape[1], w.shape[0], window):
            if (bundle := _bundle(shape[1], window)) > 1:
                out = self.conv2d_input_grad(g, _block_diagonal(w, window, bundle), shape, _bundled(window, bundle))
                if _is_finite(out):
                    return out
            return super().conv2d_input_grad(g, w, shape, window)
        if window.rank == 1:
            images = (*shape[:2], 1, shape[2])
            return self.conv2d_input_grad(g[:, :, None], w[:, :, None], images, _flat(window))[:, :, 0]
        convolution = kernels.convolution

        return convolution.input_grad(g, w, shape, window)

    def conv2d_weight_grad(self, g: Array, x: Array, window: Window) -> Array:
        """`Backend.conv2d_weight_grad` by Winograd's algorithm or a direct kernel."""
        if not _applies(x, g, window):
            return super().conv2d_weight_grad(g, x, window)
        if not g.size or not x.size:
            return np.zeros((g.shape[1], x.shape[1] // window.groups, *window.size), dtype=x.dtype)
        if _is_narrow(g.shape[1], x.shape[1], window):
            if (bundle := _bundle(g.shape[1], window)) > 1:
                out = self.conv2d_weight_grad(g, x, _bundled(window, bundle))
                if _is_finite(out):
                    return _diagonal_blocks(out, window, bundle)
            return super().conv2d_weight_grad(g, x, window)
        if window.rank == 1:
            return self.conv2d_weight_grad(g[:, :, None], x[:, :, None], _flat(window))[:, :, 0]
        convolution = kernels.convolution

        return convolution.weight_grad(g, x, window)


# Narrow groups leave lanes idle. Some of them together are one group whose kernels are 0 between what was apart; but
# 0 · ∞ is NaN, so if anything is not finite groups are kept apart.


def _bundle(columns: int, window: Window) -> int:
    """How many groups to take together: as many as fill a vector with the result's channels."""
    groups, most = window.groups, LANES * window.groups // columns
    return next((n for n in range(min(most, groups), 1, -1) if groups % n == 0), 1)


def _is_finite(x: Array) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.isfinite(x.sum()))


def _bundled(window: Window, bundle: int) -> Window:
    return replace(window, groups=window.groups // bundle)


def _block_diagonal(w: Array, window: Window, bundle: int) -> Array:
    """Kernels (O, C/G, …) of bundles of groups, (O, bundle · C/G, …)."""
    outputs, inputs = len(w) // window.groups, w.shape[1]
    out = np.zeros((window.groups // bundle, bundle, outputs, bundle, inputs, *window.size), dtype=w.dtype)
    kernels = w.reshape(window.groups // bundle, bundle, outputs, inputs, *window.size)
    for i in range(bundle):
        out[:, i, :, i] = kernels[:, i]
    return out.reshape(len(w), bundle * inputs, *window.size)


def _diagonal_blocks(w: Array, window: Window, bundle: int) -> Array:
    """The adjoint of `_block_diagonal`."""
    outputs, inputs = len(w) // window.groups, w.shape[1] // bundle
    kernels = w.reshape(window.groups // bundle, bundle, outputs, bundle, inputs, *window.size)
    out = np.stack([kernels[:, i, :, i] for i in range(bundle)], axis=1)
    return out.reshape(len(w), inputs, *window.size)


def _applies(a: Any, b: Any, window: Window) -> bool:
    """Whether compiled kernels cover this."""
    return a.dtype == b.dtype == np.float32 and window.rank <= 2


def _is_narrow(columns: int, others: int, window: Window) -> bool:
    """Whether groups have too few of the result's channels, unless every channel has a kernel of its own."""
    groups = window.groups
    return groups > 1 and columns < FEWEST_PER_GROUP * groups and not columns == others == groups


def _flat(window: Window) -> Window:
    """A window over one row of pixels for one over a signal."""
    return replace(
        window,
        size=(1, *window.size),
        stride=(1, *window.stride),
        padding=((0, 0), *window.padding),
        dilation=(1, *window.dilation),
    )
