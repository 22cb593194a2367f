"""Hooks on the gradients of several tensors at once."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from .autograd import unrecordable
from .autograd.hooks import RemovableHandle, calls_at_end
from .autograd.modes import in_scope
from .errors import ArgumentError
from .tensor import Tensor

__all__ = ["register_multi_grad_hook"]


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], Any], *, mode: str = "all"
) -> RemovableHandle:
    """Call `fn` once per walk with the gradients of several tensors.

    Args:
        tensors: that require grad.
        fn: takes a list with a gradient for each tensor, None for one that the walk did not come to; with "any", the
            first gradient that is complete. What it returns is ignored.
        mode: "all" calls it when the walk is done, where PyTorch calls it once the last of the gradients is complete;
            "any" at the first of them.

    Returns:
        A handle whose `remove()` takes the hook out again.

    Raises:
        ValueError: for another mode.
        RuntimeError: for a tensor that requires no gradient.

    >>> import tinygrad_cnn as tg
    >>> a, b, c = (tg.ones(1, requires_grad=True) for _ in range(3))
    >>> with register_multi_grad_hook([a, b, c], print):
    ...     (2 * a + 3 * b).sum().backward()
    [tensor([2.]), tensor([3.]), None]
    """
    if mode not in ("all", "any"):
        raise ArgumentError(f"register_multi_grad_hook: mode must be 'all' or 'any'; got {mode!r}{in_scope()}")
    found: dict[int, dict[int, Any]] = {}  # for each walk that is under way

    def done(walk: int, finished: bool) -> None:
        gradients = found.pop(walk)
        if mode == "all" and finished:
            fn([gradients.get(i) for i in range(len(tensors))])

    def arrived(i: int, g: Any) -> None:
        unrecordable("register_multi_grad_hook: a hook that is called at the end of a walk")
        calls = calls_at_end()
        if id(calls) not in found:
            found[id(calls)] = {}
            calls.append(partial(done, id(calls)))
            if mode == "any":
                fn(g)
        found[id(calls)][i] = g

    handles = [x.register_hook(partial(arrived, i)) for i, x in enumerate(tensors)]

    def remove() -> None:
        for handle in handles:
            handle.remove()

    return RemovableHandle(remove)
