"""Normalisation by layer, group, instance and neighbourhood."""

from collections.abc import Sequence
from math import prod
from typing import Any

from ... import ops
from ...autograd import unrecordable
from ...autograd.modes import in_scope
from ...dtypes import is_floating
from ...errors import DtypeError, ShapeError
from ...ops.precision import RANGE
from ...tensor import Tensor
from ...tensor.precision import runs_in
from .checks import need_tensors
from .normalization import batch_norm


def _need_floats(op: str, x: Tensor) -> None:
    if not is_floating(x.dtype):
        raise DtypeError(f"{op}: needs floating-point values; got dtype {x.dtype}. Convert with .float(){in_scope()}")


def _is_mixed(x: Tensor, *parameters: Tensor | None) -> bool:
    """Whether x is of 16 bits and parameters are wider, as mixed-precision models keep them."""
    return x.dtype.itemsize == 2 and any(v is not None and v.dtype != x.dtype for v in parameters)


def _last_dims(op: str, x: Tensor, shape: Any, **parameters: Tensor | None) -> tuple[int, ...]:
    need_tensors(op, input=x, **parameters)
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    if not wanted or tuple(x.shape[-len(wanted) :]) != wanted:
        raise ShapeError(f"{op}: normalized_shape {wanted} must be the last sizes of x {tuple(x.shape)}{in_scope()}")
    for name, values in parameters.items():
        if values is not None and tuple(values.shape) != wanted:
            raise ShapeError(f"{op}: {name} must have shape {wanted}; got {tuple(values.shape)}{in_scope()}")
    return tuple(range(-len(wanted), 0))


@runs_in(RANGE)
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(variance + eps) · weight + bias over the last dimensions (Ba et al. 2016).

    >>> import tinygrad_cnn as tg
    >>> layer_norm(tg.tensor([[1.0, 3.0]]), (2,)).round().tolist()
    [[-1.0, 1.0]]
    """
    dims = _last_dims("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    if _is_mixed(input, weight, bias):
        return layer_norm(input.float(), normalized_shape, weight, bias, eps).to(input.dtype)
    _need_floats("layer_norm", input)
    if len(dims) == 1:
        return ops.layer_norm(input, weight, bias, eps=eps)
    rows = input.flatten(-len(dims))
    weight, bias = (v if v is None else v.flatten() for v in (weight, bias))
    return ops.layer_norm(rows, weight, bias, eps=eps).reshape(input.shape)


@runs_in(RANGE)
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x / √(mean of squares + eps) · weight over the last dimensions (Zhang & Sennrich 2019).

    eps is the dtype's smallest step from 1 by default.

    >>> F.rms_norm(tg.tensor([3.0, 3.0]), [2])
    tensor([1., 1.])
    """
    dims = _last_dims("rms_norm", input, normalized_shape, weight=weight)
    if eps is None:
        eps = float(input.backend.xp.finfo(input.dtype).eps)
    out = input * ops.rsqrt(ops.square(input).mean(dims, keepdim=True) + eps)
    return out if weight is None else out * weight


@runs_in(RANGE)
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Each group of channels of each image on its own: mean 0, variance 1, then weight and bias per channel.

    (N, C, …) → the same shape. Wu & He 2018.

    Raises:
        RuntimeError: for groups that don't divide the channels.

    >>> F.group_norm(tg.tensor([[[1.0], [3.0]]]), 1).flatten().round()
    tensor([-1.,  1.])
    """
    need_tensors("group_norm", input=input, weight=weight, bias=bias)
    if input.ndim < 2 or num_groups < 1 or input.shape[1] % num_groups:
        raise ShapeError(
            f"group_norm: num_groups {num_groups} must divide the channels of x {tuple(input.shape)}{in_scope()}"
        )
    channels = input.shape[1]
    for name, values in (("weight", weight), ("bias", bias)):
        if values is not None and values.shape != (channels,):
            raise ShapeError(f"group_norm: {name} must have shape ({channels},); got {tuple(values.shape)}{in_scope()}")
    if _is_mixed(input, weight, bias):
        return group_norm(input.float(), num_groups, weight, bias, eps).to(input.dtype)
    _need_floats("group_norm", input)
    return ops.group_norm(input, weight, bias, groups=num_groups, eps=eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`batch_norm` of each image on its own (Ulyanov et al. 2016): (N, C, …) → the same shape.

    Raises:
        ValueError: for one value per channel, which has no variance.

    >>> F.instance_norm(tg.tensor([[[1.0, 3.0]]])).round()
    tensor([[[-1.,  1.]]])
    """
    need_tensors("instance_norm", input=input, weight=weight, bias=bias)
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    n, channels = input.shape[:2]
    if prod(input.shape[2:]) == 1:
        raise ValueError(
            f"instance_norm: expected more than 1 value per channel; got shape {tuple(input.shape)}{in_scope()}"
        )
    if running_mean is not None and running_var is not None:
        unrecordable("instance_norm: running statistics")
        flat = input.detach().reshape(n, channels, -1)
        running_mean.copy_(running_mean * (1 - momentum) + momentum * flat.mean(-1).mean(0))
        running_var.copy_(running_var * (1 - momentum) + momentum * flat.var(-1).mean(0))
    return group_norm(input, channels, weight, bias, eps)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + α · mean of squares of the `size` channels around)^β (Krizhevsky et al. 2012).

    >>> F.local_response_norm(tg.ones(1, 3, 1), 3, alpha=0.0).flatten()
    tensor([1., 1., 1.])
    """
    need_tensors("local_response_norm", input=input)
    if input.ndim < 3:
        raise ValueError(
            f"local_response_norm: expected 3 or more dimensions; got shape {tuple(input.shape)}{in_scope()}"
        )
    channels = input.shape[1]
    ends = ((0, 0), (size // 2, (size - 1) // 2), *((0, 0),) * (input.ndim - 2))
    squares = ops.pad(ops.square(input), pads=ends, value=0)
    total = squares.narrow(1, 0, channels)
    for i in range(1, size):
        total = total + squares.narrow(1, i, channels)
    return input / (total * (alpha / size) + k) ** beta


__all__ = ["group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]
