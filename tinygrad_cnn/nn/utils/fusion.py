"""Batch norm in evaluation taken into the weights of the layer before it."""

from copy import deepcopy
from typing import Any, TypeVar

from ...autograd import no_grad
from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter

M = TypeVar("M", bound=Module)


def fuse_conv_bn_eval(conv: M, bn: Module, transpose: bool = False) -> M:
    """A copy of a convolution that gives what `bn(conv(x))` gives in evaluation.

    With s = γ / √(variance + eps): w ← s · w and b ← s · (b − mean) + β.

    Args:
        conv: the convolution; it must be in evaluation, as `bn` must.
        bn: the batch norm after it.
        transpose: for a transposed convolution, whose outputs are dimension 1 of the weight.

    Raises:
        RuntimeError: if one of the two is training, or the batch norm has no running statistics.

    >>> from tinygrad_cnn import nn
    >>> fuse_conv_bn_eval(nn.Conv2d(3, 4, 3, bias=False).eval(), nn.BatchNorm2d(4).eval()).bias.shape
    (4,)
    """
    layer: Any = deepcopy(conv)
    return _fused("fuse_conv_bn_eval", layer, bn, 1 if transpose else 0)  # type: ignore[no-any-return]


def fuse_linear_bn_eval(linear: M, bn: Module) -> M:
    """A copy of a dense layer that gives what `bn(linear(x))` gives in evaluation; see `fuse_conv_bn_eval`.

    >>> linear, bn, x = nn.Linear(3, 4).eval(), nn.BatchNorm1d(4).eval(), tg.randn(2, 3)
    >>> tg.allclose(nn.utils.fuse_linear_bn_eval(linear, bn)(x), bn(linear(x)), atol=1e-5)
    True
    """
    layer: Any = deepcopy(linear)
    return _fused("fuse_linear_bn_eval", layer, bn, 0)  # type: ignore[no-any-return]


def _fused(op: str, layer: Any, bn: Any, outputs: int) -> Any:
    if layer.training or bn.training:
        raise RuntimeError(f"{op}: both layers must be in evaluation; call eval() on them first")
    if bn.running_mean is None or bn.running_var is None:
        raise RuntimeError(f"{op}: the batch norm has no running statistics (track_running_stats=False)")
    with no_grad():
        layer.weight, layer.bias = _fold(
            layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, outputs
        )
    return layer


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of `fuse_conv_bn_eval`, from the tensors of the two layers.

    >>> conv, bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    >>> statistics = (bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias)
    >>> [tuple(p.shape) for p in nn.utils.fuse_conv_bn_weights(conv.weight, conv.bias, *statistics)]
    [(4, 3, 3, 3), (4,)]
    """
    with no_grad():
        return _fold(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 1 if transpose else 0)


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of `fuse_linear_bn_eval`, from the tensors of the two layers.

    >>> linear, bn = nn.Linear(3, 4), nn.BatchNorm1d(4)
    >>> statistics = (bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias)
    >>> [tuple(p.shape) for p in nn.utils.fuse_linear_bn_weights(linear.weight, linear.bias, *statistics)]
    [(4, 3), (4,)]
    """
    with no_grad():
        return _fold(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def _fold(
    w: Tensor,
    b: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    eps: float,
    gamma: Tensor | None,
    beta: Tensor | None,
    outputs: int,
) -> tuple[Parameter, Parameter]:
    scale = (variance + eps).rsqrt()
    if gamma is not None:
        scale = scale * gamma
    bias = scale * (-mean if b is None else b - mean)
    if beta is not None:
        bias = bias + beta
    shape = [1] * w.ndim
    shape[outputs] = -1
    return (
        Parameter((w * scale.reshape(shape)).to(w.dtype), requires_grad=w.requires_grad),
        Parameter(bias.to(w.dtype), requires_grad=True if b is None else b.requires_grad),
    )
