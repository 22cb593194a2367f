"""The one call: from tensors or a model to a picture."""

from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import replace
from typing import Any

from .dot import DIRECTIONS, SHOW
from .fold import box_per_call, fold, to_modules
from .picture import GraphPicture
from .records import GraphRecord, Names, clusters_for, names_of, read_graph, without_small_boxes

LEVELS = ("auto", "module", "op")


def draw_graph(
    target: Any,
    input: Any = None,
    *,
    level: str = "auto",
    model: Any = None,
    params: Mapping[str, Any] | None = None,
    depth: int | None = None,
    direction: str = "TB",
    max_nodes: int | None = 500,
    show: Sequence[str] = ("shape", "params", "constants"),
) -> GraphPicture:
    """Draw what tensors were computed from, or what a model computes.

    Works before, during and after backward. A notebook shows the result by itself; `.save("graph.svg")` writes it to a
    file.

    Args:
        target: a tensor, a sequence or dict of tensors, or a model.
        input: for a model, what to run it on: a tensor, a tuple of arguments or a dict of keyword arguments.
            It is run once, in training mode or not as it is, where dropout draws random numbers; its buffers (running
            means) are put back afterwards.
        level: "module" draws a node per layer, "op" a node per operation in boxes per layer; "auto" is
            "module" for a model and "op" for tensors.
        model: the model that the tensors come from: it gives names to parameters and classes to layers.
        params: names of further leaves, such as `{"w": w}`.
        depth: how many levels of modules to tell apart; all if None.
        direction: "TB" from top to bottom, "LR" from left to right.
        max_nodes: a larger graph is folded until it has no more nodes than that, and long runs of ops always; the
            picture says so. None draws every node.
        show: what to tell, of "shape", "dtype", "params" (window, dim …), "saved" (memory kept for backward) and
            "constants" (operands without gradient).

    Raises:
        TypeError: for a target that is none of these, or a model without input.
        ValueError: for an unknown level, direction or item of `show`.

    >>> import tinygrad_cnn as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> picture = draw_graph((w * w).sum(), params={"w": w})
    >>> print(picture.text())
    2 ops, 2 parameters
    output  ()
    └─ sum  dim 0  ()
       └─ mul  (2,)
          ├─ w  parameter  (2,)
          └─ w ↑
    """
    _one_of("level", level, LEVELS)
    _one_of("direction", direction, DIRECTIONS)
    show = (show,) if isinstance(show, str) else tuple(show)
    for item in show:
        _one_of("show", item, SHOW)
    limits: dict[str, Any] = {"depth": depth, "max_nodes": max_nodes}
    for name, value in limits.items():
        if value is not None and not (isinstance(value, int) and value >= 1):
            raise ValueError(f"draw_graph: {name} must be a positive int or None; got {value!r}")

    is_model = hasattr(target, "named_modules")
    inputs: dict[str, Any] = {}
    if is_model:
        if input is None:
            raise TypeError(
                f"draw_graph: the graph of {_kind(target)} depends on its input; give one: draw_graph(model, input)"
            )
        model = target
        outputs, inputs = _run(model, input)
    else:
        if input is not None:
            raise TypeError(
                f"draw_graph: input is for a model; the target is {_kind(target)}, which has its graph already"
            )
        outputs = _tensors(target, "output")
        if not outputs:
            raise TypeError(
                f"draw_graph: expected a tensor, a sequence or dict of them, or a model; got {_kind(target)}"
            )

    names = names_of(model, params, inputs)
    graph = read_graph(outputs, names, constants="constants" in show)
    by_module = level == "module" or (level == "auto" and is_model)
    title = _title(graph, names, type(model).__name__ if model is not None else "")
    graph = to_modules(graph, depth, names) if by_module else box_per_call(graph)
    graph = replace(fold(graph, max_nodes, names), title=title)
    if depth is not None:
        graph = replace(
            graph, nodes=tuple(replace(n, cluster=".".join(n.cluster.split(".")[:depth])) for n in graph.nodes)
        )
    graph = replace(graph, nodes=without_small_boxes(graph.nodes, names.classes))
    graph = replace(graph, clusters=clusters_for(graph.nodes, names.classes))
    return GraphPicture(graph, direction, show)


def _run(model: Any, input: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a model once on inputs that collect gradients, so that everything is recorded: outputs, inputs by name."""
    given = (
        input if isinstance(input, Mapping) else dict(enumerate(input if isinstance(input, tuple | list) else (input,)))
    )
    values = {name: _twin(value) for name, value in given.items()}
    named = {
        "input" if len(values) == 1 and name == 0 else f"input {name}" if isinstance(name, int) else str(name): v
        for name, v in values.items()
    }
    args = [value for name, value in values.items() if isinstance(name, int)]
    keywords = {str(name): value for name, value in values.items() if not isinstance(name, int)}

    buffers = dict(model.named_buffers()) if hasattr(model, "named_buffers") else {}
    before = {name: buffer.array.copy() for name, buffer in buffers.items()}
    try:
        result = _run_recording(model, args, keywords, [*values.values(), *dict(model.named_parameters()).values()])
    finally:
        for name, buffer in dict(model.named_buffers()).items() if before else ():
            if name in before and buffer.array.shape == before[name].shape:
                buffer.array[...] = before[name]
                buffer.storage.changed("draw_graph")
    outputs = _tensors(result, "output")
    if not outputs:
        raise TypeError(
            f"draw_graph: {_kind(model)} must return a tensor, or a sequence or dict of them; got {_kind(result)}"
        )
    return outputs, {name: value for name, value in named.items() if _is_tensor(value)}


def _run_recording(model: Any, args: list[Any], keywords: dict[str, Any], tensors: list[Any]) -> Any:
    """Run a model so that a graph is recorded; inside no_grad() in a new context, as the mode is a context variable."""
    leaf = next((t for t in tensors if getattr(t, "node", None) is not None), None)
    if leaf is None or (leaf * 1).node is not None:
        return model(*args, **keywords)
    return Context().run(model, *args, **keywords)


def _twin(value: Any) -> Any:
    """The same values as a leaf; what has no gradient (integers, other objects) as it is."""
    if _is_tensor(value) and value.dtype.kind == "f":
        return value.detach().requires_grad_()
    return value


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "node") and hasattr(value, "shape")


def _tensors(value: Any, name: str) -> dict[str, Any]:
    """All tensors in nested sequences and dicts, by where they are: `loss`, `0`, `boxes.1`; one alone by `name`."""
    found: dict[str, Any] = {}
    stack = [("", value)]
    while stack:
        path, item = stack.pop()
        if _is_tensor(item):
            found[path or name] = item
        elif isinstance(item, Mapping | tuple | list):
            pairs = list(item.items() if isinstance(item, Mapping) else enumerate(item))
            stack += [
                (f"{path}.{key}" if path else f"{name} {key}" if isinstance(key, int) else str(key), part)
                for key, part in reversed(pairs)
            ]
    return found


def _kind(value: Any) -> str:
    return type(value).__name__


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"draw_graph: {name} must be one of {', '.join(known)}; got {value!r}")


def _title(graph: GraphRecord, names: Names, model: str) -> str:
    """`SmallCNN: 12 ops, 5,418 parameters`"""
    ops = sum(node.kind == "op" for node in graph.nodes)
    size = sum(names.sizes.values()) or sum(node.parameters for node in graph.nodes if node.kind == "parameter")
    counts = [f"{n:,} {what}{'s' * (n != 1)}" for n, what in ((ops, "op"), (size, "parameter")) if n]
    return f"{model}: {', '.join(counts)}" if model and counts else model or ", ".join(counts) or "no graph"
