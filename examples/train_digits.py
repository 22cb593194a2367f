"""Train a small convolutional network on real handwritten digits, in the loop that every PyTorch user knows."""

import argparse

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.utils.data import DataLoader
from tinygrad_cnn.vision.datasets import Digits


class Net(nn.Module):
    """Convolution, pooling, convolution, pooling, two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.dropout = nn.Dropout(0.25)
        self.fc1 = nn.Linear(32 * 2 * 2, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        """(N, 1, 8, 8) → (N, 10)"""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.dropout(x.flatten(1))
        return self.fc2(F.relu(self.fc1(x)))


def train(model: nn.Module, loader: DataLoader, optimizer: optim.Optimizer, device: tg.device) -> float:
    """One epoch; returns the mean loss."""
    model.train()
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def test(model: nn.Module, loader: DataLoader, device: tg.device) -> float:
    """The share of images that are read right."""
    model.eval()
    right = count = 0
    with tg.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            right += (model(images).argmax(dim=1) == labels).sum().item()
            count += len(labels)
    return right / count


def main() -> None:
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if tg.cuda.is_available() else "cpu")
    parser.add_argument("--smoke", action="store_true", help="two epochs only")
    args = parser.parse_args()

    tg.manual_seed(args.seed)
    train_loader = DataLoader(Digits(train=True), batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(Digits(train=False), batch_size=256)
    device = tg.device(args.device)
    model = Net().to(device)
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, (2 if args.smoke else args.epochs) + 1):
        loss = train(model, train_loader, optimizer, device)
        print(f"epoch {epoch:2}: loss {loss:.4f}, test accuracy {test(model, test_loader, device):.2%}")


if __name__ == "__main__":
    main()
