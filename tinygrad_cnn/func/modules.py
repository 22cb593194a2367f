"""Modules as functions of their parameters."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..functions import stack
from ..tensor import Tensor


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: dict[str, Tensor] | Sequence[dict[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in place of its parameters and buffers.

    Args:
        module: an `nn.Module`.
        parameter_and_buffer_dicts: tensors by path, as in `dict(module.named_parameters())`, or several such dicts.
            What is not named stays the module's own.
        args: the arguments of the call: a tuple, or one that is no tuple.
        kwargs: its keyword arguments.
        tie_weights: a tensor that the module has under several paths is replaced under all of them.
        strict: every parameter and buffer must be named, and nothing else.

    Raises:
        RuntimeError: if `strict` and names are missing or unknown.
        ValueError: for a name in two dicts, or several tensors for one that is tied.

    >>> import tinygrad_cnn as tg
    >>> layer = tg.nn.Linear(2, 1)
    >>> functional_call(layer, {"weight": tg.ones(1, 2), "bias": tg.zeros(1)}, (tg.tensor([[3.0, 4.0]]),)).item()
    7.0
    """
    tensors = _merged(parameter_and_buffer_dicts)
    given = () if args is None else args if isinstance(args, tuple) else (args,)
    with _swapped(module, tensors, tie_weights, strict):
        return module(*given, **(kwargs or {}))


def _merged(dicts: Any) -> dict[str, Tensor]:
    if isinstance(dicts, dict):
        return dicts
    merged: dict[str, Tensor] = {}
    for each in dicts:
        if twice := merged.keys() & each.keys():
            raise ValueError(f"functional_call: {sorted(twice)} are in more than one of the dicts")
        merged.update(each)
    return merged


@contextmanager
def _swapped(module: Any, tensors: dict[str, Tensor], tie_weights: bool, strict: bool) -> Iterator[None]:
    """The module with other tensors; at the end it has its own again, and the dict those it would have kept."""
    places: dict[str, tuple[dict[str, Any], str]] = {}
    for path, part in module.named_modules(remove_duplicate=False):
        for held in (part._parameters, part._buffers):
            places |= {f"{path}.{name}" if path else name: (held, name) for name, x in held.items() if x is not None}
    if strict and (places.keys() != tensors.keys()):
        missing, unknown = sorted(places.keys() - tensors.keys()), sorted(tensors.keys() - places.keys())
        raise RuntimeError(f"functional_call: strict=True, but missing are {missing}, and unknown {unknown}")
    before = {path: held[name] for path, (held, name) in places.items()}
    replaced: dict[str, Tensor] = {}
    for path, x in tensors.items():
        if path not in places:
            continue
        for other in places if tie_weights else (path,):
            if before[other] is not before[path]:
                continue
            if other in tensors and tensors[other] is not x:
                raise ValueError(f"functional_call: {path} and {other} are one tensor in the module; got two for them")
            replaced[other] = x
    try:
        for path, x in replaced.items():
            held, name = places[path]
            held[name] = x
        yield
    finally:
        for path, x in replaced.items():
            held, name = places[path]
            if path in tensors and held.get(name) is not x:
                tensors[path] = held[name]
            held[name] = before[path]


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of models of one kind, each stacked along a new first dimension.

    With `vmap` and `functional_call` they run as an ensemble.

    Raises:
        RuntimeError: for no models, models of several classes, or some in training and some not.

    >>> import tinygrad_cnn as tg
    >>> parameters, buffers = stack_module_state([tg.nn.Linear(2, 3) for _ in range(4)])
    >>> parameters["weight"].shape
    (4, 3, 2)
    """
    if not models:
        raise RuntimeError("stack_module_state: expected at least one model")
    if len({type(model) for model in models}) > 1 or len({model.training for model in models}) > 1:
        raise RuntimeError("stack_module_state: the models must be of one class, all in training or all not")
    return (
        _stacked([dict(model.named_parameters()) for model in models]),
        _stacked([dict(model.named_buffers()) for model in models]),
    )


def _stacked(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    stacked = {}
    for path, first in states[0].items():
        whole = stack([state[path].detach() for state in states])
        stacked[path] = whole.requires_grad_() if first.requires_grad else whole
    return stacked
