"""The step over all parameters at once, through every CPU backend: what may change between two steps."""

import copy
import pickle
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.backend import cpu_kernels

MAKE = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.1),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    "adam": lambda p: optim.Adam(p, lr=0.1, weight_decay=0.1),
    "adamw": lambda p: optim.AdamW(p, lr=0.1),
    "amsgrad": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
}
SHAPES = [(3, 4), (5,), (), (0,), (130, 131), (2, 3, 2, 2)]


@pytest.fixture(params=["numpy", "numba"], autouse=True)
def _kernels(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "numba" and find_spec("numba") is None:
        pytest.skip("Numba is not installed")
    with cpu_kernels(request.param):
        yield


@pytest.fixture(params=list(MAKE))
def make(request: pytest.FixtureRequest) -> Any:
    return MAKE[request.param]


def values(seed: int, dtype: Any = "float32") -> list[Any]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.uniform(-1, 1, shape)).astype(dtype) for shape in SHAPES]


def give(parameters: list[Any], seed: int, left_out: tuple[int, ...] = ()) -> None:
    for i, (p, g) in enumerate(zip(parameters, values(seed), strict=True)):
        p.grad = None if i in left_out else tg.from_numpy(g.astype(p.array.dtype))


def alone_and_together(make: Any, change: Any, tolerance: float = 0.0) -> None:
    """Each parameter with an optimizer of its own, and all in one: the same numbers."""
    ours = [nn.Parameter(tg.from_numpy(a)) for a in values(0)]
    others = [nn.Parameter(tg.from_numpy(a)) for a in values(0)]
    together, alone = make(ours), [make([p]) for p in others]
    for step in range(6):
        left_out = (step % 3, 4) if step % 2 else ()
        together, ours = change(step, together, ours)
        for parameters in (ours, others):
            give(parameters, 10 + step, left_out)
        if step == 3:
            for p in others:
                p.data = p.detach() + 1
        together.step()
        for optimizer in alone:
            optimizer.step()
    for a, b in zip(ours, others, strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=tolerance, atol=tolerance)
        assert a.array.dtype == b.array.dtype


def test_steps_together_are_steps_alone(make: Any) -> None:
    def replaced(step: int, optimizer: Any, parameters: Any) -> Any:
        if step == 3:
            for p in parameters:
                p.data = p.detach() + 1
        return optimizer, parameters

    alone_and_together(make, replaced)


@pytest.mark.parametrize("through", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_between_steps(make: Any, through: Any) -> None:
    """A copy has arrays in other places, and the original goes on unharmed."""
    originals: list[Any] = []

    def copied(step: int, optimizer: Any, parameters: Any) -> Any:
        if step == 3:
            for p in parameters:
                p.data = p.detach() + 1
        if step == 2:
            originals.extend((p, p.array.copy()) for p in parameters)
            optimizer = through(optimizer)
            parameters = optimizer.param_groups[0]["params"]
        return optimizer, parameters

    alone_and_together(make, copied)
    for p, before in originals:
        np.testing.assert_array_equal(p.array, before)


def test_a_state_loaded_between_steps(make: Any) -> None:
    def loaded(step: int, optimizer: Any, parameters: Any) -> Any:
        if step == 3:
            for p in parameters:
                p.data = p.detach() + 1
            optimizer.load_state_dict(optimizer.state_dict())
        return optimizer, parameters

    alone_and_together(make, loaded)


def test_groups_and_frozen_parameters(make: Any) -> None:
    p, late, frozen = (nn.Parameter(tg.ones(3)) for _ in range(3))
    optimizer = make([p, frozen])
    for _ in range(2):
        for each in (p, frozen):
            each.grad = tg.ones(3)
        optimizer.step()
    optimizer.add_param_group({"params": [late]})
    frozen.requires_grad_(False)
    frozen.grad = None
    kept = frozen.tolist()
    for each in (p, late):
        each.grad = tg.ones(3)
    optimizer.step()
    assert frozen.tolist() == kept
    fresh = nn.Parameter(tg.ones(3))
    fresh.grad = tg.ones(3)
    make([fresh]).step()
    assert late.tolist() == fresh.tolist()


@pytest.mark.parametrize("order", ["C", "F"])
def test_gradients_in_another_order(make: Any, order: str) -> None:
    a, b = nn.Parameter(tg.ones(4, 3)), nn.Parameter(tg.ones(4, 3))
    first, second = make([a]), make([b])
    for step in range(3):
        g = np.random.default_rng(step).uniform(-1, 1, (4, 3)).astype("float32")
        a.grad, b.grad = tg.from_numpy(np.asarray(g, order=order)), tg.from_numpy(g)
        first.step()
        second.step()
    np.testing.assert_allclose(a.array, b.array, rtol=1e-6)


def test_a_model_moved_to_another_dtype(make: Any) -> None:
    """Parameters stay the same objects; the next steps are in the new dtype."""
    layer = nn.Linear(3, 2)
    optimizer = make(layer.parameters())
    for dtype in (tg.float32, tg.float64):
        layer.to(dtype)
        for p in layer.parameters():
            p.grad = tg.ones(*p.shape, dtype=dtype)
        before = [p.array.copy() for p in layer.parameters()]
        optimizer.step()
        for p, old in zip(layer.parameters(), before, strict=True):
            assert p.dtype == dtype
            assert (p.array != old).all()


def test_parameters_that_share_memory_are_changed_one_after_the_other() -> None:
    whole = tg.zeros(4)
    a, b = nn.Parameter(whole), nn.Parameter(whole[:2])
    a.grad, b.grad = tg.ones(4), tg.ones(2)
    optim.SGD([a, b], lr=1.0).step()
    assert whole.tolist() == [-2, -2, -1, -1]
    with pytest.warns(UserWarning, match="twice"):
        optimizer = optim.SGD([a, a], lr=1.0)
    optimizer.step()
    assert whole.tolist() == [-4, -4, -3, -3]


def test_read_only_parameters_are_refused(make: Any) -> None:
    p = nn.Parameter(tg.ones(3))
    p.array.setflags(write=False)
    p.grad = tg.ones(3)
    with pytest.raises(ValueError, match="read-only"):
        make([p]).step()
    assert p.tolist() == [1, 1, 1]
