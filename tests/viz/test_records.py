"""What is read off a graph."""

import gc

import pytest

from tinygrad_cnn.autograd.modes import module_scope
from tinygrad_cnn.viz import draw_graph
from tinygrad_cnn.viz.describe import describe_params
from tinygrad_cnn.viz.reading import names_of, read_graph
from tinygrad_cnn.viz.records import common_path, postorder


def kinds(graph):
    return [(node.kind, node.label) for node in graph.nodes]


def test_an_expression(expression):
    out, params = expression
    graph = read_graph({"loss": out}, names_of(params=params))
    assert kinds(graph) == [
        ("input", "leaf"),
        ("parameter", "w"),
        ("op", "matmul"),
        ("parameter", "b"),
        ("op", "add"),
        ("op", "relu"),
        ("op", "mul"),
        ("op", "sum"),
        ("output", "loss"),
    ]
    by_id = {node.id: node.label for node in graph.nodes}
    assert [(by_id[e.source], by_id[e.target], e.slot, e.shape) for e in graph.edges] == [
        ("leaf", "matmul", 0, (4, 3)),
        ("w", "matmul", 1, (3, 2)),
        ("matmul", "add", 0, (4, 2)),
        ("b", "add", 1, (2,)),
        ("add", "relu", 0, (4, 2)),
        ("relu", "mul", 0, (4, 2)),
        ("b", "mul", 1, (2,)),
        ("mul", "sum", 0, (4, 2)),
        ("sum", "loss", 0, ()),
    ]
    assert graph.nodes[2].dtype == "float32"
    assert graph.nodes[1].parameters == 6


def test_a_value_used_twice_by_one_op_has_two_edges(tensor):
    x = tensor(3)
    graph = read_graph({"y": x * x})
    assert [(edge.source, edge.target, edge.slot) for edge in graph.edges[:2]] == [("n0", "n1", 0), ("n0", "n1", 1)]


def test_constants_are_operands_without_gradient_but_not_numbers(tensor):
    y = tensor(4, 3) @ tensor(3, 2, requires_grad=False) * 2
    assert ("constant", "y") in kinds(read_graph({"y": y}))
    assert [kind for kind, _ in kinds(read_graph({"y": y}))].count("constant") == 1
    assert "constant" not in dict(kinds(read_graph({"y": y}, constants=False)))


def test_constants_of_an_op_with_any_number_of_inputs_are_numbered(tensor):
    from tinygrad_cnn import ops

    y = ops.concat(tensor(2, 3), tensor(2, 3, requires_grad=False), dim=0)
    assert ("constant", "tensors[1]") in kinds(read_graph({"y": y}))


def test_the_same_before_and_after_backward_but_for_what_is_saved(expression):
    out, params = expression
    before = draw_graph(out, params=params)
    saved = [node.saved_bytes for node in before.graph.nodes]
    out.backward()
    after = draw_graph(out, params=params)
    assert after.dot == before.dot
    assert sum(saved) > 0
    assert sum(node.saved_bytes for node in after.graph.nodes) == 0
    assert "saved" in draw_graph(draw_graph_target(), show="saved").dot
    assert "saved" not in draw_graph(out, show="saved").dot


def draw_graph_target():
    from tinygrad_cnn.tensor import as_tensor

    return as_tensor([1.0, 2.0]).requires_grad_().exp()


def test_during_backward(tensor):
    x = tensor(3)
    y = x * 2
    drawn = []
    y.register_hook(lambda g: drawn.append(draw_graph(out).dot))
    out = (y * y).sum()
    before = draw_graph(out).dot
    out.backward()
    assert drawn == [before]


def test_saved_values_of_a_graph_are_not_kept_alive_by_its_picture(tensor):
    out = tensor(3).exp()
    picture = draw_graph(out)
    gone = out.node.__class__
    del out
    gc.collect()
    assert not [thing for thing in gc.get_referrers(picture) if isinstance(thing, gone)]
    assert picture.graph.nodes[1].label == "exp"


def test_a_leaf_whose_tensor_is_gone(tensor):
    def make():
        return tensor(3) * 2

    leaf = read_graph({"y": make()}).nodes[0]
    assert (leaf.kind, leaf.label, leaf.detail) == ("input", "leaf", "its tensor is gone")


def test_a_parameter_class_tells_parameters_without_names(tensor):
    from tinygrad_cnn.tensor import Tensor

    class Parameter(Tensor):
        __slots__ = ()

    w = Parameter.from_array(tensor(3).array).requires_grad_()
    assert ("parameter", "parameter") in kinds(read_graph({"y": w * 2}))


def test_a_tensor_without_graph_is_one_node_that_says_so(tensor):
    picture = draw_graph(tensor(2, 3, requires_grad=False))
    (node,) = picture.graph.nodes
    assert (node.kind, node.detail, node.shape) == ("output", "no graph", (2, 3))
    assert "no graph" in picture.dot
    assert "no graph" in picture.text()


def test_several_outputs_by_name(tensor):
    x = tensor(3)
    labels = [label for kind, label in kinds(draw_graph({"a": x * 2, "b": [x + 1, x]}).graph) if kind == "output"]
    assert labels == ["a", "b.0", "b.1"]
    labels = [label for kind, label in kinds(draw_graph((x * 2, x + 1)).graph) if kind == "output"]
    assert labels == ["output 0", "output 1"]


def test_a_view_takes_up_what_was_written_to_its_base(tensor):
    y = tensor(4) * 2
    view = y[:2]
    y.mul_(3)
    before = view.node
    assert "mul" in [node.label for node in draw_graph(view).graph.nodes]
    assert view.node is not before


def test_parameters_lie_in_the_box_of_all_who_use_them(tensor):
    w, x = tensor(3), tensor(3)
    with module_scope("a.b"):
        y = x * w
    assert read_graph({"y": y}, names_of(params={"w": w})).nodes[1].cluster == "a.b"
    with module_scope("a.c"):
        y = y * w
    assert read_graph({"y": y}, names_of(params={"w": w})).nodes[1].cluster == "a"


def test_a_chain_of_100_000_ops(tensor):
    x = y = tensor(2)
    for _ in range(50_000):
        y = y * 1 + 0
    picture = draw_graph(y, params={"x": x})
    assert [node.label for node in picture.graph.nodes] == ["x", "100,000 ops", "output"]
    assert picture.graph.nodes[1].detail == "(mul, add) × 50,000"
    whole = draw_graph(y, max_nodes=None)
    assert len(whole.graph.nodes) == 100_002
    assert whole.dot.count("->") == 100_001 + 2  # and the legend's
    assert whole.text().count("\n") == 100_002


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"dim": (0, 1), "keepdim": True}, ("dim (0, 1)", "keepdim")),
        ({"dim": (1,), "keepdim": False}, ("dim 1",)),
        ({"low": None, "high": 0.5}, ("high 0.5",)),
        ({"index": (0, slice(1, None), Ellipsis, None, slice(0, 9, 2))}, ("[0, 1:, …, None, 0:9:2]",)),
        ({"pads": tuple(range(9))}, ("pads (0, 1, 2, 3, 4, 5, …)",)),
        ({"shape": (2, 3), "source": "x"}, ()),
        ({"what": object()}, ("what object",)),
    ],
)
def test_params_in_a_few_words(params, words):
    assert describe_params(params) == words


def test_arrays_among_params_are_told_by_their_shape():
    import numpy as np

    mask = np.ones((2, 3), bool)
    assert describe_params({"mask": mask, "index": mask}) == ("mask of shape (2, 3)", "[of shape (2, 3)]")
    assert describe_params({"dtype": np.dtype("float32")}) == ("dtype float32",)


def test_windows_in_a_few_words():
    from tinygrad_cnn.backend.window import convolution_window, pooling_window

    def words(*window):
        return describe_params({"window": convolution_window("conv2d", *window)})

    assert words((3, 3), 1, 0, 1, 1) == ("3×3",)
    assert words((3, 5), 2, 1, 2, 4) == ("3×5", "stride 2", "padding 1", "dilation 2", "groups 4")
    assert words((3, 4), (1, 2), "valid", 1, 1) == ("3×4", "stride 1×2")
    assert words((3, 4), 1, "same", 1, 1) == ("3×4", "padding 1×(1, 2)")
    assert describe_params({"window": pooling_window("p", 2, 2, 2, 0, 1, True)}) == ("2×2", "stride 2", "ceil_mode")


def test_postorder_and_paths():
    assert list(postorder("d", {"a": "", "b": "a", "c": "a", "d": "bc"}.__getitem__)) == ["a", "b", "c", "d"]
    assert common_path(["a.b.c", "a.b.d"]) == "a.b"
    assert common_path(["a.b", "a.bc"]) == "a"
    assert common_path(["a", ""]) == ""
    assert common_path([]) == ""
