"""What happened in a block, for pictures: each operation with its numbers, its time and its line, and what failed.

The graph knows what a gradient needs. A recording knows the rest: values, times, what ran without a gradient and why.
"""

import weakref
from collections.abc import Iterable
from contextvars import Token
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from .autograd import Leaf, Node, Storage
from .autograd.anomaly import user_line
from .autograd.graph import moment
from .autograd.modes import ANOMALY, INFERENCE, LINES, MODE, RECORD, SCOPE
from .autograd.tape import TAPE, Tape
from .dtypes import is_floating
from .errors import GraphError
from .nn import Module
from .profiler.instrument import Instruments
from .profiler.recorder import OPERATION, Recorder, running, use
from .tensor import Tensor
from .viz.numbers import Numbers, numbers_of

PACKAGE = __name__.partition(".")[0]
Vertex = Any  # a Node, a Leaf, or a Step that has no node
Share = tuple[Vertex, Any]


class Operand:
    """What an operation was given.

    Attributes:
        producer: the node, leaf or step that it came from; None for a constant.
        shape, dtype: of the value; () and None for a plain number.
        why: why no gradient goes back to it, "" if one does.
        numbers: of a constant, when values are looked at.
        key: the same for the same tensor, and for no other; None for what is no tensor.
        tensor: a weak reference to it.
        name: what the failing function calls it.
    """

    __slots__ = ("dtype", "key", "name", "numbers", "producer", "shape", "tensor", "why")

    def __init__(self, producer: Vertex, shape: tuple[int, ...], dtype: Any, why: str, key: int | None) -> None:
        self.producer, self.shape, self.dtype, self.why, self.key = producer, shape, dtype, why, key
        self.tensor: weakref.ref[Any] | None = None
        self.numbers: Numbers | None = None
        self.name = ""


class Step:
    """One operation that ran. Those that recorded no node stand in for one, with the fields that pictures read.

    Attributes:
        node: what it recorded, None if no gradient was wanted.
        operands: what it was given.
        why: why there is no node.
        seconds, backward_seconds: of its kernel, and of its gradient rules; None if nobody measured.
        numbers, grad: what it gave, and the gradient of that; None if nobody looked.
    """

    saved = None

    def __init__(self, op: Any, params: dict[str, Any], node: Node | None, operands: tuple[Operand, ...]) -> None:
        self.op, self.params, self.node, self.operands = op, params, node, operands
        self.name = op.name
        self.inputs: tuple[Vertex, ...] = (None,) * len(operands)
        self.input_shapes = tuple(operand.shape for operand in operands)
        self.shape: tuple[int, ...] = ()
        self.dtype: Any = None
        self.scope = SCOPE.get()
        self.source: str | None = None
        self.order = moment() if node is None else node.order
        self.why = ""
        self.seconds: float | None = None
        self.backward_seconds: float | None = None
        self.numbers: Numbers | None = None
        self.grad: Numbers | None = None

    def saved_bytes(self) -> int:
        """Nothing is kept for backward without a node."""
        return 0


class Failure:
    """The operation in which an error was raised.

    Attributes:
        name: of the operation, or of what was called.
        operands: the tensors it was given.
        scope, source: where it was called: the module, and the line of the program.
        message: of the error.
    """

    op = None

    def __init__(self, name: str, operands: tuple[Operand, ...], scope: str, source: str, message: str) -> None:
        self.name, self.operands, self.scope, self.source, self.message = name, operands, scope, source, message


class Recording(Tape):
    """What ran in a `with` block, in this context; see `tinygrad_cnn.viz.record`.

    Attributes:
        steps: the operations, in order.
        walk_back: the nodes that the last plain backward went through, with the gradient that arrived at each and the
            share of each input.
        failure: what raised the error that ended the block.
    """

    reason = "it only looks on"  # so nothing is left to it that the engine does itself

    def __init__(self, *, values: bool = True, times: bool = True) -> None:
        self.values, self.times = values, times
        self.steps: list[Step] = []
        self.walk_back: list[tuple[Node, Numbers, list[tuple[Vertex, Numbers]]]] = []
        self.failure: Failure | None = None
        self._of_node: dict[int, Step] = {}
        self._made: dict[int, tuple[weakref.ref[Any], Step]] = {}
        self._memory: dict[int, tuple[Storage, Vertex]] = {}
        self._leaves: dict[int, tuple[Leaf, Numbers]] = {}
        self._seen: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._used: set[int] = set()
        self._clock: Recorder | None = None
        self._instruments: Instruments | None = None
        self._tokens: list[tuple[Any, Token[Any]]] = []

    # the block --------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if TAPE.get() is not None:
            raise GraphError("record: this code is recorded already, by compile or by another record()")
        if self.times and running() is None:
            self._clock = Recorder()
            use(self._clock)
            self._instruments = Instruments(self._clock, modules=False)
            self._clock.begin()
        self._tokens = [(TAPE, TAPE.set(self))]
        if not ANOMALY.get():
            self._tokens.append((ANOMALY, ANOMALY.set(LINES)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for variable, token in reversed(self._tokens):
            variable.reset(token)
        if self._clock is not None and self._instruments is not None:
            self._clock.stop()
            self._instruments.remove()
            use(None)
        if isinstance(error, Exception) and at is not None:
            self.failure = self._failure(error, at)

    # what pictures ask ------------------------------------------------------------------------------------------------

    def of(self, vertex: Vertex) -> Step | None:
        """What is known of a node."""
        return vertex if isinstance(vertex, Step) else self._of_node.get(id(vertex))

    def step_of(self, tensor: Any) -> Step | None:
        """What computed a tensor that has no graph."""
        made = self._made.get(id(tensor))
        return made[1] if made is not None and made[0]() is tensor else None

    def numbers_of_leaf(self, leaf: Leaf) -> Numbers | None:
        """The values of a leaf when it was first used."""
        return self._leaves[id(leaf)][1] if id(leaf) in self._leaves else None

    @property
    def ends(self) -> list[Vertex]:
        """What nothing else was computed from; without gradient only if nothing has one."""
        vertices = [step if step.node is None else step.node for step in self.steps]
        ends = [vertex for vertex in vertices if id(vertex) not in self._used]
        return [vertex for vertex in ends if isinstance(vertex, Node)] or ends

    # what the engine tells --------------------------------------------------------------------------------------------

    def operation(self, op: Any, backend: Any, args: Any, arrays: Any, params: Any, rest: Any, result: Any) -> None:
        """Remember an operation."""
        for arg in args:
            if isinstance(arg, Tensor) and arg.node is not None:
                self._memory.setdefault(id(arg.storage), (arg.storage, arg.node))
        operands = tuple(self._operand(arg) for arg in args)
        step = Step(op, params, result.node, operands)
        step.shape, step.dtype = result.array.shape, result.array.dtype
        step.source = user_line()
        if result.node is None:
            step.why = _why(op, result, operands)
            self._made[id(result)] = (weakref.ref(result), step)
        else:
            self._of_node[id(result.node)] = step
        if self.values:
            step.numbers = numbers_of(result.array)
        if self._clock is not None:
            found = [e for e in self._clock.events if e.kind == OPERATION and e.name == op.name]
            step.seconds = found[-1].duration / 1e9 if found else None
            self._clock.events.clear()
        self.steps.append(step)
        self._memory.setdefault(id(result.storage), (result.storage, step if result.node is None else result.node))

    def _operand(self, arg: Any) -> Operand:
        if not isinstance(arg, Tensor):
            return Operand(None, getattr(arg, "shape", ()), getattr(arg, "dtype", None), "a constant", None)
        producer: Vertex = arg.node
        why = ""
        if producer is None:
            producer = self.step_of(arg)
            why = "" if producer is None else producer.why
            if producer is None and id(arg.storage) in self._memory:
                producer, why = self._memory[id(arg.storage)][1], "detached"
        elif isinstance(producer, Leaf) and self.values and id(producer) not in self._leaves:
            self._leaves[id(producer)] = (producer, numbers_of(arg.array))
        if producer is None:
            why = f"{_sort(arg.dtype)} numbers" if not is_floating(arg.dtype) else "requires_grad is False"
        operand = Operand(producer, arg.array.shape, arg.dtype, why, self._key(arg))
        operand.tensor = self._seen[id(arg)][0]
        if producer is not None:
            self._used.add(id(producer))
        if self.values and (producer is None or why == "detached"):
            operand.numbers = numbers_of(arg.array)
        return operand

    def _key(self, tensor: Tensor) -> int:
        """A number of its own for each tensor: an `id` is given again when a tensor is gone."""
        known = self._seen.get(id(tensor))
        if known is None or known[0]() is not tensor:
            known = self._seen[id(tensor)] = (weakref.ref(tensor), moment())
        return known[1]

    def walk(self, seeds: Any, targets: Any, retain_graph: bool) -> Any:
        """A plain backward begins; the engine does it."""
        self.walk_back.clear()

    def rules(self, node: Node, g: Any, found: Iterable[Share], plain: bool) -> list[Share]:
        """Apply the rules of a node, and remember what came of it."""
        start = perf_counter()
        pairs = list(found)
        seconds = perf_counter() - start
        step = self._of_node.get(id(node))
        if step is None:  # recorded by something else than an operation, such as a write through a view
            step = self._of_node[id(node)] = Step(node.op, node.params, node, ())
        if self.times:
            step.backward_seconds = (step.backward_seconds or 0.0) + seconds
        if self.values and not hasattr(g, "parts"):
            step.grad = numbers_of(_array(g))
            if plain:
                shares = [(to, numbers_of(_array(share))) for to, share in pairs if not hasattr(share, "parts")]
                self.walk_back.append((node, step.grad, shares))
        return pairs

    def repeat(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Nothing is repeated."""
        return function(*args, **kwargs)

    def is_fresh(self, gradient: Any) -> bool:
        """Nobody asks, since nothing is left to it."""
        return False

    def call(self, function: Any, args: Any, out: Any, varies: bool) -> None:
        """No picture shows it."""

    derived = written = counted = abandon = call  # type: ignore[assignment]

    # errors -----------------------------------------------------------------------------------------------------------

    def _failure(self, error: Exception, at: TracebackType) -> Failure:
        """The call below the innermost code that is a program's or a layer's: the operation, with its arguments."""
        frames = []
        walked: TracebackType | None = at
        while walked is not None:
            frames.append((walked.tb_frame, walked.tb_lineno))
            walked = walked.tb_next
        scope, source, last = SCOPE.get(), "", 0
        for i, (frame, line) in enumerate(frames):
            module = str(frame.f_globals.get("__name__", ""))
            ours = module.partition(".")[0] == PACKAGE
            if not ours:
                source, last = f"{frame.f_code.co_filename}:{line}", i
            elif isinstance(frame.f_locals.get("self"), Module) and frame.f_code.co_name == "forward":
                last = i
            if frame.f_code is Module.__call__.__code__:
                scope = frame.f_locals.get("call", scope)
        name = type(error).__name__
        operands: tuple[Operand, ...] = ()
        called = [frame for frame, _ in frames[last + 1 :] if frame.f_code.co_name not in {"__call__", "_run"}]
        if called:
            code = called[0].f_code
            name = code.co_name.strip("_")
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            given = {name: called[0].f_locals.get(name) for name in names}
            operands = tuple(self._named(name, value) for name, value in given.items() if isinstance(value, Tensor))
        said = str(error).partition(": ")[0]
        return Failure(
            said if said.isidentifier() else name, operands, scope, source, f"{type(error).__name__}: {error}"
        )

    def _named(self, name: str, value: Tensor) -> Operand:
        operand = self._operand(value)
        operand.name = name
        return operand


def _array(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


def _sort(dtype: Any) -> str:
    return {"b": "boolean", "c": "complex"}.get(dtype.kind, "integer")


def _why(op: Any, result: Any, operands: tuple[Operand, ...]) -> str:
    """Why an operation recorded no node."""
    if MODE.get() is not RECORD:
        return "inference_mode" if MODE.get() is INFERENCE else "no_grad"
    if not is_floating(result.dtype):
        return f"{_sort(result.dtype)} numbers"
    if not op.differentiable:
        return f"{op.name} has no derivative"
    reasons = {operand.why for operand in operands if operand.why and operand.why != "a constant"}
    return reasons.pop() if len(reasons) == 1 else "no operand wants one"
