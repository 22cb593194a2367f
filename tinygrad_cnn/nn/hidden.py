"""Layers that a plain list, tuple or dict hides from the model that holds it: a warning names them."""

from collections.abc import Iterator
from itertools import islice
from typing import Any
from warnings import warn
from weakref import WeakSet

from .parameter import Parameter

_told: set[tuple[type, str]] = set()  # classes and attributes that a warning has named
_searched: "WeakSet[Any]" = WeakSet()  # once is enough: `parameters()` may be asked in every step


def warn_of_hidden(root: Any) -> None:
    """Warn of modules and parameters in plain lists, tuples and dicts, once per class and attribute.

    Those that are registered somewhere else too are no trouble. It is a warning only, since some programs hide a module
    on purpose; frozen ones are not named.
    """
    if root in _searched:
        return
    _searched.add(root)
    suspects = []
    for path, module in root.named_modules():
        for name, value in module.__dict__.items():
            # The exact types, which are quick to test, and not those of the module's own `_modules` and hooks.
            if type(value) in (list, tuple, dict) and name != "_parameters" and (type(module), name) not in _told:
                found = list(_learned(value))
                if found:
                    suspects.append((path, module, name, value, found))
    if not suspects:
        return
    registered = {id(parameter) for _, parameter in root.named_parameters()}
    for path, module, name, value, found in suspects:
        if all(id(parameter) in registered for _, parameter in found):
            continue
        _told.add((type(module), name))
        whole = "Module" if _is_module(found[0][0]) else "Parameter"
        remedy = f"nn.{whole}{'Dict' if isinstance(value, dict) else 'List'}"
        where = f"{type(module).__name__}.{name}" + (f" (at {path!r})" if path else "")
        warn(
            f"{where} holds {whole.lower()}s in a plain {type(value).__name__}, where the model does not find them: no "
            f"optimizer trains them, and state_dict() and to() leave them out; use {remedy}(...)",
            stacklevel=3,
        )


def _learned(value: Any, depth: int = 2) -> Iterator[tuple[Any, Parameter]]:
    """What a nest of plain containers holds that could be trained: a module or a parameter, with each parameter.

    Only the first items are looked at: a list of layers is short, and one of data may be long.
    """
    for item in islice(value.values() if isinstance(value, dict) else value, 100):
        if _is_module(item):
            yield from ((item, parameter) for _, parameter in item.named_parameters() if parameter.requires_grad)
        elif isinstance(item, Parameter):
            if item.requires_grad:
                yield item, item
        elif depth and type(item) in (list, tuple, dict):
            yield from _learned(item, depth - 1)


def _is_module(value: Any) -> bool:
    return hasattr(value, "_modules")
