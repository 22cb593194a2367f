"""Pictures of computations: any tensor or model → graph records → DOT text → SVG, PNG or PDF.

    draw_graph(loss)                             every op that led to this tensor
    draw_graph(model, images)                    the model's layers
    draw_graph(loss, model=model).save("g.svg")

It needs nothing of the rest of the package: it reads the public fields of nodes, tensors and modules.
"""

from .backward import Trace, TraceStep, trace_backward
from .draw import draw_graph
from .numbers import Numbers
from .picture import GraphPicture
from .recorder import record
from .records import BoxRecord, ClusterRecord, EdgeRecord, GraphRecord, NodeRecord, SavedRecord, StepRecord
from .render import NoRendererError, RenderError
from .rules import RuleRecord

__all__ = [
    "BoxRecord",
    "ClusterRecord",
    "EdgeRecord",
    "GraphPicture",
    "GraphRecord",
    "NoRendererError",
    "NodeRecord",
    "Numbers",
    "RenderError",
    "RuleRecord",
    "SavedRecord",
    "StepRecord",
    "Trace",
    "TraceStep",
    "draw_graph",
    "record",
    "trace_backward",
]
