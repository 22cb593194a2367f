"""Equal neighbours are drawn once, and nothing else is."""

from typing import Any

import pytest

import tinygrad_cnn as tg
from tests.viz.nets import BasicBlock, ResNet
from tinygrad_cnn import nn
from tinygrad_cnn.viz import draw_graph


def shown(picture):
    return [(node.label, node.detail) for node in picture.graph.nodes if node.kind not in {"input", "output"}]


def check(graph):
    """No dangling edge, each node after its sources, one way from the input to the output."""
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    assert all(place[edge.source] < place[edge.target] for edge in graph.edges)
    reached = {node.id for node in graph.nodes if node.kind == "input"}
    for edge in sorted(graph.edges, key=lambda edge: place[edge.source]):
        if edge.source in reached:
            reached.add(edge.target)
    assert {node.id for node in graph.nodes if node.kind == "output"} <= reached


def test_equal_layers_in_a_row():
    model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(5)), nn.Linear(4, 2))
    picture = draw_graph(model, tg.ones(1, 4))
    assert shown(picture) == [("0 … 4", "Linear × 5"), ("5", "Linear")]
    first = next(node for node in picture.graph.nodes if node.kind == "module")
    assert (first.repeat, first.parameters, first.macs) == (5, 100, 80)
    check(picture.graph)
    assert len(shown(draw_graph(model, tg.ones(1, 4), fold_repeats=False))) == 6


def test_two_equal_layers_stay_two():
    assert len(shown(draw_graph(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), tg.ones(1, 4)))) == 2


def test_a_pattern_of_layers_gets_a_box():
    layers = [layer for _ in range(6) for layer in (nn.Linear(4, 4), nn.ReLU())]
    picture = draw_graph(nn.Sequential(*layers, nn.Linear(4, 1)), tg.ones(1, 4))
    assert shown(picture) == [("0", "Linear"), ("1", "ReLU"), ("12", "Linear")]
    assert [(box.label, box.detail) for box in picture.graph.clusters] == [("0 … 11", "(Linear, ReLU) × 6")]
    check(picture.graph)


def test_equal_blocks_are_drawn_once_with_what_is_inside():
    model = nn.Sequential(nn.Conv2d(1, 2, 1), *(BasicBlock(2, 2) for _ in range(8)))
    picture = draw_graph(model, tg.randn(1, 1, 4, 4))
    (box,) = picture.graph.clusters
    assert (box.label, box.detail) == ("1 … 8", "BasicBlock × 8")
    labels = [label for label, _ in shown(picture)]
    assert labels == ["0", "1.conv1", "1.bn1", "1.relu", "1.conv2", "1.bn2", "add", "1.relu #2"]
    skips = [edge for edge in picture.graph.edges if picture.graph.nodes[1].id == edge.source]
    assert len(skips) == 2  # to the convolution, and around it to the sum
    check(picture.graph)
    assert "BasicBlock × 8" in picture.text()


def test_blocks_of_other_sizes_are_not_equal():
    picture = draw_graph(ResNet((3, 3)), tg.randn(2, 3, 32, 32))
    details = [box.detail for box in picture.graph.clusters if "BasicBlock" in box.detail]
    assert details == ["BasicBlock × 3", "BasicBlock", "BasicBlock × 2"]
    check(picture.graph)


def test_whole_blocks_fold_by_class():
    picture = draw_graph(ResNet(), tg.randn(2, 3, 32, 32), collapse="BasicBlock")
    assert ("layer1.0 … layer4.1", "BasicBlock × 8") in shown(picture)
    check(picture.graph)
    apart = draw_graph(ResNet(), tg.randn(2, 3, 32, 32), collapse=["layer1", "BasicBlock"], fold_repeats=False)
    assert [label for label, detail in shown(apart) if detail == "BasicBlock"] == [
        f"layer{i}.{j}" for i in (2, 3, 4) for j in (0, 1)
    ]
    assert ("layer1", "Sequential") in shown(apart)


def test_a_value_that_is_looked_at_on_the_way_keeps_a_row_apart():
    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(6))

        def forward(self, x: Any) -> Any:
            seen = []
            for layer in self.layers:
                x = layer(x)
                seen.append(x)
            return x + seen[2]

    picture = draw_graph(Dense(), tg.ones(1, 4))
    assert [label for label, _ in shown(picture)] == ["layers.0 … layers.2", "layers.3 … layers.5", "add"]
    check(picture.graph)


@pytest.mark.parametrize("level", ["op", "backward"])
def test_operations_are_not_folded_so(level):
    model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(5)))
    picture = draw_graph(model(tg.ones(1, 4)).sum(), model=model, level=level)
    assert sum(node.label == "linear" for node in picture.graph.nodes) == 5
