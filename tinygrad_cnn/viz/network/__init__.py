"""What a network sees: filters, feature maps, attributions, receptive fields, errors, training. Drawn by Matplotlib.

Each function returns the figure and the arrays behind it. Like the rest of `viz` it needs nothing of the package: it
calls the model, its hooks and the methods of its tensors.
"""

from .attribution import grad_cam, integrated_gradients, occlusion, saliency
from .fields import receptive_field
from .figures import Shown
from .layers import show_feature_maps, show_filters
from .monitor import Monitor
from .results import confusion_matrix, show_misclassified
from .synthesis import maximize_activation
from .training import gradient_flow, loss_landscape, plot_history, weight_histograms

__all__ = [
    "Monitor",
    "Shown",
    "confusion_matrix",
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
