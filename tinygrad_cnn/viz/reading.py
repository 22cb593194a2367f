"""Tensors → graph records: what they were computed from is read off, never changed.

Reading needs public fields only (`tensor.node`, `node.inputs`, `leaf.tensor`, `node.kept()`), so a graph can be read
before, during and after backward, and nothing of the engine is imported. A recording, if there is one, adds what the
graph does not know: values, times, and what was computed without a gradient.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import prod
from typing import Any

from .boxes import Boxes
from .describe import describe_params
from .numbers import Numbers, numbers_of
from .records import EdgeRecord, GraphRecord, Names, NodeRecord, SavedRecord, Shape, common_path, postorder
from .rules import formula_of, macs_of, rule_of_function, rules_of

NO_GRADIENT = "no gradient"


def names_of(
    model: Any = None, params: Mapping[str, Any] | None = None, inputs: Mapping[str, Any] | None = None
) -> Names:
    """Names of the parameters and modules of a model (or of several by name), of further parameters, and of inputs."""
    parameters = parameters_of(model)
    buffers: dict[str, Any] = {}
    classes: dict[str, str] = {}
    models = _by_name(model)
    for prefix, each in models.items():
        ahead = f"{prefix}." if prefix else ""
        buffers |= {ahead + name: tensor for name, tensor in getattr(each, "named_buffers", dict)()}
        if not prefix:
            classes = {path: type(module).__name__ for path, module in each.named_modules()}
    sizes = {name: prod(tensor.shape) for name, tensor in parameters.items()}
    parameters.update(params or {})
    leaves = {id(tensor): ("constant", name) for name, tensor in buffers.items()}
    leaves |= {id(tensor): ("parameter", name) for name, tensor in parameters.items()}
    leaves |= {id(tensor): ("input", name) for name, tensor in (inputs or {}).items()}
    return Names(leaves, classes, sizes, ", ".join(type(each).__name__ for each in models.values()))


def parameters_of(model: Any) -> dict[str, Any]:
    """All parameters of a model, or of several by name, by their paths."""
    return {
        f"{prefix}.{name}" if prefix else name: tensor
        for prefix, each in _by_name(model).items()
        for name, tensor in each.named_parameters()
    }


def _by_name(model: Any) -> Mapping[str, Any]:
    return model if isinstance(model, Mapping) else {"": model} if model is not None else {}


def read_graph(
    outputs: Mapping[str, Any],
    names: Names | None = None,
    *,
    constants: bool = True,
    values: bool = False,
    run: Any = None,
    ids: dict[Any, str] | None = None,
) -> GraphRecord:
    """Read everything that these tensors were computed from, one record per op, leaf, constant and output.

    Args:
        outputs: tensors by name.
        names: what leaves and modules are called.
        constants: whether operands that want no gradient get nodes, unless they are plain numbers.
        values: whether to look at the numbers in leaves and outputs.
        run: a recording of the computation, which adds what it knows.
        ids: takes the id of the record of each node and leaf.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> [(node.kind, node.label, node.shape) for node in read_graph({"y": (x * x).sum()}).nodes]
    [('input', 'leaf', (2,)), ('op', 'mul', (2,)), ('op', 'sum', ()), ('output', 'y', ())]
    """
    reader = _Reader(names or Names(), constants, values, run)
    graph = reader.read(outputs)
    if ids is not None:
        ids.update(reader.ids)
    return graph


class _Reader:
    def __init__(self, names: Names, constants: bool, values: bool, run: Any) -> None:
        self.names, self.constants, self.values, self.run = names, constants, values, run
        self.boxes = Boxes(names.classes)
        self.nodes: list[NodeRecord] = []
        self.edges: list[EdgeRecord] = []
        self.ids: dict[Any, str] = {}
        self.dtypes: dict[Any, str] = {}  # NumPy takes its time to spell one
        self.constants_by_key: dict[Any, str] = {}

    def read(self, outputs: Mapping[str, Any]) -> GraphRecord:
        for tensor in outputs.values():
            if getattr(tensor, "view_of", None) is not None:
                tensor.refresh()  # a view may have to take up what was since written to its base
        roots = {name: self._vertex(tensor) for name, tensor in outputs.items()}
        failure = getattr(self.run, "failure", None)
        wanted = [vertex for vertex in roots.values() if vertex is not None]
        if failure is not None:
            wanted += [operand.producer for operand in failure.operands if operand.producer is not None]
            wanted += self.run.ends
        vertices = list(postorder(wanted, lambda vertex: [source for source, _ in self._sources(vertex) if source]))
        for vertex in sorted(vertices, key=lambda vertex: vertex.order):  # boxes are numbered as they were entered
            self.boxes.path(vertex.scope)
        for vertex in vertices:
            self.ids[vertex] = self._leaf(vertex) if hasattr(vertex, "tensor") else self._op(vertex)
        if failure is not None:
            self._failed(failure)
        for name, tensor in outputs.items():
            self._output(name, tensor, roots[name])
        nodes, boxes = self.boxes.finish(_leaves_in_boxes(self.nodes, self.edges))
        ran = [vertex for vertex in vertices if not hasattr(vertex, "tensor")]
        order = tuple(self.ids[vertex] for vertex in sorted(ran, key=lambda vertex: vertex.order))
        return GraphRecord(tuple(nodes), tuple(self.edges), order=order, boxes=boxes)

    def _vertex(self, tensor: Any) -> Any:
        if hasattr(tensor, "inputs"):
            return tensor  # of a recording
        if tensor.node is not None:
            return tensor.node
        return self.run.step_of(tensor) if self.run is not None else None

    def _sources(self, vertex: Any) -> Iterable[tuple[Any, Any]]:
        """The vertex behind each input, None for a constant; and what the recording knows of the operand."""
        step = self._step(vertex)
        for slot, source in enumerate(vertex.inputs):
            operand = step.operands[slot] if step is not None and slot < len(step.operands) else None
            yield source if source is not None or operand is None else operand.producer, operand

    def _step(self, vertex: Any) -> Any:
        return self.run.of(vertex) if self.run is not None else None

    def _add(self, kind: str, label: str, shape: Any, dtype: Any, **more: Any) -> str:
        name = f"n{len(self.nodes)}"
        if dtype not in self.dtypes:
            self.dtypes[dtype] = "" if dtype is None else str(dtype)
        known = None if shape is None else _shape(shape)
        self.nodes.append(NodeRecord(name, kind, label, known, self.dtypes[dtype], **more))
        return name

    def _leaf(self, leaf: Any) -> str:
        tensor = leaf.tensor
        kind, label = _leaf_name(tensor, self.names)
        seen = self.run.numbers_of_leaf(leaf) if self.run is not None else None
        return self._add(
            kind,
            label,
            leaf.shape,
            leaf.dtype,
            detail="its tensor is gone" if tensor is None else "",
            parameters=prod(leaf.shape) if kind == "parameter" else 0,
            values=seen or (numbers_of(tensor.array) if self.values and tensor is not None else None),
            grad=numbers_of(tensor.grad.array) if tensor is not None and tensor.grad is not None else None,
        )

    def _op(self, node: Any) -> str:
        step = self._step(node)
        sources: list[tuple[str, Shape, int, bool]] = []
        for slot, (source, operand) in enumerate(self._sources(node)):
            shape = _shape(node.input_shapes[slot])
            cut = operand is not None and operand.why == "detached"
            if source is not None and not cut:
                sources.append((self.ids[source], shape, slot, node.inputs[slot] is not None))
            elif source is not None:
                sources.append((self._detached(node, source, shape, operand), shape, slot, False))
            elif self.constants and shape:
                sources.append((self._constant(node, slot, shape, operand), shape, slot, False))
        recorded = hasattr(node, "kept")
        function = getattr(node, "function", None) if type(node).__name__ == "FunctionNode" else None
        me = self._add(
            "op",
            node.name if recorded else str(node.name),
            node.shape,
            node.dtype,
            scope=str(node.scope),
            cluster=self.boxes.path(node.scope),
            params=describe_params(node.params),
            saved_bytes=node.saved_bytes(),
            ops=((str(node.name), 1),),
            detail="" if recorded else f"{NO_GRADIENT}: {node.why}",
            macs=macs_of(node.name, node.params, node.input_shapes, node.shape),
            seconds=getattr(step, "seconds", None),
            backward_seconds=getattr(step, "backward_seconds", None),
            values=getattr(step, "numbers", None),
            grad=getattr(step, "grad", None),
            source=node.source or getattr(step, "source", None) or "",
            formula=formula_of(node.op),
            rules=() if not recorded else rules_of(node.op) if function is None else rule_of_function(function),
            saved=tuple(self._saved(node)) if recorded else (),
        )
        self.edges += [EdgeRecord(source, me, shape, slot, flows) for source, shape, slot, flows in sources]
        return me

    def _saved(self, node: Any) -> Iterator[SavedRecord]:
        """What a node keeps, or what it kept if that was freed."""
        kept = node.kept()
        if not any(hasattr(value, "nbytes") for value in kept.values()) and node.saved is not None:
            return
        inputs = getattr(node.op, "inputs", ())
        shapes = dict(zip(inputs, map(_shape, node.input_shapes), strict=False)) | {"out": _shape(node.shape)}
        leaves = {
            name: _leaf_name(source.tensor, self.names)[1]
            for name, source in zip(inputs, node.inputs, strict=False)
            if hasattr(source, "tensor")
        }
        if node.saved is not None:
            for name, value in kept.items():
                if hasattr(value, "nbytes"):
                    shape = _shape(value.shape) if hasattr(value, "shape") else shapes.get(name)
                    yield SavedRecord(name, shape, int(value.nbytes), of=leaves.get(name, ""))
            return
        wanted = sum(1 << i for i, source in enumerate(node.inputs) if source is not None)
        for name, where in node.op.plan(wanted):
            if where < 0 or shapes.get(name):
                yield SavedRecord(name, shapes.get(name), 0, freed=True, of=leaves.get(name, ""))

    def _constant(self, node: Any, slot: int, shape: Shape, operand: Any) -> str:
        """A value that wants no gradient: one node per tensor where that is known, else one per use."""
        key = None if operand is None else operand.key
        if key is not None and key in self.constants_by_key:
            return self.constants_by_key[key]
        given = getattr(operand, "name", "") or _input_name(node.op, slot)
        tensor = operand.tensor() if key is not None else None
        kind, label = self.names.leaves.get(id(tensor), ("constant", given))
        me = self._add(
            "constant" if kind != "input" else "input",
            label,
            shape,
            None if operand is None else operand.dtype,
            scope=str(node.scope),
            cluster=self.boxes.path(node.scope) if kind == "constant" else "",
            detail="" if operand is None or not operand.why else f"{NO_GRADIENT}: {operand.why}",
            values=None if operand is None else operand.numbers,
        )
        if key is not None:
            self.constants_by_key[key] = me
        return me

    def _detached(self, node: Any, source: Any, shape: Shape, operand: Any) -> str:
        """A value that is cut off from what it was computed from."""
        if operand.key in self.constants_by_key:
            return self.constants_by_key[operand.key]
        me = self._add(
            "constant",
            operand.why,
            shape,
            operand.dtype,
            scope=str(node.scope),
            detail=NO_GRADIENT,
            values=operand.numbers,
        )
        self.edges.append(EdgeRecord(self.ids[source], me, shape, flows=False))
        self.constants_by_key[operand.key] = me
        return me

    def _failed(self, failure: Any) -> None:
        sources = []
        for slot, operand in enumerate(failure.operands):
            shape = _shape(operand.shape)
            if operand.producer is not None:
                sources.append(EdgeRecord(self.ids[operand.producer], "", shape, slot))
            else:
                sources.append(EdgeRecord(self._constant(failure, slot, shape, operand), "", shape, slot, False))
        me = self._add(
            "failed",
            failure.name,
            None,
            None,
            scope=str(failure.scope),
            cluster=self.boxes.path(failure.scope),
            detail=failure.message,
            source=failure.source or "",
            ops=((failure.name, 1),),
        )
        self.edges += [replace(edge, target=me) for edge in sources]

    def _output(self, name: str, tensor: Any, vertex: Any) -> None:
        step = self._step(vertex) if vertex is tensor else None
        seen: Numbers | None = getattr(step, "numbers", None)
        if self.values and vertex is not tensor:
            seen = numbers_of(tensor.array)
        flows = tensor.node is not None if vertex is not tensor else hasattr(vertex, "kept")
        detail = "" if flows else "no graph" if vertex is None else NO_GRADIENT
        out = self._add("output", name, tensor.shape, tensor.dtype, detail=detail, values=seen)
        if vertex is not None:
            self.edges.append(EdgeRecord(self.ids[vertex], out, _shape(tensor.shape), flows=flows))


def _leaves_in_boxes(nodes: list[NodeRecord], edges: list[EdgeRecord]) -> list[NodeRecord]:
    """Parameters and constants move into the innermost box that holds all who use them."""
    users: dict[str, set[str]] = {node.id: set() for node in nodes if node.kind in {"parameter", "constant"}}
    boxes = {node.id: (node.cluster, node.scope) for node in nodes}
    scopes: dict[str, set[str]] = {node: set() for node in users}
    for edge in edges:
        if edge.source in users:
            users[edge.source].add(boxes[edge.target][0])
            scopes[edge.source].add(boxes[edge.target][1])
    return [
        replace(node, scope=common_path(scopes[node.id]), cluster=common_path(users[node.id]))
        if node.id in users
        else node
        for node in nodes
    ]


def _leaf_name(tensor: Any, names: Names) -> tuple[str, str]:
    if id(tensor) in names.leaves:
        return names.leaves[id(tensor)]
    return ("parameter", "parameter") if type(tensor).__name__ == "Parameter" else ("input", "leaf")


def _input_name(op: Any, slot: int) -> str:
    inputs = getattr(op, "inputs", ())
    if slot < len(inputs) and not getattr(op, "variadic", False):
        return str(inputs[slot])
    return f"{inputs[0]}[{slot}]" if inputs else f"input {slot}"


def _shape(shape: Any) -> Shape:
    return tuple(map(int, shape))
