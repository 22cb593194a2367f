"""What a monitor notes, and what it warns of."""

import json
from typing import Any, ClassVar

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, viz


def train(model: Any, monitor: Any, steps: int, rate: float = 0.01, x: Any = None) -> None:
    optimizer = tg.optim.SGD(model.parameters(), lr=rate)
    x = tg.ones(4, 2) if x is None else x
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        monitor.step(loss=loss.item())


def test_records() -> None:
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    before = model[0].weight.detach().clone()
    x = tg.randn(4, 2)
    with viz.Monitor(model, every=3) as monitor:
        train(model, monitor, 1, x=x)
        first = monitor.records[0]
        moved = (model[0].weight.detach() - before).norm() / before.norm()
        assert first["updates"]["0.weight"] == pytest.approx(moved.item(), rel=1e-4)
        assert first["gradients"]["2.bias"]["norm"] == pytest.approx(model[2].bias.grad.norm().item(), rel=1e-5)
        hidden = nn.functional.linear(x, before, model[0].bias.detach() * 0)
        assert hidden.shape == (4, 3)
        train(model, monitor, 6, x=x)
    assert [record["step"] for record in monitor.records] == [0, 3, 6]
    assert list(first["activations"]) == ["0", "1", "2"]
    assert first["activations"]["1"]["zero"] == pytest.approx((model[:2](x) == 0).float().mean().item(), abs=0.2)
    assert monitor.warnings == []
    assert not any(m._forward_hooks for m in model)
    assert repr(monitor) == "Monitor(3 layers, 3 records, 0 warnings)"
    with pytest.raises(RuntimeError, match=r"Monitor.step: this monitor is closed"):
        monitor.step()


def test_dead_units() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    with tg.no_grad():
        model[0].bias.copy_(tg.tensor([-100.0, 1.0, -100.0]))
        model[0].weight.fill_(0.1)
    said: list[str] = []
    with viz.Monitor(model, patience=3, warn=said.append) as monitor:
        train(model, monitor, 2)
        assert said == []
        train(model, monitor, 3)
    assert [record["activations"]["1"]["dead"] for record in monitor.records] == [0, 0, 2, 2, 2]
    assert said == monitor.warnings
    (message,) = said
    assert message == (
        "step 2: 1: 2 of 3 units were 0 for every input of 3 records in a row (dead ReLU); "
        "try a lower learning rate, or LeakyReLU"
    )


def test_steps_that_are_too_large_too_small_or_not_numbers() -> None:
    tg.manual_seed(0)
    fast, slow = nn.Linear(2, 1), nn.Linear(2, 1)
    with viz.Monitor(fast) as monitor:
        train(fast, monitor, 1, rate=10.0)
    assert any("one step moved it by" in w and "lower learning rate" in w for w in monitor.warnings)
    with viz.Monitor(slow) as monitor:
        train(slow, monitor, 1, rate=1e-8)
    assert any("it hardly learns" in w for w in monitor.warnings)
    with viz.Monitor(slow) as monitor:
        train(slow, monitor, 1, x=tg.full((4, 2), float("nan")))
    text = "\n".join(monitor.warnings)
    assert "outputs are NaN or infinite" in text
    assert "the gradient holds NaN or infinity" in text
    assert "loss is nan at step 0" in text


def test_gradients_that_vanish_or_explode() -> None:
    model = nn.Linear(2, 1)
    with viz.Monitor(model) as monitor:
        (model(tg.ones(4, 2)).sum() * 1e-12).backward()
        monitor.step()
        (model(tg.ones(4, 2)).sum() * 1e6).backward()
        monitor.step()
    assert ["vanishes on the way back" in monitor.warnings[0], "try clip_grad_norm_" in monitor.warnings[1]] == [
        True
    ] * 2


def test_files_and_writers(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    class Writer:
        found: ClassVar[dict[tuple[str, int], float]] = {}

        def add_scalar(self, name: str, value: float, step: int) -> None:
            self.found[name, step] = value

    model = nn.Linear(2, 1)
    with viz.Monitor(model, path=tmp_path / "log.jsonl", writer=Writer(), live=True) as monitor:
        train(model, monitor, 2)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == monitor.records
    assert Writer.found["gradients/weight/mean", 1] == monitor.records[1]["gradients"]["weight"]["mean"]
    assert ("step", 0) not in Writer.found
    printed = capsys.readouterr().out
    assert printed.count("update / weight") == 2
    assert monitor.table() in printed
    assert monitor._repr_html_().startswith("<pre>step 1, loss")


def test_evaluation_is_not_noted_and_mistakes_are_named() -> None:
    model = nn.Sequential(nn.Linear(2, 1))
    with viz.Monitor(model) as monitor:
        model.eval()
        model(tg.ones(1, 2))
        monitor.step()
    assert monitor.records[0]["activations"] == {}
    with pytest.raises(TypeError, match=r"Monitor: expected a model, an nn.Module; got int"):
        viz.Monitor(3)
    with pytest.raises(ValueError, match="every and patience must be at least 1; got 0 and 5"):
        viz.Monitor(model, every=0)
