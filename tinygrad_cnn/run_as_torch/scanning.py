"""Which of PyTorch's names a program uses that are not here, found by reading it, without running it."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ..tensor.words import WORDS
from .names import VERSIONS, home_of, missing


class Finding(NamedTuple):
    """A name, or an argument, that is not here, and the line that uses it."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def scan(script: str) -> list[Finding]:
    """What a program needs of `torch` and `torchvision` that is not here: each name once, in the order of its lines.

    Names of modules, functions, classes and their attributes are found, and arguments that a function does not take;
    methods of values are not, since what a value is shows only when the program runs.

    Raises:
        OSError: for a file that can't be read.
        SyntaxError: the program's.
    """
    tree = ast.parse(Path(script).read_bytes(), script)
    known = dict(_imported(tree))
    found: dict[str, Finding] = {}
    for node in sorted(_places(tree), key=lambda node: (node.lineno, node.col_offset)):
        for what in _problems(node, known):
            found.setdefault(what, Finding(script, node.lineno, what))
    return list(found.values())


def _places(tree: ast.AST) -> Iterator[Any]:
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        whole = isinstance(node, ast.Attribute) and id(node) not in inner  # `torch.nn.X` once, not `torch.nn` too
        if whole or isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            yield node


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The names by which the program knows things of PyTorch."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in VERSIONS:
                    first = alias.name.partition(".")[0]
                    yield (alias.asname, alias.name) if alias.asname else (first, first)
        elif isinstance(node, ast.ImportFrom) and not node.level and _is_torch(node.module):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _is_torch(name: str | None) -> bool:
    return (name or "").partition(".")[0] in VERSIONS


def _problems(node: ast.AST, known: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (missing(a.name) for a in node.names if _is_torch(a.name) and home_of(a.name) is None)
    elif isinstance(node, ast.ImportFrom):
        if node.level or not _is_torch(node.module):
            return
        names = [f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"]
        for problem in dict.fromkeys(_resolved(name)[1] for name in names):
            if problem:
                yield problem
    elif isinstance(node, ast.Attribute):
        name = _dotted(node, known)
        if name and (problem := _resolved(name)[1]):
            yield problem
    elif isinstance(node, ast.Call) and (name := _dotted(node.func, known)):
        function, problem = _resolved(name)
        if not problem:
            yield from _unknown_arguments(name, function, node)


def _dotted(node: ast.AST, known: dict[str, str]) -> str | None:
    """`nn.functional.relu` as `torch.nn.functional.relu`; None for what does not begin with a name of PyTorch's."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in known:
        return None
    return ".".join([known[node.id], *reversed(parts)])


def _resolved(name: str) -> tuple[Any, str]:
    """The thing of that name here, or what to say about the first part of it that is not here."""
    parts = name.split(".")
    thing: Any = import_module(home_of(parts[0]) or "")
    for i, part in enumerate(parts[1:], 2):
        so_far = ".".join(parts[:i])
        if not isinstance(thing, ModuleType | type):  # what a value has shows when the program runs
            return None, ""
        if not hasattr(thing, part):
            home = home_of(so_far) if isinstance(thing, ModuleType) else None
            if home is None:
                return None, missing(so_far)
            thing = import_module(home)
        else:
            thing = getattr(thing, part)
    return thing, ""


def _unknown_arguments(name: str, function: Any, call: ast.Call) -> Iterator[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return
    taken = {parameter.name for parameter in parameters}
    taken |= {theirs for theirs, ours in WORDS.items() if ours in taken}
    for keyword in call.keywords:
        if keyword.arg is not None and keyword.arg not in taken:
            yield f"{name} takes no argument {keyword.arg!r} in tinygrad_cnn"
