"""Checkpoints within a graph: what was saved for backward is forgotten, and computed again when backward needs it.

The operations are recorded as usual, but in place of each saved array its number is kept. When backward asks for the
first of them, the function runs once more, with the same inputs, random numbers and precision, and the arrays it saves
this time are taken by their numbers. So gradients reach everything that the function uses, and derivatives have every
order.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token
from typing import Any

from .autograd import Leaf, Node, enable_grad, is_grad_enabled
from .autograd.modes import ANOMALY, AUTOCAST, SCOPE, module_scope
from .autograd.packing import PACKING, Packed, Packing
from .backend import backends
from .errors import GraphError
from .ops import copy
from .tensor import Tensor, TensorBase

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential"]


class CheckpointError(GraphError):
    """The function did not do the same when it was run again.

    >>> x, seen = tg.ones(2, requires_grad=True), []
    >>> def grows(x):
    ...     seen.append(1)
    ...     return (x * x).sum() if len(seen) == 1 else x.exp().sum()
    >>> try:
    ...     checkpoint(grows, x, use_reentrant=False).backward()
    ... except CheckpointError:
    ...     print("another function")
    another function
    """


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    context_fn: Callable[[], tuple[AbstractContextManager[Any], AbstractContextManager[Any]]] | None = None,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """`function(*args, **kwargs)`, keeping nothing but the arguments for backward, which runs the function again.

    It trades time for memory: about one more forward pass, for the memory of all that lies inside. May be nested. The
    function runs twice, so whatever it changes besides (running statistics of batch norm) is changed twice.

    Args:
        function: a function or module of tensors; what else it takes is handed on.
        use_reentrant: accepted; it is always done PyTorch's newer way (False), so gradients of tensors that the
            function merely uses, `autograd.grad` and higher derivatives work.
        preserve_rng_state: begin the second run with the random numbers of the first, for dropout and the like.
        context_fn: makes two contexts, one for each run.
        determinism_check: "default" compares what both runs saved by number, shape and dtype; "none" does not.
        debug: accepted; messages name the operation anyway.
        early_stop: accepted; the second run always goes to the end.

    Raises:
        RuntimeError: (`CheckpointError`) in backward, where the second run did something else than the first.
        ValueError: for another word for `determinism_check`.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> y = checkpoint(lambda x: x.exp().sin().sum(), x, use_reentrant=False)
    >>> y.grad_fn.next_functions[0][0].saved_bytes()
    0
    >>> y.backward()
    >>> bool((x.grad == x.exp().cos() * x.exp()).all())
    True
    """
    if determinism_check not in {"default", "none"}:
        raise ValueError(f'checkpoint: determinism_check must be "default" or "none"; got {determinism_check!r}')
    first, second = (nullcontext(), nullcontext()) if context_fn is None else context_fn()
    if not is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    run = _Run(function, args, kwargs, preserve_rng_state, determinism_check == "default", second)
    with first:
        return run.forward()


class _Run:
    """One call of `checkpoint`, to be repeated.

    Attributes:
        saved: shape and dtype of each array that the first run wanted to save.
        values: arrays of the second run that nobody has asked for yet, by number.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        preserve_rng_state: bool,
        checking: bool,
        context: AbstractContextManager[Any],
    ) -> None:
        self._function, self._args, self._kwargs, self._context = function, args, kwargs, context
        self._checking = checking
        self._random = [(b, b.rng.get_state()) for b in backends()] if preserve_rng_state else []
        self._scope, self._precision = SCOPE.get(), AUTOCAST.get()
        self._outside = PACKING.get()
        self.saved: list[tuple[tuple[int, ...], Any]] = []
        self.values: dict[int, Any] = {}

    def forward(self) -> Any:
        """The first run. Arguments are kept as the block around wants it: of checkpoints in checkpoints, packed."""
        args, kwargs = self._args, self._kwargs
        self._args = tuple(self._kept(arg) for arg in args)
        self._kwargs = {name: self._kept(arg) for name, arg in kwargs.items()}
        token = PACKING.set(Packing(self._number, self._unpack))
        try:
            return self._function(*args, **kwargs)
        finally:
            PACKING.reset(token)

    def _number(self, array: Any) -> int:
        self.saved.append((array.shape, array.dtype))
        return len(self.saved) - 1

    def _unpack(self, number: int) -> Any:
        if number not in self.values:
            self._run_again()
        return self.values.pop(number)

    def _kept(self, value: Any) -> Any:
        return _Argument(value, self._outside) if isinstance(value, Tensor) else value

    def _run_again(self) -> None:
        found: list[Any] = []

        def take(array: Any) -> Packed:
            found.append(array)
            return Packed(array)

        args = [_restored(arg) for arg in self._args]
        kwargs = {name: _restored(arg) for name, arg in self._kwargs.items()}
        now = [(backend, backend.rng.get_state()) for backend, _ in self._random]
        for backend, state in self._random:
            backend.rng.set_state(state)
        settings: list[tuple[ContextVar[Any], Any]] = [
            (PACKING, Packing(take, lambda packed: packed.content)),
            (ANOMALY, ""),
            (AUTOCAST, self._precision),
        ]
        tokens: list[tuple[ContextVar[Any], Token[Any]]] = [
            (variable, variable.set(value)) for variable, value in settings
        ]
        try:
            with enable_grad(), module_scope(self._scope), self._context:
                self._function(*args, **kwargs)
        finally:
            for variable, token in tokens:
                variable.reset(token)
            for backend, state in now:
                backend.rng.set_state(state)
        if self._checking:
            self._compare(found)
        self.values = dict(enumerate(found))

    def _compare(self, found: Sequence[Any]) -> None:
        if len(found) != len(self.saved):
            raise CheckpointError(
                f"checkpoint: {len(self.saved)} tensors were saved when the function ran first, {len(found)} when it "
                "was run again for backward; it must do the same each time"
            )
        for number, (array, before) in enumerate(zip(found, self.saved, strict=True)):
            if (array.shape, array.dtype) != before:
                raise CheckpointError(
                    f"checkpoint: saved tensor {number} had shape {tuple(before[0])} and dtype {before[1]} when the "
                    f"function ran first, {tuple(array.shape)} and {array.dtype} when it was run again for backward"
                )


class _Argument:
    """A tensor that is kept for the second run, without its history."""

    def __init__(self, tensor: TensorBase, packing: Packing | None) -> None:
        tensor.settle()
        self._node = tensor.node
        self._packing = packing
        self._content = tensor.array if packing is None else packing.pack(tensor.array)
        self._storage, self._version = tensor.storage, tensor.storage.version if tensor.storage.counts else 0

    def restored(self) -> Any:
        """The tensor again: a leaf if it was one, else one that was computed, which may be written to in place."""
        storage = self._storage
        # Memory that nobody shares is replaced by writes and not overwritten.
        if storage.counts and storage.shared and storage.version != self._version:
            raise GraphError(
                f"checkpoint: an argument was changed in place by {storage.changed_by} after the function ran, "
                "and backward needs its values to run it again; give checkpoint a .clone()"
            )
        array = self._content if self._packing is None else self._packing.unpack(self._content)
        tensor = Tensor.from_array(array)
        if self._node is not None:
            leaf = Leaf(tensor)
            tensor.node = leaf if isinstance(self._node, Leaf) else _identity(leaf)
        return tensor


def _identity(leaf: Leaf) -> Node:
    """The node of a copy of a leaf."""
    return Node(copy, {}, (leaf,), (leaf.shape,), leaf.shape, leaf.dtype, "", {})


def _restored(value: Any) -> Any:
    return value.restored() if isinstance(value, _Argument) else value


def checkpoint_sequential(
    functions: Iterable[Callable[..., Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
) -> Any:
    """Run functions one after the other, in so many segments, of which all but the last are checkpoints.

    With √n segments of n layers, the memory grows with √n only (Chen et al., *Training Deep Nets with Sublinear Memory
    Cost*, 2016).

    Args:
        functions: functions or modules, or an `nn.Sequential`.
        segments: how many.
        input: of the first function.
        use_reentrant: accepted, as for `checkpoint`.
        preserve_rng_state: as for `checkpoint`.

    Raises:
        ValueError: for fewer segments than one, or more than there are functions.

    >>> import tinygrad_cnn as tg
    >>> layers = [tg.nn.Linear(2, 2) for _ in range(4)]
    >>> checkpoint_sequential(layers, 2, tg.ones(3, 2)).shape
    (3, 2)
    """
    listed = list(functions)
    if not 1 <= segments <= len(listed):
        raise ValueError(f"checkpoint_sequential: segments must be between 1 and {len(listed)}; got {segments}")
    size = len(listed) // segments

    def run(start: int, end: int) -> Callable[[Any], Any]:
        def segment(x: Any) -> Any:
            for function in listed[start:end]:
                x = function(x)
            return x

        return segment

    for start in range(0, size * (segments - 1), size):
        input = checkpoint(
            run(start, start + size), input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state
        )
    return run(size * (segments - 1), len(listed))(input)
