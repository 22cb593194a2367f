"""Where a module sits in the model that is being called: the paths on the nodes of graphs and at the end of errors.

A path such as `features.3` is counted from the outermost module of the call. The paths of a whole model are worked out
once and kept until a module is put in or taken out; a call then costs one look-up.
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..autograd.modes import SCOPE

if TYPE_CHECKING:
    from .module import Module

Paths = dict[int, str]  # by the id of a module

PATHS: ContextVar[Paths | None] = ContextVar("paths", default=None)  # of the model that runs here, None outside of any

_changes = 0
_tables: "WeakKeyDictionary[Module, tuple[int, Paths]]" = WeakKeyDictionary()


class Children(dict[str, Any]):
    """The modules inside a module, by name. A change here makes the paths of every model that holds it out of date."""

    __slots__ = ("listed",)

    listed: bool  # whether a table of paths was made with it; of others no table can be out of date

    def __setitem__(self, name: str, module: Any) -> None:
        super().__setitem__(name, module)
        self._changed()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._changed()

    def pop(self, *args: Any) -> Any:
        """As of a dict."""
        self._changed()
        return super().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """As of a dict."""
        self._changed()
        super().update(*args, **kwargs)

    def clear(self) -> None:
        """As of a dict."""
        self._changed()
        super().clear()

    def _changed(self) -> None:
        global _changes  # noqa: PLW0603 - the time by which tables are dated
        if getattr(self, "listed", False):
            _changes += 1


def paths_of(root: "Module") -> Paths:
    """The path of every module in `root`, itself at "", by id."""
    table = _tables.get(root)
    if table is None or table[0] != _changes:
        dated = _changes  # before the walk: a change during it makes the table old at once
        paths = {}
        for path, module in root.named_modules():
            paths[id(module)] = path
            module._modules.listed = True
        table = _tables[root] = (dated, paths)
    return table[1]


def path_outside(module: "Module") -> str:
    """The path of a module that is not part of the model that calls it: the caller's, and the name of its class."""
    scope = SCOPE.get()
    return f"{scope}.{type(module).__name__}" if scope else type(module).__name__
