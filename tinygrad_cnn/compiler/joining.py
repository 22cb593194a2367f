"""Two steps made one, where a backend has a kernel for both: a layer and the ReLU of what it gives."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .script import Line, Script

# Operations that end with a sum, and the backend's method that adds and rectifies in one pass.
WITH_RELU = {"conv2d": "conv2d_relu", "linear": "linear_relu", "add": "add_relu"}


def joined(script: Script) -> list[Line]:
    """The lines, with `batch_norm` and `relu` in one where no other line reads what is in between; gradients too."""
    maker = _only_makers(script)
    changed: dict[int, Line | None] = {}  # by id of the line that it replaces; None for one that goes
    for line in script.lines:
        if (line.op, line.rule) == ("relu", ""):
            backend, x = line.operands
            if _joins(script, backend) and (source := maker(x, "batch_norm", "")) and source.makes[0] == x:
                text = f"{backend}.batch_norm_relu({', '.join(source.operands[1:])})"
                changed[id(source)] = replace(source, text=text)
                changed[id(line)] = replace(line, text=x, op="")
        elif (line.op, line.rule) == ("batch_norm", "all"):
            g, *others = line.operands
            if _joins(script, line.quiet) and (source := maker(g, "relu", "x")) and len(source.operands) == 2:
                text = f"{line.quiet}.batch_norm_relu_input_grad({', '.join((*source.operands, *others[:4]))})"
                reads = (*source.reads, *(name for name in line.reads if name != g and name not in source.reads))
                changed[id(line)] = replace(line, text=text, reads=reads, op="")
                changed[id(source)] = None
    lines = (changed.get(id(line), line) for line in script.lines)
    return [line for line in lines if line is not None]


def rectified(script: Script) -> list[Line]:
    """The lines, with an operation of `WITH_RELU` and `relu` in one where no other line reads what is in between."""
    maker, changed = _only_makers(script), dict[int, Line]()
    for line in script.lines:
        if (line.op, line.rule) != ("relu", "") or not _joins(script, line.operands[0]):
            continue
        backend, x = line.operands
        for op, method in WITH_RELU.items():
            if (source := maker(x, op, "")) is not None:
                text = f"{backend}.{method}({', '.join(source.operands[1:])})"
                changed[id(source)] = replace(source, text=text)
                changed[id(line)] = replace(line, text=x, op="")
    return [changed.get(id(line), line) for line in script.lines]


def _only_makers(script: Script) -> Callable[[str, str, str], Line | None]:
    """A function that gives the line that makes a variable for one reader, if it is of this kind, else None."""
    readers = Counter(name for line in script.lines for name in set(line.reads))
    readers.update(script.result_reads)
    makers = {name: line for line in script.lines for name in line.makes if name != "_"}

    def maker(name: str, op: str, rule: str) -> Line | None:
        line = makers.get(name)
        return line if line is not None and readers[name] == 1 and (line.op, line.rule) == (op, rule) else None

    return maker


def _joins(script: Script, backend: str) -> bool:
    kernels: Any = script.names.get(backend)
    return bool(getattr(kernels, "joins_relu", False))
