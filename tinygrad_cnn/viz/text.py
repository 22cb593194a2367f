"""Graph records → text for a terminal."""

from collections.abc import Collection

from .lines import box_lines, node_lines, visible
from .records import OPS, GraphRecord, NodeRecord, parent_of

DEEPEST = 12  # a tree that is deeper runs out of the window


def to_text(graph: GraphRecord, show: Collection[str] = ("shape", "params")) -> str:
    """A tree: of what each output was computed from, if that is small; else of the modules, with their nodes in order.

    >>> import tinygrad_cnn as tg
    >>> from .reading import read_graph
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> print(to_text(read_graph({"y": (x * x).sum()})))
    y  output  ()
    └─ sum  dim 0  ()
       └─ mul  (2,)
          ├─ leaf  input  (2,)
          └─ leaf ↑
    """
    lines = [visible(line) for line in (graph.title, *graph.notes) if line]
    tree = None if graph.clusters else _expression_tree(graph, show)
    return "\n".join(lines + (_listing(graph, show) if tree is None else tree))


def _words(node: NodeRecord, level: str, show: Collection[str]) -> str:
    label, *rest = node_lines(node, "backward" if level == "backward" else "op", show)
    kind = [] if node.kind in OPS or node.kind == label else [node.kind]
    return "  ".join(map(visible, [label, *kind, *rest]))


def _expression_tree(graph: GraphRecord, show: Collection[str]) -> list[str] | None:
    """Outputs with their sources below them; a node that came before is only named. None if it gets too deep."""
    by_id = {node.id: node for node in graph.nodes}
    sources: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    used = set()
    for edge in graph.edges:
        sources[edge.target].append(edge.source)
        used.add(edge.source)
    lines: list[str] = []
    seen: set[str] = set()
    stack = [(node.id, "", "", 0) for node in reversed(graph.nodes) if node.id not in used]
    while stack:
        name, lead, indent, depth = stack.pop()
        if depth > DEEPEST:
            return None
        if name in seen:
            lines.append(f"{lead}{visible(by_id[name].label)} ↑")
            continue
        seen.add(name)
        lines.append(lead + _words(by_id[name], graph.level, show))
        below = sources[name]
        for i in reversed(range(len(below))):
            last = i == len(below) - 1
            stack.append(
                (below[i], f"{indent}{'└─ ' if last else '├─ '}", f"{indent}{'   ' if last else '│  '}", depth + 1)
            )
    return lines


def _listing(graph: GraphRecord, show: Collection[str]) -> list[str]:
    """Nodes in order, each with its number and those of its sources, indented under the modules they were made in."""
    numbers = {node.id: i for i, node in enumerate(graph.nodes)}
    sources: dict[str, list[int]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        sources[edge.target].append(numbers[edge.source])
    details = {cluster.path: box_lines(cluster) for cluster in graph.clusters}
    width = len(str(len(graph.nodes) - 1))
    lines: list[str] = []
    open_path = ""
    for i, node in enumerate(graph.nodes):
        new = []
        path = node.cluster
        while path and not (open_path == path or open_path.startswith(f"{path}.")):
            new.append(path)
            path = parent_of(path)
        for box in reversed(new):
            depth = box.count(".")
            lines.append(f"{' ' * width}  {'│  ' * depth}{'  '.join(map(visible, details[box]))}")
        open_path = node.cluster
        depth = node.cluster.count(".") + 1 if node.cluster else 0
        came = f"  ← {', '.join(map(str, sources[node.id]))}" if sources[node.id] else ""
        lines.append(f"{i:{width}}  {'│  ' * depth}{_words(node, graph.level, show)}{came}")
    return lines
