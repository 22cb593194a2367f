"""The graph of what a recorded function returns: lines that make its nodes anew, so that it can be differentiated.

For each operation that was recorded in a graph there is a line that makes such a node, with what this call has saved.
At the end the lines stay whose nodes a returned tensor was computed by. To walk back through them is left to the
engine, as ever.
"""

from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from ..autograd import Node, Storage
from ..autograd.graph import moment
from ..autograd.packing import PackedValues
from ..tensor import Tensor
from .names import Names, Reads, Unknown
from .script import Line


class Histories(Names):
    """The nodes of one run, and how to make them anew."""

    def __init__(self, inputs: list[Tensor]) -> None:
        super().__init__(inputs)
        self._start = moment()
        self._spent: WeakSet[Node] = WeakSet()  # nodes whose saved values a walk has released
        self._lines: WeakKeyDictionary[Node, Line] = WeakKeyDictionary()
        self._storages: dict[int, tuple[str, Storage]] = {}  # of what nodes saved, by id
        self._saved: dict[str, list[tuple[Storage, int]]] = {}  # by a node's name, storages with their versions then
        self._returned_nodes: set[str] = set()

    def note(self, node: Node, args: tuple[Any, ...]) -> None:
        """An operation on these arguments was recorded in a graph. Without a line it can't be returned, and no more."""
        if not isinstance(node.saved, PackedValues):
            with suppress(Unknown):
                self._write_node(node, args)

    def _write_node(self, node: Node, args: tuple[Any, ...]) -> None:
        reads, sources = Reads(), []
        for arg, source in zip(args, node.inputs, strict=True):
            if source is None:
                sources.append("None")
            elif not self._is_inside(arg):
                sources.append(f"{self._name_of(arg)}.node")
            elif isinstance(source, Node) and (line := self._lines.get(source)) is not None:
                sources += line.makes
                reads.names += line.makes
            else:
                return  # made in a way that has no line
        name, storages, saved = f"n{len(self._saved) + 1}", [], []
        for need, (value, storage, version) in (node.saved or {}).items():
            owner = next((x for x in args if isinstance(x, Tensor) and x.storage is storage), None)
            if storage is None:
                guarded = "None, 0"
            elif owner is not None and not self._is_inside(owner):
                guarded = f"{self._name_of(owner)}.storage, {self._name_of(owner)}.storage.version"
            else:
                count = len(self._storages)
                guarded = f"{self._storages.setdefault(id(storage), (f's{count + 1}', storage))[0]}, 0"
                storages.append((storage, version))
            saved.append(f"{need!r}: ({self._text(value, reads)}, {guarded})")
        params = ", ".join(f"{key!r}: {self._text(value, reads)}" for key, value in node.params.items())
        inputs = f"({', '.join(sources)}{',' * (len(sources) == 1)})"
        shapes = f"{tuple(map(tuple, node.input_shapes))!r}, {tuple(node.shape)!r}"
        kind = f"{shapes}, {self._constant(node.dtype, 'dtype')}, {node.scope!r}"
        op = self._constant(node.op, f"{node.op.name}_op")
        text = f"{self._constant(Node, 'node')}({op}, {{{params}}}, {inputs}, {kind}, {{{', '.join(saved)}}})"
        line = Line(text, tuple(reads.names), (name,), several=False, mode="", quiet="", early=False, of_graph=True)
        self._saved[name] = storages
        self._lines[node] = line
        self.script.lines.append(line)

    def history_of(self, x: Tensor, reads: Reads) -> str:
        """The node of a tensor that is returned, as it stands in a line."""
        if x.node is None:
            return "None"
        made = self._nodes_made(x.node)
        if not made or all(node in self._spent for node in made):
            # Enough to see that it required grad, and to draw it: there are no values left to walk back with.
            return self._constant(x.node, x.node.name)
        if any(node in self._spent for node in made):
            raise Unknown("it returns a tensor whose graph was walked back in part")
        for node in made:
            line = self._lines.get(node)
            if line is None:
                raise Unknown(f"it returns a tensor to be differentiated, and {node.name} can't be made anew")
            self._returned_nodes.update(line.makes)
        reads.names += self._lines[made[0]].makes
        return self._lines[made[0]].makes[0]

    def _nodes_made(self, last: Any) -> list[Node]:
        """The nodes of this run that lead to a node, itself first."""
        found, seen = [], {last}
        stack = [last]
        while stack:
            node = stack.pop()
            if isinstance(node, Node) and node.order >= self._start:
                found.append(node)
                new = [source for source in node.inputs if source is not None and source not in seen]
                seen.update(new)
                stack += new
        return found

    def storage_of(self, x: Tensor, reads: Reads) -> str:
        """The storage of a tensor that is returned: that which its node guards, or one of its kind."""
        if self._returned_nodes and (known := self._storages.get(id(x.storage))) is not None:
            reads.names.append(known[0])
            return known[0]
        return self._constant(type(x.storage), type(x.storage).__name__)

    def settle_graph(self, result_reads: list[str]) -> None:
        """At the end: keep the lines of nodes that are returned, and of memory that their values are guarded in."""
        lines = self.script.lines
        lines[:] = [line for line in lines if not line.of_graph or line.makes[0] in self._returned_nodes]
        for name in self._returned_nodes:
            for storage, version in self._saved[name]:
                if storage.version != version:
                    raise Unknown(f"{storage.changed_by} changes what is saved for backward")
        for name, _ in self._storages.values():
            if name in result_reads:
                make = f"{self._constant(Storage, 'Storage')}()"
                lines.insert(0, Line(make, (), (name,), several=False, mode="", quiet="", early=False))
            else:
                self.script.names[name] = None  # nobody can write to what nobody else holds
