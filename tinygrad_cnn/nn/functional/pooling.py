"""Pooling over windows of sequences, images and volumes: maxima, means and power means."""

from math import prod
from typing import Any, Literal, overload

from ... import ops
from ...autograd import taken
from ...autograd.modes import in_scope
from ...backend import Window
from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from .checks import need_tensors
from .windows import pooling_window

DIMS = {1: "L", 2: "H, W", 3: "D, H, W"}
KINDS = {1: ("sequences", "one sequence"), 2: ("images", "one image"), 3: ("volumes", "one volume")}


def batched(op: str, x: Tensor, rank: int) -> Tensor:
    """x with a batch dimension: (N, C, …) as it is, (C, …) as a batch of one."""
    need_tensors(op, input=x)
    if x.ndim not in (rank + 1, rank + 2):
        dims, (many, one) = DIMS[rank], KINDS[rank]
        raise ShapeError(
            f"{op}: expected {many} (N, C, {dims}), or {one} (C, {dims}); got shape {tuple(x.shape)}{in_scope()}"
        )
    if 0 in x.shape[-rank - 1 :]:
        raise ShapeError(f"{op}: only the batch may be empty; got shape {tuple(x.shape)}{in_scope()}")
    return x if x.ndim == rank + 2 else x.unsqueeze(0)


def _max_pool(
    op: str,
    rank: int,
    input: Tensor,
    size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    window = pooling_window(op, rank, size, stride, padding, dilation, ceil_mode)
    x = batched(op, input, rank)
    if not return_indices:
        out = ops.max_pool2d(x, window=window)
        return out if out.ndim == input.ndim else out.squeeze(0)
    out, (taps,) = ops.max_pool2d.with_residuals(x, window=window)
    indices = Tensor.from_array(taken(_flat_positions, x.backend.xp, taps, x.shape[2:], window))
    return (out, indices) if out.ndim == input.ndim else (out.squeeze(0), indices.squeeze(0))


def _flat_positions(xp: Any, taps: Any, image: tuple[int, ...], window: Window) -> Any:
    """Numbers of taps → numbers of pixels in the flattened image."""
    places = xp.unravel_index(taps.astype("int64"), window.size)
    flat = 0
    for i, (place, n) in enumerate(zip(places, image, strict=True)):
        starts = xp.arange(taps.shape[2 + i]) * window.stride[i] - window.padding[i][0]
        starts = starts.reshape(-1, *(1,) * (window.rank - 1 - i))
        flat = flat * n + starts + place * window.dilation[i]
    return xp.ascontiguousarray(flat)


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool2d` of sequences: (N, C, L) → (N, C, OL).

    >>> import tinygrad_cnn as tg
    >>> max_pool1d(tg.tensor([[[1.0, 5.0, 2.0, 3.0]]]), 2)
    tensor([[[5., 3.]]])
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


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
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool2d` of volumes: (N, C, D, H, W) → (N, C, OD, OH, OW).

    >>> import tinygrad_cnn as tg
    >>> max_pool3d(tg.arange(8.0).reshape(1, 1, 2, 2, 2), 2).item()
    7.0
    """
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _avg_pool(
    op: str,
    rank: int,
    input: Tensor,
    size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    include_padding: bool,
    divisor: int | None,
) -> Tensor:
    window = pooling_window(op, rank, size, stride, padding, 1, ceil_mode)
    x = batched(op, input, rank)
    if divisor == 0:
        raise ArgumentError(f"{op}: divisor_override must not be 0{in_scope()}")
    sums = ops.sum_windows(x, window=window)
    if x.dtype.kind in "iu":
        counts = divisor or _counts(x, window, include_padding)
        out = sums.div(counts, rounding_mode="trunc").to(x.dtype)
    else:
        out = ops.mul(sums, _inverse_counts(x, window, include_padding, divisor))
    return out if out.ndim == input.ndim else out.squeeze(0)


def _inverse_counts(x: Tensor, window: Window, include_padding: bool, divisor: int | None) -> Any:
    """1 / the number of pixels of each window: one number where it is the same for all."""
    if divisor is not None:
        return 1 / divisor
    counts = window.pixels_per_window(x.shape[2:], include_padding=include_padding)
    if all(len(set(line)) == 1 for line in counts):
        return 1 / prod(line[0] for line in counts)
    return Tensor.from_array((1 / _counts(x, window, include_padding).array).astype(x.dtype))


def _counts(x: Tensor, window: Window, include_padding: bool) -> Tensor:
    """The number of pixels of each window, in the shape of the result's last dimensions."""
    xp = x.backend.xp
    product = xp.ones((), dtype="int64")
    for line in window.pixels_per_window(x.shape[2:], include_padding=include_padding):
        product = product[..., None] * xp.asarray(line)
    return Tensor.from_array(product)


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """`avg_pool2d` of sequences: (N, C, L) → (N, C, OL).

    >>> import tinygrad_cnn as tg
    >>> avg_pool1d(tg.tensor([[[1.0, 5.0, 2.0, 4.0]]]), 2)
    tensor([[[3., 3.]]])
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


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
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """`avg_pool2d` of volumes: (N, C, D, H, W) → (N, C, OD, OH, OW).

    >>> import tinygrad_cnn as tg
    >>> avg_pool3d(tg.arange(8.0).reshape(1, 1, 2, 2, 2), 2).item()
    3.5
    """
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _lp_pool(op: str, rank: int, input: Tensor, p: float, size: Any, stride: Any, ceil_mode: bool) -> Tensor:
    powers = _avg_pool(op, rank, input**p, size, stride, 0, ceil_mode, True, None)
    count = pooling_window(op, rank, size, stride).tap_count
    return (powers.sign() * ops.relu(powers.abs()) * count) ** (1.0 / p)


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """`lp_pool2d` of sequences: (N, C, L) → (N, C, OL).

    >>> F.lp_pool1d(tg.tensor([[3.0, 4.0]]), 2, 2)
    tensor([[5.]])
    """
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window; (N, C, H, W) → (N, C, OH, OW). With p = 1 the sum, with p → ∞ the maximum.

    The derivative is infinite where a window's sum is 0.

    >>> import tinygrad_cnn as tg
    >>> lp_pool2d(tg.tensor([[[[3.0, 4.0], [0.0, 0.0]]]]), 2, 2).item()
    5.0
    """
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """`lp_pool2d` of volumes: (N, C, D, H, W) → (N, C, OD, OH, OW).

    >>> F.lp_pool3d(tg.ones(1, 1, 2, 2, 2), 1, 2).flatten()
    tensor([8.])
    """
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]
