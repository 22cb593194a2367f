"""The way back, node by node: which gradient arrives where, and what each rule makes of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .lines import saved_lines
from .numbers import Numbers, numbers_of
from .reading import NO_GRADIENT
from .records import EdgeRecord, GraphRecord, NodeRecord, Shape, StepRecord, postorder
from .rules import rules_of
from .running import tensors_in

if TYPE_CHECKING:
    from .picture import GraphPicture

Walked = list[tuple[Any, Numbers, list[tuple[Any, Numbers]]]]  # nodes, what arrived, what went on to whom

MANY = 12  # parameters that are named one by one when no gradient reaches them


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One node on the way back.

    Attributes:
        number: from 0.
        node: the node of the graph.
        name, scope: the operation, and the module it was made in.
        gradient: the array that arrived: the derivative by this node's output.
        shares: for each input that gets one: its name, the rule's formula, the array that goes back to it.

    >>> import tinygrad_cnn as tg
    >>> for step in tg.viz.trace_backward(tg.ones(2, requires_grad=True).sum()):
    ...     print(step.name, step.gradient)
    sum 1.0
    """

    number: int
    node: Any
    name: str
    scope: str
    gradient: Any
    shares: tuple[tuple[str, str, Any], ...]

    def __str__(self) -> str:
        parts = [f"{self.number:3}  {self.name}  g {tuple(getattr(self.gradient, 'shape', ()))}"]
        parts += [f"     ∂{name} = {rule}  {tuple(share.shape)}" for name, rule, share in self.shares]
        return "\n".join(parts)


class Trace:
    """The way back from a loss, to be looked at step by step; see `trace_backward`.

    Attributes:
        gradients: of the leaves, by tensor name, once all steps were taken.

    >>> import tinygrad_cnn as tg
    >>> len(list(tg.viz.trace_backward((tg.ones(2, requires_grad=True) * 3).sum())))
    2
    """

    def __init__(self, outputs: Mapping[str, Any], gradient: Any, options: Mapping[str, Any]) -> None:
        self._outputs, self._gradient, self._options = dict(outputs), gradient, dict(options)
        self.gradients: dict[Any, Any] = {}

    def __iter__(self) -> Iterator[TraceStep]:
        self.gradients = {}
        steps = walk(self._outputs, self._gradient)
        for number, (node, g, pairs) in enumerate(steps):
            if hasattr(node, "tensor"):
                if node.tensor is not None:
                    self.gradients[node.tensor] = g
                continue
            yield TraceStep(number, node, str(node.name), str(node.scope), g, tuple(_named(node, pairs)))

    def picture(self, **options: Any) -> "GraphPicture":
        """The view of backward with all gradients; takes what `draw_graph` takes."""
        from .draw import draw_graph

        arguments = {"level": "backward", **self._options, **options}
        return draw_graph(self._outputs, gradient=self._gradient, **arguments)

    def save(self, path: str | PathLike[str], **options: Any) -> Path:
        """Write a picture, or with `.html` a page on which one walks forward and back step by step."""
        level = "op" if str(path).lower().endswith(".html") else "backward"
        show = ("shape", "params", "constants", "values", "grad", "saved")
        return self.picture(**{"level": level, "show": show, **options}).save(path)

    def __str__(self) -> str:
        return "\n".join(map(str, self))


def trace_backward(loss: Any, gradient: Any = None, **options: Any) -> Trace:
    """The way back from `loss`, one step per node, without changing anything: no `.grad`, no hook, nothing freed.

    Args:
        loss: a tensor, or several in a sequence or dict.
        gradient: what the derivative is weighted with, of the loss's shape; 1 for a scalar.
        options: what `draw_graph` takes (`model=`, `params=`, …), for `.picture()` and `.save()`.

    Raises:
        TypeError: for something else than tensors.
        RuntimeError: without a graph, after the graph was freed, or without `gradient` for what is no scalar.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> for step in trace_backward((x * x).sum()):
    ...     print(step.name, step.gradient, [(name, rule, share) for name, rule, share in step.shares])
    sum 1.0 [('x', 'expand_reduced(g, x_shape, dim, keepdim)', array([1., 1.], dtype=float32))]
    mul [1. 1.] [('x', 'g * y', array([1., 2.], dtype=float32)), ('y', 'g * x', array([1., 2.], dtype=float32))]
    """
    outputs = tensors_in(loss, "loss")
    if not outputs:
        raise TypeError(f"trace_backward: expected a tensor, or several; got {type(loss).__name__}")
    seeds_for(outputs, gradient)
    return Trace(outputs, gradient, options)


def seeds_for(outputs: Mapping[str, Any], gradient: Any = None) -> dict[Any, Any]:
    """The array to start from at each output's node."""
    seeds: dict[Any, Any] = {}
    for name, tensor in outputs.items():
        if tensor.node is None:
            raise RuntimeError(f"trace_backward: {name} of shape {tuple(tensor.shape)} has no graph")
        if gradient is not None:
            g = getattr(gradient, "array", gradient)
            if tuple(getattr(g, "shape", ())) != tuple(tensor.shape):
                raise RuntimeError(
                    f"trace_backward: the gradient has shape {tuple(getattr(g, 'shape', ()))}, "
                    f"the tensor {tuple(tensor.shape)}; they must be equal"
                )
        elif tensor.array.size != 1:
            raise RuntimeError(
                f"trace_backward: {name} has shape {tuple(tensor.shape)}, not a scalar; "
                "pass gradient= or reduce it first, e.g. with .sum()"
            )
        else:
            g = tensor.backend.xp.ones_like(tensor.array)
        seeds[tensor.node] = seeds[tensor.node] + g if tensor.node in seeds else g
    return seeds


def _rules(node: Any, g: Any) -> list[tuple[Any, Any]]:
    return list(node.input_gradients(g))


def walk(
    outputs: Mapping[str, Any], gradient: Any, rules: Callable[[Any, Any], list[tuple[Any, Any]]] = _rules
) -> Iterator[tuple[Any, Any, list[tuple[Any, Any]]]]:
    """What backward does, on the public face of nodes: each with the sum of what arrived, and its shares for others."""
    seeds = seeds_for(outputs, gradient)
    quiet = next(iter(outputs.values())).backend.quiet  # infinities and NaN are no reason for a warning
    nodes = list(postorder(seeds, lambda node: [source for source in node.inputs if source is not None]))
    pending = dict(seeds)
    for node in sorted(nodes, key=lambda node: node.order, reverse=True):
        g = pending.pop(node, None)
        if g is None:
            continue
        with quiet():
            pairs = [] if hasattr(node, "tensor") else rules(node, g)
        yield node, g, pairs
        with quiet():
            for source, share in pairs:
                pending[source] = pending[source] + share if source in pending else share


def _named(node: Any, pairs: list[tuple[Any, Any]]) -> Iterator[tuple[str, str, Any]]:
    """Each share with the input's name and rule."""
    texts = {rule.input: rule.text for rule in rules_of(node.op)}
    for name, share in zip(slot_names(node, [source for source, _ in pairs]), pairs, strict=True):
        if not hasattr(share[1], "parts"):
            yield name, texts.get(name, texts.get("", "")), share[1]


def slot_names(node: Any, sources: list[Any]) -> list[str]:
    """What the operation calls the inputs that these are, in order."""
    inputs = getattr(node.op, "inputs", ())
    names, slot = [], 0
    for source in sources:
        while slot < len(node.inputs) and node.inputs[slot] is not source:
            slot += 1
        variadic = getattr(node.op, "variadic", False) or slot >= len(inputs)
        names.append(f"{inputs[0]}[{slot}]" if variadic and inputs else str(slot) if variadic else str(inputs[slot]))
        slot += 1
    return names


@dataclass(slots=True)
class WayBack:
    """The numbers of a way back.

    Attributes:
        steps: nodes, the gradient that arrived at each, and the share of each input.
        leaves: the whole gradient of each leaf that was reached.
        stuck, problem: the node whose rule raised an error, and why; or why there are no numbers.
    """

    steps: Walked = field(default_factory=list)
    leaves: dict[Any, Numbers] = field(default_factory=dict)
    stuck: Any = None
    problem: str = ""


def walked(outputs: Mapping[str, Any], gradient: Any = None) -> WayBack:
    """The numbers of the way back. Nothing is raised: a graph is drawn after its values were freed or spoilt too."""
    way = WayBack()
    tensors = {name: tensor for name, tensor in outputs.items() if getattr(tensor, "node", None) is not None}
    if not tensors:
        return way
    if gradient is None and any(tensor.array.size != 1 for tensor in tensors.values()):
        way.problem = "no gradients: what is drawn is no scalar (gradient= gives the weights)"
        return way
    nodes = postorder([t.node for t in tensors.values()], lambda node: [source for source in node.inputs if source])
    if any(getattr(node, "saved", ()) is None for node in nodes):
        way.problem = "backward has freed what it needed, so gradients of computed values are not known"
        return way

    def apply(node: Any, g: Any) -> list[tuple[Any, Any]]:
        try:
            return list(node.input_gradients(g))
        except RuntimeError as error:
            way.stuck, way.problem = node, str(error)
            return []

    for node, g, pairs in walk(tensors, gradient, apply):
        if hasattr(node, "tensor"):
            way.leaves[node] = numbers_of(g)
        elif not hasattr(g, "parts"):
            shares = [(to, numbers_of(share)) for to, share in pairs if not hasattr(share, "parts")]
            way.steps.append((node, numbers_of(g), shares))
    return way


def with_gradients(graph: GraphRecord, ids: Mapping[Any, str], way: WayBack) -> GraphRecord:
    """The graph with the gradients of a way back in its nodes, and with its steps."""
    arrived = {ids[node]: g for node, g, _ in way.steps if node in ids}
    arrived |= {ids[leaf]: g for leaf, g in way.leaves.items() if leaf in ids}
    stuck = ids.get(way.stuck, "") if way.stuck is not None else ""
    nodes = []
    for node in graph.nodes:
        if node.id in arrived:
            node = replace(node, grad=arrived[node.id])
        if node.id == stuck:
            node = replace(node, kind="failed", detail=way.problem)
        nodes.append(node)
    steps = []
    for node, g, shares in way.steps:
        if node in ids:
            names = slot_names(node, [to for to, _ in shares])
            parts = tuple((ids[to], name, share) for name, (to, share) in zip(names, shares, strict=True) if to in ids)
            steps.append(StepRecord(ids[node], g, parts))
    notes = (*graph.notes, way.problem) if way.problem and not stuck else graph.notes
    return replace(graph, nodes=tuple(nodes), steps=tuple(steps), notes=notes)


def to_backward(graph: GraphRecord, parameters: Mapping[str, Any], *, saved: bool) -> GraphRecord:
    """The view of backward: gradients flow from the outputs to the leaves, and what was saved comes in from the side.

    Args:
        graph: by operation.
        parameters: all of the model, by name, of which those that no gradient reaches are drawn too.
        saved: whether values saved for backward get nodes.
    """
    nodes: list[NodeRecord] = []
    edges: list[EdgeRecord] = []
    for node in reversed(graph.nodes):
        if saved:
            for i, value in enumerate(node.saved):
                name = f"{node.id}s{i}"
                nodes.append(
                    NodeRecord(name, "saved", value.name, value.shape, cluster=node.cluster, params=saved_lines(value))
                )
                edges.append(EdgeRecord(name, node.id, value.shape))
        nodes.append(node)
    edges += [EdgeRecord(edge.target, edge.source, edge.shape, edge.slot, edge.flows) for edge in graph.edges]
    drawn = {node.label for node in graph.nodes if node.kind == "parameter"}
    nodes += _unreached({name: tensor for name, tensor in parameters.items() if name not in drawn})
    order = tuple(step.node for step in graph.steps) or tuple(reversed(graph.order))
    return replace(graph, nodes=tuple(nodes), edges=tuple(edges), level="backward", order=order)


def _unreached(parameters: Mapping[str, Any]) -> Iterator[NodeRecord]:
    """Parameters that take no part, one by one or, if there are many, as one node."""
    why = {
        name: "not reached" if tensor.requires_grad else "requires_grad is False" for name, tensor in parameters.items()
    }
    for reason in ("not reached", "requires_grad is False"):
        here = [name for name in parameters if why[name] == reason]
        if len(here) > MANY:
            label = f"{len(here)} parameters, {here[0]} … {here[-1]}"
            yield NodeRecord(f"u{reason[0]}", "unreached", label, detail=f"{NO_GRADIENT}: {reason}")
            continue
        for name in here:
            shape: Shape = tuple(map(int, parameters[name].shape))
            yield NodeRecord(
                f"u{list(parameters).index(name)}", "unreached", name, shape, detail=f"{NO_GRADIENT}: {reason}"
            )
