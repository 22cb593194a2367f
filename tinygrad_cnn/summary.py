"""What a graph consists of and what it keeps in memory for backward, module by module."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .autograd import Leaf, Node, ancestors
from .autograd.outputs import OutputNode
from .errors import GraphError
from .tensor import Tensor

__all__ = ["GraphSummary", "ModuleSummary", "graph_summary"]


@dataclass(frozen=True)
class ModuleSummary:
    """What one module has in a graph.

    Attributes:
        module: its path, such as `features.3`; empty for what was computed outside of modules.
        operations: how many of each name.
        saved_bytes: memory kept for backward, without parameters and other leaves.
    """

    module: str
    operations: Counter[str]
    saved_bytes: int


@dataclass(frozen=True)
class GraphSummary:
    """What a graph consists of; as text it is a table.

    Attributes:
        modules: in the order in which they ran.
        leaf_bytes: memory of leaves (parameters) that is needed for backward; it would be there without a graph, too.
    """

    modules: tuple[ModuleSummary, ...]
    leaf_bytes: int

    @property
    def operations(self) -> Counter[str]:
        """How many operations of each name there are in all."""
        return sum((row.operations for row in self.modules), Counter())

    @property
    def saved_bytes(self) -> int:
        """Memory kept for backward in all, without leaves."""
        return sum(row.saved_bytes for row in self.modules)

    def __str__(self) -> str:
        lines = [(row.module or "(outside)", row.operations, row.saved_bytes) for row in self.modules]
        lines.append(("total", self.operations, self.saved_bytes))
        width = max(len("module"), *(len(name) for name, _, _ in lines))
        head = f"{'module':{width}}  {'ops':>5}  {'saved':>10}  operations"
        body = [f"{name:{width}}  {ops.total():>5}  {_size(n):>10}  {_listed(ops)}".rstrip() for name, ops, n in lines]
        return "\n".join([head, *body, f"leaves needed for backward: {_size(self.leaf_bytes)}"])

    __repr__ = __str__


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _listed(operations: Counter[str]) -> str:
    several = [name if count == 1 else f"{name} × {count}" for name, count in operations.most_common(4)]
    return ", ".join(several) + (", …" if len(operations) > 4 else "")


def graph_summary(outputs: Tensor | tuple[Tensor, ...] | list[Tensor]) -> GraphSummary:
    """The operations that tensors were computed with, and the memory they keep for backward, by module.

    Memory that several operations save, or views of it, counts once, for the first of them. What hooks have packed
    counts as far as it is arrays. After `backward` it is 0.

    Raises:
        TypeError: for something else than tensors.
        RuntimeError: for a tensor without a graph.

    >>> import tinygrad_cnn as tg
    >>> net = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.ReLU())
    >>> graph_summary(net(tg.ones(8, 3)).sum())
    module       ops       saved  operations
    0              1        96 B  linear
    1              1       128 B  relu
    (outside)      1         0 B  sum
    total          3       224 B  linear, relu, sum
    leaves needed for backward: 0 B
    """
    roots: list[Node | Leaf] = []
    for tensor in [outputs] if isinstance(outputs, Tensor) else outputs:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"graph_summary: expected tensors; got {type(tensor).__name__}")
        tensor.refresh()
        if tensor.node is None:
            raise GraphError(f"graph_summary: the tensor of shape {tuple(tensor.shape)} has no graph")
        roots.append(tensor.node)
    nodes = ancestors(roots)[::-1]
    leaves = {id(_memory(n.tensor.array)) for n in nodes if isinstance(n, Leaf) and n.tensor is not None}
    operations: dict[str, Counter[str]] = {}
    saved: Counter[str] = Counter()
    seen: set[int] = set()
    leaf_bytes = 0
    for node in nodes:
        if isinstance(node, Leaf | OutputNode):
            continue
        operations.setdefault(node.scope, Counter())[str(node.name)] += 1
        for value, _, _ in (node.saved or {}).values():
            memory = _memory(value)
            if not hasattr(memory, "nbytes") or id(memory) in seen:
                continue
            seen.add(id(memory))
            if id(memory) in leaves:
                leaf_bytes += memory.nbytes
            else:
                saved[node.scope] += memory.nbytes
    return GraphSummary(tuple(ModuleSummary(m, names, saved[m]) for m, names in operations.items()), leaf_bytes)


def _memory(value: Any) -> Any:
    """The array whose memory a view looks into."""
    while hasattr(getattr(value, "base", None), "nbytes"):
        value = value.base
    return value
