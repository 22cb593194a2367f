"""The other activation functions: bounded, shrinking, smooth and gated ones, composed of operations."""

from collections.abc import Callable
from math import sqrt
from typing import Any

from ... import ops
from ...autograd import unrecordable
from ...autograd.modes import in_scope
from ...errors import ArgumentError, ShapeError
from ...ops.precision import LOW
from ...tensor import Tensor
from ...tensor.precision import runs_in
from .checks import need_tensors


def _into(name: str, input: Tensor, inplace: bool, f: Callable[[Any], Any]) -> Tensor:
    """f(input), written into it if wanted."""
    need_tensors(name, input=input)
    return input.copy_(f(input.clone())) if inplace else f(input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x cut off at both ends; the derivative at the ends is 0.

    >>> import tinygrad_cnn as tg
    >>> hardtanh(tg.tensor([-2.0, 0.5, 2.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val must not exceed max_val; got {min_val} and {max_val}{in_scope()}")
    need_tensors("hardtanh", input=input)
    if input.dtype.kind in "iu":  # the ends take part in the dtype of x
        min_val, max_val = int(min_val), int(max_val)
    return _into("hardtanh", input, inplace, lambda x: ops.hardtanh(x, low=min_val, high=max_val))


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)

    >>> F.relu6(tg.tensor([-1.0, 7.0]))
    tensor([0., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else the value.

    >>> F.threshold(tg.tensor([1.0, 3.0]), 2.0, -1.0)
    tensor([-1.,  3.])
    """
    return _into("threshold", input, inplace, lambda x: ops.where(x > threshold, x, value))


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6

    >>> F.hardsigmoid(tg.tensor([-4.0, 0.0, 4.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return _into("hardsigmoid", input, inplace, ops.hardsigmoid)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · hardsigmoid(x) (Howard et al. 2019).

    >>> F.hardswish(tg.tensor([-4.0, 0.0, 4.0]))
    tensor([-0., 0., 4.])
    """
    return _into("hardswish", input, inplace, ops.hardswish)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale · elu(x, α), with which layers keep mean 0 and variance 1 (Klambauer et al. 2017).

    >>> F.selu(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 1.0507])
    """
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    return _into("selu", input, inplace, lambda x: ops.elu(x, alpha=alpha) * scale)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x for x > 0, α(e^(x/α) − 1) below (Barron 2017).

    >>> F.celu(tg.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    if alpha == 0:
        raise ArgumentError(f"celu: alpha must not be 0{in_scope()}")
    return _into("celu", input, inplace, lambda x: ops.elu(x / alpha, alpha=1.0) * alpha)


@runs_in(LOW)
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x for x > 0, weight · x below; one weight, or one per channel (He et al. 2015).

    Raises:
        RuntimeError: for another number of weights.

    >>> import tinygrad_cnn as tg
    >>> prelu(tg.tensor([-4.0, 1.0]), tg.tensor([0.25])).tolist()
    [-1.0, 1.0]
    """
    need_tensors("prelu", input=input, weight=weight)
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or weight.numel() not in (1, channels):
        raise ShapeError(
            f"prelu: expected 1 weight, or one for each of {channels} channels; got shape "
            f"{tuple(weight.shape)}{in_scope()}"
        )
    if weight.numel() > 1:
        weight = weight.reshape(-1, *(1,) * (input.ndim - 2))
    elif weight.ndim != input.ndim:
        weight = weight.reshape((1,) * input.ndim)
    return ops.where(input > 0, input, weight * input)


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """`leaky_relu` whose slope is drawn from [lower, upper] per element in training, and their mean otherwise.

    >>> F.rrelu(tg.tensor([-1.0, 2.0]), 0.5, 0.5)
    tensor([-0.5000,  2.0000])
    """
    need_tensors("rrelu", input=input)
    if lower > upper:
        raise ArgumentError(f"rrelu: lower must not exceed upper; got {lower} and {upper}{in_scope()}")
    if not training:
        slope = (lower + upper) / 2
        return _into("rrelu", input, inplace, lambda x: ops.leaky_relu(x, slope=slope))
    unrecordable("rrelu: random slopes")
    slopes = input.detach().clone().uniform_(lower, upper)
    return _into("rrelu", input, inplace, lambda x: ops.where(x > 0, x, x * slopes))


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x · Φ(x), with Φ the normal distribution (Hendrycks & Gimpel 2016); "tanh" takes an approximation of it.

    >>> import tinygrad_cnn as tg
    >>> gelu(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])
    """
    need_tensors("gelu", input=input)
    if approximate == "none":
        return ops.gelu(input)
    if approximate != "tanh":
        raise ArgumentError(f"gelu: approximate must be 'none' or 'tanh'; got {approximate!r}{in_scope()}")
    inner = sqrt(2 / 3.141592653589793) * (input + 0.044715 * input * input * input)
    return input * 0.5 * (1 + ops.tanh(inner))


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · tanh(softplus(x)) (Misra 2019).

    >>> F.mish(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8651])
    """
    return _into("mish", input, inplace, lambda x: x * ops.tanh(ops.softplus(x, beta=1.0)))


def logsigmoid(input: Tensor) -> Tensor:
    """ln(1 / (1 + e⁻ˣ))

    >>> F.logsigmoid(tg.tensor(0.0))
    tensor(-0.6931)
    """
    need_tensors("logsigmoid", input=input)
    return -ops.softplus(-input, beta=1.0)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)

    >>> F.softsign(tg.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """
    need_tensors("softsign", input=input)
    return input / (1 + ops.abs_(input))


def tanhshrink(input: Tensor) -> Tensor:
    """x − tanh(x)

    >>> F.tanhshrink(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """
    need_tensors("tanhshrink", input=input)
    return input - ops.tanh(input)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > λ, else 0.

    >>> F.hardshrink(tg.tensor([-1.0, 0.3]))
    tensor([-1.,  0.])
    """
    need_tensors("hardshrink", input=input)
    return ops.where((input >= -lambd).logical_and(input <= lambd), 0.0, input)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by λ, and 0 where it would pass it.

    >>> F.softshrink(tg.tensor([-1.0, 0.3]))
    tensor([-0.5000,  0.0000])
    """
    need_tensors("softshrink", input=input)
    if lambd < 0:
        raise ArgumentError(f"softshrink: lambd must not be negative; got {lambd}{in_scope()}")
    return ops.where(input > lambd, input - lambd, ops.where(input < -lambd, input + lambd, 0.0 * input))


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """`softmax` of −x.

    >>> F.softmin(tg.zeros(1, 4), dim=1)
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    need_tensors("softmin", input=input)
    usual = 0 if input.ndim in (0, 1, 3) else 1
    return (-input).softmax(usual if dim is None else dim, dtype)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """One half along a dimension times the sigmoid of the other (Dauphin et al. 2017).

    Raises:
        RuntimeError: for a dimension of odd size.

    >>> F.glu(tg.tensor([3.0, 0.0]))
    tensor([1.5000])
    """
    need_tensors("glu", input=input)
    if input.ndim == 0 or input.shape[dim] % 2:
        raise ShapeError(f"glu: dim {dim} of shape {tuple(input.shape)} can't be halved{in_scope()}")
    half = input.shape[dim] // 2
    return input.narrow(dim, 0, half) * ops.sigmoid(input.narrow(dim, half, half))


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """x / max(‖x‖ₚ, eps) along a dimension, written into `out` if there is one.

    >>> import tinygrad_cnn as tg
    >>> normalize(tg.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    need_tensors("normalize", input=input)
    scaled = input / input.norm(p, dim, keepdim=True).clamp_min(eps)
    return scaled if out is None else out.copy_(scaled)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh`, written into the input.

    >>> F.hardtanh_(tg.tensor([-4.0, 0.5, 4.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    return hardtanh(input, min_val, max_val, inplace=True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold`, written into the input.

    >>> F.threshold_(tg.tensor([1.0, 3.0]), 2.0, -1.0)
    tensor([-1.,  3.])
    """
    return _into("threshold", input, True, lambda x: ops.where(x > threshold, x, value))


def selu_(input: Tensor) -> Tensor:
    """`selu`, written into the input.

    >>> F.selu_(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 1.0507])
    """
    return selu(input, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, written into the input.

    >>> F.celu_(tg.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return celu(input, alpha, inplace=True)


def rrelu_(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """`rrelu`, written into the input.

    >>> F.rrelu_(tg.tensor([-1.0, 2.0]), 0.5, 0.5)
    tensor([-0.5000,  2.0000])
    """
    return rrelu(input, lower, upper, training, inplace=True)


__all__ = [
    "celu",
    "celu_",
    "gelu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "logsigmoid",
    "mish",
    "normalize",
    "prelu",
    "relu6",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "softmin",
    "softshrink",
    "softsign",
    "tanhshrink",
    "threshold",
    "threshold_",
]
