"""Operations with several outputs: one node that computes the gradients, and one small node for each output.

The gradients of the outputs wait in a bundle until all have arrived, as for any node that was used more than once.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from .graph import Leaf, Lift, Node
from .hooks import Name


class Gradients:
    """The gradients that have arrived so far, by the number of the output. They add up like single ones.

    Attributes:
        flags: say, as those of an array would, that it is not to be written to in place.
    """

    __slots__ = ("parts",)
    flags = SimpleNamespace(writeable=False)

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: "Gradients") -> "Gradients":
        parts = dict(self.parts)
        for number, g in other.parts.items():
            parts[number] = parts[number] + g if number in parts else g
        return Gradients(parts)


class OutputNode(Node):
    """One output of a node with several: it hands its gradient on, with its number.

    Attributes:
        hub: the node whose output it is.
        number: which output.
    """

    __slots__ = ("hub", "number")

    def __init__(self, hub: Node, number: int, shape: tuple[int, ...], dtype: Any) -> None:
        super().__init__(hub.op, {}, (hub,), (hub.shape,), shape, dtype, hub.scope, {})
        self.hub, self.number, self.source = hub, number, hub.source

    @property
    def name(self) -> str:
        """The operation's name with the number, such as `Split[1]`."""
        return Name(f"{self.hub.name}[{self.number}]")

    def input_gradients(self, g: Any, lift: Lift | None = None) -> Iterator[tuple[Node | Leaf, Any]]:
        """The gradient, for the node of all outputs."""
        yield self.hub, Gradients({self.number: g})
