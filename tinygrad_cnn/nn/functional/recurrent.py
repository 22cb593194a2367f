"""Recurrent networks: one step, and sequences of steps, of Elman's network, the LSTM and the GRU."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ... import ops
from ...tensor import Tensor
from .convolution import linear

State = tuple[Tensor, ...]


class Step(Protocol):
    """Gates as the input makes them, a state, W_hh and b_hh → the next state."""

    def __call__(self, gates: Tensor, state: State, w: Any, b: Tensor | None = None) -> State: ...


def rnn_step(nonlinearity: Callable[[Any], Any]) -> Step:
    """h' = f(W x + b + W' h + b') (Elman 1990)."""

    def step(gates: Tensor, state: State, w: Any, b: Tensor | None = None) -> State:
        return (nonlinearity(gates + linear(state[0], w, b)),)

    return step


def lstm_step(gates: Tensor, state: State, w: Any, b: Tensor | None = None) -> State:
    """c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c') (Hochreiter & Schmidhuber 1997, with Gers's forget gate)."""
    h, c = state
    i, f, g, o = (gates + linear(h, w, b)).chunk(4, -1)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    return ops.sigmoid(o) * ops.tanh(c), c


def gru_step(gates: Tensor, state: State, w: Any, b: Tensor | None = None) -> State:
    """h' = (1 − z) n + z h with n = tanh(W x + b + r (W' h + b')) (Cho et al. 2014)."""
    (h,) = state
    of_input, of_state = gates.chunk(3, -1), linear(h, w, b).chunk(3, -1)
    r = ops.sigmoid(of_input[0] + of_state[0])
    z = ops.sigmoid(of_input[1] + of_state[1])
    n = ops.tanh(of_input[2] + r * of_state[2])
    return (n + z * (h - n),)


def run(
    step: Step, inputs: Tensor, sizes: Sequence[int], state: State, weights: Sequence[Any], *, reverse: bool
) -> tuple[Tensor, State]:
    """One direction of one layer over sequences, one below the other: step t of those that are that long, then t + 1.

    Args:
        step: one step.
        inputs: (Σ sizes, features).
        sizes: how many sequences have a step t; never more than at t − 1.
        state: tensors (N, hidden) from which to begin.
        weights: W_ih, W_hh, b_ih, b_hh, and W_hr that projects the output, None for those left out.
        reverse: begin at the ends.

    Returns:
        outputs (Σ sizes, hidden), and the last state of each sequence.
    """
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    whole = _WHOLE.get(step)
    alike = {tensor.dtype for tensor in (inputs, *state, *weights) if tensor is not None}
    if whole and w_hr is None and len(set(sizes)) == len(alike) == 1 and inputs.dtype.itemsize > 2:
        return whole(inputs, len(sizes), state, w_ih, w_hh, b_ih, b_hh, reverse)
    gates = linear(inputs, w_ih, b_ih)  # of all steps at once
    starts = (
        [sum(sizes[:t]) for t in range(len(sizes))]
        if len(set(sizes)) > 1
        else [t * sizes[0] for t in range(len(sizes))]
    )
    outputs: list[Any] = [None] * len(sizes)
    waiting = state  # of sequences that have not begun (in reverse), or the whole state
    current: State = tuple(part[: sizes[-1]] for part in state) if reverse else state
    ended: list[State] = []
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        size, there = sizes[t], current[0].shape[0]
        if size > there:
            current = tuple(ops.concat(a, b[there:size], dim=0) for a, b in zip(current, waiting, strict=True))
        elif size < there:
            ended.append(tuple(part[size:] for part in current))
            current = tuple(part[:size] for part in current)
        current = step(gates[starts[t] : starts[t] + size], current, w_hh, b_hh)
        if w_hr is not None:
            current = (linear(current[0], w_hr), *current[1:])
        outputs[t] = current[0]
    for late in reversed(ended):
        current = tuple(ops.concat(a, b, dim=0) for a, b in zip(current, late, strict=True))
    return (outputs[0] if len(outputs) == 1 else ops.concat(*outputs, dim=0)), current


# All steps at once, for sequences of one length.


def _whole_rnn(kind: str) -> Callable[..., tuple[Tensor, State]]:
    def whole(
        x: Tensor, steps: int, state: State, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, reverse: bool
    ) -> tuple[Tensor, State]:
        gates = _by_step(linear(x, w_ih, b_ih if b_ih is None else b_ih + b_hh), steps)
        out = ops.rnn(gates, state[0], w_hh, kind=kind, reverse=reverse)
        return out.flatten(0, 1), (out[0 if reverse else -1],)

    return whole


def _whole_lstm(
    x: Tensor, steps: int, state: State, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, reverse: bool
) -> tuple[Tensor, State]:
    gates = _by_step(linear(x, w_ih, b_ih if b_ih is None else b_ih + b_hh), steps)
    out = ops.lstm(gates, *state, w_hh, reverse=reverse)
    return out[:-1].flatten(0, 1), (out[0 if reverse else -2], out[-1])


def _whole_gru(
    x: Tensor, steps: int, state: State, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, reverse: bool
) -> tuple[Tensor, State]:
    out = ops.gru(_by_step(linear(x, w_ih, b_ih), steps), state[0], w_hh, b_hh, reverse=reverse)
    return out.flatten(0, 1), (out[0 if reverse else -1],)


def _by_step(gates: Tensor, steps: int) -> Tensor:
    return gates.reshape(steps, -1, gates.shape[1])


tanh_step, relu_step = rnn_step(ops.tanh), rnn_step(ops.relu)

_WHOLE: dict[Step, Callable[..., tuple[Tensor, State]]] = {
    tanh_step: _whole_rnn("tanh"),
    relu_step: _whole_rnn("relu"),
    lstm_step: _whole_lstm,
    gru_step: _whole_gru,
}
