"""A drawn graph: what notebooks show, and what is saved to files."""

import json
from collections.abc import Callable
from dataclasses import asdict
from html import escape as html_escape
from os import PathLike
from pathlib import Path

from .dot import to_dot
from .records import GraphRecord
from .render import TIMEOUT, RenderError, render
from .text import to_text

SUFFIXES = (".svg", ".png", ".pdf", ".html", ".dot", ".json", ".txt")

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  body {{ margin: 2rem; font: 15px/1.5 system-ui, sans-serif; color: #1f2933; background: #fff }}
  figure {{ margin: 0; overflow: auto }}
  pre {{ overflow: auto; background: #f5f7fa; padding: 1rem }}
</style>
<h1>{title}</h1>
<figure>
{svg}
</figure>
<details><summary>As text</summary><pre>{text}</pre></details>
</html>
"""


class GraphPicture:
    """A computation graph as a picture; notebooks show it by themselves.

    Attributes:
        graph: what is drawn, as plain records.
        direction: "TB" from top to bottom, "LR" from left to right (or "BT", "RL").
        show: what nodes tell, of "shape", "dtype", "params", "saved".
    """

    def __init__(self, graph: GraphRecord, direction: str = "TB", show: tuple[str, ...] = ("shape", "params")) -> None:
        self.graph = graph
        self.direction = direction
        self.show = show
        self._dot: str | None = None
        self._problem = ""

    @property
    def dot(self) -> str:
        """The picture in the DOT language."""
        if self._dot is None:
            self._dot = to_dot(self.graph, direction=self.direction, show=self.show)
        return self._dot

    def text(self) -> str:
        """The graph as a tree for a terminal."""
        return to_text(self.graph, self.show)

    def svg(self, timeout: float = TIMEOUT) -> str:
        """The picture as SVG text.

        Raises:
            RenderError: when nothing here can draw it, or it took too long.
        """
        return render(self.dot, "svg", timeout).decode()

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except RenderError as error:
            self._problem = str(error)  # the notebook shows the repr instead, which says why
            return None

    def save(self, path: str | PathLike[str], timeout: float = TIMEOUT) -> Path:
        """Write the picture to a file; the suffix says how: .svg, .png, .pdf, .html, .dot, .json or .txt.

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
        ValueError: save: the suffix must be one of .svg, .png, .pdf, .html, .dot, .json, .txt; got 'graph.gif'
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"save: the suffix must be one of {', '.join(SUFFIXES)}; got {str(path)!r}")
        as_text: dict[str, Callable[[], str]] = {
            ".dot": lambda: self.dot,
            ".json": lambda: json.dumps(asdict(self.graph), indent=1, ensure_ascii=False),
            ".txt": lambda: f"{self.text()}\n",
        }
        if suffix in as_text:
            path.write_text(as_text[suffix](), encoding="utf-8", errors="backslashreplace")
            return path
        try:
            drawn = render(self.dot, "svg" if suffix == ".html" else suffix[1:], timeout)
        except RenderError as error:
            rescue = path.with_suffix(".dot")
            rescue.write_text(self.dot, encoding="utf-8")
            raise type(error)(
                f"{str(error).replace('render:', 'save:', 1)}. The graph was saved as {rescue}, to be drawn later"
            ) from error
        path.write_bytes(self._page(drawn.decode()).encode() if suffix == ".html" else drawn)
        return path

    def _page(self, svg: str) -> str:
        """A page that needs no other file."""
        title = html_escape(self.graph.title or "Computation graph")
        return PAGE.format(title=title, svg=svg[svg.index("<svg") :], text=html_escape(self.text()))

    def __repr__(self) -> str:
        known = self._problem or "show with .text() or .save('graph.svg')"
        return f"<GraphPicture of {self.graph.title or f'{len(self.graph.nodes)} nodes'}; {known}>"
