"""Convolution and linear maps: arguments checked, then one operation."""

from math import prod
from typing import Any

from ... import ops
from ...autograd.modes import in_scope
from ...errors import ShapeError
from ...tensor import Tensor
from .checks import need_tensors
from .windows import convolution_window


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlate images and kernels: out[n, o, i, j] = b[o] + Σ x[n, c, si + dk − p, sj + dl − p] · w[o, c, k, l].

    (N, C, H, W), (O, C/groups, KH, KW), (O) → (N, O, OH, OW) with OH = (H + 2p − d(KH − 1) − 1) // s + 1; an image
    without the batch dimension is taken too.

    Args:
        stride, padding, dilation: in pixels, one int or one for height and one for width; also padding="same", "valid".
        groups: the channels fall into so many groups that do not see each other.

    Raises:
        RuntimeError: for shapes that do not fit, with all of them.

    >>> import tinygrad_cnn as tg
    >>> conv2d(tg.ones(8, 3, 32, 32), tg.ones(16, 3, 3, 3), padding=1).shape
    (8, 16, 32, 32)
    """
    need_tensors("conv2d", input=input, weight=weight, bias=bias)
    shape, kernels = input.array.shape, weight.array.shape
    if weight.ndim != 4:
        raise ShapeError(
            f"conv2d: weight must have shape (out channels, in channels / groups, height, width); "
            f"got {tuple(weight.shape)}{in_scope()}"
        )
    if input.ndim not in (3, 4):
        raise ShapeError(f"conv2d: expected images (N, C, H, W), or one image (C, H, W); got shape {shape}{in_scope()}")
    window = convolution_window("conv2d", kernels[2:], stride, padding, dilation, groups)
    outputs, per_group = kernels[:2]
    if shape[-3] != per_group * groups:
        hint = ""
        if input.ndim == 3 and per_group * groups == 1:
            hint = "; three dimensions are one image (C, H, W): for a batch of grey images use x.unsqueeze(1)"
        elif shape[-1] == per_group * groups:
            order = "0, 3, 1, 2" if input.ndim == 4 else "2, 0, 1"
            hint = f"; its last dimension has: if it holds the channels, use x.permute({order})"
        expected = f"{per_group} × {groups} groups = {per_group * groups}" if groups > 1 else f"{per_group}"
        raise ShapeError(
            f"conv2d: weight {tuple(weight.shape)} expects {expected} input channels, "
            f"but x {shape} has {shape[-3]}{hint}{in_scope()}"
        )
    if outputs % groups:
        raise ShapeError(
            f"conv2d: {outputs} output channels (weight {tuple(weight.shape)}) "
            f"can't be divided among {groups} groups{in_scope()}"
        )
    if bias is not None and bias.array.shape != (outputs,):
        raise ShapeError(
            f"conv2d: bias must have shape ({outputs},), one value per output channel; "
            f"got {tuple(bias.shape)}{in_scope()}"
        )
    if input.ndim == 3:
        return ops.conv2d(input.unsqueeze(0), weight, bias, window=window).squeeze(0)
    return ops.conv2d(input, weight, bias, window=window)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x wᵀ + b: (…, in), (out, in), (out) → (…, out).

    Raises:
        RuntimeError: for shapes that do not fit.

    >>> import tinygrad_cnn as tg
    >>> linear(tg.ones(2, 3), tg.ones(4, 3), tg.zeros(4)).shape
    (2, 4)
    """
    need_tensors("linear", input=input, weight=weight, bias=bias)
    x, w = input.array.shape, weight.array.shape
    if len(w) != 2:
        raise ShapeError(
            f"linear: weight must have shape (out features, in features); got {tuple(weight.shape)}{in_scope()}"
        )
    if not x or x[-1] != w[1]:
        hint = ""
        if input.ndim > 2:
            flat = prod(input.shape[1:])
            fix = ": use x.flatten(1)" if flat == weight.shape[1] else ""
            hint = f"; flattened it would have {' · '.join(map(str, input.shape[1:]))} = {flat}{fix}"
        elif input.ndim == 2:
            hint = f"; a Linear({input.shape[-1]}, {weight.shape[0]}) would take it"
        raise ShapeError(
            f"linear: weight {tuple(weight.shape)} expects {weight.shape[1]} features, "
            f"but x {tuple(input.shape)} has {input.shape[-1] if input.ndim else 'none'}{hint}{in_scope()}"
        )
    if bias is not None and bias.array.shape != w[:1]:
        raise ShapeError(
            f"linear: bias must have shape ({weight.shape[0]},), one value per output feature; "
            f"got {tuple(bias.shape)}{in_scope()}"
        )
    return ops.linear(input, weight, bias)


__all__ = ["conv2d", "linear"]
