"""A ResNet (He et al. 2016) for CIFAR-10: residual blocks, augmentation, momentum, a cosine schedule, checkpoints.

    python cifar10_resnet.py --data ~/data          # downloads CIFAR-10 once (170 MB), and trains
    python cifar10_resnet.py --data ~/data --resume # goes on from the last epoch

Without `--data` it trains on images of noise: their labels can only be learnt by heart, which shows how fast it runs.
"""

import argparse
import time
from pathlib import Path

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.utils.data import DataLoader
from tinygrad_cnn.vision import datasets, transforms


class Block(nn.Module):
    """y = relu(x + f(x)): a block has to learn only what differs from doing nothing."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        """(N, C, H, W) → (N, outputs, H/stride, W/stride)"""
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


def resnet(depth: int) -> nn.Sequential:
    """The paper's network of depth 6n + 2: three stages of n blocks, 16, 32 and 64 channels wide."""
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    inputs = 16
    for outputs in (16, 32, 64):
        for i in range((depth - 2) // 6):
            layers.append(Block(inputs, outputs, stride=2 if i == 0 and outputs > 16 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def accuracy(model: nn.Module, loader: DataLoader, device: str) -> float:
    """The share of images that get the right label."""
    model.eval()
    right = count = 0
    with tg.no_grad():
        for images, labels in loader:
            right += (model(images.to(device)).argmax(dim=1).cpu() == labels).sum().item()
            count += len(labels)
    return right / count


def main() -> None:
    """Train, test after each epoch, keep what is needed to go on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder for CIFAR-10")
    parser.add_argument("--depth", type=int, default=20, help="6n + 2: 8, 14, 20, 32, 44, 56 …")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=2, help="processes that read and augment; 0 for none")
    parser.add_argument("--device", default="cuda" if tg.cuda.is_available() else "cpu")
    parser.add_argument("--checkpoint", type=Path, default=Path("cifar10_resnet.safetensors"))
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--smoke", action="store_true", help="one epoch of a shallow network on a little noise")
    args = parser.parse_args()
    if args.smoke:
        args.depth, args.epochs, args.data = 8, 1, None

    tg.manual_seed(0)
    to_numbers = [transforms.ToTensor(), transforms.Normalize((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))]
    augmented = transforms.Compose(
        [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), *to_numbers]
    )
    plain = transforms.Compose(to_numbers)
    if args.data:
        train_data = datasets.CIFAR10(args.data, train=True, transform=augmented, download=True)
        test_data = datasets.CIFAR10(args.data, train=False, transform=plain, download=True)
    else:
        count = 256 if args.smoke else 2048
        train_data = datasets.FakeData(count, (3, 32, 32), 10, transform=augmented)
        test_data = datasets.FakeData(count, (3, 32, 32), 10, transform=plain)
    train_loader = DataLoader(train_data, args.batch_size, shuffle=True, num_workers=args.workers, drop_last=True)
    test_loader = DataLoader(test_data, 256, num_workers=args.workers)

    model = resnet(args.depth).to(args.device)
    optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=5e-4, nesterov=True)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)
    first = 1
    if args.resume:
        state = tg.load(args.checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        scheduler.load_state_dict(state["scheduler"])
        first = state["epoch"] + 1

    for epoch in range(first, args.epochs + 1):
        model.train()
        start, total = time.perf_counter(), 0.0
        for images, labels in train_loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images.to(args.device)), labels.to(args.device))
            loss.backward()
            optimizer.step()
            total += loss.item()
        scheduler.step()
        speed = len(train_loader) * args.batch_size / (time.perf_counter() - start)
        right = accuracy(model, test_loader, args.device)
        print(f"epoch {epoch:2}: loss {total / len(train_loader):.4f}, test {right:.2%}, {speed:.0f} images per second")
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
        tg.save({**state, "epoch": epoch}, args.checkpoint)


if __name__ == "__main__":
    main()
