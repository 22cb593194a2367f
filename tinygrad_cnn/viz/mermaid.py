"""Graph records → a Mermaid flowchart, which many Markdown viewers draw by themselves."""

from collections.abc import Collection

from .lines import box_lines, node_lines, visible
from .records import ClusterRecord, GraphRecord, NodeRecord

SHAPES = {
    "parameter": ("[", "]"),
    "input": ("[/", "/]"),
    "output": ("([", "])"),
    "constant": ("[", "]"),
    "saved": ("[(", ")]"),
}
COLOURS = {
    "op": "fill:#eef2f7,stroke:#52627a,color:#1f2933",
    "module": "fill:#e7e3f6,stroke:#5b4a9c,color:#1f2933",
    "fold": "fill:#f7f7f7,stroke:#52627a,color:#1f2933",
    "failed": "fill:#fde2e2,stroke:#c53030,color:#1f2933",
    "parameter": "fill:#fde9c9,stroke:#b7791f,color:#1f2933",
    "input": "fill:#d5e9fb,stroke:#2b6cb0,color:#1f2933",
    "saved": "fill:#fff8db,stroke:#a08a2e,color:#1f2933",
    "constant": "fill:#f3f3f3,stroke:#8a8a8a,color:#5c5c5c,stroke-dasharray:4",
    "unreached": "fill:#f3f3f3,stroke:#8a8a8a,color:#5c5c5c,stroke-dasharray:2",
    "output": "fill:#d9f0d5,stroke:#2f855a,color:#1f2933",
}


def to_mermaid(graph: GraphRecord, *, direction: str = "TB", show: Collection[str] = ("shape", "params")) -> str:
    """The graph as a flowchart.

    >>> from .records import EdgeRecord, NodeRecord
    >>> nodes = NodeRecord("n0", "input", "x", (2, 3)), NodeRecord("n1", "op", "relu", (2, 3))
    >>> print(to_mermaid(GraphRecord(nodes, (EdgeRecord("n0", "n1"),))))
    flowchart TB
      n0[/"x<br>(2, 3)"/]:::input
      n1("relu<br>(2, 3)"):::op
      n0 --> n1
      classDef input fill:#d5e9fb,stroke:#2b6cb0,color:#1f2933
      classDef op fill:#eef2f7,stroke:#52627a,color:#1f2933
    """
    lines = [f"flowchart {direction}"]
    inside: dict[str, list[NodeRecord]] = {}
    for node in graph.nodes:
        inside.setdefault(node.cluster, []).append(node)
    children: dict[str, list[ClusterRecord]] = {}
    for cluster in graph.clusters:
        children.setdefault(cluster.parent, []).append(cluster)
    stack: list[tuple[int, ClusterRecord | str]] = [(1, cluster) for cluster in reversed(children.get("", []))]
    count = 0
    while stack:
        indent, item = stack.pop()
        pad = "  " * indent
        if isinstance(item, str):
            lines.append(pad + item)
            continue
        lines.append(f'{pad}subgraph c{count}["{" ".join(map(quoted, box_lines(item)))}"]')
        lines += [f"{pad}  {_node(node, graph.level, show)}" for node in inside.get(item.path, ())]
        count += 1
        stack.append((indent, "end"))
        stack += [(indent + 1, cluster) for cluster in reversed(children.get(item.path, []))]
    lines += [f"  {_node(node, graph.level, show)}" for node in inside.get("", ())]
    for edge in graph.edges:
        arrow = "-->" if edge.flows else "-.->"
        label = f'|"{edge.shape}"|' if graph.level == "module" and "shape" in show and edge.shape is not None else ""
        lines.append(f"  {edge.source} {arrow}{label} {edge.target}")
    kinds = dict.fromkeys(node.kind for node in graph.nodes)
    lines += [f"  classDef {kind} {COLOURS[kind]}" for kind in kinds]
    return "\n".join(lines)


def quoted(text: str) -> str:
    """The text as it stands between the quotes of a Mermaid label: markup and Markdown become entities.

    >>> quoted('a "b" <c>')
    'a #34;b#34; #60;c#62;'
    """
    return "".join(f"#{ord(c)};" if c in '"<>&#`*_\\\\{}[]|;' else c for c in visible(text))


def _node(node: NodeRecord, level: str, show: Collection[str]) -> str:
    opening, closing = SHAPES.get(node.kind, ("(", ")"))
    label = "<br>".join(map(quoted, node_lines(node, level, show)))
    return f'{node.id}{opening}"{label}"{closing}:::{node.kind}'
