"""A recording as text: one line per step, and what the names in the lines stand for."""

from dataclasses import dataclass, field, replace
from typing import Any

from ..autograd import Node


@dataclass
class Line:
    """One step: its text, the variables that it reads and makes.

    Attributes:
        several: whether it makes a tuple or list of as many variables, `_` where one is not wanted.
        mode: for a line that acts on tensors, whether gradients are recorded while it runs; "" for arrays alone.
        quiet: the backend whose floating-point warnings are off, as they are on the walk back; "" for none.
        early: whether it depends on nothing but the arguments as they were given, and changes nothing.
        decides: whether it checks that this call goes the way of the recorded one.
        of_graph: whether it makes a node.
        op, rule: the operation that it calls, and the input whose gradient rule it calls if it does ("all" for all).
        operands: what stands between the parentheses of that call.
        swaps: whether it is a max pooling that may change places with a relu, by what the backend says.
    """

    text: str
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    several: bool
    mode: str
    quiet: str
    early: bool
    decides: bool = False
    of_graph: bool = False
    op: str = ""
    rule: str = ""
    operands: tuple[str, ...] = ()
    swaps: bool = False


@dataclass
class Script:
    """A recording: lines, what their names stand for, and which tensors they take from outside."""

    lines: list[Line] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    outside: dict[str, Any] = field(default_factory=dict)  # tensors by name
    with_grad: list[str] = field(default_factory=list)  # of those and the arguments, which had a gradient
    without_grad: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)  # names of functions that change what outlives a run
    result: str = "None"
    result_reads: tuple[str, ...] = ()

    def same_as(self, other: "Script") -> str:
        """Empty if the other says the same, else the first difference in words."""
        for mine, its in zip(self.lines, other.lines, strict=False):
            if replace(mine, early=its.early) != its:
                return f"`{mine.text}` became `{its.text}`"
        if len(self.lines) != len(other.lines) or self.result != other.result:
            return f"{len(self.lines)} steps became {len(other.lines)}"
        for name, value in self.names.items():
            if not _equal(value, other.names.get(name)):
                return f"`{name}` stood for {value!r:.80} and now for {other.names.get(name)!r:.80}"
        for name, tensor in self.outside.items():
            if tensor is not other.outside.get(name):
                return f"another tensor of shape {tuple(tensor.shape)} took the place of one; pass it as an argument"
        return ""


def _equal(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if isinstance(a, Node) and isinstance(b, Node):
        return a.op is b.op
    try:
        return type(a) is type(b) and bool(a == b)
    except (ValueError, RuntimeError):  # arrays, which have no single truth
        return False
