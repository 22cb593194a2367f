"""Graph records: what a picture of a computation shows, as plain frozen data, and how it is read off tensors.

Reading needs public fields only (`tensor.node`, `node.inputs`, `leaf.tensor`) and never a saved value, so a graph can
be read before, during and after backward, and nothing of the engine is imported.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)

Shape = tuple[int, ...]

OPS = ("op", "module", "fold")  # kinds that compute; the others are the ends of the graph


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """One node of a picture.

    Attributes:
        id: unique in its graph, `n0`, `n1` …
        kind: "op"; "module" and "fold", which stand for several ops; "parameter" (a leaf with a name); "input" (any
            other leaf); "constant" (an operand that wants no gradient); "output".
        label: the op's name, the module's path, the name of a leaf or an output.
        shape, dtype: of the value that it gives; None and "" when unknown.
        scope: path of the module it was made in.
        cluster: path of the box it is drawn in.
        params: what is worth knowing of the op's fixed parameters, such as `3×3`, `stride 2`.
        saved_bytes: memory kept for backward; 0 once it was released.
        detail: a remark, such as a module's class.
        parameters: how many numbers the parameters inside hold.
        ops: names of the ops that it stands for, each with how often.
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


@dataclass(frozen=True, slots=True)
class EdgeRecord:
    """A value on its way: from the node that made it to input number `slot` of the node that uses it."""

    source: str
    target: str
    shape: Shape | None = None
    slot: int = 0


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """A module drawn as a box around its nodes; `parent` is the path of the box around it, "" for none."""

    path: str
    parent: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class GraphRecord:
    """A graph as it is drawn: nodes (each after its sources), edges, boxes, title and remarks."""

    nodes: tuple[NodeRecord, ...]
    edges: tuple[EdgeRecord, ...]
    clusters: tuple[ClusterRecord, ...] = ()
    level: str = "op"
    title: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What the user's objects are called.

    Attributes:
        leaves: kind and name of a leaf by the `id` of its tensor.
        classes: class of a module by its path.
        sizes: count of numbers in a parameter by its name, of all the model's parameters.
    """

    leaves: dict[int, tuple[str, str]] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


def names_of(
    model: Any = None, params: Mapping[str, Any] | None = None, inputs: Mapping[str, Any] | None = None
) -> Names:
    """Names of the parameters and modules of a model, of further parameters, and of inputs."""
    parameters: dict[str, Any] = {}
    classes: dict[str, str] = {}
    if model is not None:
        parameters.update(model.named_parameters())
        classes = {path: type(module).__name__ for path, module in model.named_modules()}
    sizes = {name: _size(tensor) for name, tensor in parameters.items()}
    parameters.update(params or {})
    leaves = {id(tensor): ("parameter", name) for name, tensor in parameters.items()}
    leaves |= {id(tensor): ("input", name) for name, tensor in (inputs or {}).items()}
    return Names(leaves, classes, sizes)


def read_graph(outputs: Mapping[str, Any], names: Names | None = None, *, constants: bool = True) -> GraphRecord:
    """Read everything that these tensors were computed from, one record per op, leaf, constant and output.

    Args:
        outputs: tensors by name.
        names: what leaves and modules are called.
        constants: whether operands that want no gradient get nodes, unless they are plain numbers.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> [(node.kind, node.label, node.shape) for node in read_graph({"y": (x * x).sum()}).nodes]
    [('input', 'leaf', (2,)), ('op', 'mul', (2,)), ('op', 'sum', ()), ('output', 'y', ())]
    """
    names = names or Names()
    for tensor in outputs.values():
        if getattr(tensor, "view_of", None) is not None:
            tensor.refresh()  # a view may have to take up what was since written to its base
    roots = [tensor.node for tensor in outputs.values() if tensor.node is not None]
    nodes: list[NodeRecord] = []
    edges: list[EdgeRecord] = []
    ids: dict[Any, str] = {}
    dtypes: dict[Any, str] = {}  # NumPy takes its time to spell one

    def add(kind: str, label: str, shape: Any, dtype: Any, **more: Any) -> str:
        name = f"n{len(nodes)}"
        if dtype not in dtypes:
            dtypes[dtype] = "" if dtype is None else str(dtype)
        nodes.append(NodeRecord(name, kind, label, _shape(shape), dtypes[dtype], **more))
        return name

    for node in postorder(roots, lambda node: [source for source in node.inputs if source is not None]):
        if hasattr(node, "tensor"):
            kind, label = _leaf_name(node.tensor, names)
            size = prod(node.shape) if kind == "parameter" else 0
            gone = "its tensor is gone" if node.tensor is None else ""
            ids[node] = add(kind, label, node.shape, node.dtype, detail=gone, parameters=size)
            continue
        sources = []
        for slot, source in enumerate(node.inputs):
            shape = _shape(node.input_shapes[slot])
            if source is not None:
                sources.append((ids[source], shape, slot))
            elif constants and shape:
                label = _input_name(node.op, slot)
                sources.append((add("constant", label, shape, None, scope=node.scope, cluster=node.scope), shape, slot))
        ids[node] = me = add(
            "op",
            node.name,
            node.shape,
            node.dtype,
            scope=node.scope,
            cluster=node.scope,
            params=describe_params(node.params),
            saved_bytes=node.saved_bytes(),
            ops=((node.name, 1),),
        )
        edges += [EdgeRecord(source, me, shape, slot) for source, shape, slot in sources]

    for name, tensor in outputs.items():
        out = add("output", name, tensor.shape, tensor.dtype, detail="" if tensor.node is not None else "no graph")
        if tensor.node is not None:
            edges.append(EdgeRecord(ids[tensor.node], out, _shape(tensor.shape)))
    return GraphRecord(_leaves_in_boxes(nodes, edges), tuple(edges))


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


def clusters_for(nodes: Iterable[NodeRecord], classes: Mapping[str, str]) -> tuple[ClusterRecord, ...]:
    """A box for each path in which a node is drawn, and for the paths above it, outer ones first."""
    paths: dict[str, str] = {}
    for node in nodes:
        for path in prefixes(node.cluster):
            paths.setdefault(path, parent_of(path))
    return tuple(ClusterRecord(path, parent, classes.get(path.partition("#")[0], "")) for path, parent in paths.items())


def without_small_boxes(nodes: Iterable[NodeRecord], classes: Mapping[str, str]) -> tuple[NodeRecord, ...]:
    """Nodes that would be alone in their box move out of it; ops then name the module themselves."""
    nodes = tuple(nodes)
    inside = Counter(path for node in nodes for path in prefixes(node.cluster))

    def moved(node: NodeRecord) -> NodeRecord:
        kind = classes.get(node.scope)
        module = box_name(node.cluster) + (f" ({kind})" if kind else "")
        detail = node.detail or (module if node.kind in OPS else "")
        return replace(node, cluster=parent_of(node.cluster), detail=detail)

    return tuple(moved(node) if inside[node.cluster] == 1 else node for node in nodes)


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


def _leaves_in_boxes(nodes: list[NodeRecord], edges: list[EdgeRecord]) -> tuple[NodeRecord, ...]:
    """Parameters move into the innermost box that holds all who use them."""
    users: dict[str, set[str]] = {node.id: set() for node in nodes if node.kind == "parameter"}
    scopes = {node.id: node.scope for node in nodes}
    for edge in edges:
        if edge.source in users:
            users[edge.source].add(scopes[edge.target])
    return tuple(
        replace(node, scope=path, cluster=path) if (path := common_path(users.get(node.id, ()))) else node
        for node in nodes
    )


def _leaf_name(tensor: Any, names: Names) -> tuple[str, str]:
    if id(tensor) in names.leaves:
        return names.leaves[id(tensor)]
    return ("parameter", "parameter") if type(tensor).__name__ == "Parameter" else ("input", "leaf")


def _input_name(op: Any, slot: int) -> str:
    inputs = getattr(op, "inputs", ())
    if slot < len(inputs) and not getattr(op, "variadic", False):
        return str(inputs[slot])
    return f"{inputs[0]}[{slot}]" if inputs else f"input {slot}"


def _size(tensor: Any) -> int:
    return prod(tensor.shape)


def _shape(shape: Any) -> Shape:
    return tuple(map(int, shape))


# What the output's shape says already, or no reader asks for.
HIDDEN = {"shape", "source", "view", "eps", "taps"}


def describe_params(params: Mapping[str, Any]) -> tuple[str, ...]:
    """The fixed parameters of an op in a few words each; arrays by their shapes, never by their values.

    >>> describe_params({"dim": (1,), "keepdim": False, "p": 0.5})
    ('dim 1', 'p 0.5')
    """
    words: list[str] = []
    for name, value in params.items():
        if name in HIDDEN or value is None or value is False:
            continue
        if hasattr(value, "stride") and hasattr(value, "size") and hasattr(value, "padding"):
            words += _describe_window(value)
        elif value is True:
            words.append(name)
        elif name == "index":
            words.append(f"[{', '.join(map(_item, value if isinstance(value, tuple) else (value,)))}]")
        else:
            words.append(f"{name} {_item(value)}")
    return tuple(words)


def _describe_window(window: Any) -> Iterator[str]:
    yield _times(window.size)
    for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1)):
        values = [v[0] if isinstance(v, tuple) and len(set(v)) == 1 else v for v in getattr(window, name)]
        if set(values) != {usual}:
            yield f"{name} {values[0] if len(set(values)) == 1 else _times(values)}"
    if getattr(window, "groups", 1) != 1:
        yield f"groups {window.groups}"
    if getattr(window, "ceil_mode", False):
        yield "ceil_mode"


def _times(values: Iterable[Any]) -> str:
    return "×".join(map(str, values))


def _item(value: Any) -> str:
    """One value, short."""
    if value is Ellipsis:
        return "…"
    if isinstance(value, slice):
        ends = ["" if end is None else str(end) for end in (value.start, value.stop)]
        return ":".join(ends if value.step is None else [*ends, str(value.step)])
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        return _item(value[0]) if len(value) == 1 else f"({', '.join(map(_item, value[:6]))}{', …' * (len(value) > 6)})"
    if isinstance(value, str | int | type(None)):
        return str(value)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"of shape {shape}"
    name = getattr(value, "name", None)
    return name if isinstance(name, str) else type(value).__name__
