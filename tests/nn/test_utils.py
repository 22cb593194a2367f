"""Clipping gradients, parameters as a vector."""

from math import inf, nan
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import utils


def with_gradients(*gradients: Any) -> list[nn.Parameter]:
    parameters = [nn.Parameter(tg.zeros(len(g))) for g in gradients]
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = tg.tensor(g)
    return [*parameters, nn.Parameter(tg.zeros(2))]  # the last has none


@pytest.mark.parametrize(("p", "norm"), [(2, 5), (1, 7), (inf, 4), (3, 91 ** (1 / 3)), ("inf", 4)])
def test_clip_grad_norm(p: Any, norm: float) -> None:
    parameters = with_gradients([3.0], [-4.0, 0.0])
    assert utils.clip_grad_norm_(parameters, 1.0, p).item() == pytest.approx(norm)
    found = np.concatenate([q.grad.array for q in parameters[:2]])
    np.testing.assert_allclose(found, np.array([3, -4, 0]) / norm, rtol=1e-5)


def test_small_gradients_are_left_alone() -> None:
    parameters = with_gradients([0.3], [0.4])
    assert utils.clip_grad_norm_(iter(parameters), 1.0).item() == pytest.approx(0.5)
    assert parameters[0].grad.item() == pytest.approx(0.3)
    assert utils.clip_grad_norm_([], 1.0).item() == 0
    assert utils.clip_grad_norm_(parameters[-1], 1.0).item() == 0


def test_gradients_that_are_not_finite() -> None:
    with pytest.raises(RuntimeError, match="clip_grad_norm_: the norm of the gradients is nan"):
        utils.clip_grad_norm_(with_gradients([nan], [1.0]), 1.0, error_if_nonfinite=True)
    parameters = with_gradients([nan], [1.0])
    utils.clip_grad_norm_(parameters, 1.0)
    assert np.isnan(parameters[1].grad.item())


def test_clip_grad_value() -> None:
    parameters = with_gradients([3.0], [-4.0, 0.5])
    utils.clip_grad_value_(parameters, 1)
    assert [p.grad.tolist() for p in parameters[:2]] == [[1], [-1, 0.5]]


def test_old_name() -> None:
    with pytest.warns(FutureWarning, match="clip_grad_norm is an old name"):
        utils.clip_grad_norm(with_gradients([3.0]), 1.0)


def test_vectors() -> None:
    layer = nn.Linear(2, 2)
    vector = utils.parameters_to_vector(layer.parameters())
    assert vector.tolist() == [*layer.weight.reshape(-1).tolist(), *layer.bias.tolist()]
    assert vector.requires_grad
    utils.vector_to_parameters(tg.arange(6.0), layer.parameters())
    assert layer.weight.tolist() == [[0, 1], [2, 3]]
    assert layer.bias.tolist() == [4, 5]
    with pytest.raises(ValueError, match=r"expected a vector of 6 values; got shape \(5,\)"):
        utils.vector_to_parameters(tg.zeros(5), layer.parameters())
    with pytest.raises(TypeError, match="vector_to_parameters: expected a tensor; got list"):
        utils.vector_to_parameters([1.0], layer.parameters())
    with pytest.raises(TypeError, match="clip_grad_value_: expected parameters; got float"):
        utils.clip_grad_value_(1.0, 1.0)


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        (nn.Linear, (3, 2)),
        (nn.Conv2d, (1, 2, 3)),
        (nn.LSTM, (2, 3)),
        (nn.Embedding, (4, 2)),
        (nn.MultiheadAttention, (4, 2)),
    ],
)
def test_skip_init_draws_nothing(kind: Any, sizes: Any) -> None:
    tg.manual_seed(3)
    layer = nn.utils.skip_init(kind, *sizes)
    skipped = tg.rand(3).tolist()
    tg.manual_seed(3)
    assert skipped == tg.rand(3).tolist()
    like = kind(*sizes)  # and outside they are drawn again
    assert [p.shape for p in layer.parameters()] == [p.shape for p in like.parameters()]
    assert float(like.state_dict()[next(iter(like.state_dict()))].std()) > 0


def test_skip_init_ends_with_an_error() -> None:
    with pytest.raises(TypeError):
        nn.utils.skip_init(nn.Linear, 3, 2, wrong=1)
    assert float(nn.Linear(30, 20).weight.std()) > 0
