"""Transfer learning: a network that knows five digits learns five others from a few examples.

Early layers see strokes, which all digits share; the last layer alone decides which digit it is. So the weights of a
network that was trained on 0–4 are loaded from a file, its last layer is replaced, and only that is trained: on ten
images each of 5–9. A network that starts from nothing has only those to learn everything from.
"""

import argparse
from pathlib import Path

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.utils.data import DataLoader, Subset
from tinygrad_cnn.vision.datasets import Digits


class Net(nn.Module):
    """Features, and a last layer `fc` of five scores."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.fc = nn.Linear(32 * 2 * 2, 5)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        """(N, 1, 8, 8) → (N, 5)"""
        return self.fc(self.features(x))


def some(digits: Digits, first: int, each: int | None = None) -> Subset:
    """The digits `first` to `first + 4`, at most so many of each."""
    chosen: dict[int, list[int]] = {}
    for i in range(len(digits)):
        chosen.setdefault(int(digits[i][1]), []).append(i)
    return Subset(digits, [i for label in range(first, first + 5) for i in chosen[label][:each]])


def train(model: nn.Module, data: Subset, epochs: int, device: str) -> None:
    """Train the parameters that require gradients."""
    optimizer = optim.Adam([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    for _ in range(epochs):
        for images, labels in DataLoader(data, batch_size=16, shuffle=True):
            optimizer.zero_grad()
            F.cross_entropy(model(images.to(device)), labels.to(device) % 5).backward()
            optimizer.step()


def accuracy(model: nn.Module, data: Subset, device: str) -> float:
    """The share of images that are read right."""
    model.eval()
    images, labels = next(iter(DataLoader(data, batch_size=len(data))))
    with tg.no_grad():
        return (model(images.to(device)).argmax(dim=1).cpu() == labels % 5).float().mean().item()


def main() -> None:
    """Make the weights file if there is none, and compare three ways to use the few examples."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=Path("digits_0_to_4.safetensors"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--device", default="cuda" if tg.cuda.is_available() else "cpu")
    parser.add_argument("--smoke", action="store_true", help="few epochs only")
    args = parser.parse_args()
    epochs = 3 if args.smoke else args.epochs

    tg.manual_seed(0)
    if not args.weights.exists():
        model = Net().to(args.device)
        train(model, some(Digits(train=True), 0), epochs, args.device)
        print(f"0–4, trained on all images: {accuracy(model, some(Digits(train=False), 0), args.device):.1%} right")
        tg.save(model.state_dict(), args.weights)

    few, test = some(Digits(train=True), 5, each=10), some(Digits(train=False), 5)

    from_nothing = Net().to(args.device)
    train(from_nothing, few, epochs, args.device)
    print(f"5–9, from nothing:          {accuracy(from_nothing, test, args.device):.1%} right")

    transferred = Net()
    transferred.load_state_dict(tg.load(args.weights))
    transferred.features.requires_grad_(False)
    transferred.features.eval()  # batch norm keeps the statistics of the many images
    transferred.fc = nn.Linear(transferred.fc.in_features, 5)
    train(transferred.to(args.device), few, epochs, args.device)
    print(f"5–9, only the last layer:   {accuracy(transferred, test, args.device):.1%} right")

    transferred.features.requires_grad_(True)
    train(transferred, few, epochs, args.device)
    print(f"5–9, then all layers:       {accuracy(transferred, test, args.device):.1%} right")


if __name__ == "__main__":
    main()
