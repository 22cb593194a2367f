"""Which ops belong together: those of one call of a module.

A grouping must not make a cycle in a graph that has none: no path may leave a group and come back to it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from .records import GRADIENT, OPS, BoxRecord, GraphRecord, box_at, prefixes

Groups = dict[str, str]  # id of a node → name of its group

# In search of a way around, when parts of a module are joined; when in doubt they stay apart.
MOST_SEARCHES, FARTHEST = 200, 1000


def modules(graph: GraphRecord, depth: int | None, at_least: int = 1, collapse: Collection[str] = ()) -> Groups:
    """Ops by the module that computed them, a group per call, by the path of its box.

    Ops of a module that has children in the graph stay alone, unless `collapse` names it. What one call computes is
    one group: nothing that leaves a call comes back to it. (Should something do, by way of a hook, and where calls are
    not known, the groups are found by rank instead.)
    """
    keys = {n.id: _key(n.cluster, depth, collapse, graph.boxes) for n in graph.nodes if n.kind in OPS}
    containers = {prefix for path in set(keys.values()) for prefix in prefixes(path)[:-1]} | {""}
    keys = {name: key for name, key in keys.items() if key not in containers}
    if not keys:
        return {}
    groups = _by_rank(graph, keys)
    exact = {name: key for name, key in keys.items() if key in graph.boxes and graph.boxes[key].call}
    if any(groups[name] != key for name, key in exact.items()) and not _has_cycle(graph, together := groups | exact):
        groups = together
    size = Counter(groups.values())
    kinds = {node.id: node.kind for node in graph.nodes}
    whole = {group for name, group in groups.items() if size[group] >= at_least or kinds[name] == "fold"}
    return {name: group for name, group in groups.items() if group in whole}


def collapse_at(box: str, collapse: Collection[str], boxes: Mapping[str, BoxRecord]) -> str:
    """The outermost box around this one, or itself, that `collapse` names by path or class; "" if none."""
    if not collapse:
        return ""
    for path in prefixes(box):
        known = box_at(path, boxes)
        if {path, known.path, known.kind} & set(collapse) - {""}:
            return path
    return ""


def _key(box: str, depth: int | None, collapse: Collection[str], boxes: Mapping[str, BoxRecord]) -> str:
    """The box that a node is gathered into: `depth` levels down, not counting outermost modules and the ∇."""
    at = collapse_at(box, collapse, boxes)
    cut = cut_to_depth(box, depth, boxes)
    return min(at, cut, key=len) if at else cut


def cut_to_depth(box: str, depth: int | None, boxes: Mapping[str, BoxRecord]) -> str:
    """A box's path without what is more than `depth` levels down, not counting outermost modules and the ∇."""
    paths = prefixes(box)
    if depth is None or not paths:
        return box
    uncounted = sum(path == GRADIENT or (path in boxes and boxes[path].root) for path in paths)
    return paths[: depth + uncounted][-1]


def _by_rank(graph: GraphRecord, keys: dict[str, str]) -> Groups:
    """Groups `path`, `path#2` … that no path leaves and enters again, whatever the graph.

    An op's rank is how many times the module changes on the longest way to it. Connected ops of one module and one rank
    make a group: a path that leaves the module has a higher rank ever after. Groups of one module that feed each other
    are then joined if there is no way around, as when a module takes a second input that was computed later.
    """
    kinds = {node.id: node.kind for node in graph.nodes}
    rank: dict[str, int] = {}
    group_of = _Union()
    sources: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        sources[edge.target].append(edge.source)
    first_user: dict[tuple[str, str, int], str] = {}
    boxes = {node.id: keys.get(node.id, node.cluster) for node in graph.nodes}
    for node in graph.nodes:
        if node.kind not in OPS:
            continue
        name, box = node.id, boxes[node.id]
        ranks = [rank[source] + (boxes[source] != box) for source in sources[name] if source in rank]
        rank[name] = max(ranks, default=0)
        if name not in keys:
            continue
        for source in sources[name]:
            if keys.get(source) == box and rank[source] == rank[name]:
                group_of.join(name, source)
            elif kinds[source] in {*OPS, "input"}:  # two branches of one call start at one value
                group_of.join(name, first_user.setdefault((source, box, rank[name]), name))
    _join_parts(graph, keys, group_of)

    names: dict[str, str] = {}
    calls: Counter[str] = Counter()
    groups: Groups = {}
    for name, key in keys.items():
        head = group_of.find(name)
        if head not in names:
            calls[key] += 1
            names[head] = key if calls[key] == 1 else f"{key}#{calls[key]}"
        groups[name] = names[head]
    return groups


def _has_cycle(graph: GraphRecord, groups: Groups) -> bool:
    """Whether the graph with one node for each group would have one (Kahn 1962)."""
    edges = {(groups.get(e.source, e.source), groups.get(e.target, e.target)) for e in graph.edges}
    targets: dict[str, list[str]] = defaultdict(list)
    waiting: Counter[str] = Counter()
    for source, target in edges:
        if source != target:
            targets[source].append(target)
            waiting[target] += 1
    names = {name for edge in edges for name in edge}
    ready = [name for name in names if not waiting[name]]
    done = 0
    while ready:
        done += 1
        for target in targets[ready.pop()]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return done < len(names)


def _join_parts(graph: GraphRecord, keys: dict[str, str], group_of: "_Union") -> None:
    """Join groups of one module where one feeds the other and no path leads from one to the other outside of them."""
    pairs = [(e.source, e.target) for e in graph.edges if e.source in keys and keys[e.source] == keys.get(e.target)]
    pairs = [(a, b) for a, b in pairs if group_of.find(a) != group_of.find(b)]
    targets: dict[str, set[str]] = defaultdict(set)  # from group to groups, named as they were when it was noted
    for edge in graph.edges if pairs else ():
        targets[group_of.find(edge.source)].add(group_of.find(edge.target))

    def after(name: str) -> set[str]:
        return {group_of.find(target) for target in targets[name]} - {name}

    for a, b in pairs[:MOST_SEARCHES]:
        start, end = group_of.find(a), group_of.find(b)
        if start == end:
            continue
        reached = after(start) - {end}
        waiting = list(reached)
        while waiting and end not in reached and len(reached) < FARTHEST:
            new = after(waiting.pop()) - reached
            reached |= new
            waiting += new
        if not waiting and end not in reached:
            group_of.join(a, b)
            targets[end] |= targets[start]  # `end` names both now


class _Union:
    """Disjoint sets of names (union–find with path halving); a set goes by the name of one of its members."""

    def __init__(self) -> None:
        self.above: dict[str, str] = {}

    def find(self, name: str) -> str:
        above = self.above
        while (up := above.setdefault(name, name)) != name:
            above[name] = above[up]
            name = above[name]
        return name

    def join(self, a: str, b: str) -> None:
        self.above[self.find(a)] = self.find(b)
