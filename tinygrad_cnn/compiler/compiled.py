"""Which recording serves a call, and what happens when none does."""

from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from itertools import chain
from operator import is_
from threading import RLock
from typing import Any
from warnings import warn

from ..autograd.modes import ANOMALY, AUTOCAST, MODE, RECORDING
from ..autograd.tape import TAPE
from ..backend import StaleGraph, backends
from ..dtypes import get_default_dtype
from ..nn import Module
from ..tensor import Tensor
from .captured import CannotCapture, Captured, NotThisTime, graph_for
from .helpers import Differs
from .observer import Guard, Observer
from .program import build, write
from .recorder import Recorder
from .reuse import improve
from .script import Script

RECORDINGS = 8  # as many are kept of one function
CAPTURES = 4  # as often is one recording captured anew, when what it uses has moved
NUMBERS = (bool, int, float, str, bytes, type(None))


class Recording:
    """One way through a function, and what must hold for it.

    Attributes:
        script: what was written down in the first run.
        replay: the function made of it, once a second run has said the same.
        source: the text of that function.
        captured: the same as one graph, on devices that have graphs; after the first replay.
        why_not: why there is none, empty where there could be.
    """

    def __init__(self, key: Any, kept: list[Any], script: Script, guards: list[Guard]) -> None:
        self.key, self.kept, self.script = key, kept, script
        self.replay: Callable[..., Any] | None = None
        self.source = ""
        self.replayed = 0
        self.captured: Captured | None = None
        self.captures = 0
        self.failed = False
        self.why_not = ""
        self.guards = guards
        self._empty = [guard.read.__self__ for guard in guards if not guard.values and _is_dict_values(guard.read)]  # type: ignore[attr-defined]
        full = [guard for guard in guards if guard.values or not _is_dict_values(guard.read)]
        self._reads = [guard.read for guard in full]
        self._values = [*chain.from_iterable(guard.values for guard in full)]
        self._outside = [(x, _state(x)) for x in script.outside.values()]
        self._owners = [(name, True) for name in script.with_grad] + [(name, False) for name in script.without_grad]

    def run(self, inputs: list[Tensor]) -> Any:
        """A replay, or the launch of a graph.

        Raises:
            Differs: when the values lead elsewhere; nothing has been changed then.
        """
        assert self.replay is not None
        if self.captured is None and self.replayed and not self.why_not:
            self._capture(inputs)
        if self.captured is not None:
            try:
                return self.captured.launch(inputs)
            except StaleGraph:
                self.captured = None
            except NotThisTime:
                pass
        return self.replay(*inputs)

    def _capture(self, inputs: list[Tensor]) -> None:
        self.captures += 1
        if self.captures > CAPTURES:
            self.why_not = "the tensors that it uses keep moving to other memory"
            return
        try:
            self.captured = Captured(self.script, inputs, MODE.get(), graph_for(self.script, inputs))
        except CannotCapture as error:
            # The first failure may be that something was loaded then, which a capture does not allow.
            self.why_not = str(error) if self.failed or not error.may_pass else ""
            self.failed = True

    def holds(self, inputs: list[Tensor]) -> bool:
        """Whether a call with arguments of the same kind goes the recorded way."""
        if any(self._empty):
            return False
        now = [*chain.from_iterable([read() for read in self._reads])]
        same = len(now) == len(self._values) and all(map(is_, now, self._values))
        if not same and not all(guard.holds() for guard in self.guards):
            return False
        for tensor, state in self._outside:
            if _state(tensor) != state:
                return False
        return not self._owners or self._gradients_hold(inputs)

    def _gradients_hold(self, inputs: list[Tensor]) -> bool:
        named = {f"x{i}": x for i, x in enumerate(inputs)} | self.script.outside
        gradients = [(named[name].grad, there) for name, there in self._owners]
        return all((g is not None and g.node is None) if there else g is None for g, there in gradients)


def _is_dict_values(read: Any) -> bool:
    return isinstance(getattr(read, "__self__", None), dict)


def _state(tensor: Any) -> Any:
    """All about a tensor but its values that a recording depends on."""
    array = tensor.array
    return array.shape, array.dtype, array.strides, tensor.node is None, tensor.view_of is None


class Compiled:
    """A function that replays recordings of itself; see `compile`.

    Attributes:
        reason: why it runs eagerly, empty while it need not.

    >>> step = tg.compile(lambda x: (x * 2).sum())
    >>> type(step).__name__, step(tg.ones(2))
    ('Compiled', tensor(4.))
    """

    def __init__(self, function: Callable[..., Any], *, fullgraph: bool = False) -> None:
        update_wrapper(self, function)
        self.function = function
        self.fullgraph = fullgraph
        self.reason = ""
        self._recordings: list[Recording] = []
        self._made = 0
        self._lock = RLock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.reason or ANOMALY.get() or TAPE.get() is not None:
            return self.function(*args, **kwargs)
        inputs: list[Tensor] = []
        key = (
            tuple([_kind(arg, inputs) for arg in args]),
            tuple([(name, _kind(arg, inputs)) for name, arg in kwargs.items()]) if kwargs else (),
            MODE.get(),
            precision if (precision := AUTOCAST.get()) is None else tuple(precision.low.items()),
            get_default_dtype(),
            backends(),
        )
        for recording in self._recordings:
            if recording.key == key and recording.holds(inputs):
                if recording.replay is None:
                    return self._record(key, inputs, args, kwargs, recording)
                try:
                    result = recording.run(inputs)
                except Differs:
                    continue
                recording.replayed += 1
                return result
        return self._record(key, inputs, args, kwargs, None)

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else partial(self, owner)

    def _record(self, key: Any, inputs: list[Tensor], args: Any, kwargs: Any, earlier: Recording | None) -> Any:
        """Run the function and write down what it does; the second time, compare."""
        if not self._lock.acquire(blocking=False):  # another thread is recording
            return self.function(*args, **kwargs)
        try:
            return self._record_alone(key, inputs, args, kwargs, earlier)
        finally:
            self._lock.release()

    def _record_alone(self, key: Any, inputs: list[Tensor], args: Any, kwargs: Any, earlier: Recording | None) -> Any:
        if earlier is None and self._made >= RECORDINGS and self._made > sum(r.replayed for r in self._recordings):
            self._give_up(f"each call needs a recording of its own: {self._differences(key)}")
            return self.function(*args, **kwargs)
        recorder = Recorder(inputs)
        observer = Observer(recorder)
        if len({id(x.array) for x in inputs}) < len(inputs):
            recorder.abandon("two arguments hold the same array")
        tape, anomaly = TAPE.set(recorder), ANOMALY.set(RECORDING)
        try:
            observer.function(self.function)
            for value in _objects((args, kwargs)):
                observer.visit(value, "an argument")
            with observer:
                result = self.function(*args, **kwargs)
            if not recorder.reason and (label := observer.changed()):
                recorder.reason = f"it changes {label}, which is not recorded"
            script = recorder.finish(result)
        finally:
            ANOMALY.reset(anomaly)
            TAPE.reset(tape)
        if recorder.reason:
            self._give_up(recorder.reason)
            return result
        if earlier is None:
            self._made += 1
            self._recordings.insert(0, Recording(key, [*_objects((args, kwargs))], script, observer.guards))
            del self._recordings[RECORDINGS:]
        elif difference := earlier.script.same_as(script):
            self._give_up(f"two calls did not do the same: {difference}")
        else:
            improve(script)
            earlier.script, earlier.source = script, write(script, len(inputs), MODE.get())
            earlier.replay = build(script, earlier.source)["replay"]
        return result

    def _differences(self, key: Any) -> str:
        if all(recording.key != key for recording in self._recordings):
            return "the shapes of the arguments or the numbers among them keep changing"
        for recording in self._recordings:
            if recording.key == key:
                for guard in recording.guards:
                    if not guard.holds():
                        return f"{guard.label} keeps changing; pass what it holds as an argument"
        return "the tensors that it uses keep changing"

    def _give_up(self, reason: str) -> None:
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        if self.fullgraph:
            raise RuntimeError(f"compile: {name} cannot be replayed: {reason}")
        self.reason = reason
        self._recordings.clear()
        warn(f"compile: {name} runs eagerly, since it cannot be replayed: {reason}", stacklevel=5)

    @property
    def graphs(self) -> list[str]:
        """For each recording, the newest first: "captured", or why its lines are replayed one by one."""
        return ["captured" if r.captured is not None else r.why_not or "not replayed yet" for r in self._recordings]

    @property
    def programs(self) -> list[str]:
        """The source of each recording that is ready to be replayed, the newest first."""
        return [recording.source for recording in self._recordings if recording.source]


def _kind(value: Any, inputs: list[Tensor]) -> Any:
    """What a recording depends on in an argument; its tensors are added to `inputs`."""
    if isinstance(value, Tensor):
        inputs.append(value)
        return type(value), type(value.storage), _state(value)
    if type(value) in (tuple, list):
        return type(value), tuple([_kind(part, inputs) for part in value])
    if type(value) is dict:
        return dict, tuple([(name, _kind(part, inputs)) for name, part in value.items()])
    return (type(value), value) if type(value) in NUMBERS else (type(value), id(value))


def _objects(value: Any) -> Iterator[Any]:
    """What is neither tensor nor number among the arguments: it must stay the same object."""
    if type(value) in (tuple, list, dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _objects(part)
    elif not isinstance(value, Tensor) and type(value) not in NUMBERS:
        yield value


class CompiledModule(Module):
    """A module whose calls are replayed; everything else is the module's own, found under its names."""

    def __init__(self, module: Module, *, fullgraph: bool = False) -> None:
        super().__init__()
        self._orig_mod = module
        self.__dict__["_compiled"] = Compiled(module, fullgraph=fullgraph)
        self.training = module.training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The module, called."""
        return self._compiled(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "_orig_mod":
                raise
            return getattr(self._orig_mod, name)


def compile(
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "tape",
    mode: str | None = None,
    options: Any = None,
    disable: bool = False,
) -> Any:
    """Record what a function of tensors does, and replay the recording in later calls.

    A replay calls the same kernels in the same order, or ones that give the same, so its results are the function's bit
    for bit; it leaves out what Python does in between: modules, checks, the graph, the bookkeeping of the walk back.
    Meant for a whole training step, or a model. The function runs as always in the first two calls with
    arguments of given shapes, dtypes and numbers; they are recorded, and if both did the same, later calls replay it.

    A recording serves while all that the function looks at is as it was: shapes and dtypes of arguments, parameters and
    buffers; `training` and the other attributes of modules; numbers in variables that it names; whether gradients are
    recorded. Otherwise the next two calls are recorded, up to eight ways through a function. Options of optimizers may
    change at any time: `optimizer.step()`, `zero_grad()`, a scheduler's `step()` and `clip_grad_norm_` are called anew
    in each replay, and dropout draws anew.

    What no recording can hold makes the function run eagerly from then on, and a warning says what and where: values
    that are read (`item()`, `if x > 0`, printing), shapes that depend on values, tensors made inside by `randn` or
    `zeros`, hooks, `autograd.Function`, changes of Python's own state (a counter, a list that grows), random numbers
    and clocks of Python's.

    On a CUDA device the fourth such call captures the recording into one CUDA graph, and later ones launch it: a step
    costs the processor one launch. Optimizers count and schedulers move as ever; their numbers are written to the
    device before a launch. Gradients of parameters lie in memory of the graph, so the next step writes over them. What
    can't be captured is replayed call by call; `graphs` says why.

    A tensor that is returned to be differentiated has its graph, made anew by each replay: `backward()` walks it as
    ever, so a model in training may be compiled alone.

    Args:
        model: the function, or a module; without it, `compile` is a decorator.
        fullgraph: raise RuntimeError in place of the warning.
        disable: return the function as it is.
        dynamic, backend, mode, options: for PyTorch's signature alone.

    Returns:
        A `Compiled`, whose `programs` show what is replayed, whose `graphs` what is captured, and whose `reason` says
        why nothing is; for a module, a module.

    Raises:
        TypeError: for what cannot be called.

    >>> import tinygrad_cnn as tg
    >>> weight = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = tg.optim.SGD([weight], lr=0.5)
    >>> @tg.compile
    ... def step(x):
    ...     optimizer.zero_grad()
    ...     loss = (weight * x).sum()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> [step(tg.ones(2)).item() for _ in range(4)]
    [3.0, 2.0, 1.0, 0.0]
    >>> len(step.programs)
    1
    """
    options = {"fullgraph": fullgraph}
    if model is None:
        return lambda function: compile(function, fullgraph=fullgraph, disable=disable)
    if not callable(model):
        raise TypeError(f"compile: expected a function or a module; got {type(model).__name__}")
    if disable:
        return model
    return CompiledModule(model, **options) if isinstance(model, Module) else Compiled(model, **options)
