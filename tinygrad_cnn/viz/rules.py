"""What an operation computes and how it is differentiated, in the words of its own source."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """The gradient rule of one input.

    Attributes:
        input: its name; "" for a rule that gives the gradients of all inputs.
        text: the formula, such as `g * y`.
        source: all of the rule's source text, where that is more.

    >>> import tinygrad_cnn as tg
    >>> rules_of(tg.ops.mul)[0].text
    'g * y'
    """

    input: str
    text: str
    source: str = ""


@cache
def formula_of(op: Any) -> str:
    """The first line of the operation's docstring, which is its formula."""
    words = (getattr(op, "__doc__", "") or "").strip()
    return words.partition("\n")[0]


@cache
def rules_of(op: Any) -> tuple[RuleRecord, ...]:
    """The rules of an operation as its source states them, one per input that has one.

    >>> import tinygrad_cnn as tg
    >>> rules_of(tg.ones(1, requires_grad=True).mul(2).node.op)
    (RuleRecord(input='x', text='g * y', source=''), RuleRecord(input='y', text='g * x', source=''))
    """
    written = _decorator(getattr(op, "forward", None))
    if (joint := getattr(op, "joint", None)) is not None:
        return (_rule("", joint, written.get("joint")),)
    named = zip(getattr(op, "inputs", ()), getattr(op, "rules", ()), strict=False)
    return tuple(_rule(name, rule, written.get(name)) for name, rule in named if rule is not None)


def rule_of_function(function: Any) -> tuple[RuleRecord, ...]:
    """The `backward` of an autograd Function."""
    backward = getattr(function, "backward", None)
    return (RuleRecord("", f"{function.__name__}.backward(ctx, g)", _source(backward)),)


def macs_of(name: str, params: Mapping[str, Any], shapes: tuple[Shape, ...], out: Shape) -> int:
    """Multiplications with an addition each, of the operations that are made of them; 0 for the others.

    >>> macs_of("matmul", {}, ((5, 3), (3, 2)), (5, 2))
    30
    """
    if name in {"conv2d", "conv2d_input_grad"} and len(shapes) > 1:
        images = out if name == "conv2d" else shapes[0]
        return prod(images) * prod(shapes[1][1:])
    if name == "conv2d_weight_grad" and len(shapes) > 1:
        return prod(shapes[0]) * prod(out[1:])
    if name in {"matmul", "linear"} and shapes and shapes[0]:
        return prod(out) * shapes[0][-1]
    return 0


def _rule(name: str, rule: tuple[Any, tuple[str, ...]], written: ast.expr | None) -> RuleRecord:
    function, needs = rule
    if isinstance(written, ast.Lambda):
        return RuleRecord(name, ast.unparse(written.body))
    called = getattr(function, "__name__", "rule").strip("_<>")
    return RuleRecord(name, f"{called}({', '.join(('g', *needs))})", _source(function))


def _decorator(forward: Any) -> dict[str, ast.expr]:
    """The keywords of the first decorator of a function that is a call."""
    try:
        tree = ast.parse(_source(forward))
    except SyntaxError:
        return {}
    for statement in tree.body:
        for decorator in getattr(statement, "decorator_list", ()):
            if isinstance(decorator, ast.Call):
                return {keyword.arg: keyword.value for keyword in decorator.keywords if keyword.arg}
    return {}


def _source(function: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError):
        return ""  # typed into an interpreter, or made by a program
