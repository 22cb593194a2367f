"""How training goes: curves, weights, gradients, and the ground that the loss descends on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .figures import FIRST, SECOND, Shown, new_figure
from .looking import numbers

PREFIXES = ("train_", "training_", "validation_", "valid_", "val_", "test_")


def plot_history(
    history: Mapping[str, Sequence[float]] | Sequence[Mapping[str, float]], *, best: int | None = None
) -> Shown:
    """Curves over epochs: a panel per quantity, with its training and held-out lines together.

    Args:
        history: lists by name, such as `train_loss` and `validation_loss`, or one dict of numbers per epoch.
        best: an epoch to mark, counted from 0.

    Returns:
        The figure, and each list as an array.

    >>> plot_history({"train_loss": [2.0, 1.0], "validation_loss": [2.1, 1.4]}, best=1).arrays["train_loss"].tolist()
    [2.0, 1.0]
    """
    if not isinstance(history, Mapping):
        names = list(dict.fromkeys(name for epoch in history for name in epoch))
        history = {name: [epoch.get(name, float("nan")) for epoch in history] for name in names}
    arrays = {name: np.asarray(values, dtype=float) for name, values in history.items()}
    panels: dict[str, list[str]] = {}
    for name in arrays:
        prefix = next((p for p in PREFIXES if name.startswith(p)), "")
        panels.setdefault(name.removeprefix(prefix), []).append(name)
    figure = new_figure(4.2 * max(len(panels), 1), 3.2)
    for axes, (what, names) in zip(
        figure.subplots(1, max(len(panels), 1), squeeze=False)[0], panels.items(), strict=False
    ):
        for name in names:
            train = name.startswith(("train", what))
            axes.plot(arrays[name], color=SECOND if train else FIRST, label=name, linewidth=1.3)
        if best is not None:
            axes.axvline(best, color="grey", linewidth=0.8, linestyle=":")
        positive = all((arrays[name][np.isfinite(arrays[name])] > 0).all() for name in names)
        if "loss" in what and positive:
            axes.set_yscale("log")
        axes.set_xlabel("epoch")
        axes.set_ylabel(what)
        axes.grid(alpha=0.25)
        axes.legend(fontsize=8)
    return Shown(figure, arrays)


def weight_histograms(model: Any, *, gradients: bool = False, bins: int = 50) -> Shown:
    """A histogram of each parameter's values, or of its gradient.

    Args:
        model: a module.
        gradients: draw gradients instead; parameters without one are left out.
        bins: per histogram.

    Returns:
        The figure, and for each parameter `(counts, edges)`.

    >>> import tinygrad_cnn as tg
    >>> sorted(weight_histograms(tg.nn.Linear(3, 2)).arrays)
    ['bias', 'weight']
    """
    values = {
        name: numbers(p.grad if gradients else p).ravel()
        for name, p in model.named_parameters()
        if not gradients or p.grad is not None
    }
    columns = min(len(values), 4) or 1
    rows = max(-(-len(values) // columns), 1)
    figure = new_figure(2.7 * columns, 1.8 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    arrays = {}
    for panel, (name, flat) in zip(panels, values.items(), strict=False):
        finite = flat[np.isfinite(flat)]
        counts, edges = np.histogram(finite, bins=bins)
        arrays[name] = (counts, edges)
        panel.stairs(counts, edges, fill=True, color=SECOND if gradients else FIRST)
        lost = len(flat) - len(finite)
        panel.set_title(
            f"{name}\nmean {finite.mean() if len(finite) else np.nan:.2g}, std "
            f"{finite.std() if len(finite) else np.nan:.2g}" + (f", {lost} NaN or inf" if lost else ""),
            fontsize=7,
        )
        panel.tick_params(labelsize=6)
    for panel in panels[len(values) :]:
        panel.axis("off")
    return Shown(figure, arrays)


def gradient_flow(model: Any) -> Shown:
    """Mean and largest |gradient| of each weight, from the first layer to the last, on a logarithmic scale.

    A curve that falls towards the first layers says that gradients vanish; one that rises, that they explode.

    Args:
        model: a module after `backward`.

    Returns:
        The figure; `names`, `mean` and `max`, NaN for a parameter without a gradient.

    Raises:
        ValueError: when no parameter has a gradient.

    >>> import tinygrad_cnn as tg
    >>> model = tg.nn.Sequential(tg.nn.Linear(3, 2), tg.nn.Linear(2, 1))
    >>> model(tg.ones(1, 3)).sum().backward()
    >>> gradient_flow(model).arrays["names"]
    ['0.weight', '1.weight']
    """
    weights = [(name, p) for name, p in model.named_parameters() if p.ndim > 1]
    if not any(p.grad is not None for _, p in weights):
        raise ValueError("gradient_flow: no parameter has a gradient; call it after loss.backward()")
    sizes = [np.abs(numbers(p.grad)) if p.grad is not None else np.array([np.nan]) for _, p in weights]
    mean, most = np.array([s.mean() for s in sizes]), np.array([s.max() for s in sizes])
    names = [name for name, _ in weights]
    figure = new_figure(max(0.34 * len(names) + 1.5, 4), 3.4)
    axes = figure.subplots()
    places = np.arange(len(names))
    axes.bar(places - 0.2, most, 0.4, color=SECOND, label="largest")
    axes.bar(places + 0.2, mean, 0.4, color=FIRST, label="mean")
    if (mean[np.isfinite(mean)] > 0).any():
        axes.set_yscale("log")
    axes.set_xticks(places, names, rotation=70, ha="right", rotation_mode="anchor", fontsize=7)
    axes.set_ylabel("|gradient|")
    axes.grid(alpha=0.25, axis="y")
    axes.legend(fontsize=8)
    return Shown(figure, {"names": names, "mean": mean, "max": most})


def loss_landscape(
    model: Any, loss: Callable[[], Any], *, span: float = 1.0, steps: int = 15, dimensions: int = 2, seed: int = 0
) -> Shown:
    """The loss on a line or a plane through the weights, along random directions as long as each filter.

    Li et al. 2018.

    Args:
        model: a module; its weights are moved, and put back at the end, also after an error.
        loss: a function without arguments that computes the loss of the model as it is.
        span: how far to go on either side; at 1 a filter has moved by its own length.
        steps: points along each direction.
        dimensions: 1 or 2.
        seed: of the directions.

    Returns:
        The figure; `loss` (steps) or (steps, steps), and `places` along a direction.

    >>> import tinygrad_cnn as tg
    >>> model, x = tg.nn.Linear(3, 1), tg.ones(4, 3)
    >>> loss_landscape(model, lambda: model(x).square().mean(), steps=3).arrays["loss"].shape
    (3, 3)
    """
    if dimensions not in (1, 2):
        raise ValueError(f"loss_landscape: dimensions must be 1 or 2; got {dimensions}")
    random = np.random.default_rng(seed)
    parameters = list(model.parameters())
    before = [numbers(p) for p in parameters]
    directions = [[_direction(values, random) for values in before] for _ in range(dimensions)]
    places = np.linspace(-span, span, steps)
    surface = np.zeros((steps,) * dimensions)
    try:
        for index in np.ndindex(surface.shape):
            for i, p in enumerate(parameters):
                moved = sum(places[at] * way[i] for at, way in zip(index, directions, strict=True))
                p.data.copy_(p.new_tensor(before[i] + moved))
            found = loss()
            surface[index] = float(found.item() if hasattr(found, "item") else found)
    finally:
        for p, values in zip(parameters, before, strict=True):
            p.data.copy_(p.new_tensor(values))
    figure = new_figure(4.6, 3.8)
    axes = figure.subplots()
    if dimensions == 1:
        axes.plot(places, surface, color=FIRST)
        axes.set_ylabel("loss")
    else:
        drawn = axes.contourf(places, places, surface.T, levels=20, cmap="viridis")
        axes.contour(places, places, surface.T, levels=20, colors="white", linewidths=0.3)
        figure.colorbar(drawn, ax=axes, label="loss")
        axes.set_ylabel("second direction")
    axes.plot(0, surface[steps // 2] if dimensions == 1 else 0, "o", color=SECOND, label="the weights as they are")
    axes.set_xlabel("first direction")
    axes.legend(fontsize=8)
    return Shown(figure, {"loss": surface, "places": places})


def _direction(values: Any, random: Any) -> Any:
    """Random numbers, each filter (row) as long as the weights' own; none for biases and other vectors."""
    if values.ndim < 2:
        return np.zeros_like(values)
    way = random.standard_normal(values.shape)
    axes = tuple(range(1, values.ndim))
    lengths = np.sqrt((way**2).sum(axis=axes, keepdims=True))
    return way / np.maximum(lengths, 1e-12) * np.sqrt((values**2).sum(axis=axes, keepdims=True))
