"""Activation functions and softmax."""

from typing import Any

from ... import ops
from ...tensor import Tensor
from .checks import need_tensors


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)

    >>> import tinygrad_cnn as tg
    >>> relu(tg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    if not isinstance(input, Tensor):  # asked here, for it is called more often than all the others
        need_tensors("relu", input=input)  # type: ignore[unreachable]
    return input.relu_() if inplace else ops.relu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x for x > 0, negative_slope · x below.

    >>> F.leaky_relu(tg.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    need_tensors("leaky_relu", input=input)
    if inplace:
        return input.in_place("leaky_relu_", ops.leaky_relu, input, slope=negative_slope)
    return ops.leaky_relu(input, slope=negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x for x > 0, α(eˣ − 1) below.

    >>> F.elu(tg.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    need_tensors("elu", input=input)
    if inplace:
        return input.in_place("elu_", ops.elu, input, alpha=alpha)
    return ops.elu(input, alpha=alpha)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x · sigmoid(x)

    >>> F.silu(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])
    """
    need_tensors("silu", input=input)
    return input.in_place("silu_", ops.silu, input) if inplace else ops.silu(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """ln(1 + e^(βx)) / β, and x itself where βx exceeds the threshold.

    >>> F.softplus(tg.tensor(0.0))
    tensor(0.6931)
    """
    need_tensors("softplus", input=input)
    out = ops.softplus(input, beta=beta)
    return out if threshold >= 20 else ops.where(input * beta > threshold, input, out)  # beyond 20 it is x anyway


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ)

    >>> F.sigmoid(tg.tensor(0.0))
    tensor(0.5000)
    """
    need_tensors("sigmoid", input=input)
    return ops.sigmoid(input)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent.

    >>> F.tanh(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """
    need_tensors("tanh", input=input)
    return ops.tanh(input)


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """e^xᵢ / Σⱼ e^xⱼ along a dimension; by default the first for 0, 1 and 3 dimensions, else the second.

    >>> F.softmax(tg.zeros(1, 4), dim=1)
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    need_tensors("softmax", input=input)
    return input.softmax(_usual_dim(input) if dim is None else dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`.

    >>> F.log_softmax(tg.zeros(1, 2), dim=1)
    tensor([[-0.6931, -0.6931]])
    """
    need_tensors("log_softmax", input=input)
    return input.log_softmax(_usual_dim(input) if dim is None else dim, dtype)


def _usual_dim(x: Tensor) -> int:
    return 0 if x.ndim in (0, 1, 3) else 1


def relu_(input: Tensor) -> Tensor:
    """`relu`, written into the input.

    >>> F.relu_(tg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return relu(input, inplace=True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu`, written into the input.

    >>> F.leaky_relu_(tg.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    return leaky_relu(input, negative_slope, inplace=True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu`, written into the input.

    >>> F.elu_(tg.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return elu(input, alpha, inplace=True)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((x + G) / τ) with G from Gumbel's distribution: a sample of classes (Jang et al. 2017).

    Args:
        logits: logarithms of what the probabilities are proportional to.
        tau: the temperature.
        hard: return the one-hot vector of the largest; the gradient is that of the softmax all the same.
        eps: without effect.
        dim: the dimension of the classes.

    >>> import tinygrad_cnn as tg
    >>> gumbel_softmax(tg.zeros(2, 3), hard=True).sum(1).round()
    tensor([1., 1.])
    """
    need_tensors("gumbel_softmax", logits=logits)
    noise = -logits.detach().clone().exponential_().log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    largest = soft.detach().argmax(dim, keepdim=True)
    chosen = Tensor.from_array(logits.backend.xp.zeros_like(logits.array)).scatter(dim, largest, value=1.0)
    return chosen - soft.detach() + soft


__all__ = [
    "elu",
    "elu_",
    "gumbel_softmax",
    "leaky_relu",
    "leaky_relu_",
    "log_softmax",
    "relu",
    "relu_",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]
