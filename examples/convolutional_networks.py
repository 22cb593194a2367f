"""What a lecture says about convolutional networks, as numbers that one can run, see and change.

Weights that are shared, filters that are learned, pooling, depth, dropout, penalties, early stopping; the pictures go
to runs/convolutional_networks. `images_as_data.py` comes before it.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.utils.data import DataLoader, TensorDataset
from tinygrad_cnn.vision.datasets import load_digits_split

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def equivariance() -> float:
    """The largest difference between the convolution of a shifted image and the shifted convolution of the image."""
    image, layer = tg.rand(1, 1, 16, 16), nn.Conv2d(1, 4, 3, padding=1, bias=False)
    shifted_before = layer(image.roll((2, 3), dims=(2, 3)))
    shifted_after = layer(image).roll((2, 3), dims=(2, 3))
    inner = (..., slice(4, -4), slice(4, -4))  # at the edges the image's neighbours are zeros, and they did not move
    return (shifted_before - shifted_after)[inner].abs().max().item()


def learn_the_sobel_filter(steps: int = 400) -> tg.Tensor:
    """A filter that starts at random becomes the Sobel filter, from pairs of images and their edges alone."""
    sobel = tg.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])[None, None]
    layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    optimizer = optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    for _ in range(steps):
        images = tg.rand(8, 1, 12, 12)
        loss = F.mse_loss(layer(images), F.conv2d(images, sobel, padding=1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return layer.weight.detach()[0, 0]


def parameter_counts() -> dict[str, int]:
    """From a full matrix to shared filters: the layer between a 16 × 16 image and as many hidden units."""
    layers = {
        "dense, 256 → 256": nn.Linear(256, 256),
        "convolution 3 × 3, 1 → 1 channel": nn.Conv2d(1, 1, 3, padding=1),
        "convolution 3 × 3, 1 → 4 channels": nn.Conv2d(1, 4, 3, padding=1),
        "convolution 3 × 3, 4 → 6 channels": nn.Conv2d(4, 6, 3, padding=1),
    }
    return {name: sum(p.numel() for p in layer.parameters()) for name, layer in layers.items()}


def pooling() -> tuple[tg.Tensor, tg.Tensor]:
    """Two different images that 2 × 2 max pooling with stride 2 cannot tell apart."""
    first = [[5, -2, 1, 0, 2, 4], [2, 3, 0, 3, 4, 2], [5, 7, 7, 4, 3, 4]]
    first += [[0, 4, 9, 0, 2, 3], [1, 3, 5, 2, 6, 2], [2, 2, 4, 3, 8, 0]]
    second = [[5, 2, 1, 0, 2, 4], [2, 3, 0, 3, -4, 2], *first[2:]]
    pooled = F.max_pool2d(tg.tensor([[first], [second]], dtype=tg.float32), 2)
    return pooled[0, 0], pooled[1, 0]


def network(depth: int, dropout: float = 0.0, width: int = 16) -> nn.Sequential:
    """`depth` convolutions, pooling after the first two, then the classes."""
    layers: list[nn.Module] = []
    for number in range(depth):
        layers += [nn.Conv2d(1 if number == 0 else width, width, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if number < 2 else []
    side = 8 // 2 ** min(depth, 2)
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(width * side * side, 10))


def accuracy(model: nn.Module, images: tg.Tensor, labels: tg.Tensor) -> float:
    """The share of images whose most likely class is the right one."""
    model.eval()
    with tg.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


def train(
    model: nn.Module,
    data: tuple[tg.Tensor, tg.Tensor],
    held_out: tuple[tg.Tensor, tg.Tensor],
    epochs: int,
    **options: float,
) -> dict[str, list[float]]:
    """Losses by epoch. `l1` and `l2` add penalties; `patience` stops early and takes the best weights back."""
    optimizer = optim.Adam(model.parameters(), lr=2e-3, weight_decay=options.get("l2", 0.0))
    patience = int(options.get("patience", 0))
    stopping = optim.EarlyStopping(patience, model=model) if patience else None
    history: dict[str, list[float]] = {"train_loss": [], "test_loss": []}
    for _ in range(epochs):
        model.train()
        total = 0.0
        for images, labels in DataLoader(TensorDataset(*data), batch_size=32, shuffle=True):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            (loss + options.get("l1", 0.0) * optim.l1_penalty(model.parameters(), 1.0)).backward()
            optimizer.step()
            total += loss.item() * len(images)
        model.eval()
        with tg.no_grad():
            test_loss = F.cross_entropy(model(held_out[0]), held_out[1]).item()
        history["train_loss"].append(total / len(data[0]))
        history["test_loss"].append(test_loss)
        if stopping is not None and stopping.step(test_loss):
            break
    if stopping is not None:
        stopping.restore()
    return history


def main() -> None:
    """Everything, in the lecture's order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few epochs and seeds: does it run?")
    parser.add_argument("--out", type=Path, default=Path("runs/convolutional_networks"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    seeds, epochs, depths = (1, 1, (1, 2)) if options.smoke else (5, 20, (1, 2, 3, 4, 6, 8))
    tg.manual_seed(0)

    print(f"convolution of a shifted image − shifted convolution: at most {equivariance():.1e}")
    print(f"the learned filter:\n{learn_the_sobel_filter(20 if options.smoke else 400)}")
    for name, count in parameter_counts().items():
        print(f"{count:>7,} parameters: {name}")
    first, second = pooling()
    print(f"both images after max pooling (equal: {bool((first == second).all())}):\n{first}")

    split = load_digits_split()
    few = (split.train[0][:300], split.train[1][:300])  # so few that a network can learn them by heart
    results = np.zeros((len(depths), seeds))
    for row, depth in enumerate(depths):
        for seed in range(seeds):
            tg.manual_seed(seed)
            model = network(depth)
            train(model, few, split.validation, epochs)
            results[row, seed] = accuracy(model, *split.test)
        print(f"{depth} convolutions: test accuracy {results[row].mean():.3f} ± {results[row].std():.3f}")
    plt.figure(figsize=(5, 3.2), layout="constrained")
    plt.errorbar(depths, results.mean(1), results.std(1), marker="o", capsize=3)
    plt.xlabel("convolutions")
    plt.ylabel(f"test accuracy ({seeds} seeds)")
    plt.savefig(options.out / "depth.png", dpi=130)

    curves = {
        "nothing": {},
        "dropout 0.5": {"dropout": 0.5},
        "L1 penalty": {"l1": 1e-4},
        "L2 penalty": {"l2": 1e-3},
        "early stopping": {"patience": 5},
    }
    figure, panels = plt.subplots(1, len(curves), figsize=(3 * len(curves), 3), sharey=True, layout="constrained")
    for panel, (name, choice) in zip(panels, curves.items(), strict=True):
        tg.manual_seed(0)
        model = network(2, dropout=choice.pop("dropout", 0.0))
        history = train(model, few, split.validation, epochs * 3, **choice)
        panel.plot(history["train_loss"], label="training")
        panel.plot(history["test_loss"], label="held out")
        panel.set_title(f"{name}: {accuracy(model, *split.test):.1%}")
        panel.set_yscale("log")
        panel.set_xlabel("epoch")
    panels[0].legend()
    figure.savefig(options.out / "regularisation.png", dpi=130)

    tg.manual_seed(0)
    model = network(2, dropout=0.5)
    train(model, few, split.validation, epochs)
    model.train()  # dropout stays on: each prediction comes from another thinned network
    with tg.no_grad():
        guesses = tg.stack([model(split.test[0][:8]).softmax(1) for _ in range(100)])
    spread = guesses.std(0).max(1).values
    print("with dropout left on, 100 predictions of eight images spread by", [round(s, 2) for s in spread.tolist()])
    print(f"pictures: {options.out}/depth.png, {options.out}/regularisation.png")


if __name__ == "__main__":
    main()
