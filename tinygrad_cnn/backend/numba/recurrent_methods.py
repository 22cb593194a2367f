"""Recurrent layers through compiled kernels."""

from functools import lru_cache
from typing import Any

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend
from .lazy import kernels
from .memory import empty, row_major, transposed

COST = 2e-5  # microseconds per product on one thread
SPARE = 8  # rows that the last block may lack


class RecurrentKernels(NumpyBackend):
    """The backend's recurrent layers."""

    # For NumPy each step is a dozen operations on little arrays, of which small batches see nothing but the overhead.

    def rnn(self, x: Array, h: Array, w: Array, kind: str, reverse: bool) -> Any:
        """`Backend.rnn` in one call."""
        if not _applies(x, h, w):
            return None
        out = empty(x.shape)
        call = (kind == "tanh", _table(h.shape, 1, forward=True), reverse, x.shape, out.reshape(-1))
        kernels.recurrent.rnn.fitting(x.size * h.shape[1] * COST)(_flat(x), _flat(h), _flat(transposed(w)), *call)
        return out

    def rnn_grad(self, g: Array, states: Array, h: Array, w: Array, kind: str, reverse: bool) -> Any:
        """`Backend.rnn_grad` in one call, and a product for the weights."""
        if not _applies(g, h, w, states):
            return None
        d, dh = empty(states.shape), empty(h.shape)
        call = (kind == "tanh", _table(h.shape, 1, forward=False), reverse, states.shape, d.reshape(-1), dh.reshape(-1))
        run = kernels.recurrent.rnn_grad.fitting(states.size * h.shape[1] * COST)
        run(_flat(g), _flat(states), _flat(w), *call)
        return d, dh, self._of_states(d, states, h, reverse)

    def lstm(self, x: Array, h: Array, c: Array, w: Array, reverse: bool) -> Any:
        """`Backend.lstm` in one call."""
        if not _applies(x, h, w, c):
            return None
        shape = (len(x), *h.shape)
        out, gates, cells = empty((len(x) + 1, *h.shape)), empty(x.shape), empty(shape)
        results = (out.reshape(-1), gates.reshape(-1), cells.reshape(-1))
        run = kernels.recurrent.lstm.fitting(x.size * h.shape[1] * COST)
        run(
            _flat(x),
            _flat(h),
            _flat(c),
            _flat(transposed(w)),
            _table(h.shape, 4, forward=True),
            reverse,
            shape,
            *results,
        )
        return out, gates, cells

    def lstm_grad(
        self, g: Array, out: Array, gates: Array, cells: Array, h: Array, c: Array, w: Array, reverse: bool
    ) -> Any:
        """`Backend.lstm_grad` in one call, and a product for the weights."""
        if not _applies(g, h, w, out, gates, cells, c):
            return None
        d, dh, dc = empty(gates.shape), empty(h.shape), empty(h.shape)
        results = (d.reshape(-1), dh.reshape(-1), dc.reshape(-1))
        run, table = kernels.recurrent.lstm_grad.fitting(d.size * h.shape[1] * COST), _table(h.shape, 4, forward=False)
        run(_flat(g), _flat(gates), _flat(cells), _flat(c), _flat(w), table, reverse, cells.shape, *results)
        return d, dh, dc, self._of_states(d, out[:-1], h, reverse)

    def gru(self, x: Array, h: Array, w: Array, b: Array | None, reverse: bool) -> Any:
        """`Backend.gru` in one call."""
        if not _applies(x, h, w):
            return None
        shape = (len(x), *h.shape)
        out, gates = empty(shape), empty((*x.shape[:2], 4 * h.shape[1]))
        bias = np.zeros(len(w), x.dtype) if b is None else _flat(b)
        run, table = kernels.recurrent.gru.fitting(x.size * h.shape[1] * COST), _table(h.shape, 3, forward=True)
        run(_flat(x), _flat(h), _flat(transposed(w)), bias, table, reverse, shape, out.reshape(-1), gates.reshape(-1))
        return out, gates

    def gru_grad(self, g: Array, out: Array, gates: Array, h: Array, w: Array, reverse: bool) -> Any:
        """`Backend.gru_grad` in one call, and a product for the weights."""
        if not _applies(g, h, w, out, gates):
            return None
        d = empty((*g.shape[:2], len(w)))
        of_state, dh = empty(d.shape), empty(h.shape)
        results = (d.reshape(-1), of_state.reshape(-1), dh.reshape(-1))
        run, table = kernels.recurrent.gru_grad.fitting(d.size * h.shape[1] * COST), _table(h.shape, 3, forward=False)
        run(_flat(g), _flat(out), _flat(gates), _flat(h), _flat(w), table, reverse, out.shape, *results)
        return d, dh, self._of_states(of_state, out, h, reverse), of_state.sum(axis=(0, 1))

    def _of_states(self, d: Array, states: Array, h: Array, reverse: bool) -> Array:
        """Σ dᵀ h over all steps, h being the state that a step began with."""
        before = empty(states.shape)
        if reverse:
            before[:-1], before[-1] = states[1:], h
        else:
            before[1:], before[0] = states[:-1], h
        return self.matmul(d.reshape(-1, d.shape[2]).T, before.reshape(-1, h.shape[1]))


def _applies(x: Array, h: Array, *others: Array) -> bool:
    """Whether all is of float32, and there is something to do."""
    return bool(x.size and h.size and all(array.dtype == np.float32 for array in (x, h, *others)))


def _flat(x: Array) -> Array:
    """The values in row-major order; a copy of what is read-only, for which Numba would compile all kernels again."""
    x = row_major(x)
    return (x if x.flags.writeable else x.copy()).reshape(-1)


@lru_cache(maxsize=256)
def _table(state: tuple[int, int], gates: int, *, forward: bool) -> tuple[Array, Array, Array]:
    """Where the rows of a product's factor and result begin, and its depth: from a state to the gates, or back."""
    count, size = state
    rows = np.minimum(np.arange(count + SPARE), count - 1) * size
    return (rows, rows * gates, np.arange(size)) if forward else (rows * gates, rows, np.arange(size * gates))
