"""Learning-rate schedulers."""

from math import cos, pi
from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.optim import lr_scheduler


def optimizer(*rates: float) -> optim.SGD:
    return optim.SGD([{"params": [tg.zeros(1, requires_grad=True)], "lr": rate} for rate in rates])


def curve(make: Any, epochs: int = 30, rates: tuple[float, ...] = (0.5, 0.01)) -> list[Any]:
    opt = optimizer(*rates)
    scheduler = make(opt)
    found = []
    for _ in range(epochs):
        found.append([group["lr"] for group in opt.param_groups])
        assert scheduler.get_last_lr() == found[-1]
        opt.step()
        scheduler.step()
    return found


FORMULAS = [
    (lambda o: lr_scheduler.StepLR(o, 7, gamma=0.5), lambda e, base: base * 0.5 ** (e // 7)),
    (
        lambda o: lr_scheduler.MultiStepLR(o, [20, 3, 8, 8]),
        lambda e, base: base * 0.1 ** ((e >= 3) + 2 * (e >= 8) + (e >= 20)),
    ),
    (lambda o: lr_scheduler.ExponentialLR(o, 0.9), lambda e, base: base * 0.9**e),
    (
        lambda o: lr_scheduler.CosineAnnealingLR(o, 10, eta_min=0.001),
        lambda e, base: 0.001 + (base - 0.001) * (1 + cos(pi * e / 10)) / 2,
    ),
    (lambda o: lr_scheduler.LambdaLR(o, lambda e: 1 / (1 + e)), lambda e, base: base / (1 + e)),
    (
        lambda o: lr_scheduler.LambdaLR(o, [lambda e: 1 / (1 + e), lambda e: 0.9**e]),
        lambda e, base: base / (1 + e) if base == 0.5 else base * 0.9**e,
    ),
]


@pytest.mark.parametrize(("make", "formula"), FORMULAS)
def test_curves(make: Any, formula: Any) -> None:
    for epoch, rates in enumerate(curve(make)):
        assert rates == pytest.approx([formula(epoch, 0.5), formula(epoch, 0.01)], rel=1e-9)


@pytest.mark.parametrize(("make", "formula"), FORMULAS)
def test_jumping_to_an_epoch(make: Any, formula: Any) -> None:
    opt = optimizer(0.5, 0.01)
    scheduler = make(opt)
    opt.step()
    with pytest.warns(UserWarning, match=r"step\(epoch\) is deprecated"):
        scheduler.step(12)
    assert scheduler.get_last_lr() == pytest.approx([formula(12, 0.5), formula(12, 0.01)])
    assert scheduler.last_epoch == 12


@pytest.mark.parametrize(("make", "formula"), FORMULAS)
def test_going_on_from_a_state(make: Any, formula: Any) -> None:
    opt = optimizer(0.5, 0.01)
    scheduler = make(opt)
    for _ in range(5):
        opt.step()
        scheduler.step()
    again = optimizer(0.5, 0.01)
    other = make(again)
    again.load_state_dict(opt.state_dict())
    other.load_state_dict(scheduler.state_dict())
    assert "optimizer" not in scheduler.state_dict()
    for _ in range(10):
        opt.step()
        scheduler.step()
        other.step()
    assert other.get_last_lr() == scheduler.get_last_lr()
    assert again.param_groups[0]["lr"] == opt.param_groups[0]["lr"]


def test_a_function_object_keeps_its_attributes() -> None:
    class Slow:
        def __init__(self, pace: float) -> None:
            self.pace = pace

        def __call__(self, epoch: int) -> float:
            return self.pace**epoch

    scheduler = lr_scheduler.LambdaLR(optimizer(1.0), Slow(0.5))
    opt = optimizer(1.0)
    other = lr_scheduler.LambdaLR(opt, Slow(0.1))
    other.load_state_dict(scheduler.state_dict())
    opt.step()
    with pytest.warns(UserWarning, match="LambdaLR: step"):
        other.step(2)
    assert other.get_last_lr() == [0.25]


def test_a_rate_set_by_hand_counts() -> None:
    opt = optimizer(1.0)
    scheduler = lr_scheduler.ExponentialLR(opt, 0.5)
    opt.step()
    opt.param_groups[0]["lr"] = 8.0
    scheduler.step()
    assert scheduler.get_last_lr() == [4]


def test_two_schedulers_at_once() -> None:
    opt = optimizer(1.0)
    both = [lr_scheduler.ExponentialLR(opt, 0.5), lr_scheduler.StepLR(opt, 2, gamma=0.1)]
    for _ in range(2):
        opt.step()
        for scheduler in both:
            scheduler.step()
    assert opt.param_groups[0]["lr"] == pytest.approx(0.025)


def test_the_wrong_order_is_noticed_once() -> None:
    opt = optimizer(1.0)
    scheduler = lr_scheduler.StepLR(opt, 1)
    with pytest.warns(UserWarning, match=r"StepLR: step\(\) was called before the optimizer's first step"):
        scheduler.step()
    scheduler.step()


def test_what_schedulers_refuse() -> None:
    with pytest.raises(TypeError, match="ExponentialLR: expected an optimizer; got int"):
        lr_scheduler.ExponentialLR(3, 0.5)
    with pytest.raises(ValueError, match="StepLR: step_size must be at least 1; got 0"):
        lr_scheduler.StepLR(optimizer(1.0), 0)
    with pytest.raises(ValueError, match="LambdaLR: expected 1 functions, one per group; got 2"):
        lr_scheduler.LambdaLR(optimizer(1.0), [abs, abs])
    with pytest.raises(KeyError, match="to go on from epoch 3, group 0 of the optimizer needs 'initial_lr'"):
        lr_scheduler.StepLR(optimizer(1.0), 2, last_epoch=3)
    with pytest.raises(NotImplementedError, match=r"LRScheduler has no get_lr\(\)"):
        lr_scheduler.LRScheduler(optimizer(1.0))


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("StepLR", (3,)),
        ("MultiStepLR", ([3],)),
        ("ExponentialLR", (0.9,)),
        ("CosineAnnealingLR", (5,)),
        ("CosineAnnealingWarmRestarts", (5,)),
        ("LambdaLR", (lambda epoch: 1.0,)),
        ("MultiplicativeLR", (lambda epoch: 1.0,)),
        ("LinearLR", ()),
        ("ConstantLR", ()),
        ("PolynomialLR", ()),
        ("OneCycleLR", (0.1, 10)),
        ("CyclicLR", (0.1, 0.2)),
        ("ReduceLROnPlateau", ()),
    ],
)
def test_old_programs_ask_for_words(kind, arguments):
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    scheduler = getattr(tg.optim.lr_scheduler, kind)(optimizer, *arguments, verbose=True)
    assert "verbose" not in scheduler.state_dict()


def test_an_old_programs_own_scheduler_passes_words_on():
    class Halving(tg.optim.lr_scheduler._LRScheduler):
        def __init__(self, optimizer, last_epoch=-1, verbose=False):
            super().__init__(optimizer, last_epoch, verbose)

        def get_lr(self):
            return [rate / 2**self.last_epoch for rate in self.base_lrs]

    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.4)
    scheduler = Halving(optimizer)
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.2]


def test_a_scheduler_of_ones_own_may_ask_whether_step_calls_it() -> None:
    asked = []

    class Asking(optim.lr_scheduler.LRScheduler):
        def get_lr(self) -> list[float]:
            asked.append(self._get_lr_called_within_step)
            return self.base_lrs

    scheduler = Asking(optim.SGD([nn.Parameter(tg.ones(1))], lr=1))
    scheduler.optimizer.step()
    scheduler.step()
    scheduler.get_lr()
    assert asked == [True, True, False]
