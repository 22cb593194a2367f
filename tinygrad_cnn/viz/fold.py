"""Smaller pictures: ops gathered into modules, runs of ops into one node each, until a graph is small enough to read.

A grouping must not make a cycle in a graph that has none: no path may leave a group and come back to it. Each function
that finds groups says why none does.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from .grouping import Groups, collapse_at, modules
from .records import (
    OPS,
    EdgeRecord,
    GraphRecord,
    Names,
    NodeRecord,
    box_at,
    common_path,
    parent_of,
    postorder,
    prefixes,
)

LONG_RUN = 60  # ops in a row that nobody wants to read one by one
EDGES_PER_NODE = 6  # networks have between one and two
FEWEST = 20  # nodes that are drawn whatever their edges
ABSORBED = ("parameter", "constant", "saved", "unreached")  # leaves that go into the node of those who use them


def fold(graph: GraphRecord, max_nodes: int | None, names: Names) -> GraphRecord:
    """The graph with at most `max_nodes` nodes, and a note that says so if anything was folded; None folds nothing.

    Long runs fold first, in a small graph too; then all runs inside a module; then modules, the deepest first; then
    runs across modules, and at last any stretch of the graph: also to have few enough edges.
    """
    if max_nodes is None:
        return graph
    folded = gather(graph, runs(graph, LONG_RUN, same_box=True), "fold", names)
    for find, kind in _stages(max_nodes, max((len(prefixes(node.cluster)) for node in graph.nodes), default=0)):
        if len(folded.nodes) <= max_nodes:
            break
        folded = gather(folded, find(folded), kind, names)
    # What is tied together everywhere takes `dot` minutes, however few nodes there are.
    while len(folded.edges) > EDGES_PER_NODE * len(folded.nodes) and len(folded.nodes) > FEWEST:
        folded = gather(folded, stretches(folded, len(folded.nodes) // 2), "fold", names)
    if folded is graph:
        return graph
    note = f"folded: {len(graph.nodes):,} nodes are drawn as {len(folded.nodes):,}; max_nodes=None draws them all"
    return replace(folded, notes=(*folded.notes, note))


def _stages(max_nodes: int, deepest: int) -> Iterator[tuple[Callable[[GraphRecord], Groups], str]]:
    yield lambda graph: runs(graph, 2, same_box=True), "fold"
    for depth in (depth for depth in (8, 5, 4, 3, 2, 1) if depth <= max(1, deepest)):
        yield lambda graph, depth=depth: modules(graph, depth, at_least=2), "module"  # type: ignore[misc]
        yield lambda graph: runs(graph, 2, same_box=True), "fold"
    yield lambda graph: runs(graph, 2, same_box=False), "fold"
    yield lambda graph: stretches(graph, max_nodes), "fold"


def to_modules(graph: GraphRecord, depth: int | None, names: Names, collapse: Collection[str] = ()) -> GraphRecord:
    """One node per call of a module (at most `depth` levels down); what one computes between its children stays ops.

    Modules that `collapse` names, by path or class, are one node whatever is inside.
    """
    return replace(gather(graph, modules(graph, depth, collapse=collapse), "module", names), level="module")


def collapsed(graph: GraphRecord, collapse: Collection[str], names: Names) -> GraphRecord:
    """Each call of a module that `collapse` names, by path or class, as one node; the rest as it is."""
    groups = modules(graph, None, collapse=collapse)
    boxes = {node.id: node.cluster for node in graph.nodes}
    inside = {name: group for name, group in groups.items() if collapse_at(boxes[name], collapse, graph.boxes)}
    return gather(graph, inside, "module", names)


def box_per_call(graph: GraphRecord) -> GraphRecord:
    """Ops of the second and further calls of a module move into boxes of their own, `path#2` …

    In one box, what happened between the calls would have to go out of it and come back.
    """
    boxes = {node.id: node.cluster for node in graph.nodes}
    later = {name: group for name, group in modules(graph, None).items() if group != boxes[name]}
    return (
        replace(graph, nodes=tuple(replace(n, cluster=later[n.id]) if n.id in later else n for n in graph.nodes))
        if later
        else graph
    )


def gather(graph: GraphRecord, groups: Groups, kind: str, names: Names) -> GraphRecord:
    """The graph with one node of this kind for each group; parameters and constants that only groups use go in too."""
    if not groups:
        return graph
    members: dict[str, list[NodeRecord]] = defaultdict(list)
    for node in graph.nodes:
        if node.id in groups:
            members[groups[node.id]].append(node)

    keep = _first_sources(graph, groups, kind) | _cut_off(graph)
    users: dict[str, set[str]] = {}
    for node in graph.nodes:
        if node.kind in ABSORBED and node.id not in keep and node.id not in groups:
            users[node.id] = set()
    for edge in graph.edges:
        for leaf, user in ((edge.source, edge.target), (edge.target, edge.source)):
            if leaf in users:
                users[leaf].add(groups.get(user, ""))
    gone = {leaf for leaf, by in users.items() if by and "" not in by}
    inside: dict[str, list[NodeRecord]] = defaultdict(list)
    for node in graph.nodes:
        for group in sorted(users[node.id]) if node.id in gone else ():
            inside[group].append(node)

    nodes = {node.id: node for node in graph.nodes if node.id not in groups and node.id not in gone}
    home = {node: members[group][0].id for node, group in groups.items()}
    for group, own in members.items():
        nodes[own[0].id] = _gathered(kind, group, own, inside[group], graph, names)

    edges: dict[object, EdgeRecord] = {}
    for i, edge in enumerate(graph.edges):
        source, target = home.get(edge.source, edge.source), home.get(edge.target, edge.target)
        if source != target and source not in gone and target not in gone:
            grouped = edge.source in home or edge.target in home
            edges.setdefault(
                (source, target, edge.shape) if grouped else i, replace(edge, source=source, target=target)
            )
    sources: dict[str, list[str]] = {name: [] for name in nodes}
    for edge in edges.values():
        sources[edge.target].append(edge.source)
    order = postorder([node.id for node in graph.nodes if node.id in nodes], sources.__getitem__)
    ran = dict.fromkeys(home.get(name, name) for name in graph.order)
    steps = tuple(
        replace(
            step,
            node=home.get(step.node, step.node),
            shares=tuple((home.get(to, to), name, share) for to, name, share in step.shares),
        )
        for step in graph.steps
    )
    return replace(
        graph,
        nodes=tuple(nodes[name] for name in order),
        edges=tuple(edges.values()),
        order=tuple(ran),
        steps=steps,
    )


def _cut_off(graph: GraphRecord) -> set[str]:
    """Constants that were computed: what they were cut off from shall be seen."""
    constants = {node.id for node in graph.nodes if node.kind == "constant"}
    return {edge.target for edge in graph.edges if edge.target in constants and graph.level != "backward"}


def _first_sources(graph: GraphRecord, groups: Groups, kind: str) -> set[str]:
    """For each group that nothing but parameters and constants leads to, the one that it starts from.

    That is the image that a network was given, which has no gradient. A module may well start from a parameter.
    """
    kinds = {node.id: node.kind for node in graph.nodes}
    into = [(edge, groups[edge.target]) for edge in graph.edges if edge.target in groups]
    fed = {group for edge, group in into if kinds[edge.source] not in ABSORBED and groups.get(edge.source) != group}
    starts = ("constant",) if kind == "module" else ABSORBED
    first: dict[str, str] = {}
    for edge, group in into:
        if group not in fed and edge.slot == 0 and kinds[edge.source] in starts:
            first.setdefault(group, edge.source)
    return set(first.values())


def _gathered(
    kind: str, group: str, members: list[NodeRecord], absorbed: list[NodeRecord], graph: GraphRecord, names: Names
) -> NodeRecord:
    ops: Counter[str] = Counter()
    for member in members:
        ops.update(dict(member.ops))
    parameters = sum(node.parameters for node in (*members, *absorbed))
    if kind == "module":
        box = box_at(group, graph.boxes)
        label, scope, cluster, detail = box.label, box.path, parent_of(group), box.kind
        if names.sizes and names.classes.get(box.path) == box.kind:
            parameters = sum(size for name, size in names.sizes.items() if name.startswith(f"{box.path}."))
    else:
        label, detail = _count(members), _summary(members, ops)
        scope, cluster = common_path(n.scope for n in members), common_path(n.cluster for n in members)
    for member in members:
        if member.kind == "failed":
            label = f"{label} ({detail})" if kind == "module" and detail else label
            kind, detail = "failed", member.detail
    described = [member.params for member in members if member.params]
    last = members[-1]
    return NodeRecord(
        members[0].id,
        kind,
        label,
        last.shape,
        last.dtype,
        scope,
        cluster,
        described[0] if kind == "module" and len(described) == 1 else (),
        sum(member.saved_bytes for member in members),
        detail,
        parameters,
        tuple(ops.most_common()),
        macs=sum(member.macs for member in members),
        seconds=_sum(member.seconds for member in members),
        backward_seconds=_sum(member.backward_seconds for member in members),
        values=last.values,
        grad=last.grad,
        source=members[0].source,
        saved=tuple(saved for member in members for saved in member.saved),
        nested=kind == "module" and any(member.cluster.startswith(f"{group}.") for member in members),
    )


def _sum(times: Iterable[float | None]) -> float | None:
    known = [time for time in times if time is not None]
    return sum(known) if known else None


def _count(members: list[NodeRecord]) -> str:
    """`300 ops`, `80 modules`, `20 ops, 3 inputs`."""
    counts: Counter[str] = Counter()
    for member in members:
        if member.kind in {"op", "fold"}:
            counts["op"] += sum(n for _, n in member.ops)
        else:
            counts[member.kind] += 1
    return ", ".join(f"{n:,} {kind}{'s' * (n != 1)}" for kind, n in counts.items() if n)


def _summary(members: list[NodeRecord], ops: Counter[str]) -> str:
    """The pattern that a run repeats, such as `(mul, add) × 150`; if there is none, what it holds most of."""
    words = [node.detail or node.label if node.kind == "module" else node.label for node in members]
    if all(node.kind in {"op", "module"} for node in members):
        for period in range(1, min(8, len(words) // 2) + 1):
            if len(words) % period == 0 and words == words[:period] * (len(words) // period):
                pattern = words[0] if period == 1 else f"({', '.join(words[:period])})"
                return f"{pattern} × {len(words) // period:,}"
    common = (Counter(words) if all(node.kind == "module" for node in members) else ops).most_common()
    if len(words) <= 4 and all(node.kind in {"op", "module"} for node in members):
        return ", ".join(words)
    return ", ".join(f"{word} × {n:,}" if n > 1 else word for word, n in common[:4]) + ", …" * (len(common) > 4)


def runs(graph: GraphRecord, at_least: int, *, same_box: bool) -> Groups:
    """Ops in a row: each one's result goes to the next alone, which computes with no other op's.

    So no path leaves a run except from its end, and none enters except at its start.
    """
    boxes = {node.id: node.cluster for node in graph.nodes if node.kind in OPS}
    sources: dict[str, set[str]] = defaultdict(set)
    targets: dict[str, set[str]] = defaultdict(set)
    for edge in graph.edges:
        if edge.source in boxes:
            sources[edge.target].add(edge.source)
            targets[edge.source].add(edge.target)
    start: dict[str, str] = {}
    size: Counter[str] = Counter()
    for name, box in boxes.items():
        start[name] = name
        if len(sources[name]) == 1:
            (before,) = sources[name]
            if len(targets[before]) == 1 and (boxes[before] == box or not same_box):
                start[name] = start[before]
        size[start[name]] += 1
    return {name: first for name, first in start.items() if size[first] >= at_least}


def stretches(graph: GraphRecord, count: int) -> Groups:
    """The nodes in at most `count` stretches of an order in which each comes after its sources.

    Edges lead from earlier stretches to later ones only.
    """
    length = -(-len(graph.nodes) // count)
    starts = [graph.nodes[i - i % length].id for i in range(len(graph.nodes))]
    return {node.id: start for node, start in zip(graph.nodes, starts, strict=True)} if length > 1 else {}
