"""What is timed, and how: while a profile runs, these functions are replaced by ones that take the time.

So a program that is not profiled pays nothing: there is no question in its way whether somebody is watching.
"""

from collections.abc import Callable, Iterator
from typing import Any

from .. import derivatives
from ..autograd import Node, Op
from ..data.dataloader import LoaderIterator
from ..nn import Module
from ..optim import Optimizer
from ..tensor import Tensor, TensorBase
from .recorder import ENGINE, MODULE, OPERATION, STEP, Recorder

FORWARD, BACKWARD = "[engine: forward]", "[engine: backward]"

_ABSENT = object()


class Instruments:
    """The replaced functions; `remove` puts the old ones back."""

    def __init__(self, recorder: Recorder, *, modules: bool) -> None:
        self._before: list[tuple[Any, str, Any]] = []
        forward = vars(Op).get("forward", _ABSENT)
        self._before.append((Op, "forward", forward))
        # An op keeps its forward function itself; a property of the class goes before that.
        forward_of_all = property(
            lambda op: _operation(recorder, op), lambda op, forward: vars(op).__setitem__("forward", forward)
        )
        setattr(Op, "forward", forward_of_all)  # noqa: B010
        self._around(TensorBase, "__apply_op__", lambda *_: FORWARD, recorder, ENGINE)
        holder = next(kind for kind in Tensor.__mro__ if "backward" in vars(kind))
        self._around(holder, "backward", lambda *_: BACKWARD, recorder, ENGINE)
        for name in ("run_backward", "walk"):  # what autograd.backward and autograd.grad call
            self._around(derivatives, name, lambda *_: BACKWARD, recorder, ENGINE)
        for kind in defining(Node, "input_gradients"):
            self._replace(kind, "input_gradients", lambda old: _rule(recorder, old))
        for name in ("step", "zero_grad"):
            for optimizer in defining(Optimizer, name):
                self._around(optimizer, name, _step_name(name), recorder, STEP)
        self._around(LoaderIterator, "__next__", lambda *_: "DataLoader: waiting for a batch", recorder, STEP)
        if modules:
            self._around(Module, "_run", lambda module, *_: f"nn.Module: {type(module).__name__}", recorder, MODULE)

    def _replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        before = vars(owner)[name]
        self._before.append((owner, name, before))
        setattr(owner, name, make(before))

    def _around(self, owner: Any, name: str, title: Callable[..., str], recorder: Recorder, kind: str) -> None:
        def make(before: Callable[..., Any]) -> Callable[..., Any]:
            def timed(*args: Any, **kwargs: Any) -> Any:
                name = title(*args)
                event = recorder.open(name, kind, backward=name == BACKWARD)
                try:
                    return before(*args, **kwargs)
                finally:
                    recorder.close(event)

            return timed

        self._replace(owner, name, make)

    def remove(self) -> None:
        """Put back what was there."""
        for owner, name, before in reversed(self._before):
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
        self._before.clear()


def defining(kind: type, name: str) -> Iterator[type]:
    """A class and its subclasses, as far as they define a method of this name themselves."""
    waiting, seen = [kind], set()
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += one.__subclasses__()
            if name in vars(one):
                yield one


def _step_name(name: str) -> Callable[..., str]:
    return lambda optimizer, *_: f"Optimizer.{name}#{type(optimizer).__name__}.{name}"


def _operation(recorder: Recorder, op: Op) -> Callable[..., Any]:
    """The forward function of an operation, timed: the kernel and nothing else."""
    before = vars(op)["forward"]

    def timed(backend: Any, *args: Any, **params: Any) -> Any:
        event = recorder.open(op.name, OPERATION)
        try:
            result = before(backend, *args, **params)
            backend.synchronize()
        finally:
            recorder.close(event)
        if recorder.shapes:
            event.input_shapes = tuple(tuple(getattr(arg, "shape", ())) for arg in args)
        if recorder.memory:
            results = result if op.residuals else (result,)
            if not (op.view and backend.shares_memory(result, args[0])):
                event.nbytes = sum(getattr(array, "nbytes", 0) for array in results)
        return result

    return timed


def _rule(recorder: Recorder, before: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient rules of a node, timed as one event: all of them run before the first gradient is handed on."""

    def timed(node: Node, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with recorder.rule(f"{node.name} backward", node.scope):
            return iter(list(before(node, *args, **kwargs)))

    return timed
