"""The other activation functions as modules: bounded, shrinking, smooth, gated and learned ones."""

from typing import Any

from ..autograd.modes import in_scope
from ..creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class Hardtanh(Module):
    """x cut off at both ends. `min_value` and `max_value` are PyTorch's old names for them.

    >>> nn.Hardtanh()(tg.tensor([-4.0, 0.5, 4.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        if self.min_val > self.max_val:
            raise ValueError(f"Hardtanh: min_val must not exceed max_val; got {self.min_val} and {self.max_val}")
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`functional.hardtanh`"""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class ReLU6(Hardtanh):
    """min(max(x, 0), 6)

    >>> import tinygrad_cnn as tg
    >>> ReLU6()(tg.tensor([-2.0, 8.0])).tolist()
    [0.0, 6.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """Whether it writes into its input."""
        return "inplace=True" if self.inplace else ""


class PReLU(Module):
    """x for x > 0, weight · x below, with one learned weight or one per channel. He et al. 2015.

    >>> import tinygrad_cnn as tg
    >>> PReLU()(tg.tensor([-4.0, 1.0])).tolist()
    [-1.0, 1.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, dtype=dtype, device=device))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """All weights the first value."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """`functional.prelu`"""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """How many weights."""
        return f"num_parameters={self.num_parameters}"


class Threshold(Module):
    """x where x > threshold, else the value.

    >>> nn.Threshold(2.0, -1.0)(tg.tensor([1.0, 3.0]))
    tensor([-1.,  3.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`functional.threshold`"""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")


class Hardsigmoid(Module):
    """min(max(x + 3, 0), 6) / 6

    >>> nn.Hardsigmoid()(tg.tensor([-4.0, 0.0, 4.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`functional.hardsigmoid`"""
        return F.hardsigmoid(input, self.inplace)


class Hardswish(Module):
    """x · hardsigmoid(x). Howard et al. 2019.

    >>> nn.Hardswish()(tg.tensor([-4.0, 0.0, 4.0]))
    tensor([-0., 0., 4.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`functional.hardswish`"""
        return F.hardswish(input, self.inplace)


class SELU(Module):
    """scale · elu(x, α), which keeps mean 0 and variance 1. Klambauer et al. 2017.

    >>> nn.SELU()(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 1.0507])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`functional.selu`"""
        return F.selu(input, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return "inplace=True" if self.inplace else ""


class CELU(Module):
    """x for x > 0, α(e^(x/α) − 1) below. Barron 2017.

    >>> nn.CELU()(tg.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`functional.celu`"""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class GELU(Module):
    """x · Φ(x), with Φ the normal distribution; "tanh" is an approximation. Hendrycks & Gimpel 2016.

    >>> nn.GELU()(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """`functional.gelu`"""
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"approximate={self.approximate!r}"


class Mish(Module):
    """x · tanh(softplus(x)). Misra 2019.

    >>> nn.Mish()(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8651])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`functional.mish`"""
        return F.mish(input, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return "inplace=True" if self.inplace else ""


class LogSigmoid(Module):
    """ln(1 / (1 + e⁻ˣ))

    >>> nn.LogSigmoid()(tg.tensor(0.0))
    tensor(-0.6931)
    """

    def forward(self, input: Tensor) -> Tensor:
        """`functional.logsigmoid`"""
        return F.logsigmoid(input)


class Softsign(Module):
    """x / (1 + |x|)

    >>> nn.Softsign()(tg.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """

    def forward(self, input: Tensor) -> Tensor:
        """`functional.softsign`"""
        return F.softsign(input)


class Tanhshrink(Module):
    """x − tanh(x)

    >>> nn.Tanhshrink()(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """

    def forward(self, input: Tensor) -> Tensor:
        """`functional.tanhshrink`"""
        return F.tanhshrink(input)


class Hardshrink(Module):
    """x where |x| > λ, else 0.

    >>> nn.Hardshrink()(tg.tensor([-1.0, 0.3]))
    tensor([-1.,  0.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """`functional.hardshrink`"""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.lambd}"


class Softshrink(Module):
    """x moved towards 0 by λ, and 0 where it would pass it.

    >>> nn.Softshrink()(tg.tensor([-1.0, 0.3]))
    tensor([-0.5000,  0.0000])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """`functional.softshrink`"""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.lambd}"


class Softmin(Module):
    """`Softmax` of −x.

    >>> nn.Softmin(dim=1)(tg.zeros(1, 4))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """`functional.softmin`"""
        return F.softmin(input, self.dim)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"dim={self.dim}"


class Softmax2d(Module):
    """`Softmax` over the channels of images (N, C, H, W) or (C, H, W).

    >>> nn.Softmax2d()(tg.zeros(1, 2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The shares of the channels at each pixel.

        Raises:
            ValueError: for another number of dimensions.
        """
        if input.ndim not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected (N, C, H, W) or (C, H, W); got shape {tuple(input.shape)}{in_scope()}"
            )
        return F.softmax(input, -3)


class RReLU(Module):
    """x for x > 0, a·x below, with a drawn from [lower, upper] in training and their mean otherwise. Xu et al. 2015.

    >>> nn.RReLU(0.5, 0.5)(tg.tensor([-1.0, 2.0]))
    tensor([-0.5000,  2.0000])
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`functional.rrelu`"""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


class GLU(Module):
    """One half along a dimension times the sigmoid of the other. Dauphin et al. 2017.

    >>> nn.GLU()(tg.tensor([3.0, 0.0]))
    tensor([1.5000])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """`functional.glu`"""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"dim={self.dim}"


__all__ = [
    "CELU",
    "GELU",
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LogSigmoid",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU6",
    "SELU",
    "Softmax2d",
    "Softmin",
    "Softshrink",
    "Softsign",
    "Tanhshrink",
    "Threshold",
]
