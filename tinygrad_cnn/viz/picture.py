"""A drawn graph: what notebooks show, and what is saved to files."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from os import PathLike
from pathlib import Path

from .dot import to_dot
from .fold import fold
from .mermaid import to_mermaid
from .pages import to_page
from .records import GraphRecord, Names, clusters_for
from .render import TIMEOUT, RenderError, SlowRenderError, render
from .text import to_text

SUFFIXES = (".svg", ".png", ".pdf", ".html", ".dot", ".json", ".mmd", ".txt")

AT_ONCE = 60  # nodes that any renderer lays out in no time, however they are connected


class GraphPicture:
    """A computation graph as a picture; notebooks show it by themselves.

    Attributes:
        graph: what is drawn, as plain records.
        direction: "TB" from top to bottom, "LR" from left to right (or "BT", "RL").
        show: what nodes tell, of "shape", "dtype", "params", "saved" …
        heat: what nodes are coloured by, "time" or "memory".

    >>> import tinygrad_cnn as tg
    >>> picture = tg.viz.draw_graph((tg.ones(2, requires_grad=True) * 3).sum())
    >>> picture.dot.startswith("digraph")
    True
    """

    def __init__(
        self,
        graph: GraphRecord,
        direction: str = "TB",
        show: tuple[str, ...] = ("shape", "params"),
        heat: str | None = None,
        page: Callable[[], GraphRecord] | None = None,
    ) -> None:
        self.graph = graph
        self.direction = direction
        self.show = show
        self.heat = heat
        self._page = page
        self._dot: str | None = None
        self._problem = ""

    def page(self) -> GraphRecord:
        """The graph by operation, which the page (`.html`) folds and unfolds."""
        return self.graph if self._page is None else self._page()

    @property
    def dot(self) -> str:
        """The picture in the DOT language."""
        if self._dot is None:
            self._dot = to_dot(self.graph, direction=self.direction, show=self.show, heat=self.heat)
        return self._dot

    def text(self) -> str:
        """The graph as a tree for a terminal."""
        return to_text(self.graph, self.show)

    def page_text(self) -> str:
        """The page (`.html`), which needs no other file."""
        return to_page(self.page(), self.text(), level=self.graph.level, show=self.show)

    def mermaid(self) -> str:
        """The picture as a Mermaid flowchart, which GitHub and many Markdown viewers draw."""
        return to_mermaid(self.graph, direction=self.direction, show=self.show)

    def svg(self, timeout: float = TIMEOUT) -> str:
        """The picture as SVG text.

        Raises:
            RenderError: when nothing here can draw it, or it took too long.
        """
        return self._drawn("svg", timeout).decode()

    def _drawn(self, format: str, timeout: float) -> bytes:
        """The picture; if it takes most of the time it may, a smaller one, which says so."""
        if len(self.graph.nodes) <= AT_ONCE:
            return render(self.dot, format, timeout)
        try:
            return render(self.dot, format, timeout * 0.6)
        except SlowRenderError:
            small = fold(self.graph, AT_ONCE, Names())
            small = replace(small, clusters=clusters_for(small.nodes, small.boxes))
            dot = to_dot(small, direction=self.direction, show=self.show, heat=self.heat)
            return render(dot, format, timeout * 0.4)

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except RenderError as error:
            self._problem = str(error)  # the notebook shows the repr instead, which says why
            return None

    def save(self, path: str | PathLike[str], timeout: float = TIMEOUT) -> Path:
        """Write the picture to a file; the suffix says how.

        .svg, .png and .pdf are pictures, .html is a page on which one folds, zooms, searches and walks through step by
        step, .dot and .mmd (Mermaid) are for other programs, .json holds the records, .txt the tree.

        Args:
            path: of the file; one that exists is replaced.
            timeout: seconds that the drawing may take.

        Returns:
            The path.

        Raises:
            ValueError: for another suffix.
            RenderError: when it could not be drawn. The DOT text is saved then, beside where the picture would be.

        >>> import tinygrad_cnn as tg
        >>> from tinygrad_cnn.viz import draw_graph
        >>> draw_graph(tg.tensor([1.0])).save("graph.gif")
        Traceback (most recent call last):
        ValueError: save: the suffix must be one of .svg, .png, .pdf, .html, .dot, .json, .mmd, .txt; got 'graph.gif'
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"save: the suffix must be one of {', '.join(SUFFIXES)}; got {str(path)!r}")
        as_text: dict[str, Callable[[], str]] = {
            ".dot": lambda: self.dot,
            ".json": lambda: json.dumps(asdict(replace(self.graph, boxes={})), indent=1, ensure_ascii=False),
            ".txt": lambda: f"{self.text()}\n",
        }
        as_text[".mmd"] = lambda: f"{self.mermaid()}\n"
        as_text[".html"] = self.page_text
        if suffix in as_text:
            path.write_text(as_text[suffix](), encoding="utf-8", errors="backslashreplace")
            return path
        try:
            drawn = self._drawn(suffix[1:], timeout)
        except RenderError as error:
            rescue = path.with_suffix(".dot")
            rescue.write_text(self.dot, encoding="utf-8")
            raise type(error)(
                f"{str(error).replace('render:', 'save:', 1)}. The graph was saved as {rescue}, to be drawn later"
            ) from error
        path.write_bytes(drawn)
        return path

    def __repr__(self) -> str:
        known = self._problem or "show with .text() or .save('graph.svg')"
        return f"<GraphPicture of {self.graph.title or f'{len(self.graph.nodes)} nodes'}; {known}>"
