"""Functions that return tensors to be differentiated: a replay gives them a graph like that of the eager call."""

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F

from .conftest import bits, everything, same_both_ways

Function = Callable[..., Any]


def network() -> nn.Module:
    layers = [nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Dropout(0.3), nn.Linear(64, 3))


def test_a_model_in_training_is_replayed_and_its_loss_walked_back_outside() -> None:
    def run(compile_it: Callable[[Function], Any]) -> Any:
        model = network()
        images, labels = tg.randn(2, 1, 8, 8), tg.tensor([0, 2])
        optimizer, forward = optim.Adam(model.parameters()), compile_it(lambda x: model(x))
        found = []
        for _ in range(6):
            optimizer.zero_grad()
            loss = F.cross_entropy(forward(images), labels)
            loss.backward()
            optimizer.step()
            found.append((bits(loss), everything(model, optimizer)))
        return found

    step = same_both_ways(run)
    assert "node(conv2d_op" in step.programs[0]


def test_a_module_is_compiled_as_it_is() -> None:
    def run(make: Callable[[nn.Module], Any]) -> Any:
        tg.manual_seed(0)
        model = nn.Linear(3, 2)
        called, found = make(model), []
        for _ in range(5):
            called(tg.ones(4, 3)).square().sum().backward()
            found.append(bits([model.weight.grad, model.bias.grad]))
        return found

    compiled: list[Any] = []

    def make(model: nn.Module) -> Any:
        compiled.append(tg.compile(model, fullgraph=True))
        return compiled[0]

    assert run(make) == run(lambda model: model)
    assert compiled[0]._compiled._recordings[0].replayed == 3


def test_gradients_reach_what_the_arguments_were_computed_from_and_have_gradients_themselves() -> None:
    def run(compile_it: Callable[[Function], Any]) -> Any:
        weight = tg.randn(3, requires_grad=True)
        function = compile_it(lambda x: (x * weight).tanh().sum())
        found = []
        for _ in range(5):
            source = tg.randn(3).requires_grad_()
            (first,) = tg.autograd.grad(function(source.exp()), source, create_graph=True)
            first.square().sum().backward()
            found.append(bits([first, source.grad, weight.grad]))
        return found

    same_both_ways(run)


def test_several_results_share_one_graph() -> None:
    def run(compile_it: Callable[[Function], Any]) -> Any:
        weight = tg.randn(4, requires_grad=True)

        def both(x: Any) -> Any:
            hidden = (x * weight).relu()
            return {"sum": hidden.sum(), "hidden": hidden, "loss": hidden.exp().mean(), "plain": x + 1}

        function, found = compile_it(both), []
        for i in range(5):
            out = function(tg.randn(4))
            out["loss"].backward(retain_graph=True)
            if i % 2:
                (out["sum"] + out["hidden"].square().sum()).backward()
            found.append(bits([out["plain"], weight.grad]))
        return found

    same_both_ways(run)


def test_what_runs_without_recording_inside_has_no_graph() -> None:
    def run(compile_it: Callable[[Function], Any]) -> Any:
        weight = tg.randn(4, requires_grad=True)

        def function(x: Any) -> Any:
            with tg.no_grad():
                scale = (x * weight).exp()
            return scale, (scale * weight).sum()

        compiled, found = compile_it(function), []
        for _ in range(5):
            scale, loss = compiled(tg.ones(4))
            loss.backward()
            found.append(bits([scale, weight.grad]))
        return found

    same_both_ways(run)


@pytest.mark.parametrize("what", ["result", "parameter", "argument"])
def test_a_change_in_place_before_the_walk_back_is_seen(what: str) -> None:
    weight, x = tg.randn(3, requires_grad=True), tg.randn(3)
    function = tg.compile(lambda x: (x * weight).exp(), fullgraph=True)
    for _ in range(4):
        out = function(x)
        out.sum().backward()
    out = function(x)
    with tg.no_grad():
        {"result": out, "parameter": weight, "argument": x}[what].mul_(2)
    if what == "parameter":  # whose old values nobody needs: x wants no gradient
        out.sum().backward()
    else:
        with pytest.raises(RuntimeError, match=r"changed it in place|mul_"):
            out.sum().backward()
    assert function._recordings[0].replayed == 3


def test_the_graph_looks_like_that_of_the_eager_call() -> None:
    tg.manual_seed(0)
    model = network()
    function = tg.compile(lambda x: model(x), fullgraph=True)
    out = [function(tg.ones(2, 1, 8, 8)) for _ in range(3)][-1]
    eager = model(tg.ones(2, 1, 8, 8))
    mine, its = out.grad_fn, eager.grad_fn
    while isinstance(its, tg.autograd.graph.Node):
        assert (mine.name, mine.scope, mine.shape, mine.dtype) == (its.name, its.scope, its.shape, its.dtype)
        assert mine.input_shapes == its.input_shapes
        assert mine.saved_bytes() == its.saved_bytes()
        mine, its = (next((n for n in node.inputs if n is not None), None) for node in (mine, its))
    assert mine is its


def test_a_graph_that_was_walked_back_in_part_is_not_replayed() -> None:
    weight = tg.ones(2, requires_grad=True)

    def function(x: Any) -> Any:
        hidden = x * weight
        hidden.sum().backward()
        return hidden.exp()

    with pytest.raises(RuntimeError, match="walked back in part"):
        [tg.compile(function, fullgraph=True)(tg.ones(2)) for _ in range(2)]
