"""From tensors to the graph and back: seeds for the walk, and what becomes of the gradients it finds."""

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..autograd import Leaf, Node, backpropagate, enable_grad, repeated, taken
from ..autograd.hooks import Ending
from ..autograd.sharing import only_here
from ..autograd.tape import TAPE
from ..backend import Backend, find_backend
from ..dtypes import is_floating
from ..errors import GraphError, ShapeError
from .base import TensorBase


def as_gradient(g: Any) -> Any:
    """What a hook is shown: a gradient as a tensor, which the walk may hold as an array or a number."""
    return g if isinstance(g, TensorBase) else TensorBase.plain.from_array(find_backend((g,)).asarray(g))


def seeds_for(caller: str, tensors: Sequence[Any], gradients: Sequence[Any]) -> dict[Node | Leaf, Any]:
    """The gradient to start from at each tensor's node, as tensors.

    Raises:
        TypeError, RuntimeError: for what has no graph, or a gradient that does not match.
    """
    seeds: dict[Node | Leaf, Any] = {}
    for tensor, gradient in zip(tensors, gradients, strict=True):
        if not isinstance(tensor, TensorBase):
            raise TypeError(f"{caller}: expected a tensor; got {type(tensor).__name__}")
        if tensor.view_of is not None:
            tensor.refresh()
        if tensor.node is None:
            raise GraphError(_why_no_graph(caller, tensor))
        if gradient is None:
            if tensor.array.size != 1:
                raise GraphError(
                    f"{caller}: this tensor has shape {tuple(tensor.shape)}, not a scalar; "
                    "pass gradient= or reduce it first, e.g. with .sum()"
                )
            gradient = TensorBase.plain.from_array(taken(tensor.backend.xp.ones_like, tensor.array))
        elif not isinstance(gradient, TensorBase):
            gradient = TensorBase.plain.from_array(tensor.backend.asarray(gradient, dtype=tensor.dtype))
        if gradient.array.shape != tensor.array.shape:
            raise ShapeError(
                f"{caller}: the gradient has shape {tuple(gradient.shape)}, the tensor {tuple(tensor.shape)}; "
                "they must be equal"
            )
        seeds[tensor.node] = seeds[tensor.node] + gradient if tensor.node in seeds else gradient
    return seeds


def _why_no_graph(caller: str, tensor: TensorBase) -> str:
    if not is_floating(tensor.dtype):
        why = f"its dtype is {tensor.dtype}, and only floating-point values have gradients"
    else:
        why = (
            "nothing it was computed from requires grad, or the graph was cut on the way: by no_grad() or "
            "inference_mode(), .detach(), .data, .item() or .numpy(), or a comparison or argmax, "
            "which have no derivative"
        )
    return (
        f"{caller}: this tensor of shape {tuple(tensor.shape)} has no graph: {why}. "
        "Give the parameters requires_grad=True, and compute the loss from them"
    )


def walk(
    seeds: dict[Node | Leaf, Any], targets: Sequence[Node | Leaf] | None, *, create_graph: bool, retain_graph: bool
) -> dict[Node | Leaf, Any]:
    """Backpropagate: arrays for a plain walk, tensors with a graph of their own when one is to be created."""
    if not seeds:
        return {}
    if create_graph:
        with Ending(), enable_grad():
            return backpropagate(seeds, targets, lift=TensorBase.plain.from_array, retain_graph=retain_graph)
    arrays = {node: seed.array for node, seed in seeds.items()}
    with Ending(), next(iter(seeds.values())).backend.quiet():
        return backpropagate(arrays, targets, retain_graph=retain_graph)


def run_backward(
    tensors: Sequence[Any],
    gradients: Sequence[Any],
    *,
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[Any] | TensorBase | None = None,
) -> None:
    """Add the gradients of the tensors to the `.grad` of the leaves (of `inputs` alone, if given)."""
    seeds = seeds_for("backward", tensors, gradients)
    targets = None
    if inputs is not None:
        inputs = [inputs] if isinstance(inputs, TensorBase) else list(inputs)
        targets = [_node_of_input(i, tensor) for i, tensor in enumerate(inputs)]
        if not targets:
            raise GraphError("backward: inputs is empty; leave it out to accumulate into all leaves")
    keep = create_graph if retain_graph is None else retain_graph
    found = walk(seeds, targets, create_graph=create_graph, retain_graph=keep)
    receivers = {id(tensor.node): tensor for tensor in inputs or () if tensor.node is not None}
    if (tape := TAPE.get()) is not None and not tape.reason and not create_graph:
        leaves: dict[Node | Leaf, Any] = {node: node.tensor for node in found if isinstance(node, Leaf)}
        leaves |= {node: receivers[id(node)] for node in found if id(node) in receivers}
        hand_out([(x, found[node], tape.is_fresh(found[node])) for node, x in leaves.items() if x is not None])
        return
    with Ending():
        for node in found:
            is_leaf = isinstance(node, Leaf)
            tensor = receivers.get(id(node))
            if tensor is None and is_leaf:
                tensor = node.tensor  # type: ignore[union-attr]
            if tensor is not None:
                _accumulate(tensor, found, node)
                if is_leaf and node.after:  # type: ignore[union-attr]
                    for hook in list(node.after):  # type: ignore[union-attr]
                        hook(tensor)


def _node_of_input(i: int, tensor: Any) -> Node | Leaf:
    if not isinstance(tensor, TensorBase):
        raise TypeError(f"backward: inputs must be tensors; got {type(tensor).__name__} at {i}")
    if tensor.view_of is not None:
        tensor.refresh()
    if tensor.node is None:
        raise GraphError(f"backward: input {i} of shape {tuple(tensor.shape)} does not require grad")
    return tensor.node


def _accumulate(tensor: TensorBase, found: dict[Node | Leaf, Any], node: Node | Leaf) -> None:
    """Add what was found to `.grad`: in place, like PyTorch, unless the sum shall be differentiable."""
    before = tensor._grad
    if isinstance(found[node], TensorBase):
        with enable_grad():
            tensor._grad = ops.copy(found[node]) if before is None else before + found[node]
    elif before is None:
        tensor._grad = TensorBase.plain.from_array(memory_of_its_own(tensor.backend, found, node))
    else:
        _add(tensor, found[node])


def _add(tensor: TensorBase, gradient: Any) -> None:
    before = tensor.grad
    if before.array.flags.writeable:
        before.array += gradient
        before.storage.changed("backward")
    else:
        tensor._grad = TensorBase.plain.from_array(before.array + gradient)


@repeated
def hand_out(pairs: Sequence[tuple[TensorBase, Any, bool]]) -> list[Any]:
    """What `run_backward` does with its gradients, in a recorded step; returns the arrays of each `.grad`.

    A recording knows without counting references which gradients nobody else holds: those that are `fresh`.
    """
    held: set[int] = set()
    for tensor, gradient, fresh in pairs:
        if tensor._grad is None:
            backend = tensor.backend
            if not isinstance(gradient, backend.array_type):
                gradient = backend.asarray(gradient)
            elif not fresh or id(gradient) in held or not backend.owns_memory(gradient):
                gradient = gradient.copy(order="K")
            held.add(id(gradient))
            tensor._grad = TensorBase.plain.from_array(gradient)
        else:
            _add(tensor, gradient)
    return [tensor.grad.array for tensor, _, _ in pairs]


def _copied(backend: Backend, gradient: Any) -> Any:
    return gradient.copy(order="K") if isinstance(gradient, backend.array_type) else backend.asarray(gradient)


def memory_of_its_own(backend: Backend, found: dict[Node | Leaf, Any], node: Node | Leaf) -> Any:
    """A gradient as the walk found it, copied if somebody else may see its memory.

    Two leaves may be handed one array or views of it; a rule may return a saved value, and a hook keep what it saw.
    """
    if TAPE.get() is not None:  # a replay does not count references
        return taken(_copied, backend, found[node])
    if not isinstance(found[node], backend.array_type):
        return backend.asarray(found[node])
    if only_here(found, node) and backend.owns_memory(found[node]):
        return found[node]
    return found[node].copy(order="K")  # in the order of its memory: to change that too is many times slower
