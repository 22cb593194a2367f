"""The lecture's regularisers."""

from math import nan

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim


def test_an_l1_penalty_drives_weights_that_are_not_needed_to_zero() -> None:
    tg.manual_seed(0)
    x = tg.randn(64, 5)
    y = 3 * x[:, :1]  # the other four inputs say nothing
    model = nn.Linear(5, 1, bias=False)
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean() + optim.l1_penalty(model.parameters(), 0.1)
        loss.backward()
        optimizer.step()
    weights = model.weight.detach()[0]
    assert weights[0].item() == pytest.approx(3 - 0.05 / x[:, 0].square().mean().item(), abs=0.03)
    assert (weights[1:].abs() < 0.01).all()


def test_early_stopping_gives_the_best_weights_back() -> None:
    model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    stopping = optim.EarlyStopping(patience=2, min_delta=0.1, model=model)
    stops = []
    for epoch, loss in enumerate((3.0, 2.0, 1.95, nan)):  # 0.05 less does not count, and NaN is no improvement
        with tg.no_grad():
            model[0].weight.fill_(epoch)
            model[1].running_mean.fill_(10 * epoch)
        stops.append(stopping.step(loss))
    assert stops == [False, False, False, True]
    assert (stopping.best, stopping.best_epoch) == (2.0, 1)
    stopping.restore()
    assert (model[0].weight.item(), model[1].running_mean.item()) == (1.0, 10.0)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="EarlyStopping: patience must be at least 1; got 0"):
        optim.EarlyStopping(patience=0)
    with pytest.raises(RuntimeError, match=r"EarlyStopping.restore: no weights were kept; pass model="):
        optim.EarlyStopping().restore()
