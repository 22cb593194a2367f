"""Recurrent layers: Elman's network, the LSTM and the GRU, over sequences and step by step."""

from math import sqrt
from typing import Any
from warnings import warn

from .. import ops
from ..autograd.modes import in_scope
from ..creation import empty, zeros
from ..errors import ShapeError
from ..functions import stack
from ..tensor import Tensor
from . import functional as F
from . import init
from .functional.recurrent import Step, gru_step, lstm_step, relu_step, run, tanh_step
from .module import Module
from .parameter import Parameter

STEPS: dict[str, tuple[int, Step]] = {  # how many gates there are, and what they do
    "LSTM": (4, lstm_step),
    "GRU": (3, gru_step),
    "RNN_TANH": (1, tanh_step),
    "RNN_RELU": (1, relu_step),
}


class RNNBase(Module):
    """What recurrent layers share: the parameters, and the way through layers and directions.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0: of the first layer; `_l1` and so on of those above, with
            `_reverse` those of the way back, `weight_hr_…` the projections of an LSTM.

    >>> nn.RNNBase("LSTM", 2, 3)
    RNNBase(2, 3)
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        given: Any = dropout
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
            raise ValueError(f"{kind}: dropout must lie in [0, 1]; got {dropout!r}")
        for name, value in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
            if not hasattr(value, "__index__"):
                raise TypeError(f"{kind}: {name} must be an int; got {value!r}")
            if value <= 0:
                raise ValueError(f"{kind}: {name} must be greater than zero; got {value}")
        if not all(isinstance(flag, bool) for flag in (bias, batch_first)):
            raise TypeError(f"{kind}: bias and batch_first must be True or False; got {bias!r} and {batch_first!r}")
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"{kind}: proj_size must lie in [0, {hidden_size}), below hidden_size; got {proj_size}")
        if mode not in STEPS:
            raise ValueError(f"{kind}: mode must be one of {', '.join(STEPS)}; got {mode!r}")
        if dropout and num_layers == 1:
            warn(f"{kind}: dropout comes between layers, and there is only one; got dropout={dropout}", stacklevel=3)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        gates = STEPS[mode][0] * hidden_size
        outputs = proj_size or hidden_size
        place = {"device": device, "dtype": dtype}
        for layer in range(num_layers):
            for direction in range(2 if bidirectional else 1):
                inputs = input_size if layer == 0 else outputs * (2 if bidirectional else 1)
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (gates, inputs), "weight_hh": (gates, outputs)}
                if bias:
                    shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                end = f"_l{layer}" + ("_reverse" if direction else "")
                for name, shape in shapes.items():
                    setattr(self, name + end, Parameter(empty(shape, **place)))
                self._all_weights.append([name + end for name in shapes])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """All parameters spread evenly over ±1/√hidden_size."""
        bound = 1 / sqrt(self.hidden_size)
        for _, parameter in self.named_parameters():
            init.uniform_(parameter, -bound, bound)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters, one list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Parameter]:
        return [parameter for weights in self.all_weights for parameter in weights]

    def flatten_parameters(self) -> None:
        """Nothing: where parameters lie in memory makes no difference here."""

    def _weights(self, number: int) -> list[Any]:
        """W_ih, W_hh, b_ih, b_hh and W_hr of a layer and direction, None for those left out."""
        named = {name.split("_l")[0]: getattr(self, name) for name in self._all_weights[number]}
        return [named.get(name) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")]

    def _through(self, x: Tensor, sizes: list[int], state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """All layers: steps one below the other, and states (layers · directions, N, hidden)."""
        step = STEPS[self.mode][1]
        directions = 2 if self.bidirectional else 1
        last = []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(directions):
                number = layer * directions + direction
                begin = tuple(part[number] for part in state)
                out, end = run(step, x, sizes, begin, self._weights(number), reverse=direction == 1)
                outputs.append(out)
                last.append(end)
            x = outputs[0] if directions == 1 else ops.concat(*outputs, dim=1)
            if self.dropout and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        return x, tuple(stack(parts) for parts in zip(*last, strict=True))

    def _beginning(self, x: Tensor, hx: Any, n: int, batched: bool) -> tuple[Tensor, ...]:
        """The first states (layers · directions, N, hidden), zeros if none is given, checked."""
        total = self.num_layers * (2 if self.bidirectional else 1)
        sizes = [self.proj_size or self.hidden_size, self.hidden_size] if self.mode == "LSTM" else [self.hidden_size]
        if hx is None:
            return tuple(zeros(total, n, size, dtype=x.dtype, device=x.device) for size in sizes)
        given = tuple(hx) if self.mode == "LSTM" else (hx,)
        kind = type(self).__name__
        if len(given) != len(sizes):
            raise ShapeError(f"{kind}: expected a state (h, c); got {len(given)} tensors{in_scope()}")
        for part, size in zip(given, sizes, strict=True):
            wanted = (total, n, size) if batched else (total, size)
            if part.ndim != len(wanted):
                raise ShapeError(
                    f"{kind}: for {'batched' if batched else 'unbatched'} input a state must have {len(wanted)} "
                    f"dimensions, {wanted}; got shape {tuple(part.shape)}{in_scope()}"
                )
            if tuple(part.shape) != wanted:
                raise ShapeError(f"{kind}: a state must have shape {wanted}; got {tuple(part.shape)}{in_scope()}")
        return given if batched else tuple(part.unsqueeze(1) for part in given)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Outputs of the last layer, and the last state of every layer and direction.

        Args:
            input: (T, N, features), (N, T, features) if `batch_first`, (T, features), or a PackedSequence.
            hx: the first state (layers · directions, N, hidden), of an LSTM two of them; zeros by default.

        Raises:
            ValueError, RuntimeError: for shapes that do not fit.
        """
        packed = hasattr(input, "batch_sizes")
        x: Tensor = input.data if packed else input
        kind = type(self).__name__
        if not packed and x.ndim not in (2, 3):
            raise ShapeError(
                f"{kind}: expected (T, N, features), or (T, features); got shape {tuple(x.shape)}{in_scope()}"
            )
        if x.shape[-1] != self.input_size:
            raise ShapeError(
                f"{kind}: expected {self.input_size} features, as input_size says; got shape {tuple(x.shape)}"
                f"{in_scope()}"
            )
        if x.dtype != (dtype := self._flat_weights[0].dtype):
            raise ValueError(
                f"{kind}: input has dtype {x.dtype}, the weights {dtype}; convert with .to(dtype){in_scope()}"
            )
        batched = packed or x.ndim == 3
        if packed:
            sizes = input.batch_sizes.tolist()
            n = sizes[0]
            if hx is not None and input.sorted_indices is not None:
                hx = self._in_order(hx, input.sorted_indices)
        else:
            x = x.unsqueeze(1) if not batched else x.transpose(0, 1) if self.batch_first else x
            steps, n = x.shape[:2]
            if steps == 0:
                raise ShapeError(f"{kind}: a sequence needs one step or more; got {tuple(input.shape)}{in_scope()}")
            sizes = [n] * steps
            x = x.reshape(steps * n, x.shape[2])
        out, state = self._through(x, sizes, self._beginning(x, hx, n, batched))
        last: Any = state if self.mode == "LSTM" else state[0]
        if packed:
            order = input.unsorted_indices
            result = type(input)(out, input.batch_sizes, input.sorted_indices, order)
            return result, last if order is None else self._in_order(last, order)
        out = out.reshape(len(sizes), n, out.shape[1])
        if not batched:
            last = tuple(part.squeeze(1) for part in state) if self.mode == "LSTM" else last.squeeze(1)
            return out.squeeze(1), last
        return (out.transpose(0, 1) if self.batch_first else out), last

    def _in_order(self, hx: Any, order: Tensor) -> Any:
        """The state of the sequences in another order."""
        if isinstance(hx, tuple | list):
            return tuple(part.index_select(1, order) for part in hx)
        return hx.index_select(1, order)

    def extra_repr(self) -> str:
        """The arguments that are not the default."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.proj_size:
            parts.append(f"proj_size={self.proj_size}")
        usual = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        parts += [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join(parts)


class RNN(RNNBase):
    """h' = tanh(W x + b + W' h + b') step by step: (T, N, input_size) → (T, N, hidden_size) and the last state.
    Elman 1990.

    Args:
        input_size, hidden_size: features of the input and of the state.
        num_layers: layers one above the other.
        nonlinearity: "tanh" or "relu".
        bias: whether there are b and b'.
        batch_first: (N, T, …) instead of (T, N, …).
        dropout: between layers, in training.
        bidirectional: a second network that begins at the end; the outputs are joined.

    >>> import tinygrad_cnn as tg
    >>> out, last = RNN(10, 20, 2)(tg.zeros(5, 3, 10))
    >>> out.shape, last.shape
    ((5, 3, 20), (2, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: nonlinearity must be 'tanh' or 'relu'; got {nonlinearity!r}")
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            *(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional),
            device=device,
            dtype=dtype,
        )
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory: (T, N, input_size) → (T, N, hidden_size), and the last state (h, c).

    c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c') with the gates i, f, g, o = W x + b + W' h + b'. Hochreiter &
    Schmidhuber 1997. The arguments are those of `RNN`, and `proj_size`: h is projected to so many features.

    >>> import tinygrad_cnn as tg
    >>> out, (h, c) = LSTM(10, 20, batch_first=True)(tg.zeros(3, 5, 10))
    >>> out.shape, h.shape, c.shape
    ((3, 5, 20), (1, 3, 20), (1, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        arguments = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size)
        super().__init__("LSTM", *arguments, device=device, dtype=dtype)


class GRU(RNNBase):
    """Gated recurrent units: (T, N, input_size) → (T, N, hidden_size) and the last state. Cho et al. 2014.

    h' = (1 − z) n + z h with r, z = σ(W x + b + W' h + b') and n = tanh(W x + b + r (W' h + b')).

    >>> import tinygrad_cnn as tg
    >>> GRU(10, 20, bidirectional=True)(tg.zeros(5, 3, 10))[0].shape
    (5, 3, 40)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        arguments = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__("GRU", *arguments, device=device, dtype=dtype)


__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]
