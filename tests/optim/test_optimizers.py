"""Optimizers: the formulas, groups, state, and what they refuse."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim

KINDS = [
    lambda p, **more: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, **more),
    lambda p, **more: optim.Adam(p, lr=0.1, amsgrad=True, **more),
    lambda p, **more: optim.AdamW(p, lr=0.1, **more),
]


def start(*values: float) -> nn.Parameter:
    return nn.Parameter(tg.tensor(values or (1.0, -2.0)))


def descend(optimizer: Any, parameters: list[Any], steps: int = 1) -> list[Any]:
    for _ in range(steps):
        optimizer.zero_grad()
        sum((p**2 * (p + 3)).sum() for p in parameters).backward()
        optimizer.step()
    return [p.tolist() for p in parameters]


def test_plain_descent() -> None:
    p = start(1.0)
    p.grad = tg.tensor([2.0])
    optim.SGD([p], lr=0.25).step()
    assert p.item() == 0.5
    assert p.requires_grad
    assert p.is_leaf


def test_parameters_without_a_gradient_stay() -> None:
    used, unused = start(), start()
    for make in KINDS:
        optimizer = make([used, unused])
        used.grad = tg.ones(2)
        optimizer.step()
        assert unused.tolist() == [1, -2]
        assert unused not in optimizer.state
        assert used in optimizer.state


def test_steps_write_in_place_and_are_counted() -> None:
    p = start()
    array = p.array
    for make, name in zip(KINDS, ("SGD", "Adam", "AdamW"), strict=True):
        loss = (p * p).sum()
        p.grad = tg.ones(2)
        make([p]).step()
        assert p.array is array
        with pytest.raises(RuntimeError, match=f"{name}.step changed it in place"):
            loss.backward()


def test_groups_have_options_of_their_own() -> None:
    fast, slow = start(1.0), start(1.0)
    optimizer = optim.SGD([{"params": [fast]}, {"params": slow, "lr": 0.01}], lr=1.0, momentum=0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 0.01]
    assert [group["momentum"] for group in optimizer.param_groups] == [0.5, 0.5]
    for p in (fast, slow):
        p.grad = tg.ones(1)
    optimizer.step()
    assert fast.item() == 0
    assert slow.item() == pytest.approx(0.99)
    late = start(1.0)
    optimizer.add_param_group({"params": [late], "momentum": 0})
    late.grad = tg.ones(1)
    optimizer.step()
    assert late.item() == 0
    optimizer.param_groups[1]["lr"] = 0
    before = slow.item()
    optimizer.step()
    assert slow.item() == before


def test_named_parameters() -> None:
    layer = nn.Linear(2, 3)
    optimizer = optim.Adam(layer.named_parameters())
    assert [id(p) for p in optimizer.param_groups[0]["params"]] == [id(p) for p in layer.parameters()]
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]


def test_closure() -> None:
    p = start(2.0)
    optimizer = optim.SGD([p], lr=0.25)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with tg.no_grad():
        assert optimizer.step(closure).item() == 4
    assert p.item() == 1


def test_zero_grad() -> None:
    p, other = start(), start()
    p.grad = gradient = tg.ones(2)
    optimizer = optim.SGD([p, other])
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is gradient
    assert p.grad.tolist() == [0, 0]
    p.grad = tg.ones(1).expand(2)  # two elements in one place, which nobody may write to
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    assert other.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_numpy_numbers_widen_nothing() -> None:
    for kind in (optim.SGD, optim.Adam, optim.AdamW):
        p = start()
        optimizer = kind([p], lr=np.float64(0.1), weight_decay=np.float64(0.1))
        descend(optimizer, [p], 2)
        assert p.dtype == p.array.dtype == tg.float32
        assert {t.dtype for t in optimizer.state[p].values() if isinstance(t, tg.Tensor)} <= {tg.float32}
    p = start()
    assert descend(optim.SGD([p], lr=tg.tensor(0.1)), [p]) == descend(optim.SGD([q := start()], lr=0.1), [q])


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("through", [lambda x: x, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_going_on_from_a_state(make: Any, through: Any) -> None:
    p, q = start(), start(0.5)
    optimizer = make([p, q])
    descend(optimizer, [p, q], 3)
    a, b = copy.deepcopy(p), copy.deepcopy(q)
    other = make([a, b], weight_decay=0.5)
    other.load_state_dict(through(optimizer.state_dict()))
    assert other.param_groups[0]["weight_decay"] == optimizer.param_groups[0]["weight_decay"]
    assert descend(other, [a, b], 3) == descend(optimizer, [p, q], 3)


def test_loading_copies() -> None:
    p, q = start(), start()
    first, second = (optim.SGD([x], lr=0.1, momentum=0.9) for x in (p, q))
    descend(first, [p])
    second.load_state_dict(first.state_dict())
    assert not np.shares_memory(first.state[p]["momentum_buffer"].array, second.state[q]["momentum_buffer"].array)


def test_loading_takes_the_parameters_dtype() -> None:
    p = start()
    first = optim.Adam([p])
    descend(first, [p])
    q = nn.Parameter(p.detach().double())
    second = optim.Adam([q])
    second.load_state_dict(first.state_dict())
    assert second.state[q]["exp_avg"].dtype == tg.float64
    assert second.state[q]["step"] == 1


@pytest.mark.parametrize("make", KINDS)
def test_copies_of_optimizers_work(make: Any) -> None:
    p = start()
    optimizer = make([p])
    descend(optimizer, [p])
    found = []
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        (q,) = twin.param_groups[0]["params"]
        assert q is not p
        assert q in twin.state
        assert repr(twin) == repr(optimizer)
        found.append(descend(twin, [q], 3))
    assert found == [descend(optimizer, [p], 3)] * 2


def test_an_optimizer_of_ones_own() -> None:
    class Signs(optim.Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, {"lr": lr})

        def update(self, parameters: Any, group: Any) -> None:
            for p in parameters:
                p.array -= group["lr"] * np.sign(p.grad.array)
                p.storage.changed("Signs.step")

    class Stepping(optim.Optimizer):
        def step(self, closure: Any = None) -> None:
            with tg.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p.add_(p.grad, alpha=-group["lr"])

    p = start()
    descend(Signs([p], lr=0.5), [p])
    assert p.tolist() == [0.5, -2]
    p.grad = tg.ones(2)
    Stepping([p], {"lr": 0.5}).step()
    assert p.tolist() == [0, -2.5]
    with pytest.raises(NotImplementedError, match=r"Optimizer has neither update\(parameters, group\) nor step\(\)"):
        optim.Optimizer([p], {}).step()


X = start()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: optim.SGD([]),
            ValueError,
            r"SGD: got an empty parameter list. Layers in a plain Python list .*ModuleList",
        ),
        (lambda: optim.SGD(iter([])), ValueError, r"an iterator such as model.parameters\(\) can be used only once"),
        (
            lambda: optim.SGD(nn.Linear(1, 1)),
            TypeError,
            r"SGD: got a module; give its parameters: model.parameters\(\)",
        ),
        (lambda: optim.SGD(X), TypeError, "SGD: expected several parameters; got one tensor; put it in a list"),
        (lambda: optim.SGD(3), TypeError, "SGD: expected parameters, or dicts of them; got int"),
        (lambda: optim.SGD({X}), TypeError, "SGD: a set of parameters has no fixed order"),
        (lambda: optim.SGD([X, 3]), TypeError, "SGD: parameter 1 must be a tensor; got int 3"),
        (lambda: optim.SGD([X * 2]), ValueError, r"SGD: parameter 0 of shape \(2,\) was computed from others"),
        (lambda: optim.SGD([{"params": [X]}, 3]), TypeError, 'SGD: a group must be a dict with "params"; got 3'),
        (
            lambda: optim.SGD([{"params": [X]}, {"params": [X]}]),
            ValueError,
            r"parameter 0 .*\(2,\), is in another group",
        ),
        (lambda: optim.SGD([X], lr=-1), ValueError, "SGD: lr must not be negative; got lr=-1"),
        (lambda: optim.SGD([X], lr=float("nan")), ValueError, "SGD: lr must not be negative; got lr=nan"),
        (lambda: optim.SGD([X], momentum=-0.5), ValueError, "SGD: momentum must not be negative; got momentum=-0.5"),
        (lambda: optim.SGD([X], weight_decay=-2), ValueError, "SGD: weight_decay must not be negative; got .*=-2"),
        (
            lambda: optim.SGD([X], nesterov=True),
            ValueError,
            "nesterov needs momentum above 0 and dampening 0; got momentum=0",
        ),
        (lambda: optim.SGD([{"params": [X], "lr": -3}]), ValueError, "SGD: lr must not be negative; got lr=-3"),
        (lambda: optim.Adam([X], lr=-1), ValueError, "Adam: lr must not be negative; got lr=-1"),
        (lambda: optim.Adam([X], eps=-1), ValueError, "Adam: eps must not be negative; got eps=-1"),
        (
            lambda: optim.AdamW([X], betas=(0.9, 1)),
            ValueError,
            r"AdamW: betas\[1\] must lie in \[0, 1\); got betas=\(0.9, 1\)",
        ),
        (lambda: optim.Adam([X], betas=(-0.1, 0)), ValueError, r"Adam: betas\[0\] must lie in \[0, 1\)"),
    ],
)
def test_arguments_that_make_no_optimizer(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_parameter_twice_in_a_group() -> None:
    with pytest.warns(UserWarning, match="SGD: a group holds a parameter twice"):
        optim.SGD([X, X])


def test_a_state_of_other_groups() -> None:
    state = optim.SGD([start(), start()]).state_dict()
    with pytest.raises(ValueError, match=r"SGD.load_state_dict: the state has groups of \[2\] parameters, .* of \[1\]"):
        optim.SGD([start()]).load_state_dict(state)


def test_an_option_without_a_default() -> None:
    from tinygrad_cnn.optim.optimizer import required

    class Descent(optim.Optimizer):
        def __init__(self, params: Any, lr: Any = required) -> None:
            super().__init__(params, {"lr": lr})

    weight = nn.Parameter(tg.ones(1))
    with pytest.raises(ValueError, match="Descent: lr has no default; give it to the optimizer or to each group"):
        Descent([weight])
    assert Descent([{"params": [weight], "lr": 2}]).param_groups[0]["lr"] == 2
    assert repr(required) == "<required parameter>"
