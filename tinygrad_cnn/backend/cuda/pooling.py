"""Pooling on CUDA: one pass over channels-last memory each way."""

from typing import Any

import numpy as np

from ..base import Backend, tap_dtype
from ..memory import channels_second
from ..window import Ints, Window
from .geometry import geometry, parts, values
from .kernels import launch, type_name
from .memory import channels_last, empty

FLOATS = (np.float16, np.float32, np.float64)


class Pooling(Backend):
    """Pooling of CUDA arrays. The reference makes several passes over memory for each tap; these make one in all."""

    def max_pool2d(self, x: Any, window: Window) -> tuple[Any, Any]:
        """`Backend.max_pool2d`."""
        if x.dtype not in FLOATS:
            return super().max_pool2d(x, window)
        rows, output, dtype = channels_last(x), window.output_size(x.shape[2:]), tap_dtype(np, window)
        out = empty((len(x), *output, x.shape[1]), x.dtype)
        taps = empty(out.shape, dtype)
        self._over(window, "max_pool", x.shape, output, rows, out, taps, tap=dtype)
        return channels_second(out), channels_second(taps)

    def pools_like_relu(self, x: Any, window: Window) -> bool:
        """`Backend.pools_like_relu`: sums begin with 0, and no window lies outside."""
        return x.dtype in FLOATS and not window.ceil_mode and not any(map(any, window.padding))

    def pool_gather(self, x: Any, taps: Any, window: Window) -> Any:
        """`Backend.pool_gather`."""
        if x.dtype not in FLOATS:
            return super().pool_gather(x, taps, window)
        rows, at, output = channels_last(x), channels_last(taps), taps.shape[2:]
        out = empty(at.shape, x.dtype)
        self._over(window, "pool_gather", x.shape, output, rows, at, out, tap=taps.dtype)
        return channels_second(out)

    def pool_scatter(self, g: Any, taps: Any, shape: Ints, window: Window) -> Any:
        """`Backend.pool_scatter`."""
        if g.dtype not in FLOATS:
            return super().pool_scatter(g, taps, shape, window)
        rows, at, out = channels_last(g), channels_last(taps), empty((shape[0], *shape[2:], shape[1]), g.dtype)
        self._over(window, "pool_scatter", shape, g.shape[2:], rows, at, out, tap=taps.dtype)
        return channels_second(out)

    def sum_windows(self, x: Any, window: Window) -> Any:
        """`Backend.sum_windows`."""
        if x.dtype not in FLOATS:
            return super().sum_windows(x, window)
        output = window.output_size(x.shape[2:])
        out = empty((len(x), *output, x.shape[1]), x.dtype)
        self._over(window, "sum_windows", x.shape, output, channels_last(x), out)
        return channels_second(out)

    def spread_windows(self, g: Any, shape: Ints, window: Window) -> Any:
        """`Backend.spread_windows`."""
        if g.dtype not in FLOATS:
            return super().spread_windows(g, shape, window)
        out = empty((shape[0], *shape[2:], shape[1]), g.dtype)
        self._over(window, "spread_windows", shape, g.shape[2:], channels_last(g), out)
        return channels_second(out)

    @staticmethod
    def _over(window: Window, name: str, shape: Ints, output: Ints, *arrays: Any, tap: Any = np.uint8) -> None:
        """Launch a kernel for the images of a batch, which all arrays have in their first dimension."""
        channels, result = shape[1], arrays[-1]
        kind = next(type_name(a.dtype) for a in arrays if a.dtype.kind == "f")
        for part in parts(shape[0], max(values(channels, shape[2:]), values(channels, output))):
            pieces = [a[part] for a in arrays]
            k = geometry(window, len(pieces[0]), tuple(shape[2:]), tuple(output), channels, channels, 0)
            work = pieces[-1].size if result.size else 0
            launch("windows", name, kind, work, *pieces, k, tap=type_name(tap))
