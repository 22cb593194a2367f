"""Writes down what a function does while it does it: one line of a program per step.

The function runs as always, and is watched from two sides. Operations, walks back and writes tell the tape of
`autograd.tape` what they did: each becomes a line that calls the same code on the same arrays. `observer.py` watches
the Python around them: what no line can hold, such as a value that was read, makes the recorder give up, with a reason.

Every array in a line must be known: it comes from an argument, from a tensor that was there before, or from an earlier
line. An unknown one was made behind the recorder's back, which is a reason too.
"""

from collections.abc import Iterator
from typing import Any

from ..autograd import Leaf, Node, ancestors
from ..autograd.anomaly import user_line
from ..autograd.engine import leading_to
from ..autograd.modes import ANOMALY, MODE, RECORD, RECORDING
from ..autograd.packing import PackedValues
from ..autograd.tape import TAPE
from ..backend import backend_of
from ..tensor import Tensor
from . import helpers
from .history import Histories
from .names import Reads, Unknown
from .script import Line, Script

DRAWING = {"dropout"}  # operations that take random numbers


class Recorder(Histories):
    """The tape of one run of a function.

    Args:
        inputs: the tensors among the function's arguments.

    Attributes:
        reason: why the run cannot be replayed, empty while it can.
    """

    def __init__(self, inputs: list[Tensor]) -> None:
        super().__init__(inputs)
        self.reason = ""
        self._quiet = ""
        self._acted = False
        self._count = 0
        self._early_inputs = True
        self._shared = [x.storage for x in inputs]

    # what is told -----------------------------------------------------------------------------------------------------

    def abandon(self, reason: str) -> None:
        """Give up, and say why and where."""
        if not self.reason:
            line = user_line()
            self.reason = f"{reason} (at {line})" if line else reason

    def operation(self, op: Any, backend: Any, args: Any, arrays: Any, params: Any, rest: Any, result: Any) -> None:
        """An operation: its forward function is called again."""
        if self.reason or TAPE.get() is not self:
            return
        if ANOMALY.get() is not RECORDING:
            self.abandon("detect_anomaly looks at values")
            return
        if "index" in params and _has_mask(params["index"]):
            self.abandon(f"{op.name}: how many values a mask chooses depends on the values")
            return
        with self._naming(f"{op.name}: "):
            reads = Reads()
            operands = [self._operand(arg, array, reads) for arg, array in zip(args, arrays, strict=True)]
            operands[:0] = [self._constant(backend, "backend")]
            operands += [f"{name}={self._text(value, reads)}" for name, value in params.items()]
            text = f"{self._constant(op.forward, op.name)}({', '.join(operands)})"
            if not result.array.ndim and not rest:  # NumPy makes numbers of such arrays
                text = f"{self._constant(backend.asarray, 'asarray')}({text})"
            reads.early = reads.early and op.name not in DRAWING
            written = self._write(text, reads, [result.array, *rest], several=bool(op.residuals))
            if written and not op.takes_16_bits:  # else it is an operation of this name with conversions around it
                self._says(op.name, "", operands)
                swaps = op.name == "max_pool2d" and backend.pools_like_relu(arrays[0], params["window"])
                self.script.lines[-1].swaps = swaps
            if result.node is not None:
                self.note(result.node, args)

    def call(self, function: Any, args: Any, out: Any, varies: bool) -> None:
        """A function of arrays."""
        if self.reason:
            return
        with self._naming(f"{getattr(function, '__name__', function)}: "):
            reads = Reads()
            text = f"{self._function(function)}({', '.join(self._text(arg, reads) for arg in args)})"
            several = isinstance(out, tuple | list)
            if varies and not (reads.early and self._early_inputs):
                raise Unknown("which results there are depends on values that were computed")
            made = self._write(text, reads, list(out) if several else [out], several=several, varies=varies)
            if varies:
                for name, value in zip(made, out, strict=True):
                    check = f"{self._constant(helpers.differs_unless, 'differs_unless')}({name} is "
                    check += "None)" if value is None else "not None)"
                    self._line(check, Reads([name]), ())
                    self.script.lines[-1].decides = True

    def repeat(self, function: Any, args: Any, kwargs: Any) -> Any:
        """A function that changes what outlives the run: it is called again as it is, on the same objects."""
        args = tuple(list(arg) if isinstance(arg, Iterator) else arg for arg in args)
        if self.reason:
            return function(*args, **kwargs)
        try:
            reads = Reads()
            operands = [self._text(arg, reads) for arg in args]
            operands += [f"{name}={self._text(value, reads)}" for name, value in kwargs.items()]
        except Unknown as unknown:
            self.abandon(f"{function.__name__}: {unknown}")
            return function(*args, **kwargs)
        tape, anomaly = TAPE.set(None), ANOMALY.set("")
        try:
            out = function(*args, **kwargs)
        finally:
            ANOMALY.reset(anomaly)
            TAPE.reset(tape)
        name = self._function(function)
        self.script.repeated.append(name)
        text = f"{name}({', '.join(operands)})"
        reads.acts, reads.early = True, False
        if isinstance(out, list):
            # Named anew even where they are known: another time, with other gradients before, they may be other arrays.
            self._write(text, reads, out, several=True, again=True)
        elif isinstance(out, Tensor):
            self._write(f"{text}.array", reads, [out.array], again=True)
        elif out is None:
            self._line(text, reads, ())
        else:
            self.abandon(f"{function.__name__} returned {type(out).__name__}")
        return out

    def derived(self, function: Any, tensor: Any, before: Any, after: Any) -> None:
        """A copy of a tensor's array."""
        if self.reason:
            return
        with self._naming("copy: "):
            reads = Reads()
            operand = self._operand(tensor, before, reads)
            self._write(f"{self._function(function)}({operand})", reads, [after])

    def written(self, tensor: Any, by: str, values: Any, shared: bool) -> None:
        """Values put into a tensor, by `Tensor.in_place`."""
        if self.reason:
            return
        with self._naming(f"{by}: "):
            reads, outside = Reads(acts=True), not self._is_inside(tensor)
            if outside and values.node is not None and MODE.get() is RECORD:
                raise Unknown("a tensor from outside of the function becomes part of the graph")
            if shared:
                operands = f"{self._operand(tensor, tensor.array, reads)}, {self._operand(values, values.array, reads)}"
                self._line(f"{self._constant(helpers.put, 'put')}({operands})", reads, ())
                self._early_inputs = False
            if not outside:
                return
            name = self._name_of(tensor)
            if shared:
                self._line(f"{name}.storage.changed({by!r})", Reads(acts=True), ())
                return
            self._early_inputs = False
            if id(tensor.array) in self._known:  # a rule may want the old values later
                before = Reads(acts=True)
                self._write(self._operand(tensor, tensor.array, before), before, [tensor.array], again=True)
            operands = f"{name}, {self._operand(values, values.array, reads)}, {by!r}"
            self._line(f"{self._constant(helpers.replace, 'replace')}({operands})", reads, ())

    def counted(self, tensor: Any, by: str, node: Any) -> None:
        """A write by index."""
        if self.reason:
            return
        self._early_inputs = False
        if not self._is_inside(tensor):
            if node is not None:
                self.abandon(f"{by}: a tensor from outside of the function becomes part of the graph")
                return
            self._line(f"{self._name_of(tensor)}.storage.changed({by!r})", Reads(acts=True), ())

    def gradient_set(self, tensor: Any, gradient: Any) -> None:
        """`tensor.grad = gradient`."""
        if not self.reason and not self._is_inside(tensor):
            with self._naming("grad: "):
                reads = Reads(acts=True)
                operands = f"{self._name_of(tensor)}, {self._text(gradient, reads)}"
                self._line(f"{self._constant(helpers.set_grad, 'set_grad')}({operands})", reads, ())
                self.gradients[id(gradient)] = tensor
                self._kept.append(gradient)

    # the walk back ----------------------------------------------------------------------------------------------------

    def walk(self, seeds: Any, targets: Any, retain_graph: bool) -> Any:
        """`backpropagate`, with a line for each rule and each sum."""
        if self.reason:
            return None
        nodes = ancestors(seeds)
        if why := self._why_no_walk(nodes):
            self.abandon(why)
            return None
        wanted = None if targets is None else set(targets)
        leading = None if wanted is None else leading_to(wanted, nodes)
        pending, gradients = dict(seeds), {}
        self._quiet = self._constant(backend_of(next(iter(seeds.values()))), "backend")
        try:
            for node in nodes:
                if isinstance(node, Leaf) or (g := pending.pop(node, None)) is None:
                    continue
                if wanted is not None and node in wanted:
                    gradients[node] = g
                if leading is not None and not any(source in leading for source in node.inputs):
                    continue
                for source, gradient in self._input_gradients(node, g):
                    if leading is None or source in leading:
                        earlier = pending.get(source)
                        pending[source] = gradient if earlier is None else self._sum(earlier, gradient)
                if not retain_graph:
                    node.release()
                    self._spent.add(node)
        finally:
            self._quiet = ""
        # Leaves in the order in which they were reached, which is the same each time.
        return gradients | {leaf: g for leaf, g in pending.items() if wanted is None or leaf in wanted}

    def _why_no_walk(self, nodes: list[Node | Leaf]) -> str:
        for node in nodes:
            if node.hooks or getattr(node, "after", None):
                return "a hook looks at a gradient"
            if isinstance(getattr(node, "saved", None), PackedValues):
                return "hooks pack what is saved for backward"
            if isinstance(node, Leaf):
                if id(node.tensor) in self.made:
                    return "a tensor that the function makes collects a gradient"
            elif type(node) is not Node:
                return f"{node.name} is an autograd.Function, whose Python is not recorded"
            elif node.order < self._start:
                return "backward reaches into what was computed before"
        return ""

    def _input_gradients(self, node: Node, g: Any) -> Iterator[tuple[Node | Leaf, Any]]:
        """`Node.input_gradients`, written down."""
        op = node.op
        if op.joint is not None:
            found = list(enumerate(self.apply(node, op.joint, g, "all", several=True)))
        else:
            ruled = enumerate(zip(op.rules, node.inputs, strict=False))
            found = []
            for i, (rule, source) in ruled:
                if rule and source is not None:
                    found.append((i, self.apply(node, rule, g, op.inputs[i])))
        for i, gradient in found:
            target = node.inputs[i]
            if target is None or gradient is None:
                continue
            if gradient.shape != node.input_shapes[i]:
                fitted = op.fit(gradient, node.input_shapes[i], op.inputs[i])
                with self._naming(f"backward of {op.name}: "):
                    reads = Reads()
                    operands = f"{self._array(gradient, reads)}, {node.input_shapes[i]!r}, {op.inputs[i]!r}"
                    self._write(f"{self._constant(op.fit, 'sum_to')}({operands})", reads, [fitted])
                self._fresh.add(id(fitted))
                gradient = fitted
            yield target, gradient

    def apply(self, node: Node, ruled: Any, g: Any, which: str, *, several: bool = False) -> Any:
        """Call a rule of a node."""
        rule, needs = ruled
        values = [node.value_of(name, None) for name in needs]
        out = rule(g, *values)
        with self._naming(f"backward of {node.name}: "):
            reads = Reads()
            operands = [self._array(g, reads), *(self._text(value, reads) for value in values)]
            made = [x for x in (out if several else [out]) if x is not None and id(x) not in self._known]
            self._fresh.update(map(id, made))
            text = f"{self._constant(rule, f'{node.name}_{which}_grad')}({', '.join(operands)})"
            written = self._write(text, reads, list(out) if several else [out], several=several)
            if written and not node.op.takes_16_bits:
                self._says(node.name, which, operands)
        return out

    def _sum(self, a: Any, b: Any) -> Any:
        total = a + b
        with self._naming("backward: "):
            reads = Reads()
            self._write(f"{self._array(a, reads)} + {self._array(b, reads)}", reads, [total])
        self._fresh.add(id(total))
        return total

    def rules(self, node: Any, g: Any, found: Any, plain: bool) -> Any:
        """A walk that the engine does is no step of the recording."""
        return found

    def is_fresh(self, gradient: Any) -> bool:
        """Whether the walk made this array, so that nobody else holds it."""
        return id(gradient) in self._fresh

    def gradient_read(self, tensor: Any, gradient: Any) -> None:
        """`tensor.grad` was looked at."""
        if self.reason or self._is_inside(tensor):
            return
        if gradient is not None:
            self.gradients[id(gradient)] = tensor
            self._kept.append(gradient)
        with self._naming("grad: "):
            if gradient is not None and id(gradient) not in self.made:
                self.script.with_grad.append(self._name_of(tensor))
                if gradient.node is not None:
                    raise Unknown("a gradient has a graph of its own")
                reads = Reads(acts=True)
                self._write(f"{self._name_of(gradient)}.array", reads, [gradient.array])
            elif gradient is None and not self._acted:
                self.script.without_grad.append(self._name_of(tensor))

    # the end ----------------------------------------------------------------------------------------------------------

    def finish(self, result: Any) -> Script:
        """The script, once the function has returned; look at `reason` before it is used."""
        if not self.reason:
            with self._naming("the result: "):
                reads = Reads()
                self.script.result = self._text(result, reads, returned=True)
                self.script.result_reads = tuple(reads.names)
                self.settle_graph(reads.names)
        return self.script

    def _returned(self, x: Tensor, reads: Reads) -> str:
        if any(x.storage is s for s in (*self._shared, *(other.storage for other in self.script.outside.values()))):
            raise Unknown("it returns a tensor that shares the memory of another")
        self._shared.append(x.storage)
        array = self._array(x.array, reads)
        made = self._constant(helpers.finished, "finished")
        node = self.history_of(x, reads)
        return f"{made}({array}, {self.storage_of(x, reads)}, {x.storage.shared}, {node})"

    def _naming(self, where: str) -> "_Naming":
        return _Naming(self, where)

    # lines ------------------------------------------------------------------------------------------------------------

    def _write(
        self,
        text: str,
        reads: Reads,
        results: list[Any],
        *,
        several: bool = False,
        varies: bool = False,
        again: bool = False,
    ) -> list[str]:
        """A line that makes these arrays; none if all of them are known, since then it did nothing."""
        fresh = [r for r in results if r is not None and id(r) not in self._known]
        if results and not fresh and not varies and not again and any(r is not None for r in results):
            return []
        early = reads.early and self._early_inputs
        names = []
        for r in results:
            if not varies and (r is None or (id(r) in self._known and not again)):
                names.append("_")
                continue
            self._count += 1
            names.append(f"v{self._count}")
            if r is not None:
                self._know(r, names[-1], early)
        self._line(text, reads, tuple(names), several=several)
        return names

    def _line(self, text: str, reads: Reads, makes: tuple[str, ...], *, several: bool = False) -> None:
        early = reads.early and self._early_inputs
        mode = MODE.get() if reads.acts else ""
        self._acted = self._acted or reads.acts
        self.script.lines.append(Line(text, tuple(reads.names), makes, several, mode, self._quiet, early))

    def _says(self, op: str, rule: str, operands: list[str]) -> None:
        """What the last line is."""
        line = self.script.lines[-1]
        line.op, line.rule, line.operands = op, rule, tuple(operands)


class _Naming:
    """A block in which an unknown value makes the recorder give up."""

    def __init__(self, recorder: Recorder, where: str) -> None:
        self.recorder, self.where = recorder, where

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if isinstance(error, Unknown):
            self.recorder.abandon(f"{self.where}{error}")
            return True
        return False


def _has_mask(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(getattr(getattr(part, "dtype", None), "kind", "") == "b" for part in parts)
