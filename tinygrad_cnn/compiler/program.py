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
    first = _deciding(script.lines)
    rest = [line for line in script.lines if not any(line is other for other in first)]
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

    source = [f"def replay({', '.join(f'x{i}' for i in range(inputs))}):"]
    if first:
        source.append("    try:")
        for number, line in enumerate(first):
            source += [f"        {text}" for text in with_end(number, line)]
        source += ["    except Exception as error:", "        raise Differs from error"]
    block = ("", "")
    for number, line in enumerate(rest, start=len(first)):
        wanted = ("" if line.mode == mode else line.mode, line.quiet)
        if wanted != block and any(wanted):
            around = [f"in_mode({wanted[0]!r})"] if wanted[0] else []
            around += [f"{wanted[1]}.quiet()"] if wanted[1] else []
            source.append(f"    with {', '.join(around)}:")
        block = wanted
        indent = "        " if any(wanted) else "    "
        source += [indent + text for text in with_end(number, line)]
    source.append(f"    return {script.result}")
    return "\n".join(source) + "\n"


def _deciding(lines: Sequence[Line]) -> list[Line]:
    """The lines that check what values decide, and those that they need."""
    needed: set[str] = set()
    found = []
    for line in reversed(lines):
        if line.decides or (line.early and needed & set(line.makes)):
            needed.update(line.reads)
            found.append(line)
    return found[::-1]


def build(script: Script, source: str) -> Callable[..., Any]:
    """The function itself."""
    names = {**script.names, **script.outside, "Differs": Differs, "in_mode": in_mode}
    exec(compile(source, "<compiled by tinygrad_cnn>", "exec"), names)
    return names["replay"]  # type: ignore[no-any-return]
