"""Graph records → DOT text. Labels are plain text, escaped here: HTML labels need a Graphviz built with expat."""

from collections.abc import Collection

from .records import OPS, ClusterRecord, EdgeRecord, GraphRecord, NodeRecord, box_name

LAYOUT = 'newrank=true, bgcolor="white", pad=0.2, nodesep=0.25, ranksep=0.35, labeljust=l, labelloc=t'

BOX = 'fontcolor="#5b4a9c", color="#b9b1dd", style=rounded, margin=10'

DIRECTIONS = ("TB", "LR", "BT", "RL")
SHOW = ("shape", "dtype", "params", "saved", "constants")

# A wide font first, so that a viewer that has to take another one has room enough.
FONTS = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"

LONGEST = 64  # characters of a line

# Per kind: words for the legend, attributes. Shape and border differ too, for those who do not see the colours.
LOOKS = {
    "op": ("op", 'shape=box, style="rounded,filled", fillcolor="#eef2f7", color="#52627a"'),
    "module": ("module", 'shape=box, style="rounded,filled", fillcolor="#e7e3f6", color="#5b4a9c"'),
    "fold": (
        "several, folded",
        'shape=box, style="rounded,filled", peripheries=2, fillcolor="#f7f7f7", color="#52627a"',
    ),
    "parameter": ("parameter", 'shape=box, style="filled", fillcolor="#fde9c9", color="#b7791f"'),
    "input": ("input", 'shape=box, style="filled", fillcolor="#d5e9fb", color="#2b6cb0"'),
    "constant": ("no gradient", 'shape=box, style="filled,dashed", fillcolor="#fafafa", color="#8a8a8a"'),
    "output": ("output", 'shape=box, style="rounded,filled,bold", fillcolor="#d9f0d5", color="#2f855a"'),
}


def to_dot(graph: GraphRecord, *, direction: str = "TB", show: Collection[str] = ("shape", "params")) -> str:
    r"""The graph in the DOT language, with a box per module and a legend of the kinds in it.

    >>> from .records import EdgeRecord, GraphRecord, NodeRecord
    >>> nodes = NodeRecord("n0", "input", "x", (2, 3)), NodeRecord("n1", "op", "relu", (2, 3))
    >>> print(to_dot(GraphRecord(nodes, (EdgeRecord("n0", "n1"),))))  # doctest: +ELLIPSIS
    digraph {
      ...
      n0 [label="x\n(2, 3)", shape=box, ...
      n1 [label="relu\n(2, 3)", shape=box, ...
      n0 -> n1
    ...
    """
    lines = [
        "digraph {",
        f"  graph [rankdir={direction}, {LAYOUT}, {_font(12)}{_title(graph)}]",
        f'  node [{_font(11)}, height=0.3, margin="0.14,0.06", penwidth=1.2]',
        f'  edge [{_font(9)}, color="#64748b", fontcolor="#475569", arrowsize=0.7, weight=4]',
    ]
    inside: dict[str, list[NodeRecord]] = {}
    for node in graph.nodes:
        inside.setdefault(node.cluster, []).append(node)
    children: dict[str, list[ClusterRecord]] = {}
    for cluster in graph.clusters:
        children.setdefault(cluster.parent, []).append(cluster)

    count = 0
    stack: list[tuple[int, ClusterRecord | str]] = [(1, cluster) for cluster in reversed(children.get("", []))]
    while stack:
        indent, item = stack.pop()
        pad = "  " * indent
        if isinstance(item, str):
            lines.append(pad + item)
            continue
        lines.append(f"{pad}subgraph cluster_{count} {{")
        # Two short lines at the left, so that an edge that comes in at the middle does not cross them.
        label = "".join(f"{escape(line)}\\l" for line in (box_name(item.path), item.detail) if line)
        lines.append(f'{pad}  graph [label="{label}", {_font(10)}, {BOX}]')
        lines += [f"{pad}  {_node(node, graph.level, show)}" for node in inside.get(item.path, ())]
        count += 1
        stack.append((indent, "}"))
        stack += [(indent + 1, cluster) for cluster in reversed(children.get(item.path, []))]
    lines += [f"  {_node(node, graph.level, show)}" for node in inside.get("", ())]
    kinds = {node.id: node.kind for node in graph.nodes}
    lines += [f"  {_edge(edge, kinds[edge.source], kinds[edge.target], graph.level, show)}" for edge in graph.edges]
    lines += _legend(graph)
    return "\n".join([*lines, "}", ""])


def node_lines(node: NodeRecord, level: str, show: Collection[str]) -> list[str]:
    """What is written in a node, line by line."""
    lines = [node.label]
    if node.detail:
        lines.append(node.detail)
    if "params" in show and node.params:
        lines.append(", ".join(node.params))
    if node.parameters and node.kind in {"module", "fold", "op"}:
        lines.append(f"{node.parameters:,} parameter{'s' * (node.parameters != 1)}")
    value = []
    if "shape" in show and node.shape is not None and (level != "module" or node.kind not in OPS):
        value.append(str(node.shape))
    if "dtype" in show and node.dtype:
        value.append(node.dtype)
    if value:
        lines.append(" ".join(value))
    if "saved" in show and node.saved_bytes:
        lines.append(f"saved {in_bytes(node.saved_bytes)}")
    return lines


def in_bytes(count: float) -> str:
    """A count of bytes with three digits.

    >>> in_bytes(1_234_567)
    '1.23 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.3g} {unit}"


def visible(text: str) -> str:
    """The text in one line of printable characters, shortened in the middle if it is very long."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-(LONGEST // 2) :]}"


def escape(text: str) -> str:
    r"""The text as it stands between the quotes of a DOT label.

    >>> print(escape('say "a\\b" & go'))
    say \"a\\b\" &amp; go
    """
    return visible(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


def _font(size: int) -> str:
    return f'fontname="{FONTS}", fontsize={size}'


def _title(graph: GraphRecord) -> str:
    lines = [line for line in (graph.title, *graph.notes) if line]
    return f', label="{"".join(escape(line) + chr(92) + "l" for line in lines)}"' if lines else ""


def _node(node: NodeRecord, level: str, show: Collection[str]) -> str:
    label = "\\n".join(map(escape, node_lines(node, level, show)))
    return f'{node.id} [label="{label}", {LOOKS[node.kind][1]}]'


def _edge(edge: EdgeRecord, source: str, target: str, level: str, show: Collection[str]) -> str:
    attributes = []
    # A shape is written once: in pictures of modules on the edge, unless the leaf or output at its end has it.
    if level == "module" and "shape" in show and edge.shape is not None and source in OPS and target in OPS:
        attributes.append(f'label="  {edge.shape}"')
    if source in {"parameter", "constant"}:
        attributes.append("weight=1")  # the others are pulled straight
    return f"{edge.source} -> {edge.target}" + (f" [{', '.join(attributes)}]" if attributes else "")


def _legend(graph: GraphRecord) -> list[str]:
    """A box with a small node per kind that occurs, one under the other; nothing for a single kind."""
    present = {node.kind for node in graph.nodes}
    kinds = [kind for kind in LOOKS if kind in present]
    if len(kinds) < 2:
        return []
    lines = [
        "  subgraph cluster_legend {",
        '    graph [label="", style="rounded", color="#d5d9e0", margin=8]',
        f"    node [{_font(9)}, height=0.2]",
    ]
    lines += [f'    legend_{kind} [label="{LOOKS[kind][0]}", {LOOKS[kind][1]}]' for kind in kinds]
    lines += [f"    {' -> '.join(f'legend_{kind}' for kind in kinds)} [style=invis]", "  }"]
    return lines
