"""Convolution: a map that is linear in the images and in the kernels, and its two adjoints.

Each of the three is the derivative of the other two, so derivatives of every order need nothing else.
"""

from typing import Any

from ..autograd import op
from .reductions import channel_sum


@op(
    dtypes="equal",
    x=lambda g, w, x_shape, window: conv2d_input_grad(g, w, shape=x_shape, window=window),
    w=lambda g, x, window: conv2d_weight_grad(g, x, window=window),
    b=lambda g: channel_sum(g),
)
def conv2d(backend: Any, x: Any, w: Any, b: Any = None, *, window: Any) -> Any:
    """Cross-correlate images (N, C, H, W) with kernels (O, C/groups, KH, KW), add b (O) or None → (N, O, OH, OW)."""
    out = backend.conv2d(x, w, window)
    if b is not None:
        out += b.reshape(-1, *(1,) * window.rank)
    return out


@op(
    dtypes="equal",
    y=lambda g, w, window: conv2d(g, w, window=window),
    w=lambda g, y, window: conv2d_weight_grad(y, g, window=window),
)
def conv2d_input_grad(backend: Any, y: Any, w: Any, *, shape: tuple[int, ...], window: Any) -> Any:
    """The adjoint of `conv2d` in its images: (N, O, OH, OW), (O, C/groups, KH, KW) → (N, C, H, W)."""
    return backend.conv2d_input_grad(y, w, shape, window)


@op(
    dtypes="equal",
    y=lambda g, x, window: conv2d(x, g, window=window),
    x=lambda g, y, x_shape, window: conv2d_input_grad(y, g, shape=x_shape, window=window),
)
def conv2d_weight_grad(backend: Any, y: Any, x: Any, *, window: Any) -> Any:
    """The adjoint of `conv2d` in its kernels: (N, O, OH, OW), (N, C, H, W) → (O, C/groups, KH, KW)."""
    return backend.conv2d_weight_grad(y, x, window)
