"""Graph records → one HTML page that needs no other file: fold, zoom, search, walk forward and back step by step."""

import json
import re
from collections.abc import Collection
from dataclasses import asdict
from html import escape as html_escape
from importlib.resources import files
from math import isfinite
from typing import Any

from .lines import box_lines, node_lines
from .records import GraphRecord, NodeRecord


def to_page(graph: GraphRecord, text: str, *, level: str = "op", show: Collection[str] = ("shape", "params")) -> str:
    """The page.

    Args:
        graph: by operation.
        text: the graph as text, for those who want no picture.
        level: "module" begins with the layers folded.
        show: what nodes tell.
    """
    folder = files(__package__) / "page"
    parts = {
        "title": html_escape(graph.title or "Computation graph"),
        "text": html_escape(text),
        # In a script element nothing is escaped, and "</script" would end it.
        "data": json.dumps(page_data(graph, level, show), ensure_ascii=False).replace("<", "\\u003c"),
        "css": (folder / "page.css").read_text(encoding="utf-8").strip(),
        "js": "\n".join(
            (folder / name).read_text(encoding="utf-8").strip() for name in ("layout.js", "panel.js", "page.js")
        ),
    }
    template = (folder / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], template)


def page_data(graph: GraphRecord, level: str, show: Collection[str]) -> dict[str, Any]:
    """What the page's script draws from."""
    leaves = {cluster.path for cluster in graph.clusters} - {cluster.parent for cluster in graph.clusters}
    return {
        "title": graph.title,
        "notes": list(graph.notes),
        "folded": sorted(leaves) if level == "module" else [],
        "nodes": [_node(node, show) for node in graph.nodes],
        "edges": [
            {
                "from": edge.source,
                "to": edge.target,
                "shape": "" if edge.shape is None else str(edge.shape),
                "shapeList": edge.shape,
                "flows": edge.flows,
            }
            for edge in graph.edges
        ],
        "boxes": [
            {"path": box.path, "parent": box.parent, "label": box_lines(box)[0], "kind": box.detail}
            for box in graph.clusters
        ],
        "order": list(graph.order),
        "steps": [_plain(asdict(step)) for step in graph.steps],
    }


def _node(node: NodeRecord, show: Collection[str]) -> dict[str, Any]:
    data: dict[str, Any] = _plain(asdict(node))
    for name in ("label", "cluster", "saved_bytes", "ops", "repeat", "nested"):
        del data[name]
    return data | {"lines": node_lines(node, "op", show), "box": node.cluster}


def _plain(value: Any) -> Any:
    """The value as JSON can hold it: of numbers that are not finite, their name."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, complex):
        return str(value)
    return value
