"""Recurrent layers, compiled: all steps of a sequence in one call, sequences of a batch in parallel.

W h is a product of blocks in registers (`direct.rows`), whose result lies where the gates of the step go; then each
sequence's gates are taken in short loops, of so few arrays that LLVM can tell them apart and computes in vectors.
Arrays are flat: step t of sequence n begins at (t·N + n) times its features.
"""

from typing import Any

import numba
import numpy as np

from . import direct
from .compile import inlined, kernel, serial
from .pointwise import ONE, sigmoid, tanh
from .simd import WIDTH

SEQUENCES = 24  # of a task: whole blocks of rows
PANEL = 4 * WIDTH  # columns of a product at a time


@serial
def product(x: Any, x_at: int, table: Any, first: int, last: int, w: Any, columns: int, out: Any, at: int) -> None:
    """Rows of x, from the first to before the last, times w (depth, columns) → rows of out.

    The table has where rows of x begin, where rows of out do, and 0, 1, 2, … depth; rows beyond the last repeat it.
    """
    starts, places, taps = table
    for column in range(0, columns, PANEL):
        vectors = -(-min(PANEL, columns - column) // WIDTH)
        block = 8 if vectors < 3 else 6
        stop, lanes = first + -(-(last - first) // block) * block, columns - column - (vectors - 1) * WIDTH
        lanes = min(lanes, WIDTH)
        direct.rows(vectors, x, x_at, starts, first, stop, taps, w, column, columns, lanes, out, at + column, places)


@inlined
def _sigmoids(x: Any, a: Any) -> None:
    for j in range(len(a)):
        a[j] = sigmoid(a[j] + x[j], 0)


@inlined
def _tanhs(x: Any, a: Any) -> None:
    for j in range(len(a)):
        a[j] = tanh(a[j] + x[j], 0)


@inlined
def _fused(a: Any, b: Any, c: Any, d: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = a[j] * b[j] + c[j] * d[j]


@inlined
def _squashed(o: Any, c: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = o[j] * tanh(c[j], 0)


@serial
def _lstm_part(
    first: int,
    last: int,
    x: Any,
    h: Any,
    c: Any,
    w: Any,
    table: Any,
    reverse: bool,
    shape: Any,
    out: Any,
    gates: Any,
    cells: Any,
) -> None:
    steps, sequences, size = shape
    for number in range(steps):
        t = steps - 1 - number if reverse else number
        before = t + 1 if reverse else t - 1
        at = t * sequences * size
        if number == 0:
            product(h, 0, table, first, last, w, 4 * size, gates, 4 * at)
        else:
            product(out, before * sequences * size, table, first, last, w, 4 * size, gates, 4 * at)
        for n in range(first, last):
            to = at + n * size
            a, given = gates[4 * to : 4 * (to + size)], x[4 * to : 4 * (to + size)]
            _sigmoids(given[: 2 * size], a[: 2 * size])
            _tanhs(given[2 * size : 3 * size], a[2 * size : 3 * size])
            _sigmoids(given[3 * size :], a[3 * size :])
            of = n * size if number == 0 else (before * sequences + n) * size
            cell = c[of : of + size] if number == 0 else cells[of : of + size]
            _fused(a[size : 2 * size], cell, a[:size], a[2 * size : 3 * size], cells[to : to + size])
            _squashed(a[3 * size :], cells[to : to + size], out[to : to + size])
            if number == steps - 1:
                end = (steps * sequences + n) * size
                out[end : end + size] = cells[to : to + size]


@kernel
def lstm(
    x: Any, h: Any, c: Any, w: Any, table: Any, reverse: bool, shape: Any, out: Any, gates: Any, cells: Any
) -> None:
    """The steps of `ops.lstm`; w is (H, 4H), `shape` (T, N, H)."""
    sequences = shape[1]
    for task in numba.prange(-(-sequences // SEQUENCES)):
        first = task * SEQUENCES
        last = min(first + SEQUENCES, sequences)
        _lstm_part(first, last, x, h, c, w, table, reverse, shape, out, gates, cells)


@inlined
def _add(x: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] += x[j]


@inlined
def _through_cell(dh: Any, o: Any, squashed: Any, dc: Any) -> None:
    for j in range(len(dc)):
        dc[j] += dh[j] * o[j] * (ONE - squashed[j] * squashed[j])


@inlined
def _through_sigmoid(d: Any, factor: Any, s: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = d[j] * factor[j] * s[j] * (ONE - s[j])


@inlined
def _through_tanh(d: Any, factor: Any, v: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = d[j] * factor[j] * (ONE - v[j] * v[j])


@inlined
def _scale(x: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] *= x[j]


@serial
def _lstm_grad_part(
    first: int,
    last: int,
    g: Any,
    gates: Any,
    cells: Any,
    c: Any,
    w: Any,
    table: Any,
    reverse: bool,
    shape: Any,
    d: Any,
    dh: Any,
    dc: Any,
) -> None:
    steps, sequences, size = shape
    squashed = np.empty(size, dtype=np.float32)
    for number in range(steps):
        t = number if reverse else steps - 1 - number
        before = t + 1 if reverse else t - 1
        for n in range(first, last):
            at, of, end = (t * sequences + n) * size, n * size, (steps * sequences + n) * size
            if number == 0:
                dh[of : of + size] = 0
                dc[of : of + size] = g[end : end + size]
            gradient, to_cell = dh[of : of + size], dc[of : of + size]
            a, result = gates[4 * at : 4 * (at + size)], d[4 * at : 4 * (at + size)]
            i, f, v, o = a[:size], a[size : 2 * size], a[2 * size : 3 * size], a[3 * size :]
            earlier = (before * sequences + n) * size
            cell = c[of : of + size] if number == steps - 1 else cells[earlier : earlier + size]
            _add(g[at : at + size], gradient)
            for j in range(size):
                squashed[j] = tanh(cells[at + j], 0)
            _through_cell(gradient, o, squashed, to_cell)
            _through_sigmoid(to_cell, v, i, result[:size])
            _through_sigmoid(to_cell, cell, f, result[size : 2 * size])
            _through_tanh(to_cell, i, v, result[2 * size : 3 * size])
            _through_sigmoid(gradient, squashed, o, result[3 * size :])
            _scale(f, to_cell)
        product(d, t * sequences * 4 * size, table, first, last, w, size, dh, 0)


@kernel
def lstm_grad(
    g: Any, gates: Any, cells: Any, c: Any, w: Any, table: Any, reverse: bool, shape: Any, d: Any, dh: Any, dc: Any
) -> None:
    """The gradient of every gate → d, those of the first state → dh and dc; w is (4H, H)."""
    sequences = shape[1]
    for task in numba.prange(-(-sequences // SEQUENCES)):
        first = task * SEQUENCES
        last = min(first + SEQUENCES, sequences)
        _lstm_grad_part(first, last, g, gates, cells, c, w, table, reverse, shape, d, dh, dc)


@inlined
def _new_state(x: Any, r: Any, q: Any, n: Any) -> None:
    for j in range(len(n)):
        n[j] = tanh(x[j] + r[j] * q[j], 0)


@inlined
def _between(h: Any, z: Any, n: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = n[j] + z[j] * (h[j] - n[j])


@serial
def _gru_part(
    first: int, last: int, x: Any, h: Any, w: Any, b: Any, table: Any, reverse: bool, shape: Any, out: Any, gates: Any
) -> None:
    steps, sequences, size = shape
    of_state = np.empty((last - first) * 3 * size, dtype=np.float32)
    for number in range(steps):
        t = steps - 1 - number if reverse else number
        before = (t + 1 if reverse else t - 1) * sequences * size
        to = -first * 3 * size
        if number == 0:
            product(h, 0, table, first, last, w, 3 * size, of_state, to)
        else:
            product(out, before, table, first, last, w, 3 * size, of_state, to)
        for n in range(first, last):
            at, of = (t * sequences + n) * size, n * size
            s, given = of_state[(n - first) * 3 * size : (n - first + 1) * 3 * size], x[3 * at : 3 * (at + size)]
            a = gates[4 * at : 4 * (at + size)]
            _add(b, s)
            a[: 2 * size] = s[: 2 * size]
            a[3 * size :] = s[2 * size :]
            _sigmoids(given[: 2 * size], a[: 2 * size])
            _new_state(given[2 * size :], a[:size], a[3 * size :], a[2 * size : 3 * size])
            state = h[of : of + size] if number == 0 else out[before + of : before + of + size]
            _between(state, a[size : 2 * size], a[2 * size : 3 * size], out[at : at + size])


@kernel
def gru(x: Any, h: Any, w: Any, b: Any, table: Any, reverse: bool, shape: Any, out: Any, gates: Any) -> None:
    """The steps of `ops.gru`; w is (H, 3H), b (3H)."""
    sequences = shape[1]
    for task in numba.prange(-(-sequences // SEQUENCES)):
        first = task * SEQUENCES
        last = min(first + SEQUENCES, sequences)
        _gru_part(first, last, x, h, w, b, table, reverse, shape, out, gates)


@inlined
def _through_blend(dh: Any, z: Any, n: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = dh[j] * (ONE - z[j]) * (ONE - n[j] * n[j])


@inlined
def _difference(a: Any, b: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = a[j] - b[j]


@inlined
def _product_of(a: Any, b: Any, out: Any) -> None:
    for j in range(len(out)):
        out[j] = a[j] * b[j]


@serial
def _gru_grad_part(
    first: int,
    last: int,
    g: Any,
    states: Any,
    gates: Any,
    h: Any,
    w: Any,
    table: Any,
    reverse: bool,
    shape: Any,
    d: Any,
    turned: Any,
    dh: Any,
) -> None:
    steps, sequences, size = shape
    share, gap = np.empty((last - first) * size, dtype=np.float32), np.empty(size, dtype=np.float32)
    for number in range(steps):
        t = number if reverse else steps - 1 - number
        before = (t + 1 if reverse else t - 1) * sequences * size
        for k in range(last - first):
            n = first + k
            at, of = (t * sequences + n) * size, n * size
            if number == 0:
                dh[of : of + size] = 0
            gradient, a = dh[of : of + size], gates[4 * at : 4 * (at + size)]
            r, z, v, q = a[:size], a[size : 2 * size], a[2 * size : 3 * size], a[3 * size :]
            result, other = d[3 * at : 3 * (at + size)], turned[3 * at : 3 * (at + size)]
            state = h[of : of + size] if number == steps - 1 else states[before + of : before + of + size]
            _add(g[at : at + size], gradient)
            _difference(state, v, gap)
            _through_sigmoid(gradient, gap, z, result[size : 2 * size])
            _through_blend(gradient, z, v, result[2 * size :])
            _through_sigmoid(result[2 * size :], q, r, result[:size])
            other[: 2 * size] = result[: 2 * size]
            _product_of(result[2 * size :], r, other[2 * size :])
            _scale(z, gradient)
        product(turned, t * sequences * 3 * size, table, first, last, w, size, share, -first * size)
        _add(share, dh[first * size : last * size])


@kernel
def gru_grad(
    g: Any, states: Any, gates: Any, h: Any, w: Any, table: Any, reverse: bool, shape: Any, d: Any, turned: Any, dh: Any
) -> None:
    """The gradients of the gates' inputs → d, of W h + b → turned, of the first state → dh; w is (3H, H)."""
    sequences = shape[1]
    for task in numba.prange(-(-sequences // SEQUENCES)):
        first = task * SEQUENCES
        last = min(first + SEQUENCES, sequences)
        _gru_grad_part(first, last, g, states, gates, h, w, table, reverse, shape, d, turned, dh)


@serial
def _rnn_part(
    first: int, last: int, x: Any, h: Any, w: Any, bounded: bool, table: Any, reverse: bool, shape: Any, out: Any
) -> None:
    steps, sequences, size = shape
    for number in range(steps):
        t = steps - 1 - number if reverse else number
        at = t * sequences * size
        if number == 0:
            product(h, 0, table, first, last, w, size, out, at)
        else:
            product(out, (t + 1 if reverse else t - 1) * sequences * size, table, first, last, w, size, out, at)
        part = slice(at + first * size, at + last * size)
        a, given = out[part], x[part]
        if bounded:
            _tanhs(given, a)
        else:
            for j in range(len(a)):
                value = a[j] + given[j]
                a[j] = max(value, np.float32(0))


@kernel
def rnn(x: Any, h: Any, w: Any, bounded: bool, table: Any, reverse: bool, shape: Any, out: Any) -> None:
    """The steps of `ops.rnn`, with tanh if bounded, relu otherwise; w is (H, H), transposed."""
    sequences = shape[1]
    for task in numba.prange(-(-sequences // SEQUENCES)):
        first = task * SEQUENCES
        last = min(first + SEQUENCES, sequences)
        _rnn_part(first, last, x, h, w, bounded, table, reverse, shape, out)


@serial
def _rnn_grad_part(
    first: int,
    last: int,
    g: Any,
    states: Any,
    w: Any,
    bounded: bool,
    table: Any,
    reverse: bool,
    shape: Any,
    d: Any,
    dh: Any,
) -> None:
    steps, sequences, size = shape
    dh[first * size : last * size] = 0
    for number in range(steps):
        t = number if reverse else steps - 1 - number
        at = t * sequences * size
        part = slice(at + first * size, at + last * size)
        gradient, out, result = dh[first * size : last * size], states[part], d[part]
        _add(g[part], gradient)
        if bounded:
            for j in range(len(out)):
                result[j] = gradient[j] * (ONE - out[j] * out[j])
        else:
            for j in range(len(out)):
                result[j] = np.float32(0) if out[j] <= np.float32(0) else gradient[j]
        product(d, at, table, first, last, w, size, dh, 0)


@kernel
def rnn_grad(
    g: Any, states: Any, w: Any, bounded: bool, table: Any, reverse: bool, shape: Any, d: Any, dh: Any
) -> None:
    """The gradient of every step's input → d, of the first state → dh; w is (H, H)."""
    sequences = shape[1]
    for task in numba.prange(-(-sequences // SEQUENCES)):
        first = task * SEQUENCES
        last = min(first + SEQUENCES, sequences)
        _rnn_grad_part(first, last, g, states, w, bounded, table, reverse, shape, d, dh)
