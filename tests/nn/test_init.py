"""First values: formulas, and that they are drawn as said."""

from math import sqrt
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import init

SHAPE = (40, 30, 3, 5)
IN, OUT = 30 * 15, 40 * 15


@pytest.mark.parametrize(
    ("fill", "std"),
    [
        (lambda w: init.xavier_uniform_(w, gain=2), 2 * sqrt(2 / (IN + OUT))),
        (lambda w: init.xavier_normal_(w), sqrt(2 / (IN + OUT))),
        (lambda w: init.kaiming_uniform_(w, a=sqrt(5)), sqrt(2 / 6 / IN)),
        (lambda w: init.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu"), sqrt(2 / OUT)),
        (lambda w: init.kaiming_normal_(w), sqrt(2 / IN)),
        (lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="tanh"), 5 / 3 / sqrt(OUT)),
        (lambda w: init.normal_(w, std=0.02), 0.02),
        (lambda w: init.uniform_(w, -1, 1), 1 / sqrt(3)),
    ],
)
def test_spread(fill: Any, std: float) -> None:
    w = nn.Parameter(tg.empty(SHAPE))
    assert fill(w) is w
    assert w.requires_grad
    assert w.is_leaf
    assert w.dtype == tg.float32
    assert abs(w.array.mean()) < 4 * std / sqrt(w.numel())
    assert abs(w.array.std() / std - 1) < 0.03


@pytest.mark.parametrize("fill", [init.xavier_uniform_, init.kaiming_uniform_])
def test_uniform_ones_have_bounds(fill: Any) -> None:
    w = fill(tg.empty(50, 60))
    bound = w.array.std() * sqrt(3)
    assert abs(np.abs(w.array).max() / bound - 1) < 0.05


def test_constants() -> None:
    assert init.constant_(tg.empty(2), 3).tolist() == [3, 3]
    assert init.zeros_(tg.empty(2)).tolist() == [0, 0]
    assert init.ones_(tg.empty(2)).tolist() == [1, 1]
    assert init.eye_(tg.empty(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_dirac_passes_the_channels_on() -> None:
    x = tg.randn(1, 4, 5, 5)
    assert (nn.functional.conv2d(x, init.dirac_(tg.empty(4, 4, 3, 3)), padding=1) == x).all()
    w = init.dirac_(tg.empty(4, 2, 3, 3), groups=2)
    assert (nn.functional.conv2d(x, w, padding=1, groups=2) == x).all()


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (6, 2, 3, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    q = init.orthogonal_(tg.empty(shape, dtype=tg.float64), gain=2).array.reshape(shape[0], -1)
    product = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


@pytest.mark.parametrize(
    "bounds", [(-2, 2), (-0.5, 1), (1, 3), (-3, -1.5)], ids=["wide", "narrow", "above the mean", "below the mean"]
)
def test_trunc_normal(bounds: tuple[float, float]) -> None:
    a, b = bounds
    values = init.trunc_normal_(tg.empty(20000), mean=0.25, std=1, a=a, b=b).array
    assert values.min() >= a
    assert values.max() <= b
    grid = np.linspace(a, b, 20001)
    density = np.exp(-((grid - 0.25) ** 2) / 2)
    assert abs(values.mean() - (grid * density).sum() / density.sum()) < 0.03


def test_sparse() -> None:
    w = init.sparse_(tg.empty(10, 7), sparsity=0.25)
    assert ((w.array == 0).sum(0) == 3).all()


def test_a_generator_of_its_own() -> None:
    for fill in (init.uniform_, init.normal_, init.trunc_normal_, init.xavier_normal_, init.orthogonal_):
        first, second = (fill(tg.empty(4, 4), generator=tg.Generator().manual_seed(5)) for _ in range(2))
        assert (first == second).all()


def test_a_part_of_a_tensor() -> None:
    w = nn.Parameter(tg.zeros(3, 2))
    init.ones_(w.data[1])
    assert w.tolist() == [[0, 0], [1, 1], [0, 0]]


def test_gains() -> None:
    assert init.calculate_gain("relu") == sqrt(2)
    assert init.calculate_gain("tanh") == 5 / 3
    assert init.calculate_gain("selu") == 0.75
    assert init.calculate_gain("conv_transpose2d") == init.calculate_gain("sigmoid") == 1
    assert init.calculate_gain("leaky_relu") == sqrt(2 / (1 + 0.01**2))
    with pytest.raises(ValueError, match=r"calculate_gain: expected leaky_relu or one of tanh, .*; got 'swish'"):
        init.calculate_gain("swish")
    with pytest.raises(ValueError, match="slope of leaky_relu must be a number; got 'a'"):
        init.calculate_gain("leaky_relu", "a")


def test_what_cannot_be_initialised() -> None:
    with pytest.raises(
        ValueError, match=r"xavier_normal_: a weight needs at least two dimensions, .*; got shape \(3,\)"
    ):
        init.xavier_normal_(tg.empty(3))
    with pytest.raises(ValueError, match="kaiming_normal_: mode must be 'fan_in' or 'fan_out'; got 'in'"):
        init.kaiming_normal_(tg.empty(2, 2), mode="in")
    with pytest.raises(ValueError, match=r"eye_: expected a matrix; got shape \(2,\)"):
        init.eye_(tg.empty(2))
    with pytest.raises(ValueError, match="dirac_: expected the kernels of a convolution"):
        init.dirac_(tg.empty(2, 2))
    with pytest.raises(ValueError, match="dirac_: 3 output channels can't be divided among 2 groups"):
        init.dirac_(tg.empty(3, 2, 1, 1), groups=2)
    with pytest.raises(ValueError, match="orthogonal_: expected at least two dimensions"):
        init.orthogonal_(tg.empty(2))
    with pytest.raises(ValueError, match="normal_: std must not be negative; got -1"):
        init.normal_(tg.empty(2), std=-1)
    with pytest.raises(ValueError, match=r"trunc_normal_: the bounds \[2, 1\] are in the wrong order"):
        init.trunc_normal_(tg.empty(2), a=2, b=1)
    with pytest.warns(UserWarning, match="mean is more than 2 std away"):
        init.trunc_normal_(tg.empty(2), mean=0, a=2.5, b=3)
    for fill in (init.kaiming_uniform_, init.kaiming_normal_):
        with pytest.warns(UserWarning, match="no elements to initialise"):
            fill(tg.empty(0, 2))
    w = tg.zeros(2, requires_grad=True) * 1
    with pytest.raises(RuntimeError, match=r"read-only|cannot be written"):
        init.ones_(w.sum().expand(3))


OLD = [name.rstrip("_") for name in init.__all__ if name.endswith("_") and name.rstrip("_") in init.__all__]


@pytest.mark.parametrize("name", OLD)
def test_old_names(name: str) -> None:
    arguments = {"constant": (2,), "sparse": (0.5,)}.get(name, ())
    shape = (2, 2, 3) if name == "dirac" else (4, 4)
    with pytest.warns(FutureWarning, match=f"nn.init.{name} is an old name of nn.init.{name}_"):
        getattr(init, name)(tg.empty(shape), *arguments)


def test_old_names_are_all_there() -> None:
    assert len(OLD) == 11


def test_writes_are_counted() -> None:
    w = nn.Parameter(tg.ones(2, 2))
    loss = (w * w).sum()
    init.zeros_(w)
    with pytest.raises(RuntimeError, match="zeros_ changed it in place"):
        loss.backward()


def test_the_names_that_pytorch_keeps_to_itself() -> None:
    weight = tg.empty(4, 3, 2, 2)
    assert nn.init._calculate_fan_in_and_fan_out(weight) == (12, 16)
    assert nn.init._calculate_correct_fan(weight, "fan_in") == 12
    with pytest.raises(ValueError, match="_calculate_correct_fan: mode must be 'fan_in' or 'fan_out'; got 'x'"):
        nn.init._calculate_correct_fan(weight, "x")
