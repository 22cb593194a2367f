"""What a recording knows of a block: values, times, lines, reasons, errors; and that it leaves nothing behind."""

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn import nn
from tinygrad_cnn.autograd import Op
from tinygrad_cnn.autograd.modes import ANOMALY
from tinygrad_cnn.autograd.tape import TAPE
from tinygrad_cnn.errors import GraphError
from tinygrad_cnn.recording import Recording
from tinygrad_cnn.viz import draw_graph, record


def line_of(text: str) -> int:
    return Path(__file__).read_text().splitlines().index(f"        {text}") + 1


def test_each_operation_with_numbers_time_and_line() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with record() as run:
        y = (x * 3).sum()
    assert [step.name for step in run.steps] == ["mul", "sum"]
    mul, total = run.steps
    assert mul.numbers.values == [3.0, 6.0]
    assert total.numbers.values == 9.0
    assert mul.seconds > 0
    assert mul.source == f"{__file__}:{line_of('y = (x * 3).sum()')}"
    assert run.of(y.node) is total
    assert mul.node is y.node.inputs[0]
    assert run.ends == [y.node]
    assert run.failure is None


def test_values_are_those_of_the_moment() -> None:
    x = tg.tensor([1.0], requires_grad=True)
    with record() as run:
        y = x * 2
        z = y.exp()
        y.detach().zero_()
        with tg.no_grad():
            x.fill_(7.0)
    picture = draw_graph(z, run=run, params={"x": x}, show="values")
    values = {node.label: node.values.values for node in picture.graph.nodes if node.kind != "output"}
    assert values["mul"] == [2.0]
    assert values["x"] == [1.0]


def test_what_is_not_wanted_is_not_looked_at() -> None:
    with record(values=False, times=False) as run:
        (tg.ones(2, requires_grad=True) * 2).sum().backward()
    assert all(step.numbers is None and step.seconds is None and step.grad is None for step in run.steps)


def test_backward_is_seen_with_its_hooks() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with record() as run:
        y = x * 3
        y.register_hook(lambda g: g * 10)
        y.sum().backward()
    mul, total = run.steps[:2]  # and what the hook computes
    assert total.grad.values == 1.0
    assert mul.grad.values == [10.0, 10.0]
    assert mul.backward_seconds > 0
    assert [node.name for node, _, _ in run.walk_back] == ["sum", "mul"]
    assert x.grad.tolist() == [30.0, 30.0]


def test_what_was_computed_without_a_graph() -> None:
    x = tg.randn(2, requires_grad=True)
    with record() as run:
        with tg.no_grad():
            a = x * 2
        with tg.inference_mode():
            x * 3
        b = x.argmax()
        c = tg.ones(2) + 1
        d = x > 0
    assert [step.why for step in run.steps] == [
        "no_grad",
        "inference_mode",
        "integer numbers",
        "requires_grad is False",
        "boolean numbers",
    ]
    assert run.step_of(a) is run.steps[0]
    assert all(run.step_of(t) is not None for t in (b, c, d))
    assert run.step_of(tg.ones(2)) is None
    picture = draw_graph(a, run=run)
    assert [(node.label, node.detail) for node in picture.graph.nodes] == [
        ("leaf", ""),
        ("mul", "no gradient: no_grad"),
        ("output", "no gradient"),
    ]


def test_two_constants_are_two_though_memory_is_used_again() -> None:
    x = tg.ones(3, requires_grad=True)
    with record() as run:
        for _ in range(20):
            x = x * tg.randn(3)
    keys = {step.operands[1].key for step in run.steps}
    assert len(keys) == 20


def test_the_operation_that_failed() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Linear(5, 3))
    with pytest.raises(RuntimeError), record() as run:
        model(tg.randn(1, 1, 6, 6))
    assert run.failure.name == "linear"
    assert run.failure.scope == "2"
    assert "expects 5 features" in run.failure.message
    assert run.failure.source == f"{__file__}:{line_of('model(tg.randn(1, 1, 6, 6))')}"
    assert [operand.name for operand in run.failure.operands] == ["input", "weight", "bias"]
    picture = draw_graph(run)
    (failed,) = [node for node in picture.graph.nodes if node.kind == "failed"]
    labels = {node.id: node.label for node in picture.graph.nodes}
    assert failed.label == "linear"
    assert {labels[e.source] for e in picture.graph.edges if e.target == failed.id} == {"relu", "parameter"}
    assert 'fillcolor="#fde2e2"' in picture.dot
    layers = draw_graph(run, level="module").graph.nodes
    assert [(node.kind, node.label) for node in layers if node.kind in {"module", "failed"}] == [
        ("module", "0"),
        ("module", "1"),
        ("failed", "2 (Linear)"),
    ]


@pytest.mark.parametrize(
    ("fail", "name"),
    [
        (lambda x: x @ tg.ones(5, 2), "matmul"),
        (lambda x: x.reshape(5), "reshape"),
        (lambda x: F.cross_entropy(x, tg.tensor([9, 0])), "cross_entropy"),
        (lambda x: {}["key"], "KeyError"),
        (lambda x: x + "a", "add"),
    ],
)
def test_failures_of_other_kinds(fail: Any, name: str) -> None:
    x = tg.randn(2, 3, requires_grad=True)
    with pytest.raises(Exception), record() as run:  # noqa: B017, PT011 - of whatever kind
        fail(x * 2)
    assert run.failure.name == name
    picture = draw_graph(run)
    assert picture.graph.nodes[-1].kind == "failed"
    assert "mul" in [node.label for node in picture.graph.nodes]


def test_a_model_that_fails_raises_with_its_picture() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(3, 4))
    with pytest.raises(RuntimeError, match="linear: weight") as caught:
        draw_graph(model, tg.ones(2, 3))
    picture = caught.value.picture  # type: ignore[attr-defined]
    assert picture.graph.nodes[-1].kind == "failed"
    assert "how far it came" in caught.value.__notes__[0]


def test_it_leaves_nothing_behind() -> None:
    forward, before = vars(Op).get("forward"), TAPE.get()
    with record() as run:
        assert TAPE.get() is run
    with pytest.raises(ZeroDivisionError), record():
        _ = 1 / 0
    assert vars(Op).get("forward") is forward
    assert TAPE.get() is before
    assert ANOMALY.get() == ""
    with record() as run:
        x = tg.ones(2, requires_grad=True)
        y = x * 2
    gone = weakref.ref(x)
    del x, y, run
    gc.collect()
    assert gone() is None


def test_the_graph_goes_with_the_recording_without_the_garbage_collector() -> None:
    x = tg.ones(2, requires_grad=True)
    with record() as run:
        y = x * 2
    node = weakref.ref(y.node)
    gc.disable()
    try:
        del y
        assert node() is not None  # the recording keeps it
        del run
        assert node() is None
    finally:
        gc.enable()


def test_other_threads_are_not_recorded() -> None:
    with record() as run:
        thread = threading.Thread(target=lambda: (tg.ones(2, requires_grad=True) * 2).sum().backward())
        thread.start()
        thread.join()
        tg.ones(2, requires_grad=True).exp()
    assert [step.name for step in run.steps] == ["exp"]


def test_one_at_a_time() -> None:
    with record(), pytest.raises(GraphError, match="record: this code is recorded already"), record():
        pass
    with tg.profiler.profile(), record() as run:
        tg.ones(2) * 2
    assert run.steps[0].seconds is None  # the clock was taken


def test_results_are_the_same_bits() -> None:
    def step() -> list[Any]:
        tg.manual_seed(1)
        model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
        loss = F.cross_entropy(model(tg.randn(16, 4)), tg.tensor([0, 1] * 8))
        loss.backward()
        return [loss.item(), *(parameter.grad.tolist() for parameter in model.parameters())]

    plain = step()
    with record():
        recorded = step()
    assert recorded == plain
    assert isinstance(record(), Recording)
