"""Graph records → DOT text. Labels are plain text, escaped here: HTML labels need a Graphviz built with expat."""

from collections.abc import Collection
from textwrap import wrap

from .lines import LONGEST, SHOW, box_lines, node_lines, visible, visible_all
from .records import OPS, ClusterRecord, EdgeRecord, GraphRecord, NodeRecord

LAYOUT = 'newrank=true, bgcolor="white", pad=0.2, nodesep=0.25, ranksep=0.35, labeljust=l, labelloc=t'

BOX = 'fontcolor="#5b4a9c", color="#b9b1dd", style=rounded, margin=10'

DIRECTIONS = ("TB", "LR", "BT", "RL")
HEATS = ("time", "memory")

# A wide font first, so that a viewer that has to take another one has room enough.
FONTS = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"

# Per kind: words for the legend, attributes. Shape and border differ too, for those who do not see the colours.
LOOKS = {
    "op": ("op", 'shape=box, style="rounded,filled", fillcolor="#eef2f7", color="#52627a"'),
    "module": ("module", 'shape=box, style="rounded,filled", fillcolor="#e7e3f6", color="#5b4a9c"'),
    "fold": (
        "several, folded",
        'shape=box, style="rounded,filled", peripheries=2, fillcolor="#f7f7f7", color="#52627a"',
    ),
    "failed": ("raised the error", 'shape=box, style="rounded,filled,bold", fillcolor="#fde2e2", color="#c53030"'),
    "parameter": ("parameter", 'shape=box, style="filled", fillcolor="#fde9c9", color="#b7791f"'),
    "input": ("input", 'shape=box, style="filled", fillcolor="#d5e9fb", color="#2b6cb0"'),
    "saved": ("saved for backward", 'shape=note, style="filled", fillcolor="#fff8db", color="#a08a2e"'),
    "constant": (
        "no gradient",
        'shape=box, style="filled,dashed", fillcolor="#f3f3f3", color="#8a8a8a", fontcolor="#5c5c5c"',
    ),
    "unreached": (
        "not reached",
        'shape=box, style="filled,dotted", fillcolor="#f3f3f3", color="#8a8a8a", fontcolor="#5c5c5c"',
    ),
    "output": ("output", 'shape=box, style="rounded,filled,bold", fillcolor="#d9f0d5", color="#2f855a"'),
}
BROKEN = 'color="#c53030", fontcolor="#9b1c1c", penwidth=2.4'  # NaN or infinity
NO_GRADIENT = 'fillcolor="#f3f3f3", color="#8a8a8a", fontcolor="#5c5c5c", style="rounded,filled,dashed"'
HOTTEST = (0xF9, 0x7B, 0x4F)  # and cold is white


def to_dot(
    graph: GraphRecord, *, direction: str = "TB", show: Collection[str] = ("shape", "params"), heat: str | None = None
) -> str:
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
    hottest = max((heat_of(node, heat) for node in graph.nodes), default=0.0) if heat else 0.0

    def written(node: NodeRecord) -> str:
        return _node(node, graph.level, show, heat_of(node, heat) / hottest if heat and hottest else None)

    count = 0
    stack: list[tuple[int, ClusterRecord | str]] = [(1, cluster) for cluster in reversed(children.get("", []))]
    while stack:
        indent, item = stack.pop()
        pad = "  " * indent
        if isinstance(item, str):
            lines.append(pad + item)
            continue
        lines.append(f"{pad}subgraph cluster_{count} {{")
        # Short lines at the left, so that an edge that comes in at the middle does not cross them.
        label = "".join(f"{escape(line)}\\l" for line in box_lines(item))
        lines.append(f'{pad}  graph [label="{label}", {_font(10)}, {BOX}]')
        lines += [f"{pad}  {written(node)}" for node in inside.get(item.path, ())]
        count += 1
        stack.append((indent, "}"))
        stack += [(indent + 1, cluster) for cluster in reversed(children.get(item.path, []))]
    lines += [f"  {written(node)}" for node in inside.get("", ())]
    kinds = {node.id: node.kind for node in graph.nodes}
    lines += [f"  {_edge(edge, kinds[edge.source], kinds[edge.target], graph.level, show)}" for edge in graph.edges]
    lines += _legend(graph)
    return "\n".join([*lines, "}", ""])


def heat_of(node: NodeRecord, heat: str | None) -> float:
    """How hot a node is: its seconds, forward and backward, or the bytes it keeps."""
    if heat == "memory":
        return float(node.saved_bytes)
    return (node.seconds or 0.0) + (node.backward_seconds or 0.0)


def escape(text: str) -> str:
    r"""The text as it stands between the quotes of a DOT label.

    >>> print(escape('say "a\\b" & go'))
    say \"a\\b\" &amp; go
    """
    return visible(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


def _font(size: int) -> str:
    return f'fontname="{FONTS}", fontsize={size}'


def _title(graph: GraphRecord) -> str:
    lines = [line for text in (graph.title, *graph.notes) for line in wrap(visible_all(text), LONGEST)]
    return f', label="{"".join(escape(line) + chr(92) + "l" for line in lines)}"' if lines else ""


def _node(node: NodeRecord, level: str, show: Collection[str], warmth: float | None) -> str:
    label = "\\n".join(map(escape, node_lines(node, level, show)))
    looks = LOOKS[node.kind][1]
    if node.kind == "op" and node.detail.startswith("no gradient"):
        looks += f", {NO_GRADIENT}"
    if warmth is not None and node.kind in OPS:
        looks += f', fillcolor="{_warm(warmth)}"'
    if ("values" in show and node.values and node.values.broken) or ("grad" in show and node.grad and node.grad.broken):
        looks += f", {BROKEN}"
    return f'{node.id} [label="{label}", {looks}]'


def _warm(warmth: float) -> str:
    return "#" + "".join(f"{round(255 - (255 - channel) * warmth):02x}" for channel in HOTTEST)


def _edge(edge: EdgeRecord, source: str, target: str, level: str, show: Collection[str]) -> str:
    attributes = []
    # A shape is written once: in pictures of modules on the edge, unless the leaf or output at its end has it.
    between = source in OPS and target in OPS
    if level == "module" and "shape" in show and edge.shape is not None and between:
        attributes.append(f'label="  {edge.shape}"')
    if source == "saved":
        attributes.append('style=dotted, arrowhead=none, color="#a08a2e"')
    elif not edge.flows:
        attributes.append('style=dashed, color="#9a9a9a"')
    if {source, target} & {"parameter", "constant", "saved", "unreached"} or (
        level == "backward" and target == "input"
    ):
        attributes.append("weight=1")  # the others are pulled straight
    return f"{edge.source} -> {edge.target}" + (f" [{', '.join(attributes)}]" if attributes else "")


def _legend(graph: GraphRecord) -> list[str]:
    """A box with a small node per kind that occurs, one under the other; nothing for a single kind."""
    present = {node.kind for node in graph.nodes}
    kinds = [kind for kind in LOOKS if kind in present]
    if len(kinds) < 2:
        return []
    words = {kind: LOOKS[kind][0] for kind in kinds}
    if graph.level == "backward":
        words |= {"op": "gradient rule", "output": "start", "parameter": "parameter's gradient"}
    lines = [
        "  subgraph cluster_legend {",
        '    graph [label="", style="rounded", color="#d5d9e0", margin=8]',
        f"    node [{_font(9)}, height=0.2]",
    ]
    lines += [f'    legend_{kind} [label="{words[kind]}", {LOOKS[kind][1]}]' for kind in kinds]
    lines += [f"    {' -> '.join(f'legend_{kind}' for kind in kinds)} [style=invis]", "  }"]
    return lines


__all__ = ["DIRECTIONS", "HEATS", "LOOKS", "SHOW", "escape", "heat_of", "to_dot"]
