"""Layers without a second opinion: what they refuse, what they remember, what they are made with."""

from math import sqrt
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: nn.Conv2d(3, 4, 3, groups=2),
            ValueError,
            "Conv2d: in_channels must be divisible by groups; got in_ch.*=3",
        ),
        (lambda: nn.Conv2d(4, 3, 3, groups=2), ValueError, "Conv2d: out_channels must be divisible by groups"),
        (lambda: nn.Conv2d(4, 4, 3, groups=0), ValueError, "Conv2d: groups must be positive; got 0"),
        (lambda: nn.Conv2d(1, 1, (3, 3, 3)), ValueError, r"kernel_size must be an int or 2 of them; got \(3, 3, 3\)"),
        (lambda: nn.Conv2d(1, 1, 3, stride="2"), ValueError, "stride must be an int or 2 of them; got '2'"),
        (
            lambda: nn.Conv2d(1, 1, 3, padding="full"),
            ValueError,
            "padding must be numbers, 'same' or 'valid'; got 'full'",
        ),
        (lambda: nn.Conv2d(1, 1, 3, padding="same", stride=2), ValueError, "padding='same' needs stride 1; got stride"),
        (
            lambda: nn.Conv2d(1, 1, 3, padding_mode="mirror"),
            ValueError,
            "padding_mode must be one of zeros, .*; got 'mirror'",
        ),
        (lambda: nn.Linear(-1, 2), ValueError, "Linear: sizes must not be negative; got -1 and 2"),
        (lambda: nn.Dropout(1.5), ValueError, r"Dropout: p must lie in \[0, 1\]; got 1.5"),
        (lambda: nn.Dropout2d(-1), ValueError, r"Dropout2d: p must lie in \[0, 1\]; got -1"),
        (
            lambda: nn.MSELoss(reduction="avg"),
            ValueError,
            "MSELoss: reduction must be 'mean', 'sum' or 'none'; got 'avg'",
        ),
        (lambda: nn.CrossEntropyLoss(label_smoothing=2), ValueError, r"label_smoothing must lie in \[0, 1\]; got 2"),
        (lambda: nn.CrossEntropyLoss(weight=[1, 2]), TypeError, "CrossEntropyLoss.weight: a buffer must be a tensor"),
        (lambda: nn.Unflatten(1, "ab"), TypeError, "Unflatten: unflattened_size must be a tuple of ints; got 'ab'"),
    ],
)
def test_arguments_that_make_no_layer(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.BatchNorm1d(3), (3,), r"BatchNorm1d: expected \(N, C\) or \(N, C, L\); got shape \(3,\) \[in 0\]"),
        (nn.BatchNorm1d(3), (2, 3, 4, 4), r"BatchNorm1d: expected \(N, C\) or \(N, C, L\); got shape \(2, 3, 4, 4\)"),
        (nn.BatchNorm2d(3), (2, 3), r"BatchNorm2d: expected images \(N, C, H, W\); got shape \(2, 3\) \[in 0\]"),
        (
            nn.BatchNorm2d(3),
            (2, 4, 5, 5),
            r"weight \(3,\) expects 3 channels, but x \(2, 4, 5, 5\) has 4 \[in 0\]",
        ),
        (nn.BatchNorm2d(3), (1, 3, 1, 1), r"one value per channel .* use a larger batch, or .eval\(\) \[in 0\]"),
        (nn.Linear(4, 2), (3, 5), r"linear: weight \(2, 4\) expects 4 features, but x \(3, 5\) has 5.*\[in 0\]"),
        (nn.MaxPool2d(5), (1, 1, 4, 4), r"max_pool2d: a window of 5 × 5 pixels does not fit into an image of 4 × 4"),
    ],
)
def test_inputs_that_do_not_fit(layer: Any, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.Sequential(layer)(tg.ones(shape))


def test_first_values_are_pytorchs() -> None:
    for layer, fan_in in ((nn.Conv2d(6, 50, (3, 5), groups=2), 45), (nn.Linear(60, 200), 60)):
        for values in (layer.weight.array, layer.bias.array):
            bound = 1 / sqrt(fan_in)
            assert np.abs(values).max() <= bound
            assert np.abs(values).max() > 0.9 * bound
            assert abs(values.std() * sqrt(3) / bound - 1) < 0.15
    norm = nn.BatchNorm2d(3)
    assert norm.weight.tolist() == norm.running_var.tolist() == [1, 1, 1]
    assert norm.bias.tolist() == norm.running_mean.tolist() == [0, 0, 0]


def test_seeds_repeat_first_values() -> None:
    tg.manual_seed(3)
    first = nn.Linear(4, 4)
    tg.manual_seed(3)
    assert (nn.Linear(4, 4).weight == first.weight).all()


def test_dtype_of_parameters() -> None:
    assert {p.dtype for p in nn.Conv2d(1, 1, 1, dtype=tg.float64, device="cpu").parameters()} == {tg.float64}
    norm = nn.BatchNorm1d(2, dtype=tg.float64)
    assert {t.dtype for t in norm.state_dict().values()} == {tg.float64, tg.int64}


def test_layers_without_bias() -> None:
    for layer in (nn.Conv2d(1, 2, 3, bias=False), nn.Linear(2, 3, bias=False)):
        assert layer.bias is None
        assert list(layer.state_dict()) == ["weight"]
    assert list(nn.BatchNorm1d(2, affine=False).state_dict()) == ["running_mean", "running_var", "num_batches_tracked"]
    assert list(nn.BatchNorm1d(2, bias=False, track_running_stats=False).state_dict()) == ["weight"]


def test_running_statistics() -> None:
    batches = [np.random.default_rng(i).standard_normal((4, 2, 3, 3)) * 2 + 1 for i in range(3)]
    means = [b.mean((0, 2, 3)) for b in batches]
    variances = [b.var((0, 2, 3), ddof=1) for b in batches]
    moving, average = nn.BatchNorm2d(2, momentum=0.3).double(), nn.BatchNorm2d(2, momentum=None).double()
    mean, var = np.zeros(2), np.ones(2)
    for batch, m, v in zip(batches, means, variances, strict=True):
        moving(tg.tensor(batch))
        average(tg.tensor(batch))
        mean, var = 0.7 * mean + 0.3 * m, 0.7 * var + 0.3 * v
    np.testing.assert_allclose(moving.running_mean.array, mean)
    np.testing.assert_allclose(moving.running_var.array, var)
    np.testing.assert_allclose(average.running_mean.array, np.mean(means, 0))
    np.testing.assert_allclose(average.running_var.array, np.mean(variances, 0))
    assert average.num_batches_tracked.item() == 3
    average.eval()(tg.tensor(batches[0]))
    assert average.num_batches_tracked.item() == 3
    average.reset_running_stats()
    assert average.num_batches_tracked.item() == 0
    assert average.running_var.tolist() == [1, 1]


def test_dropout_only_in_training() -> None:
    x = tg.ones(1000)
    layer = nn.Dropout(0.25)
    kept = layer(x)
    assert np.unique(kept.array).tolist() == [0, pytest.approx(4 / 3)]
    assert 0.6 < (kept.array > 0).mean() < 0.9
    assert layer.eval()(x) is x


def test_in_place_activations_write_into_their_input() -> None:
    x = tg.tensor([-1.0, 2.0])
    y = nn.ReLU(inplace=True)(x)
    assert x.tolist() == y.tolist() == [0, 2]


@pytest.mark.parametrize("name", ["relu6", "hardtanh", "hardsigmoid", "hardswish", "gelu", "silu", "elu", "leaky_relu"])
def test_activations_with_a_kernel_of_their_own_are_one_operation(name: str) -> None:
    node = getattr(nn.functional, name)(tg.ones(3, requires_grad=True)).grad_fn
    assert node.name == {"relu6": "hardtanh"}.get(name, name)
    assert [repr(before) for before, _ in node.next_functions] == ["<leaf (3,)>"]


def test_weights_of_losses_move_with_them() -> None:
    loss = nn.CrossEntropyLoss(weight=tg.tensor([1.0, 2.0])).double()
    assert loss.weight.dtype == tg.float64
    assert list(loss.state_dict()) == ["weight"]
    assert list(nn.CrossEntropyLoss().state_dict()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"reduce": True, "size_average": False}, "sum"),
        ({}, "mean"),
    ],
)
def test_old_names_of_reductions(old: dict[str, Any], new: str) -> None:
    assert nn.MSELoss(**old).reduction == nn.CrossEntropyLoss(**old).reduction == new


def test_identity_takes_anything() -> None:
    assert nn.Identity(1, 2, a=3)(7) == 7


def test_an_empty_batch() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3))
    out = model(tg.zeros(0, 1, 8, 8))
    assert out.shape == (0, 3)
    out.sum().backward()
    assert not model[0].weight.grad.array.any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Linear("a", 3), "Linear: in_features must be an int; got 'a'"),
        (lambda: nn.Conv2d("3", 4, 3), "Conv2d: in_channels must be an int; got '3'"),
        (lambda: nn.Embedding(3, None), "Embedding: embedding_dim must be an int; got None"),
        (lambda: nn.GroupNorm(2, "a"), "GroupNorm: num_channels must be an int; got 'a'"),
        (lambda: nn.LayerNorm(3.5), "LayerNorm: normalized_shape must be an int or several; got 3.5"),
        (lambda: nn.RMSNorm(None), "RMSNorm: normalized_shape must be an int or several; got None"),
        (lambda: nn.Dropout("a"), "Dropout: p must be a number; got 'a'"),
        (lambda: tg.optim.Adam(nn.Linear(2, 2).parameters(), lr="a"), "Adam: lr must be a number; got lr='a'"),
    ],
)
def test_what_is_no_number(make, message):
    with pytest.raises(TypeError, match=message):
        make()
