"""Convolution of sequences and volumes, and transposed convolution: the map that is convolution's derivative."""

from functools import lru_cache
from typing import Any

from ... import ops
from ...autograd.modes import in_scope
from ...backend import Window
from ...errors import ShapeError
from ...tensor import Tensor
from .checks import need_tensors
from .windows import convolution_window


def _checked(op: str, x: Tensor, w: Tensor, bias: Tensor | None, rank: int, channels: int, outputs: int) -> None:
    """Raise for shapes that do not fit: `channels` are what the kernels read, `outputs` what they make."""
    if w.ndim != rank + 2:
        raise ShapeError(f"{op}: weight must have {rank + 2} dimensions; got shape {tuple(w.shape)}{in_scope()}")
    if x.ndim not in (rank + 1, rank + 2):
        dims = "CDHW"[:1] + "CDHW"[4 - rank :] if rank > 1 else "CL"
        shape = ", ".join(dims)
        raise ShapeError(f"{op}: expected (N, {shape}) or ({shape}); got shape {tuple(x.shape)}{in_scope()}")
    if x.shape[-rank - 1] != channels:
        raise ShapeError(
            f"{op}: weight {tuple(w.shape)} expects {channels} input channels, but x {tuple(x.shape)} has "
            f"{x.shape[-rank - 1]}{in_scope()}"
        )
    if bias is not None and bias.shape != (outputs,):
        raise ShapeError(
            f"{op}: bias must have shape ({outputs},), one value per output channel; "
            f"got {tuple(bias.shape)}{in_scope()}"
        )


def _convolve(
    op: str, rank: int, x: Tensor, w: Tensor, b: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    need_tensors(op, input=x, weight=w, bias=b)
    outputs, per_group = (w.shape[0], w.shape[1]) if w.ndim > 1 else (0, 0)
    _checked(op, x, w, b, rank, per_group * groups, outputs)
    if groups > 0 and outputs % groups:
        raise ShapeError(f"{op}: {outputs} output channels can't be divided among {groups} groups{in_scope()}")
    window = convolution_window(op, w.shape[2:], stride, padding, dilation, groups)
    if x.ndim == rank + 1:
        return ops.conv2d(x.unsqueeze(0), w, b, window=window).squeeze(0)
    return ops.conv2d(x, w, b, window=window)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """`conv2d` of sequences: (N, C, L), (O, C/groups, K), (O) → (N, O, (L + 2p − d(K − 1) − 1) // s + 1).

    >>> import tinygrad_cnn as tg
    >>> conv1d(tg.ones(1, 1, 4), tg.ones(1, 1, 2)).tolist()
    [[[2.0, 2.0, 2.0]]]
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """`conv2d` of volumes: (N, C, D, H, W), (O, C/groups, KD, KH, KW), (O) → (N, O, OD, OH, OW).

    >>> import tinygrad_cnn as tg
    >>> conv3d(tg.ones(1, 1, 4, 4, 4), tg.ones(2, 1, 3, 3, 3)).shape
    (1, 2, 2, 2, 2)
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


@lru_cache(maxsize=4096)
def _behind(op: str, window: Window, more: tuple[int, ...]) -> tuple[Window, tuple[int, ...]]:
    """The window whose images have `more` pixels at the end, and how many of these no window can reach."""
    for extra, stride, dilation in zip(more, window.stride, window.dilation, strict=True):
        if not 0 <= extra < max(stride, dilation):
            raise ShapeError(
                f"{op}: output_padding must be smaller than stride or dilation; got output_padding {more}, "
                f"stride {window.stride}, dilation {window.dilation}{in_scope()}"
            )
    padding = tuple((p, max(p - extra, 0)) for (p, _), extra in zip(window.padding, more, strict=True))
    unreached = tuple(max(extra - p, 0) for (p, _), extra in zip(window.padding, more, strict=True))
    return Window(window.size, window.stride, padding, window.dilation, window.groups, op=op), unreached


def _transpose(
    op: str,
    rank: int,
    x: Tensor,
    w: Tensor,
    b: Tensor | None,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Tensor:
    need_tensors(op, input=x, weight=w, bias=b)
    channels, outputs = (w.shape[0], w.shape[1] * groups) if w.ndim > 1 else (0, 0)
    _checked(op, x, w, b, rank, channels, outputs)
    if groups > 0 and channels % groups:
        raise ShapeError(f"{op}: {channels} input channels can't be divided among {groups} groups{in_scope()}")
    if isinstance(padding, str):
        raise TypeError(f"{op}: padding must be an int or {rank} of them; got {padding!r}{in_scope()}")
    more = (output_padding,) * rank if isinstance(output_padding, int) else tuple(output_padding)
    more = more * rank if len(more) == 1 else more
    if len(more) != rank:
        raise ValueError(f"{op}: output_padding must be an int or {rank} of them; got {output_padding!r}{in_scope()}")
    window, unreached = _behind(op, convolution_window(op, w.shape[2:], stride, padding, dilation, groups), more)
    batch = x if x.ndim == rank + 2 else x.unsqueeze(0)
    sizes = tuple(
        (n - 1) * s + e - before - after
        for n, s, e, (before, after) in zip(batch.shape[2:], window.stride, window.extent, window.padding, strict=True)
    )
    if min(sizes) < 1:
        raise ShapeError(
            f"{op}: padding {padding} leaves nothing of x {tuple(x.shape)}: the result would be {sizes}{in_scope()}"
        )
    out = ops.conv2d_input_grad(batch, w, shape=(batch.shape[0], outputs, *sizes), window=window)
    if any(unreached):
        out = ops.pad(out, pads=((0, 0), (0, 0), *((0, extra) for extra in unreached)), value=0)
    if b is not None:
        out = out + b.reshape(-1, *(1,) * rank)
    return out if x.ndim == rank + 2 else out.squeeze(0)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """`conv_transpose2d` of sequences: (N, C, L), (C, O/groups, K) → (N, O, OL).

    >>> import tinygrad_cnn as tg
    >>> conv_transpose1d(tg.ones(1, 1, 2), tg.ones(1, 1, 2)).tolist()
    [[[1.0, 2.0, 1.0]]]
    """
    return _transpose("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Each pixel, times the kernel, added to the result at `stride` times its place: the adjoint of `conv2d`.

    (N, C, H, W), (C, O/groups, KH, KW), (O) → (N, O, OH, OW) with OH = (H − 1)s − 2p + d(KH − 1) + output_padding + 1.

    Args:
        padding: pixels cut off on all sides.
        output_padding: pixels more at the end; fewer than stride or dilation.

    Raises:
        RuntimeError: for shapes that do not fit.

    >>> import tinygrad_cnn as tg
    >>> conv_transpose2d(tg.ones(8, 3, 16, 16), tg.ones(3, 5, 4, 4), stride=2, padding=1).shape
    (8, 5, 32, 32)
    """
    return _transpose("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """`conv_transpose2d` of volumes: (N, C, D, H, W), (C, O/groups, KD, KH, KW) → (N, O, OD, OH, OW).

    >>> import tinygrad_cnn as tg
    >>> conv_transpose3d(tg.ones(1, 1, 2, 2, 2), tg.ones(1, 2, 2, 2, 2), stride=2).shape
    (1, 2, 4, 4, 4)
    """
    return _transpose("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


__all__ = ["conv1d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]
