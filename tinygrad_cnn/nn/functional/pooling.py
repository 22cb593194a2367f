"""Pooling over windows of an image."""

from typing import Any, Literal, overload

from ... import ops
from ...autograd.modes import in_scope
from ...backend import Window
from ...errors import ShapeError
from ...tensor import Tensor
from .checks import need_tensors
from .windows import pooling_window


def _images(op: str, x: Tensor) -> Tensor:
    """Images with a batch dimension."""
    need_tensors(op, input=x)
    if x.ndim not in (3, 4):
        raise ShapeError(
            f"{op}: expected images (N, C, H, W), or one image (C, H, W); got shape {tuple(x.shape)}{in_scope()}"
        )
    return x if x.ndim == 4 else x.unsqueeze(0)


@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...
@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window; (N, C, H, W) → (N, C, OH, OW).

    Padding counts as −∞; of equal values the first gets the gradient. The stride defaults to the kernel size.

    Args:
        kernel_size, stride, padding, dilation: in pixels, one int or one for height and one for width.
        ceil_mode: keep a last window that is only partly inside.
        return_indices: return, beside the maxima, where each is in the flattened image (int64).

    Raises:
        RuntimeError: for a window that does not fit, or padding of more than half of it.

    >>> import tinygrad_cnn as tg
    >>> max_pool2d(tg.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """
    window = pooling_window("max_pool2d", 2, kernel_size, stride, padding, dilation, ceil_mode)
    x = _images("max_pool2d", input)
    if not return_indices:
        out = ops.max_pool2d(x, window=window)
        return out if input.ndim == 4 else out.squeeze(0)
    out, (taps,) = ops.max_pool2d.with_residuals(x, window=window)
    indices = Tensor.from_array(_flat_positions(x.backend.xp, taps, x.shape[2:], window))
    return (out, indices) if input.ndim == 4 else (out.squeeze(0), indices.squeeze(0))


def _flat_positions(xp: Any, taps: Any, image: tuple[int, ...], window: Window) -> Any:
    """Numbers of taps → numbers of pixels in the flattened image."""
    tap_rows, tap_columns = xp.divmod(taps.astype("int64"), window.size[1])
    (top, _), (left, _) = window.padding
    rows = xp.arange(taps.shape[2])[:, None] * window.stride[0] + tap_rows * window.dilation[0] - top
    columns = xp.arange(taps.shape[3]) * window.stride[1] + tap_columns * window.dilation[1] - left
    return xp.ascontiguousarray(rows * image[1] + columns)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window; (N, C, H, W) → (N, C, OH, OW). The stride defaults to the kernel size.

    Args:
        kernel_size, stride, padding: in pixels, one int or one for height and one for width.
        ceil_mode: keep a last window that is only partly inside.
        count_include_pad: padding counts as zeros among a window's pixels; otherwise it does not count at all.
        divisor_override: divide by this instead of the number of pixels.

    Raises:
        RuntimeError: for a window that does not fit, or padding of more than half of it.

    >>> import tinygrad_cnn as tg
    >>> avg_pool2d(tg.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """
    window = pooling_window("avg_pool2d", 2, kernel_size, stride, padding, 1, ceil_mode)
    x = _images("avg_pool2d", input)
    if divisor_override == 0:
        raise ValueError(f"avg_pool2d: divisor_override must not be 0{in_scope()}")
    sums = ops.sum_windows(x, window=window)
    out = ops.mul(sums, _inverse_counts(x, window, count_include_pad, divisor_override))
    return out if input.ndim == 4 else out.squeeze(0)


def _inverse_counts(x: Tensor, window: Window, include_padding: bool, divisor: int | None) -> Any:
    """1 / the number of pixels of each window: one number where it is the same for all."""
    if divisor is not None:
        return 1 / divisor
    rows, columns = window.pixels_per_window(x.shape[2:], include_padding=include_padding)
    if len(set(rows)) == len(set(columns)) == 1:
        return 1 / (rows[0] * columns[0])
    xp = x.backend.xp
    counts = xp.asarray(rows)[:, None] * xp.asarray(columns)
    return Tensor.from_array((1 / counts).astype(x.dtype))
