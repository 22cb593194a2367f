"""What `detect_anomaly` does: remember the user's lines, and stop where NaN or infinity first appears."""

import sys
from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING, Any

from .modes import ANOMALY, LINES, RECORDING, VALUES, in_scope

if TYPE_CHECKING:
    from .graph import Leaf, Lift, Node

_PACKAGE = __name__.partition(".")[0]
_KINDS = ("", "infinite values", "NaN")


def user_line() -> str | None:
    """`file:line` of the innermost code that is not this package's."""
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _worst(values: Iterable[Any]) -> int:
    """2 if there is a NaN among the numbers, arrays and tensors, else 1 if there is an infinity, else 0."""
    worst = 0
    for value in values:
        if hasattr(value, "parts"):  # of a node with several outputs
            worst = max(worst, _worst(value.parts.values()))
            continue
        value = getattr(value, "array", value)
        if isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f":
            size = abs(value)
            if not _all(size < inf):
                worst = max(worst, 1 if _all(size >= 0) else 2)  # no comparison holds for NaN
    return worst


def _all(truth: Any) -> bool:
    return truth if isinstance(truth, bool) else bool(truth.all())


def watch(name: str, inputs: Iterable[Any], out: Any, node: Any) -> None:
    """After an operation: note the line on its node, and raise RuntimeError if its output is worse than its inputs."""
    if ANOMALY.get() is RECORDING:
        return
    if node is not None:
        node.source = user_line()
    if ANOMALY.get() is not VALUES:
        return
    found = _worst([out])
    if found and found > (before := _worst(inputs)):
        raise RuntimeError(
            f"detect_anomaly: {name} at {user_line()} gave {_KINDS[found]}; "
            f"its inputs have {_KINDS[before] or 'finite values only'}{in_scope()}"
        )


def checked_gradients(node: "Node", g: Any, lift: "Lift | None") -> list[tuple["Node | Leaf", Any]]:
    """The gradients that a node hands on; raises RuntimeError if one is worse than the node's own."""
    token = ANOMALY.set(LINES)  # operations inside the rule are this node's affair
    try:
        pairs = list(node.input_gradients(g, lift))
    finally:
        ANOMALY.reset(token)
    found = _worst(gradient for _, gradient in pairs)
    if found and found > (before := _worst([g])):
        raise RuntimeError(
            f"detect_anomaly: backward of {node.describe()} gave {_KINDS[found]}; "
            f"the gradient of its output has {_KINDS[before] or 'finite values only'}"
        )
    return pairs
