"""From a recording to a Python function: the lines in order, each variable forgotten after its last use."""

from collections.abc import Callable, Sequence
from typing import Any

from .helpers import Differs, in_mode
from .script import Line, Script


def write(script: Script, inputs: int, mode: str) -> str:
    """The source of the function `replay`.

    Lines that decide whether this call goes the way of the recorded one come first, when nothing has been changed yet.

    Args:
        inputs: how many tensors it is given.
        mode: whether gradients are recorded where it is called.
    """
    first, rest = _parts(script)
    source = [f"def replay({_given(inputs)}):"]
    source += _checked(first, *_written(script, first, rest, mode))
    source.append(f"    return {script.result}")
    return "\n".join(source) + "\n"


def write_apart(script: Script, inputs: int, mode: str) -> str:
    """The same in two functions: `decide`, whose results `replay` takes beside the tensors."""
    first, rest = _parts(script)
    checks, body = _written(script, first, rest, mode)
    made = {name for line in first for name in line.makes}
    needed = {name for line in rest for name in line.reads} | set(script.result_reads)
    handed = sorted(made & needed)
    source = [f"def decide({_given(inputs)}):", *_checked(first, checks, [])]
    source += [f"    return ({''.join(f'{name}, ' for name in handed)})", ""]
    source += [f"def replay({', '.join([*(f'x{i}' for i in range(inputs)), *handed])}):", *body]
    source.append(f"    return {script.result}")
    return "\n".join(source) + "\n"


def _given(inputs: int) -> str:
    return ", ".join(f"x{i}" for i in range(inputs))


def _parts(script: Script) -> tuple[list[Line], list[Line]]:
    """The lines that decide, and all others."""
    first = _deciding(script.lines)
    return first, [line for line in script.lines if not any(line is other for other in first)]


def _checked(first: list[Line], checks: list[str], body: list[str]) -> list[str]:
    if not first:
        return body
    handler = ["    except Exception as error:", "        raise Differs from error"]
    return ["    try:", *(f"        {text}" for text in checks), *handler, *body]


def _written(script: Script, first: list[Line], rest: list[Line], mode: str) -> tuple[list[str], list[str]]:
    """The text of both, each variable forgotten after its last use."""
    last: dict[str, int] = {}
    for number, line in enumerate([*first, *rest]):
        last.update(dict.fromkeys((*line.makes, *line.reads), number))
    last["_"] = -1
    last.update(dict.fromkeys(script.result_reads, len(first) + len(rest)))

    def with_end(number: int, line: Line) -> list[str]:
        targets = [name if last[name] > number else "_" for name in line.makes]
        text = line.text
        if any(name != "_" for name in targets):
            text = f"{', '.join(targets)}{',' * (line.several and len(targets) == 1)} = {text}"
        over = list(dict.fromkeys(name for name in line.reads if last[name] == number))
        return [text, *([f"del {', '.join(over)}"] if over else [])]

    checks = [text for number, line in enumerate(first) for text in with_end(number, line)]
    body = []
    block = ("", "")
    for number, line in enumerate(rest, start=len(first)):
        wanted = ("" if line.mode == mode else line.mode, line.quiet)
        if wanted != block and any(wanted):
            around = [f"in_mode({wanted[0]!r})"] if wanted[0] else []
            around += [f"{wanted[1]}.quiet()"] if wanted[1] else []
            body.append(f"    with {', '.join(around)}:")
        block = wanted
        indent = "        " if any(wanted) else "    "
        body += [indent + text for text in with_end(number, line)]
    return checks, body


def _deciding(lines: Sequence[Line]) -> list[Line]:
    """The lines that check what values decide, and those that they need."""
    needed: set[str] = set()
    found = []
    for line in reversed(lines):
        if line.decides or (line.early and needed & set(line.makes)):
            needed.update(line.reads)
            found.append(line)
    return found[::-1]


def build(script: Script, source: str, others: dict[str, Any] | None = None) -> dict[str, Callable[..., Any]]:
    """The functions of a source, by name; `others` stand for some of the script's names."""
    names = {**script.names, **script.outside, "Differs": Differs, "in_mode": in_mode, **(others or {})}
    exec(compile(source, "<compiled by tinygrad_cnn>", "exec"), names)
    return names
