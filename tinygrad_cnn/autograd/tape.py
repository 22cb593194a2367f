"""Where a function that is being compiled is told of: each operation, each walk back, each write, in their order.

Nothing here computes. `TAPE` holds what listens, None nearly always; operations look for it only while `ANOMALY` says
that somebody watches, so that recording costs nothing where there is none. What listens is `tinygrad_cnn.compiler`.
"""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


class Tape(Protocol):
    """What is told what a function does.

    Attributes:
        reason: why it has given up, empty while it has not.
    """

    reason: str

    def operation(self, op: Any, backend: Any, args: Any, arrays: Any, params: Any, rest: Any, result: Any) -> None:
        """An operation gave `result`, a tensor, and beside it the residuals `rest`."""

    def walk(self, seeds: Any, targets: Any, retain_graph: bool) -> Any:
        """Do what `backpropagate` does, step by step; None when the engine shall do it."""

    def rules(self, node: Any, g: Any, found: Iterable[tuple[Any, Any]], plain: bool) -> Iterable[tuple[Any, Any]]:
        """What a node makes of `g`, in a walk that the engine does: hand it on. `plain` says that no graph is made."""

    def is_fresh(self, gradient: Any) -> bool:
        """Whether the last walk made this array, so that nobody else holds it."""

    def repeat(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Call a function that is called again, as it is, whenever the recording is replayed."""

    def call(self, function: Any, args: Any, out: Any, varies: bool) -> None:
        """A function of arrays gave `out`."""

    def derived(self, function: Any, tensor: Any, before: Any, after: Any) -> None:
        """The array `after` was computed from the one that a tensor had."""

    def written(self, tensor: Any, by: str, values: Any, shared: bool) -> None:
        """A tensor is about to take other values, in its own memory if that is shared."""

    def counted(self, tensor: Any, by: str, node: Any) -> None:
        """The memory of a tensor was written to, and its history is to go on from `node`."""

    def abandon(self, reason: str) -> None:
        """What follows cannot be replayed."""


TAPE: ContextVar[Tape | None] = ContextVar("tape", default=None)


def repeated(function: F) -> F:
    """Mark what changes something that outlives a step: when a recording is replayed, it is called as it is.

    What it is given must be tensors that the step did not make, arrays, and whatever is no tensor.

    >>> calls = []
    >>> repeated(calls.append)(1)
    >>> calls
    [1]
    """

    @wraps(function)
    def told(*args: Any, **kwargs: Any) -> Any:
        tape = TAPE.get()
        return function(*args, **kwargs) if tape is None else tape.repeat(function, args, kwargs)

    return cast(F, told)


def taken(function: Callable[..., Any], *args: Any, varies: bool = False) -> Any:
    """`function(*args)`, arrays of arrays, as one step of the tape: for what is computed without an operation.

    Args:
        varies: whether it depends on values which of the results are None.

    >>> taken(np.sort, np.array([2, 1]))
    array([1, 2])
    """
    out = function(*args)
    if (tape := TAPE.get()) is not None:
        tape.call(function, args, out, varies)
    return out


def unrecordable(reason: str) -> None:
    """Say that what happens here depends on values in a way that no recording holds.

    >>> unrecordable("the values decide how many there are")  # outside of `compile` it says nothing
    """
    if (tape := TAPE.get()) is not None:
        tape.abandon(reason)
