"""Recurrent layers for one step at a time: `RNNCell`, `LSTMCell`, `GRUCell`."""

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import Any

from ..autograd.modes import in_scope
from ..creation import empty, zeros
from ..errors import ShapeError
from ..tensor import Tensor
from . import functional as F
from . import init
from .functional.recurrent import Step, gru_step, lstm_step
from .module import Module
from .parameter import Parameter
from .recurrent import STEPS


class RNNCellBase(Module):
    """What single steps share: W_ih, W_hh, b_ih, b_hh.

    >>> [name for name, _ in nn.LSTMCell(2, 3).named_parameters()]
    ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        if hidden_size <= 0:
            raise ValueError(f"{type(self).__name__}: hidden_size must be greater than zero; got {hidden_size}")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = num_chunks * hidden_size
        make: Callable[..., Tensor] = partial(empty, device=device, dtype=dtype)
        self.weight_ih = Parameter(make(gates, input_size))
        self.weight_hh = Parameter(make(gates, hidden_size))
        self.register_parameter("bias_ih", Parameter(make(gates)) if bias else None)
        self.register_parameter("bias_hh", Parameter(make(gates)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """All parameters spread evenly over ±1/√hidden_size."""
        bound = 1 / sqrt(self.hidden_size) if self.hidden_size else 0
        for _, parameter in self.named_parameters():
            init.uniform_(parameter, -bound, bound)

    def _step(self, step: Step, input: Tensor, state: tuple[Tensor, ...] | None, parts: int) -> tuple[Tensor, ...]:
        kind = type(self).__name__
        if input.ndim not in (1, 2):
            raise ShapeError(f"{kind}: expected (N, features) or (features); got {tuple(input.shape)}{in_scope()}")
        if input.shape[-1] != self.input_size:
            raise ShapeError(
                f"{kind}: expected {self.input_size} features, as input_size says; got {tuple(input.shape)}{in_scope()}"
            )
        wanted = (*input.shape[:-1], self.hidden_size)
        if state is None:
            state = (zeros(wanted, dtype=input.dtype, device=input.device),) * parts
        for part in state:
            if tuple(part.shape) != wanted:
                raise ShapeError(f"{kind}: the state must have shape {wanted}; got {tuple(part.shape)}{in_scope()}")
        gates = F.linear(input, self.weight_ih, self.bias_ih)
        return step(gates, state, self.weight_hh, self.bias_hh)

    def extra_repr(self) -> str:
        """The arguments that are not the default."""
        parts = [f"{self.input_size}, {self.hidden_size}"] + ([] if self.bias else ["bias=False"])
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            parts.append(f"nonlinearity={self.nonlinearity}")
        return ", ".join(parts)


class RNNCell(RNNCellBase):
    """One step of `RNN`: (N, input_size), (N, hidden_size) → (N, hidden_size); the state is zeros by default.

    >>> nn.RNNCell(2, 3)(tg.ones(1, 2)).shape
    (1, 3)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state.

        Raises:
            RuntimeError: for shapes that do not fit, or another nonlinearity than "tanh" and "relu".
        """
        mode = f"RNN_{self.nonlinearity.upper()}"
        if mode not in STEPS:
            raise RuntimeError(f"RNNCell: nonlinearity must be 'tanh' or 'relu'; got {self.nonlinearity!r}")
        return self._step(STEPS[mode][1], input, None if hx is None else (hx,), 1)[0]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`: (N, input_size) and a state (h, c) → the next (h, c).

    >>> import tinygrad_cnn as tg
    >>> h, c = LSTMCell(10, 20)(tg.zeros(3, 10))
    >>> h.shape, c.shape
    ((3, 20), (3, 20))
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, ...]:
        """The next state."""
        return self._step(lstm_step, input, None if hx is None else tuple(hx), 2)


class GRUCell(RNNCellBase):
    """One step of `GRU`: (N, input_size), (N, hidden_size) → (N, hidden_size).

    >>> nn.GRUCell(2, 3)(tg.ones(1, 2)).shape
    (1, 3)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state."""
        return self._step(gru_step, input, None if hx is None else (hx,), 1)[0]


__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]
