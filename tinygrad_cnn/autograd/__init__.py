"""The chain rule: what an operation is, the graph it is recorded in, and the walk back through it.

This package is the lowest floor and knows neither tensors nor backends. `grad` and the other functions on tensors that
PyTorch keeps under this name live in `tinygrad_cnn.derivatives`; they are found here too, on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .engine import ancestors, backpropagate
from .graph import InferenceStorage, Leaf, Node, Storage
from .modes import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)
from .op import Op, broadcast_to, elementwise, op, sum_to
from .tape import repeated, taken, unrecordable

if TYPE_CHECKING:
    from ..derivatives import backward, grad
    from ..function import Function
    from ..summary import graph_summary
    from ..tensor.legacy import Variable
    from ..testing import gradcheck, gradgradcheck

_ELSEWHERE = {
    "grad": "derivatives",
    "backward": "derivatives",
    "Function": "function",
    "Variable": "tensor.legacy",
    "graph_summary": "summary",
    "gradcheck": "testing",
    "gradgradcheck": "testing",
}

__all__ = [
    "Function",
    "InferenceStorage",
    "Leaf",
    "Node",
    "Op",
    "Storage",
    "Variable",
    "ancestors",
    "backpropagate",
    "backward",
    "broadcast_to",
    "detect_anomaly",
    "elementwise",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph_summary",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "op",
    "repeated",
    "set_detect_anomaly",
    "set_grad_enabled",
    "sum_to",
    "taken",
    "unrecordable",
]


_MODULES = (
    "forward_ad",
    "function",
    "functional",
    "grad_mode",
    "graph",
    "profiler",
    "variable",
)  # PyTorch's, of which some are made on first use


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _ELSEWHERE:
        return getattr(import_module(f"tinygrad_cnn.{_ELSEWHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
