"""Draw graphs: a network by its layers, a loss with its numbers, the way back, an error; and a page to walk through."""

import argparse
from pathlib import Path
from typing import Any

import tinygrad_cnn as tg
from tinygrad_cnn import nn, viz
from tinygrad_cnn.nn import functional as F


class Block(nn.Module):
    """Two convolutions, and a connection around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x: Any) -> Any:
        return self.relu(x + self.conv2(self.relu(self.conv1(x))))


def main() -> None:
    """Write the pictures and print one as text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("runs/graphs"), help="folder for the pictures (default runs/graphs)"
    )
    parser.add_argument("--smoke", action="store_true", help="the same: it is short")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    # Two neurons, to be followed by hand: all numbers, forward and back.
    x = tg.tensor([[1.0, 2.0]], requires_grad=True)
    w = tg.tensor([[0.5, -1.0], [0.25, 0.75]], requires_grad=True)
    b = tg.tensor([0.1, 0.2], requires_grad=True)
    names = {"x": x, "w": w, "b": b}
    with viz.record() as run:
        loss = (x @ w + b).tanh().square().sum()
    print(viz.draw_graph(loss, params=names, run=run, show=("params", "values")).text())
    print(viz.trace_backward(loss))
    viz.draw_graph(loss, params=names, run=run, show=("shape", "values")).save(out / "neurons.svg")
    viz.draw_graph(loss, params=names, run=run, level="backward").save(out / "neurons_backward.svg")
    viz.trace_backward(loss, params=names, run=run).save(out / "neurons.html")  # open it, and press →

    # A network: its layers, its operations coloured by time, the way back.
    model = nn.Sequential(nn.Conv2d(1, 4, 3), Block(4), Block(4), nn.Flatten(), nn.Linear(144, 10))
    images, labels = tg.randn(2, 1, 8, 8), tg.tensor([3, 7])
    viz.draw_graph(model, images).save(out / "layers.svg")
    with viz.record() as run:
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
    viz.draw_graph(loss, model=model, run=run, heat="time").save(out / "time.svg")
    viz.draw_graph(loss, model=model, run=run, level="backward").save(out / "backward.svg")
    viz.draw_graph(loss, model=model, run=run).save(out / "network.html")

    # A mistake: what was built before it, and where it happened.
    try:
        viz.draw_graph(model, tg.randn(2, 1, 9, 9))
    except RuntimeError as error:
        error.picture.save(out / "error.svg")  # type: ignore[attr-defined]
    print(f"pictures: {', '.join(sorted(str(path) for path in out.iterdir()))}")


if __name__ == "__main__":
    main()
