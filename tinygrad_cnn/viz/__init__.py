"""Pictures of computations: any tensor or model → graph records → DOT text → SVG, PNG or PDF.

    draw_graph(loss)                             every op that led to this tensor
    draw_graph(model, images)                    the model's layers
    draw_graph(loss, model=model).save("g.svg")

It needs nothing of the rest of the package: it reads the public fields of nodes, tensors and modules.
"""

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
from .picture import GraphPicture
from .records import ClusterRecord, EdgeRecord, GraphRecord, NodeRecord
from .render import NoRendererError, RenderError

__all__ = [
    "ClusterRecord",
    "EdgeRecord",
    "GraphPicture",
    "GraphRecord",
    "Monitor",
    "NoRendererError",
    "NodeRecord",
    "RenderError",
    "Shown",
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
    "saliency",
    "show_feature_maps",
    "show_filters",
    "show_misclassified",
    "weight_histograms",
]
