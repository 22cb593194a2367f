"""What PyTorch has in `torch.nn.grad`: the gradients of convolution by themselves."""

from typing import Any

from .. import ops
from ..tensor import Tensor
from .functional.windows import convolution_window

__all__ = [
    "conv1d_input",
    "conv1d_weight",
    "conv2d_input",
    "conv2d_weight",
    "conv3d_input",
    "conv3d_weight",
]


def _in_input(
    op: str, shape: Any, w: Tensor, g: Tensor, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    window = convolution_window(op, w.shape[2:], stride, padding, dilation, groups)
    return ops.conv2d_input_grad(g, w, shape=tuple(shape), window=window)


def _in_weight(
    op: str, x: Tensor, shape: Any, g: Tensor, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    window = convolution_window(op, tuple(shape)[2:], stride, padding, dilation, groups)
    return ops.conv2d_weight_grad(g, x, window=window)


def conv1d_input(
    input_size: Any,
    weight: Tensor,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv1d` in its input, of this size, given that of its output."""
    return _in_input("conv1d_input", input_size, weight, grad_output, stride, padding, dilation, groups)


def conv1d_weight(
    input: Tensor,
    weight_size: Any,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv1d` in its kernels, of this size, given that of its output."""
    return _in_weight("conv1d_weight", input, weight_size, grad_output, stride, padding, dilation, groups)


def conv2d_input(
    input_size: Any,
    weight: Tensor,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv2d` in its input, of this size, given that of its output.

    >>> import tinygrad_cnn as tg
    >>> conv2d_input((1, 1, 2, 2), tg.ones(1, 1, 1, 1), tg.ones(1, 1, 2, 2)).tolist()
    [[[[1.0, 1.0], [1.0, 1.0]]]]
    """
    return _in_input("conv2d_input", input_size, weight, grad_output, stride, padding, dilation, groups)


def conv2d_weight(
    input: Tensor,
    weight_size: Any,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv2d` in its kernels, of this size, given that of its output."""
    return _in_weight("conv2d_weight", input, weight_size, grad_output, stride, padding, dilation, groups)


def conv3d_input(
    input_size: Any,
    weight: Tensor,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv3d` in its input, of this size, given that of its output."""
    return _in_input("conv3d_input", input_size, weight, grad_output, stride, padding, dilation, groups)


def conv3d_weight(
    input: Tensor,
    weight_size: Any,
    grad_output: Tensor,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of `conv3d` in its kernels, of this size, given that of its output."""
    return _in_weight("conv3d_weight", input, weight_size, grad_output, stride, padding, dilation, groups)
