"""Compiled recurrent layers against the formulas in float64, to 1e-5 of the largest value."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

from tests.backend.test_numba_kernels import close
from tinygrad_cnn import ops, set_num_threads
from tinygrad_cnn.backend import cpu_kernels
from tinygrad_cnn.backend.numba import compile as compiling

SHAPES = [(1, 1, 1), (3, 2, 5), (4, 25, 17), (2, 50, 70), (5, 7, 32), (2, 49, 16)]
KINDS = {"tanh": 1, "relu": 1, "lstm": 4, "gru": 3, "gru without bias": 3}


def inputs(kind: str, steps: int, sequences: int, size: int) -> list[Any]:
    rng, gates = np.random.default_rng(0), KINDS[kind] * size
    shapes = [(steps, sequences, gates), (sequences, size), (gates, size)]
    shapes = {"lstm": [*shapes[:2], *shapes[1:]], "gru": [*shapes, (gates,)]}.get(kind, shapes)
    gradient = (steps + (kind == "lstm"), sequences, size)
    values = [rng.standard_normal(shape).astype("float32") for shape in (*shapes, gradient)]
    values[3 if kind == "lstm" else 2] /= size**0.5  # larger weights let rounding errors grow from step to step
    return values


def results(kind: str, reverse: bool, values: list[Any]) -> list[Any]:
    """Everything that an operation and its gradient return."""
    *given, g = values
    if kind == "lstm":
        out, (gates, cells) = ops.lstm.with_residuals(*given, reverse=reverse)
        grads = ops.lstm_grad.with_residuals(g, *given[1:], out=out, gates=gates, cells=cells, reverse=reverse)
        return [out, gates, cells, grads[0], *grads[1]]
    if kind.startswith("gru"):
        out, (gates,) = ops.gru.with_residuals(*given[:3], given[3] if len(given) > 3 else None, reverse=reverse)
        grads = ops.gru_grad.with_residuals(g, *given[1:3], out=out, gates=gates, reverse=reverse)
        return [out, gates, grads[0], *grads[1]]
    out = ops.rnn(*given, kind=kind, reverse=reverse)
    grads = ops.rnn_grad.with_residuals(g, *given[1:], states=out, kind=kind, reverse=reverse)
    return [out, grads[0], *grads[1]]


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reverse", [False, True])
def test_sequences(kind: str, shape: tuple[int, int, int], reverse: bool) -> None:
    values = inputs(kind, *shape)
    with cpu_kernels("numpy"):
        exact = results(kind, reverse, [v.astype("float64") for v in values])
    with cpu_kernels("numba"):
        found = results(kind, reverse, values)
        turned = [np.asfortranarray(v) for v in values]
        for v in turned:
            v.flags.writeable = False
        again = results(kind, reverse, turned)
    for ours, same, theirs in zip(found, again, exact, strict=True):
        assert ours.dtype == "float32"
        np.testing.assert_array_equal(ours, same)
        close(ours, theirs, 1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("deterministic")
def test_the_same_bits_for_any_number_of_threads(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "LAUNCH", 0.0)
    found = []
    with cpu_kernels("numba"):
        for threads in (1, 2):
            set_num_threads(threads)
            found.append(results(kind, False, inputs(kind, 3, 60, 20)))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_an_empty_batch() -> None:
    values = inputs("lstm", 2, 0, 3)
    with cpu_kernels("numba"):
        found = results("lstm", False, values)
    assert [v.shape for v in found[:4]] == [(3, 0, 3), (2, 0, 12), (2, 0, 3), (2, 0, 12)]
