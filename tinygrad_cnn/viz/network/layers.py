"""What a layer has learned: its filters, and what they answer to an image."""

from typing import Any

import numpy as np

from .figures import GREY, SIGNED, Shown, as_picture, grid, new_figure
from .looking import convolutions, evaluating, layer_of, numbers, one_image, outputs_of


def show_filters(model: Any, layer: Any = None, *, count: int = 64, channel: int | None = None) -> Shown:
    """The kernels of a convolution, one picture each.

    Kernels of three input channels are shown in colour, scaled together to [0, 1]; others in red (positive) and blue
    (negative) with one scale for all: those that read `channel`, or the mean over the input channels.

    Args:
        model: the model.
        layer: the layer or its path; the first convolution if nothing is said.
        count: at most so many filters.
        channel: of the layer's input.

    Returns:
        The figure, and under `weight` the kernels (O, C, KH, KW).

    Raises:
        ValueError: for a layer without kernels, or a model without convolutions.
        KeyError: for a path that the model has not.

    >>> import tinygrad_cnn as tg
    >>> figure, arrays = show_filters(tg.nn.Conv2d(1, 6, 5))
    >>> arrays["weight"].shape
    (6, 1, 5, 5)
    """
    if layer is None:
        found = convolutions(model, "show_filters")
        if not found:
            raise ValueError("show_filters: the model has no 2-d convolution")
        path, layer = found[0]
    else:
        path, layer = layer_of(model, layer, "show_filters")
    weight = getattr(layer, "weight", None)
    if weight is None or weight.ndim != 4:
        raise ValueError(f"show_filters: {path or type(layer).__name__} has no kernels (O, C, KH, KW)")
    weight = numbers(weight)
    if channel is not None and not -weight.shape[1] <= channel < weight.shape[1]:
        raise IndexError(f"show_filters: channel {channel} is out of range for {weight.shape[1]} input channels")
    shown = weight[:count]
    titles = [str(i) for i in range(len(shown))]
    if channel is None and weight.shape[1] == 3:
        low, high = float(weight.min()), float(weight.max())
        colours = ((shown - low) / ((high - low) or 1.0)).transpose(0, 2, 3, 1)
        figure = grid(list(colours), titles, columns=12, size=0.8)
    else:
        kernels = shown.mean(axis=1) if channel is None else shown[:, channel]
        bound = float(np.abs(kernels).max(initial=0)) or 1.0
        figure = grid(list(kernels), titles, columns=12, cmap=SIGNED, limits=(-bound, bound), size=0.8)
    return Shown(figure, {"weight": weight})


def show_feature_maps(model: Any, image: Any, layer: Any = None, *, count: int = 16) -> Shown:
    """What the channels of a layer, or of several, answer to an image; the strongest answers first.

    Args:
        model: the model, which runs in evaluation.
        image: one image (C, H, W) or (1, C, H, W).
        layer: a layer, a path, or a list of them; every convolution if nothing is said.
        count: channels per layer.

    Returns:
        The figure, and the maps (C, H, W) under the path of each layer.

    Raises:
        ValueError: for a layer that gives no maps.
        KeyError: for a path that the model has not.

    >>> import tinygrad_cnn as tg
    >>> model = tg.nn.Sequential(tg.nn.Conv2d(1, 4, 3), tg.nn.ReLU())
    >>> figure, arrays = show_feature_maps(model, tg.rand(1, 8, 8), "1")
    >>> arrays["1"].shape
    (4, 6, 6)
    """
    batch = one_image("show_feature_maps", image)
    if layer is None:
        layers = dict(convolutions(model, "show_feature_maps"))
    else:
        wanted = layer if isinstance(layer, list | tuple) else [layer]
        layers = dict(layer_of(model, each, "show_feature_maps") for each in wanted)
    with evaluating(model), outputs_of(layers) as caught:
        model(batch)
    maps: dict[str, Any] = {}
    for path in layers:
        if path not in caught:
            raise ValueError(f"show_feature_maps: the model did not run {path}")
        if caught[path].ndim != 4:
            raise ValueError(f"show_feature_maps: {path} gives shape {tuple(caught[path].shape)}, not (1, C, H, W)")
        maps[path] = numbers(caught[path])[0]
    return Shown(_rows(numbers(batch)[0], maps, count), maps)


def _rows(image: Any, maps: dict[str, Any], count: int) -> Any:
    """The image, and a row of its strongest channels for each layer."""
    columns = max(min(count, max((len(values) for values in maps.values()), default=1)), 1)
    figure = new_figure(0.75 * (columns + 1) + 0.4, 1.05 * max(len(maps), 1))
    panels = figure.subplots(max(len(maps), 1), columns + 1, squeeze=False)
    for panel in panels.ravel():
        panel.axis("off")
    panels[0, 0].imshow(as_picture(image), cmap=GREY)
    for row, (path, values) in zip(panels, maps.items(), strict=True):
        row[0].set_title(path or "model", fontsize=8, pad=2)
        strength = np.abs(values).sum(axis=(1, 2))
        top = float(np.abs(values).max(initial=0)) or 1.0
        signed = values.min(initial=0) < 0
        for panel, channel in zip(row[1:], np.argsort(-strength, kind="stable"), strict=False):
            panel.imshow(values[channel], cmap=SIGNED if signed else "viridis", vmin=-top if signed else 0, vmax=top)
            panel.set_title(str(channel), fontsize=7, pad=1)
    return figure
