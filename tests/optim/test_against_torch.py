"""A second opinion on optimizers and schedulers: PyTorch, step by step."""

from itertools import product
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import optim

torch = pytest.importorskip("torch")


def options(**choices: list[Any]) -> list[dict[str, Any]]:
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


SGD = [
    choice
    for choice in options(
        lr=[0.1],
        momentum=[0, 0.9],
        dampening=[0, 0.5],
        weight_decay=[0, 0.1],
        nesterov=[False, True],
        maximize=[False, True],
    )
    if not choice["nesterov"] or (choice["momentum"] and not choice["dampening"])
]
ADAM = options(
    lr=[0.05],
    betas=[(0.9, 0.999), (0.5, 0.0)],
    eps=[1e-8, 1e-2],
    weight_decay=[0, 0.1],
    amsgrad=[False, True],
    maximize=[False, True],
)
COMMON = {"weight_decay": [0, 0.1], "maximize": [False, True]}
BETAS = {"lr": [0.05], "betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 1e-2], **COMMON}
OTHERS = {
    "Adamax": options(**BETAS),
    "NAdam": options(**BETAS, momentum_decay=[4e-3, 0.1], decoupled_weight_decay=[False, True]),
    "RAdam": options(**BETAS, decoupled_weight_decay=[False, True]),
    "RMSprop": options(lr=[0.02], alpha=[0.99, 0.5], momentum=[0, 0.9], centered=[False, True], **COMMON),
    "Adagrad": options(lr=[0.1], lr_decay=[0, 0.1], initial_accumulator_value=[0, 0.5], eps=[1e-10, 0.1], **COMMON),
    "Adadelta": options(lr=[1.0, 0.3], rho=[0.9, 0.5], eps=[1e-6, 1e-2], **COMMON),
    "Adafactor": options(lr=[0.1], beta2_decay=[-0.8, -0.5], eps=[(None, 1e-3), (1e-4, 0.5)], d=[1.0, 2.0], **COMMON),
    "ASGD": options(lr=[0.1], lambd=[1e-4, 0.1], alpha=[0.75, 0.5], t0=[1e6, 3], **COMMON),
    "Rprop": options(lr=[0.05], etas=[(0.5, 1.2), (0.1, 3)], step_sizes=[(1e-6, 50), (0.04, 0.1)], maximize=[0, 1]),
}
CASES = [("SGD", c) for c in SGD] + [(kind, c) for kind in ("Adam", "AdamW") for c in ADAM]
CASES += [(kind, c) for kind, choices in OTHERS.items() for c in choices]


def shapes() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal((3, 4)), rng.standard_normal(5), rng.standard_normal(())]


def trajectory(lib: Any, kind: str, choice: dict[str, Any], steps: int = 10) -> tuple[list[Any], Any]:
    parameters = [lib.tensor(a, requires_grad=True) for a in shapes()]
    optimizer = getattr(lib.optim, kind)(parameters, **choice)
    for step in range(steps):
        optimizer.zero_grad()
        used = parameters[: 2 + step % 2]  # the last has a gradient in every second step only
        sum(((p + step).sin() + (2 * p).cos()).sum() for p in used).backward()
        optimizer.step()
    return [p.detach().numpy() for p in parameters], optimizer


@pytest.mark.parametrize(
    ("kind", "choice"), CASES, ids=lambda v: v if isinstance(v, str) else "-".join(map(str, v.values()))
)
def test_trajectories_and_state(kind: str, choice: dict[str, Any]) -> None:
    ours, optimizer = trajectory(tg, kind, choice)
    theirs, other = trajectory(torch, kind, choice)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert repr(optimizer) == repr(other)
    mine, yours = optimizer.state_dict(), other.state_dict()
    assert mine["param_groups"] == yours["param_groups"]
    assert list(mine["param_groups"][0]) == list(yours["param_groups"][0])
    assert mine["state"].keys() == yours["state"].keys()
    for i, values in yours["state"].items():
        kept = {name: value for name, value in values.items() if value is not None}
        assert mine["state"][i].keys() == kept.keys()
        for name, value in kept.items():
            found = mine["state"][i][name]
            rtol = 1e-9 if found.dtype == tg.float64 else 1e-6
            np.testing.assert_allclose(found.numpy(), value.numpy(), rtol=rtol, atol=1e-12)
            assert found.shape == tuple(value.shape)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", *OTHERS])
def test_a_state_of_pytorch_is_taken(kind: str) -> None:
    choice = {"lr": 0.05, "momentum": 0.9} if kind == "SGD" else {"lr": 0.05}
    theirs, other = trajectory(torch, kind, choice, 4)
    parameters = [tg.tensor(a, requires_grad=True) for a in theirs]
    optimizer = getattr(optim, kind)(parameters, lr=1.0)
    optimizer.load_state_dict(other.state_dict())
    copies = [torch.tensor(a, requires_grad=True) for a in theirs]
    again = getattr(torch.optim, kind)(copies, lr=1.0)
    again.load_state_dict(other.state_dict())
    for group, opt in ((parameters, optimizer), (copies, again)):
        for _ in range(3):
            opt.zero_grad()
            sum((p**4).sum() for p in group).backward()
            opt.step()
    for p, q in zip(parameters, copies, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-9, atol=1e-12)


SCHEDULERS = [
    lambda s, o: s.StepLR(o, 4, 0.3),
    lambda s, o: s.MultiStepLR(o, [3, 7, 7, 20], 0.5),
    lambda s, o: s.ExponentialLR(o, 0.8),
    lambda s, o: s.CosineAnnealingLR(o, 6, 0.01),
    lambda s, o: s.CosineAnnealingLR(o, 1),
    lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    lambda s, o: s.MultiplicativeLR(o, lambda epoch: 1 - epoch / 40),
    lambda s, o: s.LinearLR(o, 0.25, 0.75, 7),
    lambda s, o: s.LinearLR(o),
    lambda s, o: s.ConstantLR(o, 0.2, 6),
    lambda s, o: s.PolynomialLR(o, 20, 2.0),
    lambda s, o: s.PolynomialLR(o),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 4, 2, 0.01),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 5),
    lambda s, o: s.OneCycleLR(o, 0.7, total_steps=30),
    lambda s, o: s.OneCycleLR(o, [0.7, 0.2], epochs=10, steps_per_epoch=4, three_phase=True, anneal_strategy="linear"),
    lambda s, o: s.OneCycleLR(o, 0.7, 31, pct_start=0.5, cycle_momentum=False, div_factor=5, final_div_factor=10),
    lambda s, o: s.CyclicLR(o, 0.1, 0.6, 4),
    lambda s, o: s.CyclicLR(o, [0.1, 0.2], [0.6, 0.7], 4, 3, mode="triangular2", cycle_momentum=False),
    lambda s, o: s.CyclicLR(o, 0.1, 0.6, 5, mode="exp_range", gamma=0.9),
    lambda s, o: s.CyclicLR(o, 0.1, 0.6, 5, scale_fn=lambda x: 0.8**x, scale_mode="iterations"),
    lambda s, o: s.SequentialLR(o, [s.LinearLR(o), s.ExponentialLR(o, 0.9), s.StepLR(o, 3)], [5, 16]),
    lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 20), s.CosineAnnealingLR(o, 20)], [4]),
    lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 20), s.ExponentialLR(o, 0.9)]),
]


@pytest.mark.parametrize("make", SCHEDULERS)
def test_learning_rates(make: Any) -> None:
    curves = []
    for lib in (tg, torch):
        groups = [{"params": [lib.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.1)]
        optimizer = lib.optim.SGD(groups, lr=0.1, momentum=0.9)
        scheduler = make(lib.optim.lr_scheduler, optimizer)
        rates = []
        for _ in range(30):
            rates.append([[group["lr"], group["momentum"]] for group in optimizer.param_groups])
            assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
            optimizer.step()
            scheduler.step()
        curves.append(rates)
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-12)


PLATEAUS = options(
    mode=["min", "max"],
    threshold_mode=["rel", "abs"],
    patience=[0, 2],
    cooldown=[0, 3],
    min_lr=[0, [0.2, 0.01]],
    threshold=[1e-4, 0.3],
)


@pytest.mark.parametrize("choice", PLATEAUS, ids=lambda choice: "-".join(map(str, choice.values())))
def test_plateaus(choice: dict[str, Any]) -> None:
    values = np.random.default_rng(3).standard_normal(30) / 2 + np.linspace(3, 1, 30)
    curves = []
    for lib in (tg, torch):
        groups = [{"params": [lib.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.1)]
        scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(lib.optim.SGD(groups), factor=0.5, **choice)
        rates = []
        for value in values:
            scheduler.step(lib.tensor(value))
            rates.append(scheduler.get_last_lr())
        curves.append(rates)
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-12)
    assert len({tuple(rates) for rates in curves[0]}) > 1


@pytest.mark.parametrize("make", [SCHEDULERS[i] for i in (2, 3)])
def test_going_on_in_the_middle(make: Any) -> None:
    curves = []
    for lib in (tg, torch):
        group = {"params": [lib.zeros(1, requires_grad=True)], "lr": 0.3, "initial_lr": 0.5}
        optimizer = lib.optim.SGD([group], lr=0.1)
        kind = (
            lib.optim.lr_scheduler.ExponentialLR if make is SCHEDULERS[2] else lib.optim.lr_scheduler.CosineAnnealingLR
        )
        scheduler = kind(optimizer, 0.9 if make is SCHEDULERS[2] else 10, last_epoch=4)
        rates = []
        for _ in range(5):
            rates.append(scheduler.get_last_lr())
            optimizer.step()
            scheduler.step()
        curves.append(rates)
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-12)


@pytest.mark.parametrize("choice", options(nesterov=[True, False], adjust_lr_fn=[None, "match_rms_adamw"]))
@pytest.mark.parametrize("shape", [(4, 3), (3, 5)])
def test_muon_but_for_pytorchs_rounding_to_bfloat16(shape: Any, choice: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(shape), rng.standard_normal((4, *shape))
    ends = []
    for lib in (torch, tg):
        w = lib.tensor(start, requires_grad=True)
        optimizer = lib.optim.Muon([w], lr=0.1, **choice)
        for g in gradients:
            w.grad = lib.tensor(g)
            optimizer.step()
        ends.append(w.detach().numpy())
        assert set(optimizer.state_dict()["param_groups"][0]) >= {"ns_steps", "adjust_lr_fn"}
    np.testing.assert_allclose(*ends, atol=2e-2)


def test_what_adafactor_and_muon_refuse() -> None:
    x = tg.ones(3, requires_grad=True)
    for wrong, message in (
        (lambda: optim.Adafactor([x], beta2_decay=0.1), "Adafactor: beta2_decay must be at most 0; got 0.1"),
        (lambda: optim.Adafactor([x], d=0.5), "Adafactor: d must be at least 1; got 0.5"),
        (lambda: optim.Muon([x]), r"Muon: parameters must be matrices; got one of shape \(3,\)"),
        (lambda: optim.Muon([x], adjust_lr_fn="x"), "Muon: adjust_lr_fn must be 'original' or 'match_rms_adamw'"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()
