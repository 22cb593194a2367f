"""For the documentation build: draws the pictures of `pictures.md`, with what they show computed there and then."""

from typing import Any

from mkdocs.structure.files import File, Files

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn import nn, viz


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()

    def forward(self, x: Any) -> Any:
        """x + what two convolutions make of it."""
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(x + y)


def pictures() -> dict[str, viz.GraphPicture]:
    """Each picture by the name of its file; NumPy's kernels, since the first call of others compiles them."""
    with tg.backend.cpu_kernels("numpy"):
        return _drawn()


def _drawn() -> dict[str, viz.GraphPicture]:
    tg.manual_seed(0)
    x = tg.tensor([[1.0, 2.0]], requires_grad=True)
    w, b = tg.tensor([[0.5, -1.0], [0.25, 0.75]], requires_grad=True), tg.tensor([0.1, 0.2], requires_grad=True)
    params = {"x": x, "w": w, "b": b}
    with viz.record(times=False) as run:
        loss = (x @ w + b).tanh().square().sum()
    found = {"expression": viz.draw_graph({"loss": loss}, params=params, run=run, show=("shape", "values"))}
    every = ("shape", "params", "values", "grad", "saved")
    found["backward"] = viz.draw_graph({"loss": loss}, params=params, run=run, level="backward", show=every)
    found["steps"] = viz.draw_graph({"loss": loss}, params=params, run=run, show=every)

    model = nn.Sequential(nn.Conv2d(1, 8, 3), *(Block(8) for _ in range(4)), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    found["layers"] = viz.draw_graph(model, tg.randn(2, 1, 12, 12))

    small = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(100, 10))
    try:
        viz.draw_graph(small, tg.randn(2, 1, 8, 8))
    except RuntimeError as error:
        found["error"] = error.picture  # type: ignore[attr-defined]

    with viz.record(values=False) as run:
        images = tg.randn(2, 1, 7, 7)
        loss = F.cross_entropy(small(images), tg.tensor([3, 7]))
        loss.backward()
    found["time"] = viz.draw_graph({"loss": loss}, model=small, run=run, heat="time")
    return found


def on_files(files: Files, config: Any) -> Files:
    """Called by MkDocs when it has collected the pages."""
    for name, picture in pictures().items():
        files.append(File.generated(config, f"pictures/{name}.svg", content=picture.svg()))
        if name == "steps":
            files.append(File.generated(config, f"pictures/{name}.html", content=picture.page_text()))
    return files
