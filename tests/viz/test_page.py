"""The page: what Python writes into it, and how it behaves in a real browser where one is installed."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

import tinygrad_cnn as tg
from tests.viz.browser import Browser, programs
from tinygrad_cnn import nn
from tinygrad_cnn.viz import draw_graph, record, trace_backward

needs_browser = pytest.mark.skipif(
    programs() is None, reason="needs Chromium and its driver: apt install chromium chromium-driver"
)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.second = nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3)

    def forward(self, x: Any) -> Any:
        return self.act(x + self.second(self.act(self.first(x))))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Sequential(Residual(), Residual()), nn.Linear(3, 1)

    def forward(self, x: Any) -> Any:
        return self.head(self.body(x))


def expression() -> tuple[Any, Any, Any]:
    x = tg.tensor([1.0, -2.0], requires_grad=True)
    w = tg.tensor([3.0, 0.5], requires_grad=True)
    with record() as run:
        loss = ((x * w).exp() + x).sum()
    return loss, {"x": x, "w": w}, run


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.fixture
def page(tmp_path):
    loss, params, run = expression()
    return trace_backward(loss, params=params, run=run).save(tmp_path / "expression.html")


@pytest.fixture
def net_page(tmp_path):
    return draw_graph(Net(), tg.randn(2, 3)).save(tmp_path / "net.html")


# what is in it


def test_it_needs_no_renderer_and_no_network(page, monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    text = draw_graph(Net(), tg.randn(2, 3)).save(tmp_path / "net.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "{css}" not in text
    assert "<h1>Net: 11 ops, 52 parameters, 78 MACs</h1>" in text


def test_it_holds_forward_and_backward_with_numbers(page):
    data = data_of(page.read_text())
    names = {node["id"]: node["lines"][0] for node in data["nodes"]}
    assert [names[node] for node in data["order"]] == ["mul", "exp", "add", "sum"]
    assert [names[step["node"]] for step in data["steps"]] == ["sum", "add", "exp", "mul"]
    last = data["steps"][-1]
    assert last["arrived"]["values"] == pytest.approx([20.0855, 0.3679], abs=1e-3)
    assert [(names[to], name) for to, name, _ in last["shares"]] == [("x", "x"), ("w", "y")]
    assert last["shares"][0][2]["values"] == pytest.approx([60.2566, 0.1839], abs=1e-3)
    (mul,) = [node for node in data["nodes"] if node["lines"][0] == "mul"]
    assert (mul["formula"], mul["rules"][0]["text"]) == ("x · y", "g * y")
    assert "test_page.py:" in mul["source"]


def test_layers_begin_folded_in_the_view_of_modules(net_page):
    data = data_of(net_page.read_text())
    assert data["folded"] == ["body.0.first", "body.0.second", "body.1.first", "body.1.second", "head"]


def test_numbers_that_are_not_finite_stay_json(tmp_path):
    x = tg.tensor([0.0, 1.0], requires_grad=True)
    text = draw_graph((x / 0).sum(), params={"x": x}, show="values").save(tmp_path / "nan.html").read_text()
    (out,) = [node for node in data_of(text)["nodes"] if node["kind"] == "output"]
    assert out["values"]["values"] == "nan"
    assert out["values"]["nans"] == 1


NASTY = "</script><img src=x onerror=\"document.title='broken'\"> {js} <!-- &lt; \\u003c"


def test_names_do_not_break_out(tmp_path):
    x = tg.ones(2, requires_grad=True)
    text = draw_graph(x * 2, params={NASTY: x}).save(tmp_path / "nasty.html").read_text()
    assert text.count("</script") == 2
    assert any(NASTY[:8] in line for node in data_of(text)["nodes"] for line in node["lines"])


# how it behaves


@pytest.fixture(scope="module")
def window(tmp_path_factory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def browser(window):
    """The window, which must not have reported an error when the test ends."""
    window.log()
    yield window
    assert window.log() == []


def node(label: str) -> str:
    return f'.node[aria-label*=": {label},"]'


@needs_browser
def test_stepping_forward_and_backward(browser, page):
    browser.open(page)
    assert browser.count(".node") == 7
    assert browser.text("#where") == "all"
    browser.press("right")
    assert browser.text("#where") == "forward 1 of 4"
    assert browser.text(".node.now text") == "mul"
    assert browser.count(".node.pending") == 4  # exp, add, sum, and the output
    panel = browser.text("#panel")
    assert "Forward: mul" in panel
    assert "x · y" in panel
    assert "[3  −1]" in panel  # the result
    browser.press("right", "right", "right", "right")
    assert browser.text("#where") == "backward 1 of 4"
    assert "Backward: sum" in browser.text("#panel")
    browser.press("end")
    panel = browser.text("#panel")
    assert "Backward: mul" in panel
    assert "∂x = g * y" in panel
    assert "[60.26  0.1839]" in panel
    browser.press("left")
    assert browser.text(".node.now text") == "exp"
    browser.press("home")
    assert browser.text("#where") == "forward 1 of 4"
    browser.press("escape")
    assert browser.count(".node.now, .node.pending") == 0
    browser.click("#next")
    browser.click("#last")
    assert browser.text("#where") == "backward 4 of 4"
    browser.run("const s = document.querySelector('#slider'); s.value = 2; s.dispatchEvent(new Event('input'))")
    assert browser.text("#where") == "forward 2 of 4"


@needs_browser
def test_playing(browser, page):
    browser.open(page)
    browser.press("p")
    assert browser.run("return document.querySelector('#play').getAttribute('aria-pressed')") == "true"
    browser.press("p")
    assert browser.run("return document.querySelector('#play').getAttribute('aria-pressed')") == "false"


@needs_browser
def test_folding_and_unfolding(browser, net_page):
    browser.open(net_page)
    browser.press("0")  # all of it in the window, to be clicked
    start = browser.count(".node")
    assert browser.count(".node.folded") == 5
    browser.click('.node[data-id="head"]')
    assert browser.count(".node.folded") == 4
    assert browser.count(".node") == start + 2  # weight, bias and linear for the one
    assert browser.run("return document.activeElement.dataset.box") == "head"
    browser.press("enter")  # the keyboard folds it again
    assert browser.count(".node") == start
    browser.press("f")
    assert [browser.count(".node"), browser.count(".node.folded")] == [4, 2]  # input, body, head, output
    browser.press("u")
    assert browser.count(".node.folded") == 0
    assert browser.count(".box") == 8
    browser.click("#fold")
    assert browser.count(".node.folded") == 2
    browser.press("right")
    assert browser.text(".node.now text") == "▸ body"  # a step inside of it


@needs_browser
def test_zoom(browser, net_page):
    browser.open(net_page)

    def scale() -> float:
        return float(browser.run("return document.querySelector('#graph > g').transform.baseVal.getItem(1).matrix.a"))

    before = scale()
    browser.press("+")
    assert scale() == pytest.approx(before * 1.25)
    browser.click("#out")
    assert scale() == pytest.approx(before)
    browser.scroll("#graph", -200)
    assert scale() > before
    browser.press("0")
    box = "const b = document.querySelector('#graph > g').getBoundingClientRect(), s = document.querySelector('#graph')"
    assert browser.run(f"{box}.getBoundingClientRect(); return b.top >= s.top && b.bottom <= s.bottom + 1")


@needs_browser
def test_search_opens_what_is_folded(browser, net_page):
    browser.open(net_page)
    browser.press("/")
    browser.press("body.1.second")
    assert browser.text("#found") == "3 found"
    assert browser.count(".node.hit") == 1  # the folded layer they are in
    browser.press("enter")
    assert browser.text("#found") == "1 of 3"
    assert browser.count(".node.hit") == 3
    assert "body.1.second.weight" in browser.text("#panel")
    browser.press("enter", "enter")
    assert browser.text("#found") == "3 of 3"
    browser.press("escape")
    assert browser.count(".node.hit") == 0


@needs_browser
def test_a_click_tells_shape_values_and_line(browser, page):
    browser.open(page)
    browser.click(node("mul"))
    panel = browser.text("#panel")
    assert "shape(2,)" in panel
    assert "[3  −1]" in panel
    assert re.search(r"line.*test_page\.py:\d+", panel)
    assert "saved" in panel
    browser.click("#panel a")  # x, where it came from
    assert "x" in browser.text("#panel h2")
    assert "gradient" in browser.text("#panel")


@needs_browser
def test_light_and_dark(browser, page):
    browser.open(page)
    colour = "return getComputedStyle(document.body).backgroundColor"
    browser.dark(False)
    assert browser.run(colour) == "rgb(255, 255, 255)"
    browser.dark(True)
    assert browser.run(colour) == "rgb(20, 24, 29)"
    browser.dark(False)


@needs_browser
def test_everything_can_be_reached_and_has_a_name(browser, net_page):
    browser.open(net_page)
    browser.press("u")
    controls = "document.querySelectorAll('.node, .toggle, button, input')"
    assert browser.run(f"return [...{controls}].filter((e) => e.tabIndex < 0).length") == 0
    named = "(e.getAttribute('aria-label') || e.textContent || '').trim() === ''"
    assert browser.run(f"return [...{controls}].filter((e) => {named}).length") == 0
    assert browser.run("return performance.getEntriesByType('resource').length") == 0


@needs_browser
def test_a_nasty_name_is_text(browser, tmp_path):
    x = tg.ones(2, requires_grad=True)
    browser.open(draw_graph(x * 2, params={NASTY: x}).save(tmp_path / "nasty.html"))
    assert browser.run("return document.title") != "broken"
    assert browser.count("img") == 0


OVERLAP = """
const seen = [...document.querySelectorAll(".node > rect")].map((r) => r.getBBox());
let bad = 0;
seen.forEach((a, i) => seen.slice(i + 1).forEach((b) => {
  if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height) bad += 1;
}));
return [seen.length, bad];
"""
OUTSIDE = """
return [...document.querySelectorAll(".node")].filter((n) => {
  const r = n.querySelector("rect").getBBox();
  return [...n.querySelectorAll("text")].some((t) => {
    const b = t.getBBox();
    return b.x < r.x || b.x + b.width > r.x + r.width || b.y < r.y || b.y + b.height > r.y + r.height;
  });
}).length;
"""


@needs_browser
@pytest.mark.parametrize("kind", ["net", "wide", "loops"])
def test_nothing_overlaps_and_no_text_is_cut(browser, tmp_path, kind):
    x = tg.ones(2, requires_grad=True)
    if kind == "net":
        picture = draw_graph(Net(), tg.randn(2, 3), show=("shape", "values", "time", "saved"))
    elif kind == "wide":
        values = [x]
        for i in range(40):
            values.append(values[i // 2] * values[-1] if i % 3 else values[i // 3].exp())
        picture = draw_graph(values[-4:])
    else:  # boxes that are left and entered again
        from tinygrad_cnn.autograd.modes import module_scope

        y = x
        for i in range(12):
            with module_scope(f"a{i % 2}.b{i % 3}"):
                y = (y * x).exp()
        picture = draw_graph(y)
    browser.open(picture.save(tmp_path / "graph.html"))
    for key in "uf":
        browser.press(key)
        count, overlapping = browser.run(OVERLAP)
        assert count > 1
        assert overlapping == 0
        assert browser.run(OUTSIDE) == 0
