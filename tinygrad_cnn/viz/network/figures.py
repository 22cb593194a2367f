"""Figures that belong to no window, and the few kinds of panels that all pictures here are made of."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FIRST, SECOND = "#1f5fa8", "#d9822b"  # blue and orange: told apart by readers of all kinds
SIGNED, HEAT, GREY = "RdBu_r", "magma", "gray"


class Shown(NamedTuple):
    """A figure and the arrays it was drawn from; a notebook shows the figure.

    Attributes:
        figure: Matplotlib's figure.
        arrays: NumPy arrays by name.

    >>> Shown(None, {"image": np.ones((2, 2))}).arrays["image"].shape
    (2, 2)
    """

    figure: Any
    arrays: dict[str, Any]

    def save(self, path: str | Path, dpi: int = 120) -> Path:
        """Write the figure to a file, in the format of the name's ending (png, svg, pdf); returns the path."""
        self.figure.savefig(path, dpi=dpi)
        return Path(path)

    def _repr_png_(self) -> bytes:
        content = BytesIO()
        self.figure.savefig(content, format="png", dpi=100)
        return content.getvalue()


def new_figure(width: float, height: float) -> Any:
    """A figure of so many inches that needs no screen and leaves no global state.

    Raises:
        ImportError: without Matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError('pictures of networks need Matplotlib: pip install "tinygrad_cnn[viz]"') from None
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def grid(
    pictures: Sequence[Any],
    titles: Sequence[str] = (),
    *,
    columns: int = 8,
    cmap: str = GREY,
    limits: tuple[float, float] | None = None,
    size: float = 1.1,
) -> Any:
    """Small pictures side by side; each (H, W), or (H, W, 3) with values in [0, 1]."""
    columns = min(columns, max(len(pictures), 1))
    rows = max(-(-len(pictures) // columns), 1)
    lines = max((title.count("\n") + 1 for title in titles if title), default=0)
    figure = new_figure(columns * size, rows * (size + 0.17 * lines))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels:
        panel.axis("off")
    low, high = limits or (None, None)
    for i, (panel, picture) in enumerate(zip(panels, pictures, strict=False)):
        panel.imshow(picture, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        if i < len(titles) and titles[i]:
            panel.set_title(titles[i], fontsize=8, pad=2)
    return figure


def beside(image: Any, maps: dict[str, Any], *, cmap: str = HEAT, signed: bool = False, overlay: bool = True) -> Any:
    """An image, and beside it maps of its size, each with a colour bar, drawn over the faint image."""
    figure = new_figure(3.0 * (1 + len(maps)), 3.1)
    panels = figure.subplots(1, 1 + len(maps), squeeze=False).ravel()
    for panel in panels:
        panel.axis("off")
    picture = as_picture(image)
    panels[0].imshow(picture, cmap=GREY)
    panels[0].set_title("image", fontsize=9)
    for panel, (title, values) in zip(panels[1:], maps.items(), strict=True):
        bound = float(np.abs(values).max()) or 1.0
        if overlay:
            panel.imshow(picture.mean(axis=2) if picture.ndim == 3 else picture, cmap=GREY, alpha=0.35)
        shown = panel.imshow(
            values,
            cmap=SIGNED if signed else cmap,
            vmin=-bound if signed else 0,
            vmax=bound,
            alpha=0.8 if overlay else 1.0,
        )
        panel.set_title(title, fontsize=9)
        figure.colorbar(shown, ax=panel, shrink=0.8)
    return figure


def as_picture(image: Any) -> Any:
    """An image (C, H, W) as Matplotlib wants it, in [0, 1]: (H, W), or (H, W, 3) for three channels."""
    values = np.asarray(image, dtype=np.float64)
    low, high = values.min(initial=0.0), values.max(initial=0.0)
    if low < 0 or high > 1:  # normalised for the network: what is seen is its range
        values = (values - low) / ((high - low) or 1.0)
    if values.ndim == 2:
        return values
    return values.transpose(1, 2, 0) if len(values) == 3 else values.mean(axis=0)
