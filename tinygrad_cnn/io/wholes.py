"""Whole modules in a file: their class by its name, and their parts, without pickle.

Reading one imports the class's module, which runs its code; so `load` asks for `weights_only=False`.
"""

import sys
from enum import Enum
from importlib import import_module
from types import BuiltinFunctionType, FunctionType
from typing import Any

from ..nn import Module, Parameter

# What a module has that is no part of its state: names of hooks, whose functions are not written.
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_MADE_BY_PYTHON = 1 << 9  # of `type.__flags__`: a class that was made by a class statement
_TABLES = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")


def parts(module: Module) -> dict[str, Any]:
    """The state of a module as plain values and tensors.

    Raises:
        TypeError: for a module with hooks.
    """
    if any(getattr(module, name, None) for name in _HOOKS):
        raise TypeError(
            f"save: {type(module).__name__} has hooks, which are not written; remove them, or save its .state_dict()"
        )
    state = module.__dict__
    return {
        "parameters": dict(state["_parameters"]),
        "frozen": [name for name, p in state["_parameters"].items() if p is not None and not p.requires_grad],
        "buffers": dict(state["_buffers"]),
        "passing": sorted(state["_non_persistent_buffers_set"]),
        "modules": dict(state["_modules"]),
        "rest": {name: value for name, value in state.items() if name not in (*_HOOKS, *_TABLES)},
    }


def empty(where: str, name: str) -> Module:
    """A module of this class, without parts yet.

    Raises:
        ValueError: when there is no such class.
    """
    kind = named(where, name)
    if not (isinstance(kind, type) and issubclass(kind, Module)):
        raise ValueError(f"load: the file holds a {where}.{name}, which is no Module")
    module = kind.__new__(kind)
    Module.__init__(module)
    return module


def fill(module: Module, state: dict[str, Any]) -> None:
    """Give a module the parts that `parts` took from it."""
    for name, p in state["parameters"].items():
        module.register_parameter(name, p if p is None else Parameter(p.detach(), name not in state["frozen"]))
    for name, b in state["buffers"].items():
        module.register_buffer(name, b, persistent=name not in state["passing"])
    for name, child in state["modules"].items():
        module.add_module(name, child)
    module.__dict__.update(state["rest"])


def is_plain(value: Any) -> bool:
    """Whether an object is its attributes and nothing else: one of a Python class that says nothing about pickling."""
    kind = type(value)
    own = {name for base in kind.__mro__[:-1] for name in vars(base)}
    return (
        bool(kind.__flags__ & _MADE_BY_PYTHON)
        and hasattr(value, "__dict__")
        and all(vars(base).get("__module__") != "builtins" for base in kind.__mro__[:-1])
        and not own & {"__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__slots__", "state_dict"}
        and not isinstance(value, BaseException | Enum)
    )


def bare(where: str, name: str) -> Any:
    """An object of this class without attributes yet.

    Raises:
        ValueError: when there is no such class.
    """
    kind = named(where, name)
    if not isinstance(kind, type) or not kind.__flags__ & _MADE_BY_PYTHON:
        raise ValueError(f"load: the file holds a {where}.{name}, which is no class of Python's")
    return object.__new__(kind)


def name_of(value: Any) -> tuple[str, str] | None:
    """Where a function or class is found by import, None for what is not (a lambda, a function inside another)."""
    if not isinstance(value, FunctionType | BuiltinFunctionType | type):
        return None
    where, name = value.__module__, value.__qualname__
    found: Any = sys.modules.get(where or "")
    for part in name.split("."):
        found = getattr(found, part, None)
    return (where, name) if found is value else None


def named(where: str, name: str) -> Any:
    """What `name_of` named.

    Raises:
        ValueError: when it is not there.
    """
    try:
        found: Any = import_module(where)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"load: the file holds a {where}.{name}, which is not here: {error}") from error
    return found
