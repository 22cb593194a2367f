"""Pictures of computations: any tensor or model → graph records → DOT text → SVG, PNG or PDF.

    draw_graph(loss)                             every op that led to this tensor
    draw_graph(model, images)                    the model's layers
    draw_graph(loss, model=model).save("g.svg")

It needs nothing of the rest of the package: it reads the public fields of nodes, tensors and modules.
"""

from .backward import Trace, TraceStep, trace_backward
from .draw import draw_graph
from .network import (
    Monitor,
    Shown,
    confusion_matrix,
    grad_cam,
    gradient_flow,
    integrated_gradients,
    loss_landscape,
    maximize_activation,
    occlusion,
    plot_history,
    receptive_field,
    saliency,
    show_feature_maps,
    show_filters,
    show_misclassified,
    weight_histograms,
)
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
    "Monitor",
    "NoRendererError",
    "NodeRecord",
    "Numbers",
    "RenderError",
    "RuleRecord",
    "SavedRecord",
    "Shown",
    "StepRecord",
    "Trace",
    "TraceStep",
    "confusion_matrix",
    "draw_graph",
    "grad_cam",
    "gradient_flow",
    "integrated_gradients",
    "loss_landscape",
    "maximize_activation",
    "occlusion",
    "plot_history",
    "receptive_field",
    "record",
    "saliency",
    "show_feature_maps",
    "show_filters",
    "show_misclassified",
    "trace_backward",
    "weight_histograms",
]
