"""Saved values that are packed when they are saved and unpacked when backward needs them."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from .graph import Node, Storage

Entry = tuple[Any, Storage | None, int]


class Packing:
    """How to pack and unpack an array.

    Attributes:
        pack: takes an array that shall be saved, and gives what is kept instead.
        unpack: makes the array of it again.
    """

    __slots__ = ("pack", "unpack")

    def __init__(self, pack: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> None:
        self.pack, self.unpack = pack, unpack


PACKING: ContextVar[Packing | None] = ContextVar("packing", default=None)  # of the innermost block


class Packed:
    """What is kept instead of an array.

    Attributes:
        nbytes: its memory in bytes, as far as it is arrays or tensors.
    """

    __slots__ = ("content", "nbytes")

    def __init__(self, content: Any) -> None:
        self.content = content
        parts = content if isinstance(content, tuple | list) else (content,)
        self.nbytes: int = sum(getattr(part, "nbytes", 0) for part in parts)


class PackedValues(dict[str, Entry]):
    """The saved values of a node. Looking one up unpacks it, once until `forget`."""

    def __init__(self, saved: dict[str, Entry], packing: Packing) -> None:
        super().__init__(saved)
        self._unpack = packing.unpack
        self._unpacked: dict[str, Any] = {}
        for name, (value, storage, version) in saved.items():
            if hasattr(value, "nbytes"):
                self[name] = (Packed(packing.pack(value)), storage, version)

    def __getitem__(self, name: str) -> Entry:
        value, storage, version = super().__getitem__(name)
        if isinstance(value, Packed):
            if name not in self._unpacked:
                self._unpacked[name] = self._unpack(value.content)
            value = self._unpacked[name]
        return value, storage, version

    def forget(self) -> None:
        """Let go of what was unpacked: it can be unpacked again."""
        self._unpacked.clear()


def pack(node: Node, packing: Packing) -> None:
    """Pack the arrays that a new node has saved."""
    if node.saved:
        node.saved = PackedValues(node.saved, packing)
