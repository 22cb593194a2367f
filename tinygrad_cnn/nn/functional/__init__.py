"""Functions of networks, with PyTorch's names and arguments: each checks its input and composes operations."""

from .activation import dropout, dropout2d, elu, leaky_relu, log_softmax, relu, sigmoid, silu, softmax, softplus, tanh
from .convolution import conv2d, linear
from .convolutions import conv1d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from .loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
    nll_loss,
    one_hot,
    smooth_l1_loss,
)
from .normalization import batch_norm
from .pooling import avg_pool2d, max_pool2d
from .shape import pad

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "cross_entropy",
    "dropout",
    "dropout2d",
    "elu",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
    "conv1d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]
