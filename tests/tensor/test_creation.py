"""Making tensors: values, dtypes, memory, random numbers."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg


@pytest.fixture
def double_default() -> Iterator[None]:
    tg.set_default_dtype(tg.float64)
    yield
    tg.set_default_dtype(tg.float32)


def test_the_default_dtype(double_default: None) -> None:
    assert tg.get_default_dtype() == "float64"
    assert [str(x.dtype) for x in (tg.zeros(1), tg.tensor(1.5), tg.tensor([1]), tg.arange(0, 1, 0.5), tg.rand(1))] == [
        *("float64", "float64", "int64", "float64", "float64")
    ]
    assert (tg.tensor([1]) / 2).dtype == "float64"
    assert tg.ones(1).to(float).dtype == "float64"


def test_values_are_copied_or_shared() -> None:
    array = np.array([1.0, 2.0])
    copied, shared, again = tg.tensor(array), tg.from_numpy(array), tg.as_tensor(array)
    array[0] = 9
    assert (copied.tolist(), shared.tolist(), again.tolist()) == ([1, 2], [9, 2], [9, 2])
    shared.mul_(2)
    assert array.tolist() == [18, 4]
    assert copied.dtype == shared.dtype == "float64"  # an array keeps its dtype


def test_as_tensor_of_a_tensor_is_itself() -> None:
    x = tg.ones(2, requires_grad=True)
    assert tg.as_tensor(x) is x
    assert tg.as_tensor(x, dtype=tg.float64).requires_grad


def test_tensor_of_a_tensor_is_a_copy_without_history() -> None:
    x = tg.ones(2, requires_grad=True)
    y = tg.tensor(x)
    assert not y.requires_grad
    y += 1
    assert x.tolist() == [1, 1]


def test_nested_lists_may_hold_tensors_and_arrays() -> None:
    assert tg.tensor([tg.tensor([1.0, 2.0]), np.array([3.0, 4.0])]).tolist() == [[1, 2], [3, 4]]
    assert tg.tensor([tg.tensor(1.0), 2]).tolist() == [1, 2]
    assert tg.tensor(range(3)).tolist() == [0, 1, 2]
    assert tg.tensor(((1, 2), (3, 4))).shape == (2, 2)


@pytest.mark.parametrize(
    ("x", "values"),
    [
        (tg.zeros(2), [0, 0]),
        (tg.ones((1, 2)), [[1, 1]]),
        (tg.full((2,), 7), [7, 7]),
        (tg.full(2, 0.5), [0.5, 0.5]),
        (tg.full((1,), tg.tensor(3)), [3]),
        (tg.eye(2), [[1, 0], [0, 1]]),
        (tg.eye(1, 2), [[1, 0]]),
        (tg.zeros_like(tg.ones(2)), [0, 0]),
        (tg.ones_like(tg.zeros(2)), [1, 1]),
        (tg.full_like(tg.zeros(2), 3), [3, 3]),
        (tg.arange(tg.tensor(3)), [0, 1, 2]),
        (tg.zeros(()), 0),
        (tg.zeros(0, 2), []),
    ],
)
def test_filled(x: tg.Tensor, values: Any) -> None:
    assert x.tolist() == values
    assert x.is_leaf
    assert not x.requires_grad


def test_alike_keeps_dtype_and_shape() -> None:
    x = tg.ones(2, 3, dtype=tg.float64)
    for make in (tg.zeros_like, tg.ones_like, tg.empty_like, tg.rand_like, tg.randn_like, lambda x: tg.full_like(x, 2)):
        assert (make(x).shape, make(x).dtype) == (x.shape, x.dtype)
    assert tg.zeros_like(x, dtype=tg.int32, requires_grad=False).dtype == "int32"
    assert tg.empty(2, 3).shape == (2, 3)
    assert tg.randn(2, requires_grad=True).requires_grad


def test_the_class_itself() -> None:
    assert tg.Tensor([1, 2]).dtype == "float32"
    assert tg.Tensor(2, 3).shape == (2, 3)
    assert tg.Tensor().shape == (0,)
    array = np.ones(2, dtype="float32")
    tensor = tg.Tensor(array)
    array[0] = 5
    assert tensor.tolist() == [1, 1]
    assert tg.Tensor(tg.tensor([1, 2])).tolist() == [1, 2]


# random ---------------------------------------------------------------------------------------------------------------

DRAWS: dict[str, Callable[..., tg.Tensor]] = {
    "rand": lambda **g: tg.rand(3, 4, **g),
    "randn": lambda **g: tg.randn((3, 4), **g),
    "size": lambda **g: tg.rand(size=(3, 4), **g),
    "randint": lambda **g: tg.randint(0, 1000, (3, 4), **g),
    "randint below": lambda **g: tg.randint(1000, (3, 4), **g),
    "randperm": lambda **g: tg.randperm(50, **g),
    "normal": lambda **g: tg.normal(1.0, 2.0, (3, 4), **g),
    "normal of tensors": lambda **g: tg.normal(tg.zeros(3, 1), tg.ones(4), **g),
    "bernoulli": lambda **g: tg.bernoulli(tg.full((50,), 0.5), **g),
}


@pytest.mark.parametrize("draw", DRAWS)
def test_a_seed_repeats(draw: str) -> None:
    make = DRAWS[draw]
    tg.manual_seed(5)
    first, second = make(), make()
    tg.manual_seed(5)
    assert tg.equal(first, make())
    assert not tg.equal(first, second)
    generators = [tg.Generator().manual_seed(7) for _ in range(2)]
    state = tg.get_rng_state()
    assert tg.equal(*(make(generator=g) for g in generators))
    assert tg.equal(tg.get_rng_state(), state)  # a generator of one's own leaves the default one alone


def test_states_and_seeds() -> None:
    assert tg.manual_seed(3) is tg.default_generator
    assert tg.initial_seed() == 3
    state = tg.get_rng_state()
    first = tg.rand(3)
    tg.set_rng_state(state)
    assert tg.equal(first, tg.rand(3))
    own = tg.Generator()
    saved = own.get_state()
    assert saved.dtype == tg.uint8
    twin = own.clone_state()
    assert tg.equal(tg.rand(2, generator=own), tg.rand(2, generator=twin))
    own.set_state(saved)
    with pytest.raises(TypeError, match="set_rng_state: expected a tensor of bytes, as get_rng_state gives; got dict"):
        tg.set_rng_state({})
    with pytest.raises(RuntimeError, match="these 3 bytes are no state of a stream of this engine"):
        tg.set_rng_state(tg.ones(3, dtype=tg.uint8))
    first = tg.rand(3, generator=own)
    assert tg.equal(first, tg.rand(3, generator=own.set_state(saved)))
    assert own.manual_seed(9).initial_seed() == 9
    assert own.seed() == own.initial_seed() != 9
    assert own.device == tg.device("cpu")
    assert tg.seed() != tg.seed()
    tg.manual_seed(-1)


def test_moments() -> None:
    n = 40_000
    uniform, normal = tg.rand(n), tg.randn(n)
    assert uniform.mean().item() == pytest.approx(0.5, abs=0.01)
    assert uniform.var().item() == pytest.approx(1 / 12, abs=0.005)
    assert uniform.min().item() >= 0
    assert uniform.max().item() < 1
    assert normal.mean().item() == pytest.approx(0, abs=0.03)
    assert normal.std().item() == pytest.approx(1, abs=0.03)
    assert tg.normal(3.0, 2.0, (n,)).std().item() == pytest.approx(2, abs=0.05)
    assert tg.bernoulli(tg.full((n,), 0.3)).mean().item() == pytest.approx(0.3, abs=0.02)
    assert set(tg.randint(2, 5, (n,)).tolist()) == {2, 3, 4}
    assert tg.randperm(100).tolist() != list(range(100))
    assert sorted(tg.randperm(100).tolist()) == list(range(100))


def test_dtypes_of_random_numbers() -> None:
    for dtype in (tg.float16, tg.float32, tg.float64):
        assert tg.rand(2, dtype=dtype).dtype == dtype
        assert tg.randn(2, dtype=dtype).dtype == dtype
    assert tg.randint(5, (2,)).dtype == tg.randperm(5).dtype == "int64"
    assert tg.randint(5, (2,), dtype=tg.float32).dtype == "float32"
    assert tg.randperm(5, dtype=tg.int32).dtype == "int32"
    assert tg.normal(0.0, 1.0, 3).shape == (3,)
    assert tg.rand(()).shape == ()


def test_random_values_in_place() -> None:
    x = tg.zeros(10_000)
    assert x.normal_(5, 2).mean().item() == pytest.approx(5, abs=0.1)
    assert x.uniform_(2, 4).min().item() >= 2
    assert x.mean().item() == pytest.approx(3, abs=0.05)
    assert x.uniform_(**{"from": 6, "to": 7}).min().item() >= 6
    assert x.bernoulli_(0.25).mean().item() == pytest.approx(0.25, abs=0.03)
    tg.manual_seed(1)
    first = tg.zeros(3).normal_()
    tg.manual_seed(1)
    assert tg.equal(first, tg.zeros(3).normal_())
    w = tg.zeros(3, requires_grad=True)
    with tg.no_grad():
        w.uniform_(-1, 1)
    assert w.is_leaf


def test_bernoulli_streams_of_every_length() -> None:
    for p in (0.0, 1.0):
        for n in (0, 1, 2, 7):
            assert tg.bernoulli(tg.full((n,), p)).tolist() == [p] * n
    import tinygrad_cnn.nn.functional as F

    assert F.dropout(tg.ones(7), 1.0).tolist() == [0] * 7


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_its_rate_and_its_mask(p: float) -> None:
    import tinygrad_cnn.nn.functional as F

    x = tg.ones(200, 100, requires_grad=True)
    out = F.dropout(x, p)
    kept = out != 0
    assert kept.float().mean().item() == pytest.approx(1 - p, abs=0.02)
    assert out[kept].detach().tolist() == pytest.approx([1 / (1 - p)] * int(kept.sum()))
    out.sum().backward()
    assert tg.equal(x.grad, out.detach())  # the gradient passes where the value did


def test_dropout2d_drops_whole_channels() -> None:
    import tinygrad_cnn.nn.functional as F

    out = F.dropout2d(tg.ones(20, 30, 4, 4), 0.5)
    sums = out.sum((2, 3))
    assert set(sums.flatten().tolist()) == {0.0, 32.0}
    assert F.dropout2d(tg.ones(3, 4, 4), 0.5).shape == (3, 4, 4)
    assert F.dropout2d(tg.ones(2, 2, 2, 2), 0.5, inplace=True).shape == (2, 2, 2, 2)
