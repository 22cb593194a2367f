"""Memory used again: a result takes the place of what it was computed from, where a recording shows its only reader.

An eager step may not do so, for nobody knows then what will be looked at later.
"""

from collections import Counter
from dataclasses import replace

from .script import Line, Script

# Steps that make an array of their own, by the operation and the input whose gradient rule it is ("" for forward).
NEW = {("conv2d", ""), ("linear", ""), ("matmul", ""), ("batch_norm", ""), ("add", "")}
NEW |= {("conv2d", "x"), ("linear", "x"), ("max_pool2d", "x"), ("batch_norm", "all"), ("dropout", "x")}
# Steps that may be written over an operand, which one that is, and the backend's method for it.
OVER = {("relu", ""): (1, "relu_over"), ("relu", "x"): (0, "relu_grad_over")}


def written_over(script: Script) -> list[Line]:
    """The lines, with the methods of `OVER` where their operand is new and no other line reads it."""
    readers = Counter(name for line in script.lines for name in set(line.reads))
    readers.update(script.result_reads)
    makers = {name: (line.op, line.rule) for line in script.lines for name in line.makes}
    lines = []
    for line in script.lines:
        place, method = OVER.get((line.op, line.rule), (0, ""))
        if method and readers[line.operands[place]] == 1 and makers.get(line.operands[place]) in NEW:
            backend, *arrays = line.operands if not line.rule else (line.quiet, *line.operands)
            if backend:
                line = replace(line, text=f"{backend}.{method}({', '.join(arrays)})")
        lines.append(line)
    return lines
