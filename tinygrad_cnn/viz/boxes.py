"""Boxes: a path for each call of a module, so that two calls are two boxes and two models do not share one.

The scope of a node is a path as text. Where it comes from a module's call it is one object per call that knows the
module's class and the call around it; then the boxes are exact. Of plain text, equal paths are one box.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .records import GRADIENT, BoxRecord, NodeRecord, prefixes


class Boxes:
    """Hands out the path of the box for each scope, in the order in which the scopes are asked for."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes
        self._paths: dict[int, str] = {}
        self._alive: list[Any] = []  # so that no other scope gets the id
        self._count: Counter[str] = Counter()
        self._known: dict[str, BoxRecord] = {}
        self._roots: dict[str, None] = {}

    def path(self, scope: str) -> str:
        """The path of the box of what was computed in `scope`: `features.0`, or `features.0#2` for the second call."""
        if not hasattr(scope, "outer"):
            return str(scope)
        chain = []
        while hasattr(scope, "outer") and id(scope) not in self._paths:
            chain.append(scope)
            scope = scope.outer
        path = self._paths.get(id(scope), str(scope))
        for call in reversed(chain):
            path = self._inside(path, call)
            self._paths[id(call)] = path
            self._alive.append(call)
        return path

    def _inside(self, outer: str, call: Any) -> str:
        text, around, kind = str(call), str(call.outer), call.kind.__name__
        root = text == around  # the outermost module, whose path is empty
        part = kind if root else text.removeprefix(f"{around}.") if around else text
        path = f"{outer}.{part}" if outer else part
        self._count[path] += 1
        number = self._count[path]
        if number > 1:
            path = f"{path}#{number}"
        if root:
            self._roots[path] = None
        label = kind if root else text.removeprefix(f"{GRADIENT}.")
        self._known[path] = BoxRecord(label + (f" #{number}" if number > 1 else ""), kind, text, True, root)
        return path

    def finish(self, nodes: list[NodeRecord]) -> tuple[list[NodeRecord], dict[str, BoxRecord]]:
        """Nodes and boxes without the box of the outermost module, if there is only one that holds others."""
        used = {path for node in nodes for path in prefixes(node.cluster)}
        holding = {path for path in self._roots if any(box.startswith(f"{path}.") for box in used)}
        forward = [path for path in holding if not path.startswith(f"{GRADIENT}.")]
        alone = forward[0] if len(forward) == 1 else None
        dropped = () if alone is None else (alone, f"{GRADIENT}.{alone}")
        shorter = {path: _without(path, dropped) for path in sorted(used)}  # "∇" before what is merged with it
        known: dict[str, BoxRecord] = {}
        for path, plain in shorter.items():
            if plain and plain not in known:
                known[plain] = self._known.get(path) or BoxRecord(plain.replace("#", " #"), self._class(plain), plain)
        moved = {path: plain for path, plain in shorter.items() if path != plain}
        return [replace(n, cluster=moved[n.cluster]) if n.cluster in moved else n for n in nodes], known

    def _class(self, path: str) -> str:
        return "recorded gradient rules" if path == GRADIENT else self._classes.get(path, "")


def _without(path: str, roots: tuple[str, ...]) -> str:
    """A path without the outermost module's part, behind the ∇ too."""
    for root in roots:
        if path == root or path.startswith(f"{root}."):
            ahead = GRADIENT if root.startswith(f"{GRADIENT}.") else ""
            return ".".join(filter(None, (ahead, path[len(root) + 1 :])))
    return path
