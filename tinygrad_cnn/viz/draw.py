"""The one call: from tensors, a model or a recording to a picture."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .backward import WayBack, to_backward, walked, with_gradients
from .dot import DIRECTIONS, HEATS
from .fold import box_per_call, collapsed, fold, to_modules
from .grouping import cut_to_depth
from .lines import SHOW, in_bytes, in_thousands
from .picture import GraphPicture
from .reading import names_of, parameters_of, read_graph
from .records import GraphRecord, Names, clusters_for, without_small_boxes
from .repeats import fold_repeated
from .running import run_model, tensors_in

LEVELS = ("auto", "module", "op", "backward")
USUAL = {
    "module": ("shape", "params", "constants", "macs"),
    "op": ("shape", "params", "constants"),
    "backward": ("shape", "params", "constants", "saved", "grad"),
}


def draw_graph(
    target: Any,
    input: Any = None,
    *,
    level: str = "auto",
    depth: int | None = None,
    collapse: str | Collection[str] = (),
    fold_repeats: bool = True,
    show: str | Sequence[str] | None = None,
    direction: str = "TB",
    max_nodes: int | None = 500,
    heat: str | None = None,
    model: Any = None,
    params: Mapping[str, Any] | None = None,
    run: Any = None,
    gradient: Any = None,
) -> GraphPicture:
    """Draw what tensors were computed from, what a model computes, or how gradients come back.

    Works before, during and after backward, and after an error. A notebook shows the result by itself;
    `.save("graph.svg")` writes it to a file, `.save("graph.html")` a page to walk through, `.text()` is for terminals.

    Args:
        target: a tensor, a sequence or dict of tensors, a model, or a recording (`with viz.record() as run:`).
        input: for a model, what to run it on: a tensor, a tuple of arguments or a dict of keyword arguments.
            It is run once, in training mode or not as it is, where dropout draws random numbers; its buffers (running
            means) are put back afterwards.
        level: "module" draws a node per layer, "op" a node per operation in boxes per layer, "backward" the flow
            of gradients with the rule of each operation; "auto" is "module" for a model and "op" for tensors.
        depth: how many levels of modules to tell apart; all if None.
        collapse: modules to draw as one node each, by path or by class.
        fold_repeats: draw equal layers and blocks in a row once, with how many there are (level "module").
        show: what to tell, of "shape", "dtype", "params" (window, dim … and in "backward" the rules), "macs"
            (multiplications with an addition), "saved" (memory kept for backward), "constants" (operands without
            gradient), "grad" (gradients), "values" (the numbers: of computed values only where they were recorded),
            "time" (the same) and "source" (lines of the program).
        direction: "TB" from top to bottom, "LR" from left to right.
        max_nodes: a larger graph is folded until it has no more nodes than that, and long runs of ops always; the
            picture says so. None draws every node.
        heat: "time" or "memory" colours nodes by what they cost.
        model: the model that the tensors come from, or several by name: it names parameters, and those that no gradient
            reaches are drawn too.
        params: names of further leaves, such as `{"w": w}`.
        run: a recording in which the tensors were computed.
        gradient: for gradients of what is no scalar, the weights.

    Raises:
        TypeError: for a target that is none of these, or a model without input.
        ValueError: for an unknown level, direction or item of `show`.
        Exception: whatever the model raises; its attribute `picture` then shows how far it came.

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
    is_model = hasattr(target, "named_modules")
    if not (model is None or hasattr(model, "named_parameters") or isinstance(model, Mapping)):
        raise TypeError(f"draw_graph: model must be a model, or a dict of models by name; got {_kind(model)}")
    if not (params is None or isinstance(params, Mapping)):
        raise TypeError(f"draw_graph: params must be a dict of tensors by name; got {_kind(params)}")
    _one_of("level", level, LEVELS)
    _one_of("direction", direction, DIRECTIONS)
    if heat is not None:
        _one_of("heat", heat, HEATS)
    if level == "auto":
        level = "module" if is_model else "op"
    wanted = USUAL[level] if show is None else (show,) if isinstance(show, str) else tuple(show)
    for item in wanted:
        _one_of("show", item, SHOW)
    limits: dict[str, Any] = {"depth": depth, "max_nodes": max_nodes}
    for name, value in limits.items():
        if value is not None and not (isinstance(value, int) and value >= 1):
            raise ValueError(f"draw_graph: {name} must be a positive int or None; got {value!r}")
    if heat == "time" and "time" not in wanted:
        wanted = (*wanted, "time")
    if heat == "memory" and "saved" not in wanted:
        wanted = (*wanted, "saved")

    error: Exception | None = None
    inputs: dict[str, Any] = {}
    if is_model:
        if input is None:
            raise TypeError(
                f"draw_graph: the graph of {_kind(target)} depends on its input; give one: draw_graph(model, input)"
            )
        model = target
        ran = run_model(model, input, values="values" in wanted, times="time" in wanted)
        outputs, inputs, run, error = ran.outputs, ran.inputs, ran.recording, ran.error
        if error is not None and getattr(run, "failure", None) is None:
            raise error
    else:
        if input is not None:
            raise TypeError(
                f"draw_graph: input is for a model; the target is {_kind(target)}, which has its graph already"
            )
        if hasattr(target, "ends"):
            run = target
            ends = [] if run.failure is not None else run.ends
            outputs = {f"output {i}" if len(ends) > 1 else "output": end for i, end in enumerate(ends)}
        else:
            outputs = tensors_in(target, "output")
        if not outputs and getattr(run, "failure", None) is None:
            raise TypeError(
                "draw_graph: expected a tensor, a sequence or dict of them, a model or a recording; "
                f"got {_kind(target)}"
            )
    names = names_of(model, params, inputs)
    graph = _read(outputs, names, level, wanted, run, gradient)
    title = _title(graph, names, wanted)
    whole = graph = box_per_call(replace(graph, title=title))
    collapse = {collapse} if isinstance(collapse, str) else set(collapse)
    if level == "module":
        graph = to_modules(graph, depth, names, collapse)
        graph = fold_repeated(graph) if fold_repeats else graph
    elif level == "backward":
        parameters = parameters_of(model) | dict(params or {})
        graph = collapsed(to_backward(graph, parameters, saved="saved" in wanted), collapse, names)
    else:
        graph = collapsed(graph, collapse, names)
    graph = _boxed(fold(graph, max_nodes, names), depth)
    picture = GraphPicture(graph, direction, wanted, heat, lambda: _boxed(fold(whole, max_nodes, names), None))
    if error is not None:
        error.picture = picture  # type: ignore[attr-defined]
        error.add_note(f"{title}: how far it came is in this error's attribute `picture`")
        raise error
    return picture


def _read(
    outputs: Mapping[str, Any], names: Names, level: str, show: Sequence[str], run: Any, gradient: Any
) -> GraphRecord:
    """The graph by operation, with the gradients that are wanted."""
    ids: dict[Any, str] = {}
    graph = read_graph(outputs, names, constants="constants" in show, values="values" in show, run=run, ids=ids)
    if "grad" not in show:
        return graph
    recorded = getattr(run, "walk_back", None)
    if recorded and all(node in ids for node, _, _ in recorded):
        return with_gradients(graph, ids, WayBack(recorded))
    if level == "backward" or "values" in show:
        return with_gradients(graph, ids, walked(outputs, gradient))
    return graph


def _boxed(graph: GraphRecord, depth: int | None) -> GraphRecord:
    """The graph with the boxes that are worth drawing."""
    nodes = graph.nodes
    if depth is not None:
        nodes = tuple(replace(n, cluster=cut_to_depth(n.cluster, depth, graph.boxes)) for n in nodes)
    nodes = without_small_boxes(nodes, graph.boxes, leaves_count=graph.level != "backward")
    return replace(graph, nodes=nodes, clusters=clusters_for(nodes, graph.boxes))


def _kind(value: Any) -> str:
    return type(value).__name__


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"draw_graph: {name} must be one of {', '.join(known)}; got {value!r}")


def _title(graph: GraphRecord, names: Names, show: Collection[str]) -> str:
    """`SmallCNN: 12 ops, 5,418 parameters, 1.2 M MACs`"""
    ops = sum(node.kind == "op" for node in graph.nodes)
    size = sum(names.sizes.values()) or sum(node.parameters for node in graph.nodes if node.kind == "parameter")
    counts = [f"{n:,} {what}{'s' * (n != 1)}" for n, what in ((ops, "op"), (size, "parameter")) if n]
    if "macs" in show and (macs := sum(node.macs for node in graph.nodes)):
        counts.append(f"{in_thousands(macs)} MACs")
    if "saved" in show and (saved := sum(node.saved_bytes for node in graph.nodes)):
        counts.append(f"{in_bytes(saved)} saved for backward")
    what = ", ".join(counts)
    return f"{names.model}: {what}" if names.model and what else names.model or what or "no graph"
