"""Recurrent networks over whole sequences, (T, N, …): every step of a layer in one operation, and its derivative.

Formulas stand here once, in operators: on arrays they compute, on tensors they record, so that a derivative can be
differentiated again. A backend with compiled kernels does all steps in one call; others give None.
"""

from types import SimpleNamespace
from typing import Any

from ..autograd import op
from .activations import relu, relu_grad, sigmoid
from .exponential import tanh
from .reductions import sum_
from .shape import concat, reshape

Parts = tuple[Any, ...]

RECORDED = SimpleNamespace(
    sigmoid=sigmoid, tanh=tanh, relu=relu, relu_grad=relu_grad, concat=concat, reshape=reshape, sum_=sum_
)


class Plain:
    """The same functions on a backend's arrays: inside an operation no other may run, which would be recorded too."""

    def __init__(self, backend: Any) -> None:
        self.xp = backend.xp
        self.sigmoid, self.tanh = backend.sigmoid, backend.tanh
        self.relu, self.relu_grad = backend.relu, backend.relu_grad

    def concat(self, *arrays: Any, dim: int) -> Any:
        return self.xp.concatenate(arrays, axis=dim)

    def reshape(self, x: Any, *, shape: tuple[int, ...]) -> Any:
        return x.reshape(shape)

    def sum_(self, x: Any, *, dim: tuple[int, ...], keepdim: bool) -> Any:
        return x.sum(axis=dim, keepdims=keepdim)


def _order(steps: int, reverse: bool) -> range:
    """The steps of a sequence in the order in which they are taken."""
    return range(steps)[::-1] if reverse else range(steps)


def _parts(a: Any, count: int) -> Parts:
    size = a.shape[-1] // count
    return tuple(a[..., k * size : (k + 1) * size] for k in range(count))


def _stack(fn: Any, values: Any) -> Any:
    return fn.concat(*(value[None] for value in values), dim=0)


def _before(first: Any, states: list[Any], order: range) -> list[Any]:
    """The state that each step began with."""
    before = dict(zip(order, [first, *(states[t] for t in order)], strict=False))
    return [before[t] for t in range(len(states))]


def _weight_grad(fn: Any, d: Any, before: list[Any]) -> Any:
    """Σ dᵀ h over all steps of all sequences."""
    h = _stack(fn, before)
    return fn.reshape(d, shape=(-1, d.shape[2])).T @ fn.reshape(h, shape=(-1, h.shape[2]))


# Elman's network ------------------------------------------------------------------------------------------------------


def _rnn_states(fn: Any, x: Any, h: Any, w: Any, kind: str, reverse: bool) -> list[Any]:
    states: list[Any] = [None] * len(x)
    for t in _order(len(x), reverse):
        h = states[t] = (fn.tanh if kind == "tanh" else fn.relu)(x[t] + h @ w.T)
    return states


def _rnn_back(fn: Any, g: Any, states: Any, h: Any, w: Any, kind: str, reverse: bool) -> Parts:
    order, d = _order(len(states), reverse), list(states)
    dh: Any = 0
    for t in order[::-1]:
        dh, out = g[t] + dh, states[t]
        d[t] = dh * (1 - out * out) if kind == "tanh" else fn.relu_grad(dh, out)
        dh = d[t] @ w
    x_grad = _stack(fn, d)
    return x_grad, dh, _weight_grad(fn, x_grad, _before(h, states, order))


def _rnn_gradients(g: Any, x: Any, h: Any, w: Any, out: Any, kind: str, reverse: bool) -> Parts:
    if hasattr(g, "__apply_op__"):
        return _rnn_back(RECORDED, g, _rnn_states(RECORDED, x, h, w, kind, reverse), h, w, kind, reverse)
    x_grad, rest = rnn_grad.with_residuals(g, h, w, states=out, kind=kind, reverse=reverse)
    return x_grad, *rest


@op(dtypes="equal", joint=_rnn_gradients)
def rnn(backend: Any, x: Any, h: Any, w: Any, *, kind: str, reverse: bool) -> Any:
    """h' = f(x + W h) at every step, f by its name, tanh or relu: x (T, N, H), h (N, H), W (H, H) → (T, N, H)."""
    fn, found = Plain(backend), backend.rnn(x, h, w, kind, reverse)
    return _stack(fn, _rnn_states(fn, x, h, w, kind, reverse)) if found is None else found


@op(residuals=("h_grad", "w_grad"))
def rnn_grad(backend: Any, g: Any, h: Any, w: Any, *, states: Any, kind: str, reverse: bool) -> Any:
    """The gradients of `rnn` in x, h and W, of arrays."""
    fn, found = Plain(backend), backend.rnn_grad(g, states, h, w, kind, reverse)
    return _rnn_back(fn, g, list(states), h, w, kind, reverse) if found is None else found


# LSTM -----------------------------------------------------------------------------------------------------------------


def _lstm_states(fn: Any, x: Any, h: Any, c: Any, w: Any, reverse: bool) -> tuple[list[Any], list[Any], list[Any]]:
    """Outputs, gates (i, f, g, o) and cells of all steps."""
    outputs: list[Any] = [None] * len(x)
    gates, cells = list(outputs), list(outputs)
    for t in _order(len(x), reverse):
        i, f, a, o = _parts(x[t] + h @ w.T, 4)
        i, f, a, o = gates[t] = fn.sigmoid(i), fn.sigmoid(f), fn.tanh(a), fn.sigmoid(o)
        c = cells[t] = f * c + i * a
        h = outputs[t] = o * fn.tanh(c)
    return outputs, gates, cells


def _lstm_back(fn: Any, g: Any, states: Any, h: Any, c: Any, w: Any, reverse: bool) -> Parts:
    outputs, gates, cells = states
    order, before, d = _order(len(cells), reverse), _before(c, cells, _order(len(cells), reverse)), list(cells)
    dh: Any = 0
    dc = g[len(cells)]
    for t in order[::-1]:
        (i, f, a, o), squashed = gates[t], fn.tanh(cells[t])
        dh = g[t] + dh
        dc = dc + dh * o * (1 - squashed * squashed)
        of_input, of_cell = dc * a * i * (1 - i), dc * before[t] * f * (1 - f)
        d[t] = fn.concat(of_input, of_cell, dc * i * (1 - a * a), dh * squashed * o * (1 - o), dim=1)
        dh, dc = d[t] @ w, dc * f
    x_grad = _stack(fn, d)
    return x_grad, dh, dc, _weight_grad(fn, x_grad, _before(h, outputs, order))


def _lstm_gradients(g: Any, x: Any, h: Any, c: Any, w: Any, out: Any, gates: Any, cells: Any, reverse: bool) -> Parts:
    if hasattr(g, "__apply_op__"):
        return _lstm_back(RECORDED, g, _lstm_states(RECORDED, x, h, c, w, reverse), h, c, w, reverse)
    x_grad, rest = lstm_grad.with_residuals(g, h, c, w, out=out, gates=gates, cells=cells, reverse=reverse)
    return x_grad, *rest


@op(dtypes="equal", residuals=("gates", "cells"), joint=_lstm_gradients)
def lstm(backend: Any, x: Any, h: Any, c: Any, w: Any, *, reverse: bool) -> Any:
    """All steps of c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c') with (i, f, g, o) = x + W h.

    x (T, N, 4H), h and c (N, H), W (4H, H) → (T + 1, N, H): the outputs, and after them the last c. Returned beside it:
    σ(i), σ(f), tanh(g), σ(o) of every step, and c.
    """
    fn, found = Plain(backend), backend.lstm(x, h, c, w, reverse)
    if found is None:
        outputs, gates, cells = _lstm_states(fn, x, h, c, w, reverse)
        last = cells[_order(len(cells), reverse)[-1]]
        found = (
            _stack(fn, [*outputs, last]),
            _stack(fn, [fn.concat(*parts, dim=1) for parts in gates]),
            _stack(fn, cells),
        )
    return found


@op(residuals=("h_grad", "c_grad", "w_grad"))
def lstm_grad(backend: Any, g: Any, h: Any, c: Any, w: Any, *, out: Any, gates: Any, cells: Any, reverse: bool) -> Any:
    """The gradients of `lstm` in x, h, c and W, of arrays."""
    fn, found = Plain(backend), backend.lstm_grad(g, out, gates, cells, h, c, w, reverse)
    if found is None:
        states = list(out[:-1]), [_parts(step, 4) for step in gates], list(cells)
        found = _lstm_back(fn, g, states, h, c, w, reverse)
    return found


# GRU ------------------------------------------------------------------------------------------------------------------


def _gru_states(fn: Any, x: Any, h: Any, w: Any, b: Any, reverse: bool) -> tuple[list[Any], list[Any]]:
    """Outputs, and of all steps (r, z, n, W_n h + b_n)."""
    outputs: list[Any] = [None] * len(x)
    gates = list(outputs)
    for t in _order(len(x), reverse):
        of_state = h @ w.T if b is None else h @ w.T + b
        (x_r, x_z, x_n), (h_r, h_z, h_n) = _parts(x[t], 3), _parts(of_state, 3)
        r, z = fn.sigmoid(x_r + h_r), fn.sigmoid(x_z + h_z)
        n = fn.tanh(x_n + r * h_n)
        h, gates[t] = n + z * (h - n), (r, z, n, h_n)
        outputs[t] = h
    return outputs, gates


def _gru_back(fn: Any, g: Any, states: Any, h: Any, w: Any, reverse: bool) -> Parts:
    outputs, gates = states
    order = _order(len(outputs), reverse)
    before, d_input, d_state = _before(h, outputs, order), list(outputs), list(outputs)
    dh: Any = 0
    for t in order[::-1]:
        r, z, n, h_n = gates[t]
        dh = g[t] + dh
        dn = dh * (1 - z) * (1 - n * n)
        dr, dz = dn * h_n * r * (1 - r), dh * (before[t] - n) * z * (1 - z)
        d_input[t], d_state[t] = fn.concat(dr, dz, dn, dim=1), fn.concat(dr, dz, dn * r, dim=1)
        dh = dh * z + d_state[t] @ w
    of_state = _stack(fn, d_state)
    return _stack(fn, d_input), dh, _weight_grad(fn, of_state, before), fn.sum_(of_state, dim=(0, 1), keepdim=False)


def _gru_gradients(g: Any, x: Any, h: Any, w: Any, b: Any, out: Any, gates: Any, reverse: bool) -> Parts:
    if hasattr(g, "__apply_op__"):
        return _gru_back(RECORDED, g, _gru_states(RECORDED, x, h, w, b, reverse), h, w, reverse)
    x_grad, rest = gru_grad.with_residuals(g, h, w, out=out, gates=gates, reverse=reverse)
    return x_grad, *rest


@op(dtypes="equal", residuals=("gates",), joint=_gru_gradients)
def gru(backend: Any, x: Any, h: Any, w: Any, b: Any, *, reverse: bool) -> Any:
    """All steps of h' = (1 − z) n + z h with r, z = σ(x + W h + b) and n = tanh(x + r (W h + b)).

    x (T, N, 3H), h (N, H), W (3H, H), b (3H) or None → (T, N, H). Returned beside it: r, z, n and W_n h + b_n
    of every step.
    """
    fn, found = Plain(backend), backend.gru(x, h, w, b, reverse)
    if found is None:
        outputs, gates = _gru_states(fn, x, h, w, b, reverse)
        found = _stack(fn, outputs), _stack(fn, [fn.concat(*parts, dim=1) for parts in gates])
    return found


@op(residuals=("h_grad", "w_grad", "b_grad"))
def gru_grad(backend: Any, g: Any, h: Any, w: Any, *, out: Any, gates: Any, reverse: bool) -> Any:
    """The gradients of `gru` in x, h, W and b, of arrays."""
    fn, found = Plain(backend), backend.gru_grad(g, out, gates, h, w, reverse)
    if found is None:
        found = _gru_back(fn, g, (list(out), [_parts(step, 4) for step in gates]), h, w, reverse)
    return found
