"""A recording as one graph of its backend: launched in one call, in place of being replayed line by line.

The first two calls of a function were recorded, the third was replayed; so all kernels have been loaded, and the fourth
is captured. While it is, nothing is computed: what Python does in a step (the count of an optimizer, a gradient that
is set) is done once, as in every call, and then the graph is launched. If it can't be captured, Python's side is put
back and the call is replayed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..backend import Graph, StaleGraph
from ..optim import Optimizer
from ..optim.lr_scheduler import LRScheduler
from ..tensor import Tensor
from .helpers import finished
from .program import build, write_apart
from .script import Script


class NotThisTime(Exception):  # noqa: N818 - never seen by a user
    """This call is not as the captured one was; nothing has been done."""


class CannotCapture(Exception):  # noqa: N818 - its text is told as a reason
    """Why a recording makes no graph.

    Attributes:
        may_pass: whether it may go better another time.
    """

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


def graph_for(script: Script, inputs: list[Tensor]) -> Graph:
    """A graph of the backend whose tensors a recording uses.

    Raises:
        CannotCapture: for tensors of several devices, or of one that has no graphs.
    """
    backends = {tensor.backend for tensor in (*inputs, *script.outside.values())}
    if len(backends) != 1:
        raise CannotCapture("it uses tensors of several devices" if backends else "it uses no tensors from outside")
    graph: Graph | None = backends.pop().new_graph()
    if graph is None:
        raise CannotCapture("its device has no graphs")
    return graph


class Host:
    """A function of the host that is called again before each launch: the step of an optimizer, or of a scheduler."""

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any, graph: Graph) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        owner = args[0]
        groups = owner.param_groups if isinstance(owner, Optimizer) else []
        self.gradients = [(p, p._grad) for group in groups for p in group["params"]]
        self.first, self.last = graph.mark, graph.mark

    def repeat(self, graph: Graph) -> None:
        """Count, and let the graph know the numbers of this step."""
        for parameter, gradient in self.gradients:
            parameter._grad = gradient
        with graph.rehearse(self.first, self.last):
            self.function(*self.args, **self.kwargs)


class Listener:
    """Stands between a capture and the functions that change what outlives a step: notes what the host does again."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.hosts: list[Host] = []

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, listened to."""

        def call(*args: Any, **kwargs: Any) -> Any:
            owner = args[0] if args else None
            if not isinstance(owner, Optimizer | LRScheduler) or function.__name__ != "step":
                return function(*args, **kwargs)
            if isinstance(owner, Optimizer) and not _goes_by_numbers(owner):
                raise CannotCapture(f"{type(owner).__name__} computes its step with numbers of the host")
            host = Host(function, args, kwargs, self.graph)
            out = function(*args, **kwargs)
            host.last = self.graph.mark
            self.hosts.append(host)
            return out

        return call


def _goes_by_numbers(optimizer: Optimizer) -> bool:
    """Whether the class that wrote `update` says that it can be captured, and nobody wrote another `step`."""
    kind = type(optimizer)
    author = next(each for each in kind.__mro__ if "update" in vars(each))
    return bool(vars(author).get("can_be_captured")) and kind.step is Optimizer.step


class Captured:
    """A graph, and what is done around each launch.

    Args:
        inputs: the tensors of the call that is captured; it is launched for them by the first `launch`.

    Raises:
        CannotCapture: with the reason.
        Differs: if this call does not go the recorded way.
    """

    def __init__(self, script: Script, inputs: list[Tensor], mode: str, graph: Graph) -> None:
        self.graph, self.script = graph, script
        if any(line.of_graph for line in script.lines):
            raise CannotCapture("it returns a tensor to be differentiated")
        if any(x.node is not None for x in inputs):
            raise CannotCapture("an argument requires grad")
        listener = Listener(graph)
        listened = {name: listener.around(script.names[name]) for name in script.repeated}
        parts = build(script, write_apart(script, len(inputs), mode), listened)
        self.decide = parts["decide"]
        outside = list(script.outside.values())
        self.arrays = [(x, x.array) for x in outside]
        if {id(x.array) for x in inputs} & {id(array) for _, array in self.arrays}:
            raise CannotCapture("an argument is a tensor that the function uses beside")
        early = self.decide(*inputs)
        self.static = [graph.copy(array) for array in (*(x.array for x in inputs), *early)]
        given = [Tensor.from_array(array) for array in self.static[: len(inputs)]]
        if any(name not in script.outside for name in (*script.with_grad, *script.without_grad)):
            raise CannotCapture("it reads the gradient of an argument")
        self.had = [(x, x._grad) for x in outside]
        self._places = {id(g): g.array for _, g in self.had if g is not None}
        self.earlier: list[tuple[Any, Any]] = []  # of those, what is read or written in place
        versions = [(x, x.storage.version) for x in outside]
        self.owners = _owners(script)
        with _put_back_on_failure(outside, self.owners):
            try:
                with graph.capture():
                    result = parts["replay"](*given, *self.static[len(inputs) :])
                    self._stay_in_place()
            except CannotCapture:
                raise
            except Exception as error:
                raise CannotCapture(f"{type(error).__name__}: {error}", may_pass=True) from error
            if any(x.storage.version for x in given) or any(
                x.array is not a for x, a in zip(given, self.static, strict=False)
            ):
                raise CannotCapture("it writes to an argument")
            self.hosts = listener.hosts
        self.result, self.given = result, {id(x): i for i, x in enumerate(given)}
        self._kept_given = given
        self.gradients = [(x, x._grad, None if x._grad is None else x._grad.array) for x in outside]
        self.changed = [(x, x.storage.changed_by) for x, before in versions if x.storage.version != before]
        self.made = {id(x) for x in _tensors(result)}
        self.made -= {id(x) for x in (*given, *outside, *(g for _, g, _ in self.gradients if g is not None))}
        self._fresh = True

    def _stay_in_place(self) -> None:
        """Values that found a new place in this run go back to where the next one looks for them."""
        read = {id(self.script.outside[name]) for name in self.script.with_grad}
        self.earlier = [(x, g) for x, g in self.had if g is not None and (x._grad is g or id(x) in read)]
        for x, array in self.arrays:
            if x.array is not array:
                array[...] = x.array
                x.array = array
        for x, gradient in self.earlier:
            array = self._places[id(gradient)]
            now = gradient if x._grad is None else x._grad
            if now.array is not array:
                array[...] = now.array
                gradient.array = array
            if x._grad is not None:
                x._grad = gradient

    def launch(self, inputs: list[Tensor]) -> Any:
        """What the function returns.

        Raises:
            StaleGraph: when something lies elsewhere now; nothing has been done then.
            Differs: when this call does not go the recorded way; nothing has been done then.
            NotThisTime: when there are gradients where there were none, or the other way round.
        """
        if not self._fresh:
            if not self.graph.fits() or any(x.array is not array for x, array in self.arrays):
                raise StaleGraph
            if any((x._grad is None) is not (gradient is None) for x, gradient in self.had):
                raise NotThisTime
            for target, array in zip(self.static, (*(x.array for x in inputs), *self.decide(*inputs)), strict=True):
                self.graph.fill(target, array)
            for x, gradient in self.earlier:
                self.graph.fill(self._places[id(gradient)], x._grad.array)
            with _put_back_on_failure([x for x, _ in self.arrays], self.owners):
                for host in self.hosts:
                    host.repeat(self.graph)
        self.graph.launch()
        if not self._fresh:
            for x, gradient, array in self.gradients:
                if gradient is not None and gradient.array is not array:
                    gradient.array = array  # somebody had it rearranged, or written to
                x._grad = gradient
            for x, by in self.changed:
                x.storage.changed(by)
        self._fresh = False
        return self._copied(self.result, inputs)

    def _copied(self, value: Any, inputs: list[Tensor]) -> Any:
        """The result, which the next launch would write over, in memory of its own."""
        if isinstance(value, Tensor):
            if id(value) in self.given:
                return inputs[self.given[id(value)]]
            if id(value) not in self.made:
                return value
            return finished(self.graph.copy(value.array), type(value.storage), value.storage.shared, value.node)
        if isinstance(value, dict):
            return {key: self._copied(part, inputs) for key, part in value.items()}
        return type(value)(self._copied(part, inputs) for part in value) if type(value) in (tuple, list) else value


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif type(value) in (tuple, list, dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors(part)


def _owners(script: Script) -> list[Any]:
    """The optimizers and schedulers that the lines of a script name, and the optimizers of those schedulers."""
    named = [o for value in script.names.values() for o in (value, getattr(value, "__self__", None))]
    known = [owner for owner in named if isinstance(owner, Optimizer | LRScheduler)]
    known += [owner.optimizer for owner in known if isinstance(owner, LRScheduler)]
    return list({id(owner): owner for owner in known}.values())


@contextmanager
def _put_back_on_failure(tensors: list[Any], owners: list[Any]) -> Iterator[None]:
    """Python's side of a step as it was, if it fails."""
    before = [(x, x.array, x._grad, x.storage) for x in tensors]
    dicts = [vars(owner) for owner in owners]
    for owner in owners:
        if isinstance(owner, Optimizer):
            dicts += [*owner.param_groups, *owner.state.values()]
    saved = [(values, dict(values)) for values in dicts]
    try:
        yield
    except BaseException:
        for x, array, gradient, storage in before:
            x.array, x._grad, x.storage = array, gradient, storage
        for values, earlier in saved:
            values.clear()
            values.update(earlier)
        raise
