"""Graph records: what a picture of a computation shows, as plain frozen data, and the paths of its boxes."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from .numbers import Numbers
from .rules import RuleRecord

K = TypeVar("K", bound=Hashable)

Shape = tuple[int, ...]

OPS = ("op", "module", "fold", "failed")  # kinds that compute; the others are the ends of the graph
GRADIENT = "∇"  # where the path of what gradient rules computed begins


@dataclass(frozen=True, slots=True)
class SavedRecord:
    """A value that an operation keeps for backward.

    Attributes:
        name: what the rules call it: an input, `out`, a residual.
        shape: its shape, None when unknown.
        nbytes: its memory; 0 once it was freed.
        freed: whether backward has let go of it.
        of: the parameter or input that it is, "" for a computed value.

    >>> SavedRecord("y", (2, 3), 24).freed
    False
    """

    name: str
    shape: Shape | None
    nbytes: int
    freed: bool = False
    of: str = ""


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """One node of a picture.

    Attributes:
        id: unique in its graph, `n0`, `n1` …
        kind: "op"; "module" and "fold", which stand for several ops; "failed", an op that raised an error; "parameter"
            (a leaf with a name); "input" (any other leaf); "constant" (a value that wants no gradient); "output"; and
            in the view of backward "saved" and "unreached" (a parameter that no gradient comes to).
        label: the op's name, the module's path, the name of a leaf or an output.
        shape, dtype: of the value that it gives; None and "" when unknown.
        scope: path of the module it was made in.
        cluster: path of the box it is drawn in.
        params: what is worth knowing of the op's fixed parameters, such as `3×3`, `stride 2`.
        saved_bytes: memory kept for backward; 0 once it was released.
        detail: a remark, such as a module's class, or why a value has no gradient.
        parameters: how many numbers the parameters inside hold.
        ops: names of the ops that it stands for, each with how often.
        macs: multiplications with an addition each.
        seconds, backward_seconds: how long it took, None if nobody measured.
        values, grad: the numbers it gave, and those of their gradient, None if nobody looked.
        source: `file:line` in the user's program.
        formula: what it computes.
        rules: how its inputs' gradients are computed.
        saved: what it keeps for backward.
        repeat: how many equal ones it stands for.
        nested: whether it stands for modules inside a module.

    >>> NodeRecord("n0", "op", "conv2d", (1, 8, 4, 4)).label
    'conv2d'
    """

    id: str
    kind: str
    label: str
    shape: Shape | None = None
    dtype: str = ""
    scope: str = ""
    cluster: str = ""
    params: tuple[str, ...] = ()
    saved_bytes: int = 0
    detail: str = ""
    parameters: int = 0
    ops: tuple[tuple[str, int], ...] = ()
    macs: int = 0
    seconds: float | None = None
    backward_seconds: float | None = None
    values: Numbers | None = None
    grad: Numbers | None = None
    source: str = ""
    formula: str = ""
    rules: tuple[RuleRecord, ...] = ()
    saved: tuple[SavedRecord, ...] = ()
    repeat: int = 1
    nested: bool = False


@dataclass(frozen=True, slots=True)
class EdgeRecord:
    """A value on its way: from the node that made it to input number `slot` of the node that uses it.

    `flows` is False where no gradient comes back. In the view of backward, edges are gradients and go the other way.

    >>> EdgeRecord("n0", "n1", (2, 3)).slot
    0
    """

    source: str
    target: str
    shape: Shape | None = None
    slot: int = 0
    flows: bool = True


@dataclass(frozen=True, slots=True)
class BoxRecord:
    """A module whose nodes are drawn in a box.

    Attributes:
        label: what the box is called.
        kind, path: of the module.
        call: whether it stands for one call of the module, rather than for all that was computed under this path.
        root: whether it is the outermost module of a call, whose path is empty.

    >>> BoxRecord("features.0", "Conv2d", "features.0").kind
    'Conv2d'
    """

    label: str
    kind: str = ""
    path: str = ""
    call: bool = False
    root: bool = False


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """A module drawn as a box around its nodes; `parent` is the path of the box around it, "" for none.

    >>> ClusterRecord("features.0", "features").parent
    'features'
    """

    path: str
    parent: str
    detail: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of the way back: a node, the gradient that arrived, and what each rule made of it.

    Attributes:
        node: its id.
        arrived: the gradient of its output.
        shares: for each input that got one: the id of its node, the input's name, its share.

    >>> import tinygrad_cnn as tg
    >>> [type(step).__name__ for step in tg.viz.trace_backward(tg.ones(2, requires_grad=True).sum())]
    ['TraceStep']
    """

    node: str
    arrived: Numbers
    shares: tuple[tuple[str, str, Numbers], ...] = ()


@dataclass(frozen=True, slots=True)
class GraphRecord:
    """A graph as it is drawn: nodes (each after its sources), edges, boxes, title and remarks.

    `order` lists the ops' nodes as they ran, `steps` the way back if it was walked, `boxes` what is known of modules.

    >>> import tinygrad_cnn as tg
    >>> graph = tg.viz.draw_graph((tg.ones(2, requires_grad=True) * 3).sum()).graph
    >>> [node.label for node in graph.nodes if node.kind == "op"]
    ['mul', 'sum']
    """

    nodes: tuple[NodeRecord, ...]
    edges: tuple[EdgeRecord, ...]
    clusters: tuple[ClusterRecord, ...] = ()
    level: str = "op"
    title: str = ""
    notes: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    boxes: Mapping[str, BoxRecord] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Names:
    """What the user's objects are called.

    Attributes:
        leaves: kind and name of a leaf by the `id` of its tensor.
        classes: class of a module by its path.
        sizes: count of numbers in a parameter by its name, of all the model's parameters.
        model: class of the model.
    """

    leaves: dict[int, tuple[str, str]] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    model: str = ""


def postorder(roots: Iterable[K], sources: Callable[[K], Iterable[K]]) -> Iterator[K]:
    """Everything that the roots lead back to, each after its sources. Iterative: depth is bounded by memory alone."""
    seen: set[K] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(sources(root)))]
        while stack:
            node, rest = stack[-1]
            for source in rest:
                if source not in seen:
                    seen.add(source)
                    stack.append((source, iter(sources(source))))
                    break
            else:
                stack.pop()
                yield node


def clusters_for(nodes: Iterable[NodeRecord], boxes: Mapping[str, BoxRecord]) -> tuple[ClusterRecord, ...]:
    """A box for each path in which a node is drawn, and for the paths above it, outer ones first."""
    paths: dict[str, str] = {}
    for node in nodes:
        for path in prefixes(node.cluster):
            paths.setdefault(path, parent_of(path))
    known = {path: box_at(path, boxes) for path in paths}
    return tuple(ClusterRecord(path, parent, known[path].kind, known[path].label) for path, parent in paths.items())


def without_small_boxes(
    nodes: Iterable[NodeRecord], boxes: Mapping[str, BoxRecord], *, leaves_count: bool = True
) -> tuple[NodeRecord, ...]:
    """Nodes that would be alone in their box move out of it; ops then name the module themselves.

    Without `leaves_count` an op that has only its own parameters and saved values beside it is alone too.
    """
    nodes = tuple(nodes)
    counted = [node for node in nodes if leaves_count or node.kind in OPS]
    inside = Counter(path for node in counted for path in prefixes(node.cluster))

    def moved(node: NodeRecord) -> NodeRecord:
        box = box_at(node.cluster, boxes)
        name = box.label if box.label == box.kind or not box.kind else f"{box.label} ({box.kind})"
        detail = node.detail or (name if node.kind in OPS else "")
        return replace(node, cluster=parent_of(node.cluster), detail=detail)

    return tuple(moved(node) if node.cluster and inside[node.cluster] <= 1 else node for node in nodes)


def box_at(path: str, boxes: Mapping[str, BoxRecord]) -> BoxRecord:
    """What is known of a box; of `act#2`, a later part of what was computed in `act`, what is known of that."""
    if path in boxes:
        return boxes[path]
    earlier, _, number = path.rpartition("#")
    if earlier in boxes:
        return replace(boxes[earlier], label=f"{boxes[earlier].label} #{number}", call=False)
    return BoxRecord(box_name(path), path=path)


def box_name(path: str) -> str:
    """How the path of a box is written: `act#2`, its second call, as `act #2`."""
    return path.replace("#", " #")


def prefixes(path: str) -> list[str]:
    """`a.b.c` → `a`, `a.b`, `a.b.c`; nothing for the empty path."""
    parts = path.split(".") if path else []
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def parent_of(path: str) -> str:
    """The path without its last part."""
    return path.rpartition(".")[0]


def common_path(paths: Iterable[str]) -> str:
    """The longest path that all of these start with."""
    shared: list[str] | None = None
    for path in set(paths):
        parts = path.split(".") if path else []
        if shared is None:
            shared = parts
        else:
            same = 0
            while same < min(len(shared), len(parts)) and shared[same] == parts[same]:
                same += 1
            shared = shared[:same]
    return ".".join(shared or [])
