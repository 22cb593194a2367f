"""The report's pictures, drawn with Matplotlib. Each function returns a figure."""

from typing import Any

from .training import History

CHOSEN, OTHERS = "#1f5fa8", "#d9822b"  # blue and orange: told apart by readers of all kinds


def _figure(width: float, height: float) -> Any:
    """A figure that belongs to no window, so that drawing needs no screen and leaves no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def learning_curves(histories: list[History]) -> Any:
    """Loss and accuracy by epoch; a line per seed, a dot where early stopping took the weights."""
    figure = _figure(9, 3.6)
    panels = figure.subplots(1, 2)
    for panel, what in zip(panels, ("loss", "accuracy"), strict=True):
        for number, history in enumerate(histories):
            faint = 1.0 if number == 0 else 0.35
            train, held_out = getattr(history, f"train_{what}"), getattr(history, f"validation_{what}")
            label = number == 0
            panel.plot(
                train,
                color=OTHERS,
                alpha=faint,
                linewidth=1.2,
                label="training (augmented, with dropout)" if label else None,
            )
            panel.plot(held_out, color=CHOSEN, alpha=faint, linewidth=1.2, label="validation" if label else None)
            best = history.best_epoch
            panel.plot(
                [best],
                [held_out[best]],
                "o",
                color=CHOSEN,
                alpha=faint,
                markersize=5,
                label="weights kept" if label else None,
            )
        panel.set_xlabel("epoch")
        panel.set_ylabel(what)
        panel.grid(alpha=0.25)
        if what == "loss":
            panel.set_yscale("log")
            panel.legend(fontsize=8)
        else:
            settled = histories[0].validation_accuracy[len(histories[0].validation_accuracy) // 10 :]
            panel.set_ylim(min(0.9, *settled) - 0.005, 1.002)
    return figure


def confusion_matrix(labels: Any, predicted: Any) -> Any:
    """How often each digit (row) was taken for each digit (column)."""
    import numpy as np

    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    figure = _figure(4.6, 4.4)
    axes = figure.subplots()
    shade = counts / counts.sum(axis=1, keepdims=True).clip(1)
    axes.imshow(shade, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(
                column,
                row,
                str(count),
                ha="center",
                va="center",
                fontsize=8,
                color="white" if shade[row, column] > 0.5 else "black",
            )
    axes.set_xticks(range(10))
    axes.set_yticks(range(10))
    axes.set_xlabel("predicted")
    axes.set_ylabel("digit")
    return figure


def _grid(
    images: Any, titles: list[str], columns: int, *, cmap: str, limits: tuple[float, float] | None, size: float = 1.0
) -> Any:
    """Small images side by side."""
    rows = -(-len(images) // columns)
    figure = _figure(columns * size, rows * size * (1.3 if any(titles) else 1.05))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    low, high = limits or (None, None)
    for panel in panels:
        panel.axis("off")
    for panel, image, title in zip(panels, images, titles, strict=False):
        panel.imshow(image, cmap=cmap, vmin=low, vmax=high)
        panel.set_title(title, fontsize=8, pad=2)
    return figure


def misclassified(images: Any, labels: Any, predicted: Any, confidence: Any) -> Any:
    """Every wrong prediction: the image, what it was taken for, how surely, and what it is. None when there is none."""
    wrong = (labels != predicted).nonzero()[0]
    if not len(wrong):
        return None
    titles = [f"{predicted[i]} ({confidence[i]:.0%})\nis {labels[i]}" for i in wrong]
    return _grid([images[i, 0] for i in wrong], titles, min(len(wrong), 8), cmap="gray_r", limits=(0, 1), size=1.25)


def filters(weights: Any) -> Any:
    """The kernels of the first layer; blue is negative, red positive, one scale for all."""
    bound = float(abs(weights).max())
    return _grid(
        [kernel[0] for kernel in weights], [""] * len(weights), 16, cmap="RdBu_r", limits=(-bound, bound), size=0.62
    )


def feature_maps(image: Any, first: Any, second: Any) -> Any:
    """A digit, and what the first two convolutions answer to it (after the ReLU), strongest channels first."""
    count = 15
    figure = _figure(10, 2.2)
    panels = figure.subplots(2, count + 1)
    for panel in panels.ravel():
        panel.axis("off")
    panels[0, 0].imshow(image, cmap="gray_r", vmin=0, vmax=1)
    panels[0, 0].set_title("image", fontsize=8, pad=2)
    for row, maps in zip(panels[:, 1:], (first, second), strict=True):
        order = maps.sum(axis=(1, 2)).argsort()[::-1][:count]
        for panel, channel in zip(row, order, strict=False):
            panel.imshow(maps[channel], cmap="viridis", vmin=0, vmax=float(maps.max()))
            panel.set_title(str(channel), fontsize=7, pad=1)
    return figure
