"""Draw computation graphs: of an expression, of a network's loss, of a network by its layers."""

import argparse
from pathlib import Path

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.viz import draw_graph


def main() -> None:
    """Write three pictures and print one as text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("runs/graphs"), help="folder for the pictures (default runs/graphs)"
    )
    parser.add_argument("--smoke", action="store_true", help="the same: it is short")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    a = tg.tensor([1.0, 2.0], requires_grad=True)
    b = tg.tensor([3.0, 4.0], requires_grad=True)
    expression = draw_graph((a * b + a.exp()).sum(), params={"a": a, "b": b})
    print(expression.text())
    expression.save(out / "expression.svg")

    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 10))
    images, labels = tg.randn(2, 1, 8, 8), tg.tensor([3, 7])
    loss = F.cross_entropy(model(images), labels)
    draw_graph(loss, model=model).save(out / "loss.svg")
    draw_graph(model, images).save(out / "layers.svg")
    print(f"pictures: {', '.join(sorted(str(path) for path in out.glob('*.svg')))}")


if __name__ == "__main__":
    main()
