"""Views of modules, and smaller pictures of large graphs."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_cnn.autograd.modes import module_scope
from tinygrad_cnn.tensor import as_tensor
from tinygrad_cnn.viz import draw_graph
from tinygrad_cnn.viz.fold import fold, to_modules
from tinygrad_cnn.viz.grouping import modules
from tinygrad_cnn.viz.reading import read_graph
from tinygrad_cnn.viz.records import OPS, Names


def labels(picture):
    return [node.label for node in picture.graph.nodes]


def arrows(graph):
    by_id = {node.id: node.label for node in graph.nodes}
    return [(by_id[edge.source], by_id[edge.target], edge.shape) for edge in graph.edges]


def test_a_model_is_drawn_as_modules(cnn, images):
    graph = draw_graph(cnn, images).graph
    assert graph.level == "module"
    assert [(n.kind, n.label, n.detail, n.parameters) for n in graph.nodes] == [
        ("input", "input", "", 0),
        ("module", "features.0", "Conv2d", 40),
        ("module", "features.1", "ReLU", 0),
        ("module", "features.2", "MaxPool2d", 0),
        ("op", "reshape", "", 0),
        ("module", "classifier", "Linear", 650),
        ("output", "output", "", 0),
    ]
    assert arrows(graph) == [
        ("input", "features.0", (5, 1, 8, 8)),
        ("features.0", "features.1", (5, 4, 8, 8)),
        ("features.1", "features.2", (5, 4, 8, 8)),
        ("features.2", "reshape", (5, 4, 4, 4)),
        ("reshape", "classifier", (5, 64)),
        ("classifier", "output", (5, 10)),
    ]
    assert [(box.path, box.parent, box.detail) for box in graph.clusters] == [("features", "", "Sequential")]
    assert graph.nodes[1].params == ("3×3", "padding 1")
    assert graph.title == "SmallCNN: 5 ops, 690 parameters, 14.7 k MACs"


def test_depth(cnn, images):
    assert labels(draw_graph(cnn, images, depth=1)) == ["input", "features", "reshape", "classifier", "output"]
    boxes = draw_graph(cnn, images, level="op").graph.clusters
    assert {box.path for box in boxes} == {"features", "features.0", "classifier"}
    assert {box.path for box in draw_graph(cnn, images, level="op", depth=1).graph.clusters} == {
        "features",
        "classifier",
    }


def test_one_op_in_a_module_names_it_instead_of_a_box(cnn, images):
    (relu,) = [node for node in draw_graph(cnn, images, level="op").graph.nodes if node.label == "relu"]
    assert relu.detail == "features.1 (ReLU)"
    assert relu.cluster == "features"


def test_modules_of_tensors_need_no_model(cnn, images):
    graph = draw_graph(cnn(images), level="module", params=dict(cnn.named_parameters())).graph
    assert [(n.kind, n.label, n.parameters) for n in graph.nodes[:3]] == [
        ("constant", "x", 0),  # the images: nothing else leads to the first layer
        ("module", "features.0", 40),
        ("module", "features.1", 0),
    ]
    assert graph.nodes[0].detail == graph.nodes[1].detail == ""
    named = draw_graph(cnn(images), level="module", model=cnn).graph
    assert named.nodes[1].detail == "Conv2d"


def test_a_module_called_twice_is_drawn_twice_and_skips_are_seen(blocks, tensor):
    graph = draw_graph(blocks(1), tensor(1, 2, 4, 4)).graph
    assert [edge[:2] for edge in arrows(graph)] == [
        ("input", "0.conv1"),
        ("0.conv1", "0.act"),
        ("0.act", "0.conv2"),
        ("input", "add"),
        ("0.conv2", "add"),
        ("add", "0.act #2"),
        ("0.act #2", "output"),
    ]
    ops = draw_graph(blocks(1), tensor(1, 2, 4, 4), level="op").graph
    assert [n.detail for n in ops.nodes if n.label == "relu"] == ["0.act (ReLU)", "0.act #2 (ReLU)"]


def test_each_call_has_its_box(tensor):
    x = tensor(3)
    for _ in range(2):
        with module_scope("twice"):
            x = (x * 2).exp()
        x = x + 1
    picture = draw_graph(x)
    assert [box.path for box in picture.graph.clusters] == ["twice", "twice#2"]
    assert 'label="twice #2\\l"' in picture.dot
    assert "   twice #2\n" in picture.text()


def test_a_module_with_a_second_input_that_comes_later_stays_whole(tensor):
    x = tensor(3)
    with module_scope("attention"):
        keys = x * 2
    with module_scope("decoder"):
        query = (x + 1).exp()
    with module_scope("attention"):
        out = keys * query
    assert labels(draw_graph(out, level="module")) == ["leaf", "decoder", "attention", "output"]


def test_a_module_that_is_left_and_entered_again_is_not_joined(tensor):
    x = tensor(3)
    with module_scope("a"):
        first = x * 2
    with module_scope("b"):
        second = first.exp()
    with module_scope("a"):
        out = first * second
    assert labels(draw_graph(out, level="module")) == ["leaf", "a", "b", "a #2", "output"]


def test_two_branches_of_one_call_are_one_node(tensor):
    x = tensor(3)
    with module_scope("a"):
        left, right = x.exp(), x.relu()
    with module_scope("b"):
        out = left * right
    assert labels(draw_graph(out, level="module")) == ["leaf", "a", "b", "output"]


def test_long_runs_fold_and_the_picture_says_so(tensor):
    x = tensor(3)
    y = x
    for _ in range(150):
        y = y * 1 + 0
    picture = draw_graph(y)
    assert labels(picture) == ["leaf", "300 ops", "output"]
    assert picture.graph.nodes[1].detail == "(mul, add) × 150"
    assert picture.graph.nodes[1].ops == (("mul", 150), ("add", 150))
    note = "folded: 302 nodes are drawn as 3; max_nodes=None draws them all"
    assert picture.graph.notes == (note,)
    assert note in picture.dot
    assert note in picture.text()
    assert len(draw_graph(y, max_nodes=None).graph.nodes) == 302
    assert draw_graph(y, max_nodes=None).graph.notes == ()


def test_short_runs_fold_only_in_large_graphs(tensor):
    x = tensor(3)
    y = x
    for i in range(10):
        y = y * 1 + 0 if i % 2 else y.exp().relu() * x
    assert len(draw_graph(y).graph.nodes) == 27
    assert draw_graph(y).graph.notes == ()
    small = draw_graph(y, max_nodes=12)
    assert len(small.graph.nodes) <= 12
    assert small.graph.nodes[1].detail == "(exp, relu, mul, mul, add) × 5"


def test_a_run_that_starts_at_a_parameter_keeps_it(tensor):
    w = tensor(3)
    y = w
    for _ in range(80):
        y = y * w
    picture = draw_graph(y, params={"w": w})
    assert labels(picture) == ["w", "80 ops", "output"]


def test_what_a_fold_holds_most_of(tensor):
    y = tensor(3)
    for i in range(70):
        y = [y.exp, y.relu, y.sqrt, y.abs, y.tanh][i % 5 if i < 50 else 0]()
    (fold,) = [node for node in draw_graph(y).graph.nodes if node.kind == "fold"]
    assert (fold.label, fold.detail) == ("70 ops", "exp × 30, relu × 10, sqrt × 10, abs × 10, …")


def test_large_models_fold_by_module(blocks, tensor):
    model, x = blocks(40), tensor(1, 2, 4, 4)
    whole = draw_graph(model, x, level="op", max_nodes=None).graph
    picture = draw_graph(model, x, level="op", max_nodes=100)
    assert [(n.label, n.detail) for n in picture.graph.nodes[1:3]] == [("0", "Block"), ("1", "Block")]
    assert len(picture.graph.nodes) == 42
    assert f"folded: {len(whole.nodes)} nodes are drawn as 42" in picture.dot
    smaller = draw_graph(model, x, max_nodes=10, fold_repeats=False)
    assert [(n.label, n.detail) for n in smaller.graph.nodes][1] == ("40 modules", "Block × 40")


def test_parameters_that_only_folded_ops_use_go_in_with_them(tensor):
    w, x = tensor(3), tensor(3)
    y = x
    for _ in range(80):
        y = y * w
    picture = draw_graph(y, params={"w": w})
    assert labels(picture) == ["leaf", "80 ops", "output"]
    assert "3 parameters" in picture.dot


def test_whatever_the_graph_it_gets_small_enough(tensor):
    leaves = [tensor(2) for _ in range(300)]
    y = leaves[0]
    for x in leaves[1:]:
        y = y + x
    picture = draw_graph([y, *(x * 2 for x in leaves)], max_nodes=20)
    assert len(picture.graph.nodes) <= 20
    assert any("inputs" in label for label in labels(picture))


steps = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 99), st.sampled_from(["", "a", "a.b", "a.b.c", "a.d", "e", "e.f"])),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(steps, st.integers(1, 30), st.sampled_from([None, 1, 2]), st.booleans())
def test_any_graph_stays_a_graph(steps, max_nodes, depth, by_module):
    """No cycle, no dangling edge, no op lost, each node after its sources; at most max_nodes nodes."""
    values = [as_tensor([1.0]).requires_grad_(), as_tensor([2.0]).requires_grad_()]
    for i, j, scope in steps:
        with module_scope(scope):
            values.append(values[i % len(values)] + values[j % len(values)])
    whole = graph = read_graph({"a": values[-1], "b": values[len(values) // 2]})
    if by_module:
        graph = to_modules(graph, depth, Names())
        check(whole, graph)
    folded = fold(graph, max_nodes, Names())
    check(whole, folded)
    assert len(folded.nodes) <= max_nodes
    assert set(modules(whole, depth)) <= {node.id for node in whole.nodes if node.kind in OPS}


def check(whole, graph):
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    assert len(place) == len(graph.nodes)
    assert all(place[edge.source] < place[edge.target] for edge in graph.edges)
    ops: Counter[str] = Counter()
    for node in graph.nodes:
        ops.update(dict(node.ops))
    assert sum(ops.values()) == sum(node.kind == "op" for node in whole.nodes)


@pytest.mark.parametrize("level", ["op", "module"])
def test_ten_thousand_nodes_fold_at_once(level, tensor):
    x, y = tensor(1), tensor(1)
    values = [x, y]
    for i in range(10_000):
        with module_scope(f"layer{i % 7}.{i % 3}"):
            values.append(values[-1] + values[i // 2])
    picture = draw_graph(values[-1], level=level)
    assert len(picture.graph.nodes) <= 500


def test_what_is_tied_together_everywhere_has_few_edges_too(tensor):
    """`dot` takes minutes for a few hundred nodes of which each leads to many others."""
    random = np.random.default_rng(0)
    values = [tensor(1) for _ in range(10)]
    for _ in range(10_000):
        near, far = random.integers(max(len(values) - 200, 0), len(values)), random.integers(len(values))
        values.append(values[near] + values[far])
    total = sum(values[-200:])
    graph, whole = draw_graph(total).graph, draw_graph(total, max_nodes=None).graph
    assert len(graph.edges) <= max(6 * len(graph.nodes), 20 * 19 / 2)
    drawn = sum(dict(node.ops).get("add", node.label == "add") for node in graph.nodes)
    assert drawn == sum(node.label == "add" for node in whole.nodes) > 5000
