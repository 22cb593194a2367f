"""Repeats: equal modules in a row are drawn once, with how many there are."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .fold import ABSORBED
from .records import BoxRecord, EdgeRecord, GraphRecord, NodeRecord, parent_of, prefixes

LONGEST_PATTERN = 6  # items that repeat together
PLAIN = {"Sequential", "ModuleList", "ModuleDict", ""}  # classes that say nothing of what is inside


@dataclass(slots=True)
class _Item:
    """A node, or a box with all that is in it, among what lies directly in one box."""

    name: str
    nodes: list[NodeRecord]
    box: str = ""
    signature: Any = None


def fold_repeated(graph: GraphRecord) -> GraphRecord:
    """The graph in which equal neighbours in a row are one, innermost boxes first.

    Boxes are equal if they hold the same modules of the same sizes, wired in the same way; so are nodes that stand for
    a single layer. Nodes that stand for a whole block, whose inside is not drawn, are equal if their class is.
    """
    deepest = max((len(prefixes(node.cluster)) for node in graph.nodes), default=0)
    for depth in range(deepest, -1, -1):
        graph = _fold_at(graph, depth)
    return graph


def _fold_at(graph: GraphRecord, depth: int) -> GraphRecord:
    """Fold among the items of every box that lies `depth` deep."""
    items: dict[str, dict[str, _Item]] = defaultdict(dict)
    home: dict[str, tuple[str, str]] = {}
    for node in graph.nodes:
        paths = ["", *prefixes(node.cluster)]
        if len(paths) <= depth or node.kind in ABSORBED:
            continue
        inner = paths[depth + 1] if len(paths) > depth + 1 else ""
        name = inner or node.id
        items[paths[depth]].setdefault(name, _Item(name, [], inner)).nodes.append(node)
        home[node.id] = (paths[depth], name)
    into, out = _neighbours(graph, home)
    by_source: dict[str, list[EdgeRecord]] = defaultdict(list)
    by_target: dict[str, list[EdgeRecord]] = defaultdict(list)
    for edge in graph.edges:
        by_source[edge.source].append(edge)
        by_target[edge.target].append(edge)

    stand_in: dict[str, str] = {}
    changed: dict[str, NodeRecord] = {}
    gone: set[str] = set()
    boxes = dict(graph.boxes)
    for box, inside in items.items():
        for chain in _chains(inside, into, out):
            for item in chain:
                item.signature = _signature(item, by_target, boxes)
            for start, period, count in _repetitions([item.signature for item in chain]):
                unit, whole = chain[start : start + period], chain[start : start + period * count]
                if not _worth(unit, count):
                    continue
                _keep_first(unit, whole, count, box, changed, boxes)
                for copy in range(1, count):
                    twins = whole[copy * period : (copy + 1) * period]
                    for mine, other in zip(unit, twins, strict=True):
                        pairs = zip(mine.nodes, other.nodes, strict=True)
                        stand_in |= {twin.id: node.id for node, twin in pairs}
                        gone |= {node.id for node in other.nodes}
    if not gone:
        return graph
    return _without(graph, gone, stand_in, changed, boxes)


def _neighbours(
    graph: GraphRecord, home: dict[str, tuple[str, str]]
) -> tuple[dict[Any, set[Any]], dict[Any, set[Any]]]:
    """For each item the items (or nodes of other boxes) that feed it, and that it feeds."""
    into: dict[Any, set[Any]] = defaultdict(set)
    out: dict[Any, set[Any]] = defaultdict(set)
    leaves = {node.id for node in graph.nodes if node.kind in ABSORBED}
    for edge in graph.edges:
        if edge.source in leaves or edge.target in leaves:
            continue
        source, target = home.get(edge.source, edge.source), home.get(edge.target, edge.target)
        if source != target:
            into[target].add(source)
            out[source].add(target)
    return into, out


def _chains(inside: dict[str, _Item], into: dict[Any, set[Any]], out: dict[Any, set[Any]]) -> Iterable[list[_Item]]:
    """Items of one box in a row, each of which feeds the next alone, and is fed by the one before alone."""
    box_of = {key[1]: key for key in [*into, *out] if isinstance(key, tuple) and key[1] in inside}
    after: dict[str, str] = {}
    for name in inside:
        key = box_of.get(name)
        targets = out.get(key, set())
        if len(targets) == 1:
            (target,) = targets
            if isinstance(target, tuple) and target[1] in inside and target[0] == key[0] and len(into[target]) == 1:  # type: ignore[index]
                after[name] = target[1]
    followers = set(after.values())
    for name, item in inside.items():
        if name in followers or name not in after:
            continue
        chain = [item]
        while chain[-1].name in after:
            chain.append(inside[after[chain[-1].name]])
        yield chain


def _signature(item: _Item, by_target: dict[str, list[EdgeRecord]], boxes: dict[str, BoxRecord]) -> Any:
    """What must be equal for two items to be drawn as one."""
    if not item.box:
        (node,) = item.nodes
        if node.nested and node.detail not in PLAIN:
            return (node.kind, node.detail.partition(" × ")[0])
        if node.kind not in {"module", "op"} or node.repeat > 1:
            return object()
        kind = node.detail if node.kind == "module" else node.label
        shapes = tuple(edge.shape for edge in by_target[node.id])
        return (node.kind, kind, node.params, node.parameters, node.shape, shapes)
    place = {node.id: i for i, node in enumerate(item.nodes)}
    known = boxes.get(item.box)
    inner = []
    for node in item.nodes:
        label = node.label.replace(f"{known.path}.", "") if known is not None else node.label
        wires = tuple(
            sorted(
                (place.get(edge.source, -1), edge.slot, edge.shape or ())
                for edge in by_target[node.id]
                if edge.source in place
            )
        )
        entering = tuple(sorted((e.slot, e.shape or ()) for e in by_target[node.id] if e.source not in place))
        inner.append(
            (node.kind, label, node.detail, node.params, node.parameters, node.shape, node.repeat, wires, entering)
        )
    return (known.kind if known else "", tuple(inner))


def _repetitions(signatures: list[Any]) -> Iterable[tuple[int, int, int]]:
    """Where a pattern begins that follows itself, how long it is, and how often it comes; left to right."""
    start = 0
    while start < len(signatures):
        best = (0, 0)
        for period in range(1, LONGEST_PATTERN + 1):
            unit = signatures[start : start + period]
            count = 1
            while signatures[start + count * period : start + (count + 1) * period] == unit and len(unit) == period:
                count += 1
            if count > 1 and count * period > best[0] * best[1]:
                best = (period, count)
        if best[1]:
            yield start, *best
        start += max(1, best[0] * best[1])


def _worth(unit: list[_Item], count: int) -> bool:
    """Two equal boxes are worth it, or two equal blocks; of single layers it takes three."""
    blocks = all(item.box or item.nodes[0].nested for item in unit)
    return count >= 2 if blocks else count >= 3


def _keep_first(
    unit: list[_Item],
    whole: list[_Item],
    count: int,
    box: str,
    changed: dict[str, NodeRecord],
    boxes: dict[str, BoxRecord],
) -> None:
    """Say on what stays for how many it stands."""
    if len(unit) == 1 and not unit[0].box:
        (node,), (last,) = unit[0].nodes, whole[-1].nodes
        times = sum(item.nodes[0].repeat for item in whole)
        kind = (node.detail if node.kind == "module" else node.label).partition(" × ")[0]
        total = node.parameters * count if not node.nested else sum(item.nodes[0].parameters for item in whole)
        changed[node.id] = replace(
            node,
            kind="fold" if node.kind == "op" else node.kind,
            label=_from_to(node.label, last.label) if node.kind == "module" else f"{kind} × {times}",
            detail=f"{kind} × {times}" if node.kind == "module" else node.detail,
            params=() if node.nested else node.params,
            repeat=times,
            shape=last.shape,
            parameters=total,
            macs=sum(item.nodes[0].macs for item in whole),
            saved_bytes=sum(item.nodes[0].saved_bytes for item in whole),
        )
        return
    kinds = [_kind_of(item, boxes) for item in unit]
    if len(unit) == 1:
        path = unit[0].box
        known, last_box = boxes.get(path, BoxRecord(path, "", path)), whole[-1].box
        last_label = boxes[last_box].label if last_box in boxes else last_box
        boxes[path] = replace(known, label=_from_to(known.label, last_label), kind=f"{kinds[0]} × {count}")
        return
    name = unit[0].name.removeprefix(f"{box}.").replace(".", "-")
    path = f"{box}.{name} ×" if box else f"{name} ×"
    first, final = unit[0].nodes[0].label, whole[-1].nodes[-1].label
    boxes[path] = BoxRecord(_from_to(first, final), f"({', '.join(kinds)}) × {count}", path)
    for item in unit:
        for node in item.nodes:
            inner = node.cluster.removeprefix(box).removeprefix(".")
            changed[node.id] = replace(node, cluster=f"{path}.{inner}" if inner else path)
            if inner:
                boxes[f"{path}.{inner}"] = boxes.get(node.cluster, BoxRecord(inner, "", inner))


def _kind_of(item: _Item, boxes: dict[str, BoxRecord]) -> str:
    if item.box:
        return boxes[item.box].kind or boxes[item.box].label if item.box in boxes else item.box
    node = item.nodes[0]
    return node.detail if node.kind == "module" and node.detail else node.label


def _from_to(first: str, last: str) -> str:
    """`layer1.0`, `layer1.3` → `layer1.0 … layer1.3`."""
    start, end = first.partition(" … ")[0], last.rpartition(" … ")[2]
    return first if start == end else f"{start} … {end}"


def _without(
    graph: GraphRecord,
    gone: set[str],
    stand_in: dict[str, str],
    changed: dict[str, NodeRecord],
    boxes: dict[str, BoxRecord],
) -> GraphRecord:
    """The graph without the copies: what came from the last of them comes from the first."""
    leaves = {node.id for node in graph.nodes if node.kind in ABSORBED}
    users: dict[str, set[str]] = defaultdict(set)
    for edge in graph.edges:
        if edge.source in leaves:
            users[edge.source].add(edge.target)
        if edge.target in leaves:
            users[edge.target].add(edge.source)
    gone = gone | {leaf for leaf, by in users.items() if by and by <= gone}
    edges: dict[Any, EdgeRecord] = {}
    for edge in graph.edges:
        if edge.target in gone or (edge.source in gone and edge.source not in stand_in):
            continue
        source = stand_in.get(edge.source, edge.source)
        edges.setdefault((source, edge.target, edge.slot, edge.shape), replace(edge, source=source))
    alone = {node.id for node in changed.values() if node.repeat > 1}
    nodes = tuple(changed.get(node.id, node) for node in graph.nodes if node.id not in gone)
    nodes = _out_of_boxes_alone(nodes, alone)
    order = tuple(name for name in graph.order if name not in gone)
    steps = tuple(step for step in graph.steps if step.node not in gone)
    return replace(graph, nodes=nodes, edges=tuple(edges.values()), order=order, steps=steps, boxes=boxes)


def _out_of_boxes_alone(nodes: tuple[NodeRecord, ...], folded: set[str]) -> tuple[NodeRecord, ...]:
    """What stands for all that a box held goes out of it, so that it can be folded with its neighbours."""
    inside: dict[str, int] = defaultdict(int)
    for node in nodes:
        for path in prefixes(node.cluster):
            inside[path] += 1
    return tuple(
        replace(node, cluster=parent_of(node.cluster)) if node.id in folded and inside[node.cluster] == 1 else node
        for node in nodes
    )
