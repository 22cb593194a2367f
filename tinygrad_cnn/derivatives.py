"""Derivatives as functions: of tensors, with respect to tensors, of any order."""

from collections.abc import Iterable, Sequence
from typing import Any

from .errors import GraphError
from .functions import stack
from .tensor import Tensor, memory_of_its_own, run_backward, seeds_for, walk

__all__ = ["backward", "grad"]


def several(values: Any) -> tuple[Any, ...]:
    """A list, a tuple or another iterable such as `model.parameters()` as a tuple, anything else as one of one."""
    return tuple(values) if isinstance(values, Iterable) and not hasattr(values, "shape") else (values,)


def _weights(caller: str, outputs: tuple[Any, ...], weights: Any) -> tuple[Any, ...]:
    listed = (None,) * len(outputs) if weights is None else several(weights)
    if len(listed) != len(outputs):
        raise ValueError(
            f"{caller}: {len(outputs)} outputs but {len(listed)} gradients for them; "
            "give one for each (None for a scalar)"
        )
    return listed


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Tensor] | Tensor | None = None,
) -> None:
    """Add the derivative of Σ grad · tensor to the `.grad` of the leaves: `Tensor.backward` for several at once.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> backward([x.sum(), x * 2], [None, tg.tensor([10.0, 0.0])])
    >>> x.grad
    tensor([21.,  1.])
    """
    outputs = several(tensors)
    weights = _weights("backward", outputs, grad_tensors)
    run_backward(outputs, weights, retain_graph=retain_graph, create_graph=create_graph, inputs=inputs)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The derivatives of Σ grad_output · output with respect to the inputs, returned and not accumulated.

    Args:
        outputs: one tensor or several.
        inputs: the tensors to differentiate by, leaves or computed.
        grad_outputs: a weight for each output, of its shape; may be left out for scalars.
        retain_graph: keep what was saved for another walk. Default: `create_graph`.
        create_graph: make the results differentiable, for derivatives of higher order.
        only_inputs: must be True: nothing is accumulated into any `.grad`.
        allow_unused: give None for an input that the outputs do not depend on, instead of an error.
        is_grads_batched: the weights have one more dimension in front, and so have the results: one walk for each
            index of it.
        materialize_grads: give zeros for it.

    Returns:
        A gradient for each input, of its shape.

    Raises:
        RuntimeError: for an input that takes no part, or without a graph.
        NotImplementedError: for `only_inputs=False`, which exists for PyTorch's signature alone.
        ValueError: for `allow_unused=False` together with `materialize_grads`.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> (slope,) = grad(x**3, x, create_graph=True)
    >>> slope.item(), grad(slope, x)[0].item()
    (27.0, 18.0)
    """
    if not only_inputs:
        raise NotImplementedError("grad: only_inputs=False is not supported; backward() accumulates into all leaves")
    if materialize_grads and allow_unused is False:
        raise ValueError("grad: allow_unused must be True or left out when materialize_grads=True; got False")
    sources, targets = several(outputs), several(inputs)
    if not targets:
        raise GraphError("grad: inputs is empty")
    if is_grads_batched:
        return _batched(sources, targets, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads)
    for i, tensor in enumerate(targets):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"grad: input {i} must be a tensor; got {type(tensor).__name__}")
        if tensor.node is None:
            raise GraphError(
                f"grad: input {i} of shape {tuple(tensor.shape)} does not require grad, so nothing was recorded for it"
            )
        tensor.refresh()
    seeds = seeds_for("grad", sources, _weights("grad", sources, grad_outputs))
    nodes = [tensor.node for tensor in targets]
    keep = create_graph if retain_graph is None else retain_graph
    found = walk(seeds, nodes, create_graph=create_graph, retain_graph=keep)
    results: list[Any] = []
    for i, tensor in enumerate(targets):
        if tensor.node not in found:
            if not (allow_unused or materialize_grads):
                raise GraphError(
                    f"grad: the outputs do not depend on input {i} of shape {tuple(tensor.shape)}; "
                    "pass allow_unused=True to get None for it, or materialize_grads=True to get zeros"
                )
            results.append(Tensor.from_array(tensor.backend.xp.zeros_like(tensor.array)) if materialize_grads else None)
        elif create_graph:
            results.append(found[tensor.node])
        else:
            results.append(Tensor.from_array(memory_of_its_own(tensor.backend, found, tensor.node)))
    return tuple(results)


def _batched(
    outputs: tuple[Any, ...],
    inputs: tuple[Any, ...],
    weights: Any,
    retain_graph: bool | None,
    create_graph: bool,
    allow_unused: bool | None,
    materialize_grads: bool,
) -> tuple[Any, ...]:
    """`grad` for each index of the first dimension of the weights, stacked."""
    listed = _weights("grad", outputs, weights)
    counts = {len(weight) for weight in listed if weight is not None}
    if len(counts) != 1 or any(weight is None for weight in listed):
        raise ValueError(
            "grad: with is_grads_batched=True every output needs grad_outputs, with one size in their first dimension; "
            f"got {[None if weight is None else tuple(weight.shape) for weight in listed]}"
        )
    (count,) = counts
    keep = create_graph if retain_graph is None else retain_graph
    walks = [
        grad(
            outputs,
            inputs,
            [weight[i] for weight in listed],
            retain_graph=keep or i + 1 < count,
            create_graph=create_graph,
            allow_unused=allow_unused,
            materialize_grads=materialize_grads,
        )
        for i in range(count)
    ]
    if not walks:
        return tuple(x.new_zeros((0, *x.shape)) for x in inputs)
    return tuple(None if parts[0] is None else stack(parts) for parts in zip(*walks, strict=True))
