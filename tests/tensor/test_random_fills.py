"""Random fills and draws: the moments of many values, the range, the dtype, generators, what is refused."""

from collections.abc import Callable
from math import exp
from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.errors import ArgumentError, DtypeError, GraphError

COUNT = 40_000
FILLS: dict[str, tuple[Callable[..., Any], float, float]] = {  # a fill, its median and the share of values below 1
    "normal_": (lambda x, **g: x.normal_(1, 2, **g), 1, 0.5),
    "uniform_": (lambda x, **g: x.uniform_(-1, 3, **g), 1, 0.5),
    "exponential_": (lambda x, **g: x.exponential_(2, **g), 0.34657, 1 - exp(-2)),
    "log_normal_": (lambda x, **g: x.log_normal_(0.5, 1, **g), exp(0.5), 0.30854),
    "cauchy_": (lambda x, **g: x.cauchy_(1, 3, **g), 1, 0.5),
    "random_": (lambda x, **g: x.random_(0, 3, **g), 1, 1 / 3),
    "geometric_": (lambda x, **g: x.geometric_(0.25, **g), 3, 0),
    "bernoulli_": (lambda x, **g: x.bernoulli_(0.25, **g), 0, 0.75),
}


@pytest.mark.parametrize("name", FILLS)
def test_distributions(name: str) -> None:
    fill, median, below = FILLS[name]
    x = tg.empty(COUNT, dtype=tg.float64)
    assert fill(x, generator=tg.Generator().manual_seed(5)) is x
    assert float(x.median()) == pytest.approx(median, abs=0.06)
    assert float((x < 1).double().mean()) == pytest.approx(below, abs=0.015)
    again = fill(tg.empty(COUNT, dtype=tg.float64), generator=tg.Generator().manual_seed(5))
    assert again.tolist() == x.tolist()


def test_fills_of_what_is_shared_and_recorded() -> None:
    base = tg.ones(2, 3, requires_grad=True) * 2
    base[0].uniform_(5, 6)
    assert bool((base[0] >= 5).all())
    assert base[1].tolist() == [2, 2, 2]
    x = tg.ones(2, requires_grad=True)
    with pytest.raises(GraphError):
        x.exponential_()
    with tg.no_grad():
        assert x.exponential_() is x


@pytest.mark.parametrize(
    ("dtype", "highest"),
    [(tg.uint8, 255), (tg.int8, 127), (tg.int64, 2**63 - 1), (tg.float32, 2**24), (tg.float64, 2**53), (tg.bool, 1)],
)
def test_all_integers_of_a_dtype(dtype: Any, highest: int) -> None:
    x = tg.empty(2000, dtype=dtype).random_()
    assert x.dtype == dtype
    assert 0 <= int(x.min()) < highest / 4
    assert highest / 2 <= int(x.max()) <= highest


def test_bernoulli_by_a_tensor() -> None:
    p = tg.tensor([0.0, 1.0, 0.5]).expand(COUNT, 3)
    for drawn in (p.bernoulli(), tg.bernoulli(p), tg.empty(COUNT, 3).bernoulli_(tg.tensor([0.0, 1.0, 0.5]))):
        assert [round(float(m), 1) for m in drawn.mean(0)] == [0, 1, 0.5]
        assert drawn.unique().tolist() == [0, 1]
    assert tg.tensor([0, 0]).bernoulli_(1.0).tolist() == [1, 1]


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial(replacement: bool) -> None:
    weights = tg.tensor([1.0, 0.0, 3.0, 4.0])
    rows = weights.expand(COUNT, 4).multinomial(2, replacement)
    assert rows.shape == (COUNT, 2)
    assert rows.dtype == tg.int64
    shares = rows[:, 0].bincount(minlength=4).double() / COUNT
    assert shares.tolist() == pytest.approx([0.125, 0, 0.375, 0.5], abs=0.012)
    assert bool((rows[:, 0] == rows[:, 1]).any()) == replacement
    assert tg.multinomial(weights, 3).sort().values.tolist() == [0, 2, 3]
    if not replacement:  # the second is drawn among those that the first has left
        second = rows[rows[:, 0] == 3][:, 1].bincount(minlength=4).double()
        assert (second / second.sum()).tolist() == pytest.approx([0.25, 0, 0.75, 0], abs=0.02)


def test_poisson() -> None:
    drawn = tg.poisson(tg.tensor([0.0, 2.5]).expand(COUNT, 2))
    assert drawn.dtype == tg.float32
    assert drawn.mean(0).tolist() == pytest.approx([0, 2.5], abs=0.05)
    assert drawn.var(0).tolist() == pytest.approx([0, 2.5], abs=0.1)
    with pytest.raises(ArgumentError, match="poisson"):
        tg.poisson(tg.tensor([-1.0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x.normal_(0, -1), "normal_: std must not be negative; got -1"),
        (lambda x: x.uniform_(2, 1), "uniform_: the bounds"),
        (lambda x: x.exponential_(0), "exponential_: lambd must be positive"),
        (lambda x: x.geometric_(1), "geometric_: p must lie in"),
        (lambda x: x.log_normal_(0, 0), "log_normal_: std must be positive"),
        (lambda x: x.cauchy_(0, 0), "cauchy_: sigma must be positive"),
        (lambda x: x.random_(3, 3), "random_: no integer lies in"),
        (lambda x: x.bernoulli_(1.5), "bernoulli_: p must lie in"),
        (lambda x: (x + 1).bernoulli(), "bernoulli: probabilities must lie in"),
        (lambda x: (x - 2).multinomial(1), "multinomial: weights must be finite and not negative"),
        (lambda x: (x * 0).multinomial(1), "multinomial: 1 draws without replacement from a row with 0 weights"),
        (lambda x: x.multinomial(5), "multinomial: 5 draws without replacement"),
        (lambda x: x.multinomial(0), "multinomial: num_samples must be at least 1"),
        (lambda x: x.reshape(1, 1, 3).multinomial(1), "multinomial: expects one row"),
    ],
)
def test_what_is_refused(call: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        call(tg.ones(3))


def test_integers_hold_no_fractions() -> None:
    for fill in ("normal_", "uniform_", "exponential_", "cauchy_", "log_normal_"):
        with pytest.raises(DtypeError, match=f"{fill}: fills floating-point tensors; got dtype int64"):
            getattr(tg.arange(3), fill)()


def test_a_tensor_without_dimensions_is_filled_too() -> None:
    assert tg.tensor(1.0).bernoulli().shape == ()
    assert 2 <= float(tg.tensor(0.0).uniform_(2, 3)) < 3
    assert tg.nn.functional.rrelu(tg.tensor(-1.0), 0.5, 0.5, training=True) == -0.5
