"""The view of backward, and the way back step by step."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tests.viz import nets
from tinygrad_cnn import nn
from tinygrad_cnn.viz import Trace, draw_graph, record, trace_backward


def by_label(picture):
    return {node.label: node for node in picture.graph.nodes}


@pytest.fixture
def loss():
    x = tg.tensor([1.0, -2.0], requires_grad=True)
    w = tg.tensor([3.0, 0.5], requires_grad=True)
    y = ((x * w).exp() + x).sum()
    return y, {"x": x, "w": w}


def test_rules_gradients_and_saved_values(loss):
    y, params = loss
    picture = draw_graph(y, params=params, level="backward")
    nodes = by_label(picture)
    assert [(rule.input, rule.text) for rule in nodes["mul"].rules] == [("x", "g * y"), ("y", "g * x")]
    assert nodes["mul"].grad.values == pytest.approx([20.0855, 0.3679], abs=1e-3)
    assert nodes["x"].grad.values == pytest.approx([61.2566, 1.1839], abs=1e-3)
    assert "∂x = g * y" in picture.dot
    saved = [(node.label, node.params) for node in picture.graph.nodes if node.kind == "saved"]
    assert sorted(saved) == [
        ("out", ("(2,)", "8 B")),
        ("x", ("is x", "(2,)", "8 B")),
        ("y", ("is w", "(2,)", "8 B")),
    ]
    labels = {node.id: node.label for node in picture.graph.nodes}
    flow = [(labels[e.source], labels[e.target]) for e in picture.graph.edges if "s" not in e.source]
    assert ("sum", "add") in flow
    assert ("exp", "mul") in flow
    assert ("mul", "w") in flow
    assert all(params[name].grad is None for name in params)  # it only looked


def test_after_backward_it_says_what_was_freed(loss):
    y, params = loss
    y.backward()
    picture = draw_graph(y, params=params, level="backward")
    assert {node.params[-1] for node in picture.graph.nodes if node.kind == "saved"} == {"freed"}
    nodes = by_label(picture)
    assert nodes["w"].grad.values == pytest.approx([20.0855, -0.7358], abs=1e-3)  # .grad
    assert nodes["mul"].grad is None
    assert picture.graph.notes == ("backward has freed what it needed, so gradients of computed values are not known",)


def test_before_backward_without_numbers(loss):
    y, params = loss
    picture = draw_graph({"loss": y * tg.ones(3)}, params=params, level="backward")
    assert "gradient not computed yet" in picture.dot
    assert "no gradients: what is drawn is no scalar" in picture.graph.notes[0]
    weighted = draw_graph(y * tg.ones(3), params=params, level="backward", gradient=tg.ones(3))
    assert by_label(weighted)["x"].grad is not None


def test_during_backward(loss):
    y, params = loss
    pictures = []
    params["w"].register_hook(lambda g: pictures.append(draw_graph(y, params=params, level="backward").graph.notes))
    y.backward()
    assert len(pictures) == 1


def test_a_recorded_backward_gives_its_gradients_afterwards():
    with record() as run:
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        y = (x * x).sum()
        y.backward()
    nodes = by_label(draw_graph(y, run=run, level="backward", params={"x": x}, show=("grad", "time", "saved")))
    assert nodes["mul"].grad.values == [1.0, 1.0]
    assert nodes["mul"].backward_seconds > 0
    assert nodes["x"].grad.values == [2.0, 4.0]


def test_what_backward_would_stumble_over_is_red(loss):
    _, params = loss
    y = params["x"] * 2
    z = (y * y).sum()
    y.mul_(3)
    nodes = draw_graph(z, level="backward", params=params).graph.nodes
    (failed,) = [node for node in nodes if node.kind == "failed"]
    assert failed.label == "mul"
    assert "mul_ changed it in place afterwards" in failed.detail


def test_parameters_that_no_gradient_reaches_are_named():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused, self.frozen = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
            self.frozen.requires_grad_(False)

        def forward(self, x):
            return self.frozen(self.used(x)).sum()

    model = Net()
    with record() as run:
        y = model(tg.ones(1, 2))
    picture = draw_graph(y, model=model, run=run, level="backward")
    unreached = {node.label: node.detail for node in picture.graph.nodes if node.kind == "unreached"}
    assert unreached["unused.weight"] == "no gradient: not reached"
    frozen = by_label(picture)["frozen.weight"]
    assert frozen.detail == "no gradient: requires_grad is False"
    many = nn.ModuleList(nn.Linear(2, 2) for _ in range(10))
    (one,) = [
        n
        for n in draw_graph(tg.ones(1, requires_grad=True) * 2, model=many, level="backward").graph.nodes
        if n.kind == "unreached"
    ]
    assert one.label == "20 parameters, 0.weight … 9.bias"


def test_integers_and_masks_say_why_they_have_no_gradient():
    with record() as run:
        x = tg.randn(3, 2, requires_grad=True)
        y = x * (x > 0) * tg.tensor([[1, 2]]) * x.detach()
        with tg.no_grad():
            scale = x * 2
        z = (y + scale).sum()
    why = {(node.label, node.detail) for node in draw_graph(z, run=run).graph.nodes if node.detail}
    assert why == {
        ("gt", "no gradient: boolean numbers"),
        ("cast", "no gradient: boolean numbers"),
        ("cast", "no gradient: integer numbers"),
        ("x", "no gradient: integer numbers"),
        ("detached", "no gradient"),
        ("mul", "no gradient: no_grad"),
    }


# step by step


def test_the_steps_agree_with_backward():
    model = nets.Lecture()
    loss = F.cross_entropy(model(tg.randn(2, 1, 8, 8)), tg.tensor([1, 2]))
    trace = trace_backward(loss)
    steps = list(trace)
    assert [step.name for step in steps][:3] == ["cross_entropy", "linear", "relu"]
    assert [step.number for step in steps] == list(range(11))
    found = dict(trace.gradients)
    assert all(parameter.grad is None for parameter in model.parameters())
    loss.backward()  # nothing was freed
    for parameter in model.parameters():
        np.testing.assert_allclose(found[parameter], parameter.grad.numpy(), rtol=1e-6, atol=1e-7)


def test_a_value_used_twice_is_visited_once_with_the_sum():
    x = tg.tensor(3.0, requires_grad=True)
    b = x + x
    (mul, add) = trace_backward(b * b)
    assert (mul.name, add.name) == ("mul", "add")
    assert float(add.gradient) == 12
    assert [(name, rule) for name, rule, _ in add.shares] == [("x", "g"), ("y", "g")]


def test_hooks_are_not_called_and_nothing_is_kept():
    x = tg.ones(2, requires_grad=True)
    called = []
    y = (x * 2).sum()
    x.register_hook(called.append)
    trace = trace_backward(y)
    list(trace)
    assert called == []
    assert "∂x = g * y" in str(trace)
    gone = weakref.ref(y)
    del trace, y
    gc.collect()
    assert gone() is None


def test_functions_with_several_outputs():
    class Halves(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 0.5, x * 0.25

        @staticmethod
        def backward(ctx, g, h):
            return g * 0.5 + h * 0.25

    x = tg.ones(2, requires_grad=True)
    a, b = Halves.apply(x)
    loss = (a + b).sum()
    trace = trace_backward(loss)
    steps = list(trace)
    assert "Halves" in [step.name for step in steps]
    assert trace.gradients[x].tolist() == [0.75, 0.75]
    picture = draw_graph(loss, level="backward")
    assert "Halves.backward(ctx, g)" in picture.dot


def test_double_backward_has_its_rules_too():
    model, x = nets.Discriminator(), tg.randn(3, 6, requires_grad=True)
    picture = draw_graph(nets.gradient_penalty(model, x), model=model, params={"x": x}, level="backward")
    assert "leaky_relu_grad" in picture.dot


def test_errors():
    x = tg.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="trace_backward: expected a tensor, or several; got int"):
        trace_backward(3)
    with pytest.raises(RuntimeError, match=r"trace_backward: loss has shape \(2,\), not a scalar; pass gradient= or"):
        trace_backward(x * 2)
    with pytest.raises(RuntimeError, match=r"trace_backward: loss of shape \(\) has no graph"):
        trace_backward(tg.tensor(1.0))
    with pytest.raises(RuntimeError, match=r"trace_backward: the gradient has shape \(3,\), the tensor \(2,\)"):
        trace_backward(x * 2, gradient=tg.ones(3))
    assert isinstance(trace_backward(x * 2, gradient=tg.ones(2)), Trace)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="were freed by an earlier backward"):
        list(trace_backward(y))


def test_saved_as_a_picture(tmp_path):
    x = tg.ones(2, requires_grad=True)
    text = trace_backward((x * x).sum(), params={"x": x}).save(tmp_path / "way.dot").read_text()
    assert "gradient rule" in text
    assert "‖∇‖" in text or "∇ [" in text
