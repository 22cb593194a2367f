"""The classic: a small convolutional network reads handwritten digits, in the script that every PyTorch user has run.

    python mnist.py --data ~/data   # MNIST: 60,000 images of 28 × 28 pixels, downloaded once (11 MB)

Without `--data` it reads scikit-learn's digits, 1,797 images of 8 × 8 pixels, enlarged: no network is needed.
"""

import argparse

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn import nn, optim
from tinygrad_cnn.optim.lr_scheduler import StepLR
from tinygrad_cnn.utils.data import DataLoader, TensorDataset
from tinygrad_cnn.vision import datasets, transforms


class Net(nn.Module):
    """Two convolutions, two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(64 * 12 * 12, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        """(N, 1, 28, 28) → logarithms of probabilities (N, 10)"""
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.dropout1(F.max_pool2d(x, 2))
        x = self.dropout2(F.relu(self.fc1(tg.flatten(x, 1))))
        return F.log_softmax(self.fc2(x), dim=1)


def train(model: nn.Module, device: str, loader: DataLoader, optimizer: optim.Optimizer, epoch: int) -> None:
    """One epoch."""
    model.train()
    for i, (images, labels) in enumerate(loader):
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = F.nll_loss(model(images), labels)
        loss.backward()
        optimizer.step()
        if i % 100 == 0:
            print(f"epoch {epoch}, batch {i:3} of {len(loader)}: loss {loss.item():.4f}")


def test(model: nn.Module, device: str, loader: DataLoader) -> None:
    """The loss and the share of right answers on images that were not trained on."""
    model.eval()
    loss, right, count = 0.0, 0, 0
    with tg.no_grad():
        for images, labels in loader:
            output = model(images.to(device))
            loss += F.nll_loss(output, labels.to(device), reduction="sum").item()
            right += output.argmax(dim=1).cpu().eq(labels).sum().item()
            count += len(labels)
    print(f"test: loss {loss / count:.4f}, {right} of {count} right ({right / count:.2%})")


def enlarged(train: bool, count: int) -> TensorDataset:
    """At most so many of scikit-learn's digits, with 28 × 28 pixels."""
    images, labels = next(iter(DataLoader(datasets.Digits(train=train), batch_size=count, shuffle=True)))
    return TensorDataset(F.interpolate(images, size=(28, 28), mode="bilinear"), labels)


def main() -> None:
    """Train and test."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder for MNIST")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--lr", type=float, default=1.0)
    parser.add_argument("--gamma", type=float, default=0.7, help="the learning rate times this after each epoch")
    parser.add_argument("--device", default="cuda" if tg.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="one epoch on a few of scikit-learn's digits")
    args = parser.parse_args()
    if args.smoke:
        args.epochs, args.data = 1, None

    tg.manual_seed(args.seed)
    if args.data:
        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
        train_data = datasets.MNIST(args.data, train=True, download=True, transform=transform)
        test_data = datasets.MNIST(args.data, train=False, transform=transform)
    else:
        count = 256 if args.smoke else 2000
        train_data, test_data = enlarged(train=True, count=count), enlarged(train=False, count=count)
    train_loader = DataLoader(train_data, batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(test_data, batch_size=1000)

    model = Net().to(args.device)
    optimizer = optim.Adadelta(model.parameters(), lr=args.lr)
    scheduler = StepLR(optimizer, step_size=1, gamma=args.gamma)
    for epoch in range(1, args.epochs + 1):
        train(model, args.device, train_loader, optimizer, epoch)
        test(model, args.device, test_loader)
        scheduler.step()


if __name__ == "__main__":
    main()
