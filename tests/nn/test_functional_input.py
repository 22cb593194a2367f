"""What the public functions say to arguments that are no tensors, and to labels of the wrong form."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F

ARRAY = np.ones((1, 1, 4, 4), dtype=np.float32)
SCORES = tg.zeros(3, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.relu(ARRAY), "relu: input must be a tensor; got ndarray"),
        (lambda: F.dropout([1.0]), r"dropout: input must be a tensor; got list \[1.0\]"),
        (lambda: F.max_pool2d(ARRAY, 2), "max_pool2d: input must be a tensor; got ndarray"),
        (lambda: F.conv2d(ARRAY, tg.ones(1, 1, 3, 3)), "conv2d: input must be a tensor; got ndarray"),
        (lambda: F.conv2d(tg.ones(1, 1, 4, 4), ARRAY), "conv2d: weight must be a tensor; got ndarray"),
        (lambda: nn.Linear(2, 3)([1, 2]), r"linear: input must be a tensor; got list \[1, 2\]; make one with tensor"),
        (lambda: F.batch_norm(ARRAY, None, None, training=True), "batch_norm: input must be a tensor; got ndarray"),
        (lambda: F.cross_entropy(SCORES, [0, 1, 2]), r"cross_entropy: target must be a tensor; got list \[0, 1, 2\]"),
        (lambda: F.nll_loss(SCORES, [0, 1, 2]), "nll_loss: target must be a tensor"),
        (lambda: F.mse_loss(SCORES, 1.0), "mse_loss: target must be a tensor; got float 1.0"),
        (lambda: F.one_hot([0, 1]), "one_hot: tensor must be a tensor; got list"),
        (lambda: F.cross_entropy(SCORES, tg.tensor([0.0, 1.0, 2.0])), r"class numbers must be integers.*\.long\(\)"),
    ],
)
def test_wrong_types(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        (tg.zeros(3, 1).long(), r"need class numbers of shape \(3,\); got \(3, 1\); use .squeeze\(1\)"),
        (F.one_hot(tg.tensor([0, 1, 2]), 4), r"one-hot rows become class numbers with .argmax\(1\)"),
    ],
)
def test_labels_of_another_form(target: tg.Tensor, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        F.cross_entropy(SCORES, target)


def test_a_batch_of_grey_images_without_channels() -> None:
    with pytest.raises(
        ValueError, match=r"but x \(8, 28, 28\) has 8; .* for a batch of grey images use x.unsqueeze\(1\)"
    ):
        nn.Conv2d(1, 2, 3)(tg.ones(8, 28, 28))


def test_a_dense_layer_after_images() -> None:
    with pytest.raises(ValueError, match=r"has 4; flattened it would have 16 · 4 · 4 = 256 \[in 0\]"):
        nn.Sequential(nn.Linear(400, 10))(tg.ones(2, 16, 4, 4))


def test_small_probabilities_are_exact() -> None:
    x = tg.tensor([-100.0, -20.0, -10.0, 0.0, 20.0], dtype=tg.float64)
    exact = [np.exp(-100.0), 2.0611536181902037e-9, 4.5397868702434395e-5, 0.5, 0.9999999979388463]
    np.testing.assert_allclose(x.sigmoid().numpy(), exact, rtol=1e-12)
    np.testing.assert_allclose(F.silu(x).numpy(), np.array(exact) * x.numpy(), rtol=1e-12)
    assert F.binary_cross_entropy(tg.tensor(-20.0).sigmoid(), tg.tensor(1.0)).item() == pytest.approx(20.0)


def test_an_empty_line_is_an_empty_batch() -> None:
    empty = tg.zeros(0)
    assert F.batch_norm(empty, empty, empty, training=True).shape == (0,)
    with pytest.raises(ValueError, match=r"batch_norm: expected \(N, C, …\); got shape \(2,\)"):
        F.batch_norm(tg.ones(2), None, None, training=True)


def test_norms_have_derivatives_of_zero_at_zero() -> None:
    for norm in (tg.linalg.vector_norm, lambda x: x.norm(3)):
        x = tg.zeros(3, requires_grad=True)
        (slope,) = tg.autograd.grad(norm(x), x, create_graph=True)
        (second,) = tg.autograd.grad((slope * tg.arange(3.0)).sum(), x)
        assert slope.tolist() == second.tolist() == [0, 0, 0]


@pytest.mark.parametrize("loss", [F.multi_margin_loss, F.multilabel_margin_loss])
def test_a_reduction_is_checked_first(loss: Any) -> None:
    with pytest.raises(ValueError, match="reduction must be 'mean', 'sum' or 'none'; got 'abc'"):
        loss(tg.ones(2, 3), tg.ones(2, 3), reduction="abc")
