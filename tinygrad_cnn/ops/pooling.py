"""Pooling. Maxima are found once; from then on both poolings are linear, and come in adjoint pairs."""

from typing import Any

from ..autograd import op


@op(residuals=("taps",), x=lambda g, x_shape, taps, window: pool_scatter(g, taps=taps, shape=x_shape, window=window))
def max_pool2d(backend: Any, x: Any, *, window: Any) -> Any:
    """The maximum of each window, (N, C, H, W) → (N, C, OH, OW), and which tap holds it (the first of equals)."""
    return backend.max_pool2d(x, window)


@op(x=lambda g, x_shape, taps, window: pool_scatter(g, taps=taps, shape=x_shape, window=window))
def pool_gather(backend: Any, x: Any, *, taps: Any, window: Any) -> Any:
    """The pixel at each window's tap."""
    return backend.pool_gather(x, taps, window)


@op(x=lambda g, taps, window: pool_gather(g, taps=taps, window=window))
def pool_scatter(backend: Any, x: Any, *, taps: Any, shape: tuple[int, ...], window: Any) -> Any:
    """An image of zeros with each value added to the pixel at its window's tap."""
    return backend.pool_scatter(x, taps, shape, window)


@op(x=lambda g, x_shape, window: spread_windows(g, shape=x_shape, window=window))
def sum_windows(backend: Any, x: Any, *, window: Any) -> Any:
    """The sum of each window, (N, C, H, W) → (N, C, OH, OW); padding counts as zeros."""
    return backend.sum_windows(x, window)


@op(x=lambda g, window: sum_windows(g, window=window))
def spread_windows(backend: Any, x: Any, *, shape: tuple[int, ...], window: Any) -> Any:
    """An image in which each pixel is the sum of the values of the windows that hold it."""
    return backend.spread_windows(x, shape, window)
