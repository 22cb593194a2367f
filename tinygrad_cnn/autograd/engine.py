"""Reverse mode: walk the graph from the outputs to the leaves, each node once, after all that were computed from it."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

from .anomaly import checked_gradients
from .graph import Leaf, Lift, Node
from .hooks import after_hooks
from .modes import ANOMALY, SCOPE, VALUES, gradient_scope
from .packing import PackedValues
from .sharing import only_here
from .tape import TAPE


def ancestors(roots: Iterable[Node | Leaf]) -> list[Node | Leaf]:
    """Everything the roots were computed from, themselves included, each before its inputs.

    Iterative, so the depth of a graph is bounded by memory alone.

    >>> y = (tg.ones(2, requires_grad=True) * 3).sum()
    >>> [type(node).__name__ for node in ancestors([y.node])]
    ['Node', 'Node', 'Leaf']
    """
    seen = set(roots)
    stack = list(seen)
    while stack:
        for source in stack.pop().inputs:
            if source is not None and source not in seen:
                seen.add(source)
                stack.append(source)
    return sorted(seen, key=attrgetter("order"), reverse=True)


def leading_to(targets: Iterable[Node | Leaf], nodes: list[Node | Leaf]) -> set[Node | Leaf]:
    """Those of the nodes that depend on a target (the targets included)."""
    leading = set(targets)
    for node in reversed(nodes):
        if any(source in leading for source in node.inputs):
            leading.add(node)
    return leading


def recorded_gradients(node: Node, g: Any, lift: Lift, checking: bool) -> list[tuple[Node | Leaf, Any]]:
    """The gradients that a node hands on, whose operations carry the path of the node behind a ∇."""
    token = SCOPE.set(gradient_scope(node.scope))
    try:
        return list(checked_gradients(node, g, lift) if checking else node.input_gradients(g, lift))
    finally:
        SCOPE.reset(token)


def backpropagate(
    seeds: Mapping[Node | Leaf, Any],
    targets: Iterable[Node | Leaf] | None = None,
    *,
    lift: Lift | None = None,
    retain_graph: bool = False,
) -> dict[Node | Leaf, Any]:
    """Gradients of Σ seed · output with respect to the targets; of every leaf when there are no targets.

    Pure: it writes no `.grad`. Saved values are released node by node on the way unless the graph is retained.

    Args:
        seeds: for each output node, the gradient to start from.
        targets: the nodes whose gradients are wanted; only what lies between is visited.
        lift: turns a saved array and its node into a tensor; given when the gradients shall be differentiable.
        retain_graph: keep saved values for another walk.

    >>> x = tg.ones(2, requires_grad=True)
    >>> backpropagate({(x * 3).node: np.ones(2)})[x.node]
    array([3., 3.])
    """
    tape = TAPE.get()
    if lift is None and tape is not None:
        found: dict[Node | Leaf, Any] | None = tape.walk(seeds, targets, retain_graph)
        if found is not None:
            return found
    nodes = ancestors(seeds)
    wanted = None if targets is None else set(targets)
    leading = None if wanted is None else leading_to(wanted, nodes)
    pending = dict(seeds)
    checking = ANOMALY.get() is VALUES
    gradients: dict[Node | Leaf, Any] = {}
    for node in nodes:
        g = pending.pop(node, None)
        if g is None:
            continue
        for hook in node.hooks or ():
            replaced = hook(g)
            g = g if replaced is None else replaced
        if isinstance(node, Leaf):
            if wanted is None or node in wanted:
                gradients[node] = g
            continue
        if wanted is not None and node in wanted:
            gradients[node] = g
        if leading is not None and not any(source in leading for source in node.inputs):
            continue
        rule: Iterable[tuple[Node | Leaf, Any]]
        if lift is not None:
            rule = recorded_gradients(node, g, lift, checking)
        else:
            rule = checked_gradients(node, g, lift) if checking else node.input_gradients(g, lift)
        if tape is not None:
            rule = tape.rules(node, g, rule, lift is None)
        if node.hooks:
            rule = after_hooks(node, g, rule)
        for source, gradient in rule:
            if leading is not None and source not in leading:
                continue
            if source not in pending:
                pending[source] = gradient
            elif lift is None and only_here(pending, source) and pending[source].dtype == gradient.dtype:
                pending[source] += gradient
            else:
                pending[source] = pending[source] + gradient
        if not retain_graph:
            node.release()
        elif isinstance(node.saved, PackedValues):
            node.saved.forget()
    return gradients
