"""Mermaid text."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

import tinygrad_cnn as tg
from tests.viz import nets
from tinygrad_cnn.viz import GraphRecord, NodeRecord, draw_graph
from tinygrad_cnn.viz.mermaid import quoted, to_mermaid


def test_layers_with_boxes_and_shapes():
    text = draw_graph(nets.Generator(), tg.ones(2, 4), direction="LR").mermaid()
    assert text.startswith('flowchart LR\n  subgraph c0["net Sequential"]\n')
    assert '("net.0<br>Linear<br>40 parameters, 64 MACs"):::module' in text
    assert '-->|"(2, 8)"|' in text
    assert text.count("subgraph") == text.count("\n  end")
    assert "classDef parameter" not in text


def test_where_no_gradient_flows_lines_are_broken():
    x = tg.ones(2, requires_grad=True)
    assert "-.->" in draw_graph(x * tg.ones(2)).mermaid()


@given(st.text(max_size=40))
@example('"]; a --> b["')
@example("#quot;`**bold**`")
def test_no_label_breaks_out(label):
    words = quoted(label)
    assert not set('"<>&`*_\\{}[]|') & set(words)
    assert re.sub(r"#\d+;", "", words).find("#") == -1
    text = to_mermaid(GraphRecord((NodeRecord("n0", "op", label),), ()))
    assert len(text.splitlines()) == 3
