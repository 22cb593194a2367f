"""Activation functions, softmax, dropout."""

from typing import Any

from ... import ops
from ...autograd.modes import in_scope
from ...tensor import Tensor
from .checks import need_tensors


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)

    >>> import tinygrad_cnn as tg
    >>> relu(tg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    need_tensors("relu", input=input)
    return input.relu_() if inplace else ops.relu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x for x > 0, negative_slope · x below."""
    need_tensors("leaky_relu", input=input)
    if inplace:
        return input.in_place("leaky_relu_", ops.leaky_relu, input, slope=negative_slope)
    return ops.leaky_relu(input, slope=negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x for x > 0, α(eˣ − 1) below."""
    need_tensors("elu", input=input)
    if inplace:
        return input.in_place("elu_", ops.elu, input, alpha=alpha)
    return ops.elu(input, alpha=alpha)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x · sigmoid(x)"""
    need_tensors("silu", input=input)
    return input.in_place("silu_", ops.silu, input) if inplace else ops.silu(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """ln(1 + e^(βx)) / β. It cannot overflow, so `threshold`, where PyTorch goes over to x itself, has no effect."""
    need_tensors("softplus", input=input)
    return ops.softplus(input, beta=beta)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ)"""
    need_tensors("sigmoid", input=input)
    return ops.sigmoid(input)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    need_tensors("tanh", input=input)
    return ops.tanh(input)


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """e^xᵢ / Σⱼ e^xⱼ along a dimension; by default the first for 0, 1 and 3 dimensions, else the second."""
    need_tensors("softmax", input=input)
    return input.softmax(_usual_dim(input) if dim is None else dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`."""
    need_tensors("log_softmax", input=input)
    return input.log_softmax(_usual_dim(input) if dim is None else dim, dtype)


def _usual_dim(x: Tensor) -> int:
    return 0 if x.ndim in (0, 1, 3) else 1


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each value is 0 with probability p, else scaled by 1/(1 − p); otherwise x itself.

    Raises:
        ValueError: for p outside [0, 1].

    >>> import tinygrad_cnn as tg
    >>> dropout(tg.ones(3), p=0.9, training=False)
    tensor([1., 1., 1.])
    """
    need_tensors("dropout", input=input)
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p must lie in [0, 1]; got {p}{in_scope()}")
    if not training or p == 0:
        return input
    if inplace:
        return input.in_place("dropout_", ops.dropout, input, p=p, shape=input.shape)
    return ops.dropout(input, p=p, shape=input.shape)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels: (N, C, H, W), each of the N · C images kept or dropped as one."""
    need_tensors("dropout2d", input=input)
    if not 0 <= p <= 1:
        raise ValueError(f"dropout2d: p must lie in [0, 1]; got {p}{in_scope()}")
    if not training or p == 0:
        return input
    channels = 1 if input.ndim == 3 else 2  # (C, H, W) or (N, C, …)
    shape = (*input.shape[:channels], *(1,) * (input.ndim - channels))
    if inplace:
        return input.in_place("dropout2d_", ops.dropout, input, p=p, shape=shape)
    return ops.dropout(input, p=p, shape=shape)
