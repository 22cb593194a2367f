"""Calls of modules: two calls are two nodes, two models two boxes, and recorded rules have boxes of their own."""

from typing import Any

import tinygrad_cnn as tg
from tests.viz import nets
from tinygrad_cnn import nn
from tinygrad_cnn.viz import draw_graph


def labels(picture):
    return [node.label for node in picture.graph.nodes]


def test_two_direct_calls_are_two_nodes():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act, self.fc = nn.ReLU(), nn.Linear(3, 3)

        def forward(self, x: Any) -> Any:
            return self.fc(self.fc(self.act(self.act(x))))

    picture = draw_graph(Twice(), tg.ones(1, 3))
    assert labels(picture) == ["input", "act", "act #2", "fc", "fc #2", "output"]
    boxes = draw_graph(Twice(), tg.ones(1, 3), level="op").graph.clusters
    assert [box.label for box in boxes] == []  # each is one operation; the parameters belong to both calls
    relu = nn.ReLU()
    assert labels(draw_graph(relu(relu(tg.ones(1, requires_grad=True))), level="module")) == [
        "leaf",
        "ReLU",
        "ReLU #2",
        "output",
    ]


def test_a_call_whose_parts_do_not_touch_is_one_node():
    class Both(nn.Module):
        def forward(self, x: Any, y: Any) -> Any:
            return x.exp(), y.relu()

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.both = Both()

        def forward(self, x: Any) -> Any:
            a, b = self.both(x * 2, x + 1)
            return a * b

    assert labels(draw_graph(Outer(), tg.ones(2))) == ["input", "mul", "add", "both", "mul", "output"]


def test_two_models_are_two_boxes_of_their_own_classes():
    made, judged = nets.Generator(), nets.Discriminator()
    picture = draw_graph(judged(made(tg.randn(2, 4))).sum())
    outermost = [box.label for box in picture.graph.clusters if not box.parent]
    assert outermost == ["Generator", "Discriminator"]
    inside = {box.parent for box in picture.graph.clusters if box.label == "net"}
    assert inside == {"Generator", "Discriminator"}


def test_one_model_and_a_loss_need_no_box_around_the_model():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)(model(tg.ones(1, 3)), tg.tensor([1]))
    boxes = [(box.label, box.detail) for box in draw_graph(loss).graph.clusters]
    assert boxes == [("0", "Linear"), ("CrossEntropyLoss", "CrossEntropyLoss")]


def test_classes_are_known_without_the_model():
    model = nn.Sequential(nn.Sequential(nn.Linear(3, 3), nn.ReLU()), nn.Linear(3, 1))
    picture = draw_graph(model(tg.ones(1, 3)), level="module")
    assert [(n.label, n.detail) for n in picture.graph.nodes if n.kind == "module"] == [
        ("0.0", "Linear"),
        ("0.1", "ReLU"),
        ("1", "Linear"),
    ]


def test_what_gradient_rules_record_lies_behind_a_nabla():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    x = tg.randn(2, 3, requires_grad=True)
    (slope,) = tg.autograd.grad(model(x).sum(), x, create_graph=True)
    scopes = {str(node.scope) for node in tg.autograd.ancestors([slope.node]) if node.name != "leaf"}
    assert {"∇.0", "∇.1", "∇.2"} <= scopes
    (curve,) = tg.autograd.grad(slope.square().sum(), x, create_graph=True)
    scopes = {str(node.scope) for node in tg.autograd.ancestors([curve.node]) if node.name != "leaf"}
    assert "∇.∇.1" in scopes
    assert draw_graph(curve.sum(), model=model).graph.clusters
