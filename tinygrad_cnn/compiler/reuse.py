"""Less work and memory for the same bits, where a recording shows who reads what.

An eager step may do none of it, for nobody knows then what will be looked at later.
"""

from collections import defaultdict
from dataclasses import replace

from .joining import joined, rectified
from .script import Line, Script

# Steps that make an array of their own, by the operation and the input whose gradient rule it is ("" for forward).
NEW = {("conv2d", ""), ("linear", ""), ("matmul", ""), ("batch_norm", ""), ("add", ""), ("max_pool2d", "")}
NEW |= {("conv2d", "x"), ("linear", "x"), ("max_pool2d", "x"), ("batch_norm", "all"), ("dropout", "x")}
# Steps that may be written over an operand, which one that is, and the backend's method for it.
OVER = {("relu", ""): (1, "relu_over"), ("relu", "x"): (0, "relu_grad_over")}


class Uses:
    """Which line makes each variable, and which lines read it; what is returned has one reader more."""

    def __init__(self, script: Script) -> None:
        self.maker = {name: line for line in script.lines for name in line.makes}
        self.readers: defaultdict[str, list[Line]] = defaultdict(list)
        for line in script.lines:
            for name in set(line.reads):
                self.readers[name].append(line)
        end = Line(script.result, script.result_reads, (), several=False, mode="", quiet="", early=False)
        for name in script.result_reads:
            self.readers[name].append(end)

    def call(self, line: Line, operands: tuple[str, ...], makes: tuple[str, ...]) -> Line:
        """The same call with other operands and results."""
        text = f"{line.text.partition('(')[0]}({', '.join(operands)})"
        reads = tuple(name for name in operands if name in self.maker or name in makes or name in self.readers)
        return replace(line, text=text, operands=operands, reads=reads, makes=makes)


def improve(script: Script) -> None:
    """Change the lines of a script to others with the same results."""
    script.lines = joined(script)
    script.lines = pooled_first(script)
    script.lines = rectified(script)
    script.lines = written_over(script)


def pooled_first(script: Script) -> list[Line]:
    """The lines, with relu after a max pooling that was after it, and the same on the way back: less of it to do.

    A pooling that may change places (`swaps`) gives the first maximum of a window, whose relu is the maximum of all. Of
    windows without a number above 0 other taps are kept, but no gradient goes back to them.
    """
    lines = list(script.lines)
    for pool in [line for line in lines if line.swaps]:
        uses = Uses(replace(script, lines=lines))
        relu = uses.maker.get(pool.operands[1])
        if relu is None or (relu.op, relu.rule) != ("relu", "") or relu.operands[1] not in uses.maker:
            continue
        (x,), before, (values, taps) = relu.makes, relu.operands[1], pool.makes
        back = [*uses.readers[taps], *(line for line in uses.readers[x] if line is not pool)]
        if len(uses.readers[before]) > 1 or (back and not _are_gradients(back, lines, uses)):
            continue
        raw = f"{values}_"
        uses.readers[raw] = []
        at = lines.index(pool)
        lines[at : at + 1] = [
            uses.call(pool, (pool.operands[0], before, *pool.operands[2:]), (raw, taps)),
            uses.call(relu, (relu.operands[0], raw), (values,)),
        ]
        lines.remove(relu)
        if back:
            of_pool, of_relu = back
            at = lines.index(of_pool)
            lines[at : at + 2] = [
                uses.call(of_relu, (of_pool.operands[0], values), of_pool.makes),
                uses.call(of_pool, (*of_pool.makes, *of_pool.operands[1:]), of_relu.makes),
            ]
    return lines


def _are_gradients(back: list[Line], lines: list[Line], uses: Uses) -> bool:
    """Whether these are the gradient rules of a max pooling and of the relu before it, one right after the other."""
    if [(line.op, line.rule) for line in back] != [("max_pool2d", "x"), ("relu", "x")]:
        return False
    of_pool, of_relu = back
    next_to = lines[lines.index(of_pool) + 1] is of_relu
    return next_to and of_pool.makes == of_relu.operands[:1] and len(uses.readers[of_pool.makes[0]]) == 1


def written_over(script: Script) -> list[Line]:
    """The lines, with the methods of `OVER` where their operand is new and no other line reads it."""
    uses, lines = Uses(script), []
    for line in script.lines:
        place, method = OVER.get((line.op, line.rule), (0, ""))
        if method and len(uses.readers[line.operands[place]]) == 1:
            maker = uses.maker.get(line.operands[place])
            backend, *arrays = line.operands if not line.rule else (line.quiet, *line.operands)
            if backend and maker is not None and (maker.op, maker.rule) in NEW:
                line = replace(line, text=f"{backend}.{method}({', '.join(arrays)})")
        lines.append(line)
    return lines
