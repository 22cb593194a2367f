"""What is known about the operations on sequences: see `samples.py`. Gradients are complex-step derivatives."""

from typing import Any

import numpy as np

from tests.samples import case, row, some
from tinygrad_cnn import ops
from tinygrad_cnn.backend import get_backend

SIZES = ((1, 1, 2), (3, 2, 3), (2, 1, 1))  # steps, sequences, features of the state
WAYS = ((SIZES[0], False), (SIZES[1], False), (SIZES[1], True), (SIZES[2], True))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def steps(x: Any, reverse: bool) -> Any:
    return reversed(list(enumerate(x))) if reverse else enumerate(x)


def rnn(x: Any, h: Any, w: Any, *, kind: str, reverse: bool) -> Any:
    out = np.zeros((*x.shape[:2], len(w)), dtype=x.dtype)
    for t, step in steps(x, reverse):
        a = step + np.einsum("nh,kh->nk", h, w)
        h = out[t] = np.tanh(a) if kind == "tanh" else np.where(a > 0, a, 0)
    return out


def lstm(x: Any, h: Any, c: Any, w: Any, *, reverse: bool) -> Any:
    out = np.zeros((len(x) + 1, *h.shape), dtype=x.dtype)
    for t, step in steps(x, reverse):
        i, f, a, o = np.split(step + np.einsum("nh,kh->nk", h, w), 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(a)
        h = out[t] = sigmoid(o) * np.tanh(c)
    out[-1] = c
    return out


def gru(x: Any, h: Any, w: Any, b: Any, *, reverse: bool) -> Any:
    out = np.zeros((len(x), *h.shape), dtype=x.dtype)
    for t, step in steps(x, reverse):
        u = np.split(np.einsum("nh,kh->nk", h, w) + (0 if b is None else b), 3, axis=1)
        v = np.split(step, 3, axis=1)
        r, z = sigmoid(v[0] + u[0]), sigmoid(v[1] + u[1])
        h = out[t] = (1 - z) * np.tanh(v[2] + r * u[2]) + z * h
    return out


def slope(g: Any, f: Any, x: Any) -> Any:
    """Σ g · ∂f(x)/∂xᵢ for each i."""
    out = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[place] += 1e-100j
        out[place] = (g * f(moved).imag).sum() / 1e-100
    return out


def given(shape: tuple[int, ...], gates: int) -> Any:
    """Inputs of the gates, the same for the operation and its reference."""
    shape = (*shape[:-1], gates * shape[-1])
    return np.cos(np.arange(1.0, np.prod(shape) + 1)).reshape(shape)


def beside(steps: int, gates: int, *tensors: Any) -> tuple[Any, ...]:
    """`given` for so many steps and a state of this shape, and the arrays of some tensors, all on one device."""
    arrays = [getattr(tensor, "array", tensor) for tensor in tensors]
    x = given((steps, *arrays[0].shape), gates).astype(arrays[0].dtype)
    return get_backend(getattr(tensors[0], "device", "cpu")).asarray(x), *arrays


row(
    "rnn",
    rnn,
    *(
        case(some(*s), some(*s[1:]), some(s[2], s[2]), kind=kind, reverse=way)
        for s, way in WAYS
        for kind in ("tanh", "relu")
    ),
)
row(
    "rnn_grad",
    lambda g, h, w, *, reverse: slope(g, lambda x: rnn(x, h, w, kind="tanh", reverse=reverse), given(g.shape, 1)),
    *(case(some(*s), some(*s[1:]), some(s[2], s[2]), reverse=way) for s, way in WAYS),
    call=lambda g, h, w, *, reverse: ops.rnn_grad(
        *(g, h, w),
        states=ops.rnn(*beside(len(g), 1, h, w), kind="tanh", reverse=reverse),
        kind="tanh",
        reverse=reverse,
    ),
)
row(
    "lstm",
    lstm,
    *(case(some(*s[:2], 4 * s[2]), some(*s[1:]), some(*s[1:]), some(4 * s[2], s[2]), reverse=way) for s, way in WAYS),
)


def _lstm_grad(g: Any, h: Any, c: Any, w: Any, *, reverse: bool) -> Any:
    out, (gates, cells) = ops.lstm.with_residuals(*beside(len(g) - 1, 4, h, c, w), reverse=reverse)
    return ops.lstm_grad(g, h, c, w, out=out, gates=gates, cells=cells, reverse=reverse)


row(
    "lstm_grad",
    lambda g, h, c, w, *, reverse: slope(g, lambda x: lstm(x, h, c, w, reverse=reverse), given(g[1:].shape, 4)),
    *(case(some(s[0] + 1, *s[1:]), some(*s[1:]), some(*s[1:]), some(4 * s[2], s[2]), reverse=way) for s, way in WAYS),
    call=_lstm_grad,
)
row(
    "gru",
    gru,
    *(
        case(some(*s[:2], 3 * s[2]), some(*s[1:]), some(3 * s[2], s[2]), b and some(3 * s[2]), reverse=way)
        for s, way in WAYS
        for b in (None, 1)
    ),
)


def _gru_grad(g: Any, h: Any, w: Any, *, reverse: bool) -> Any:
    out, (gates,) = ops.gru.with_residuals(*beside(len(g), 3, h, w), None, reverse=reverse)
    return ops.gru_grad(g, h, w, out=out, gates=gates, reverse=reverse)


row(
    "gru_grad",
    lambda g, h, w, *, reverse: slope(g, lambda x: gru(x, h, w, None, reverse=reverse), given(g.shape, 3)),
    *(case(some(*s), some(*s[1:]), some(3 * s[2], s[2]), reverse=way) for s, way in WAYS),
    call=_gru_grad,
)
