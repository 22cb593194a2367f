"""Averaged models and their schedule, beside PyTorch's."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.optim import swa_utils

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 7, 10])
def test_the_schedule(strategy: str, epochs: int) -> None:
    curves = []
    for lib in (tg, torch):
        optimizer = lib.optim.SGD([lib.zeros(1, requires_grad=True)], lr=0.5)
        scheduler = lib.optim.swa_utils.SWALR(optimizer, 0.05, epochs, strategy)
        rates = []
        for _ in range(30):
            rates.append(scheduler.get_last_lr())
            optimizer.step()
            scheduler.step()
        curves.append(rates)
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-9)


@pytest.mark.parametrize("average", ["swa", "ema", "multi"])
@pytest.mark.parametrize("use_buffers", [False, True])
def test_averages(average: str, use_buffers: bool) -> None:
    found = []
    for lib in (tg, torch):
        utils = lib.optim.swa_utils
        model: Any = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.BatchNorm1d(3))
        fn = utils.get_ema_avg_fn(0.9) if average == "ema" else None
        together = utils.get_ema_multi_avg_fn(0.9) if average == "multi" else None
        averaged = utils.AveragedModel(model, avg_fn=fn, multi_avg_fn=together, use_buffers=use_buffers)
        rng = np.random.default_rng(0)
        for _ in range(4):
            with lib.no_grad():
                for tensor in [*model.parameters(), model[1].running_mean]:
                    tensor.copy_(lib.tensor(rng.standard_normal(tuple(tensor.shape))))
            averaged.update_parameters(model)
        batches = [lib.tensor(rng.standard_normal((5, 2)).astype("float32")) for _ in range(3)]
        state = {name: value.numpy().copy() for name, value in averaged.state_dict().items()}
        utils.update_bn([(batch, 0) for batch in batches], averaged)
        found.append([state, {name: value.numpy() for name, value in averaged.state_dict().items()}])
    for ours, theirs in zip(*found, strict=True):
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            np.testing.assert_allclose(ours[name], value, rtol=1e-5, atol=1e-6)


def test_what_is_refused() -> None:
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    with pytest.raises(ValueError, match="anneal_strategy must be 'cos' or 'linear'; got 'up'"):
        swa_utils.SWALR(optimizer, 0.1, anneal_strategy="up")
    with pytest.raises(ValueError, match="decay must lie in"):
        swa_utils.get_ema_avg_fn(2)


def test_one_function_is_enough() -> None:
    with pytest.raises(ValueError, match="AveragedModel: give avg_fn or multi_avg_fn, not both"):
        swa_utils.AveragedModel(tg.nn.ReLU(), None, swa_utils.get_swa_avg_fn(), swa_utils.get_swa_multi_avg_fn())
