"""A U-Net (Ronneberger et al. 2015) finds discs and squares: a class for every pixel.

On the way down the image gets smaller and each pixel knows more of its surroundings; on the way up it gets its size
back, and what each level knew on the way down is handed across, so that borders are sharp. The images are made here.
"""

import argparse

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.utils.data import DataLoader, Dataset
from tinygrad_cnn.vision.utils import save_image

SIZE, CLASSES = 32, 3  # background, disc, square


class Shapes(Dataset):
    """Noisy images (1, 32, 32) with a disc and a square, and the class of each pixel (32, 32)."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed = count, seed

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[tg.Tensor, tg.Tensor]:
        generator = tg.Generator().manual_seed(self.seed + index)  # item i is always the same
        y, x = tg.meshgrid(tg.arange(SIZE), tg.arange(SIZE), indexing="ij")
        (ax, ay, bx, by), radius = tg.rand(4, generator=generator) * (SIZE - 12) + 6, 5
        classes = tg.zeros(SIZE, SIZE, dtype=tg.long)
        classes[(x - ax) ** 2 + (y - ay) ** 2 <= radius**2] = 1
        classes[((x - bx).abs() <= 4) & ((y - by).abs() <= 4)] = 2
        image = 0.5 * (classes > 0) + 0.2 * tg.randn(SIZE, SIZE, generator=generator)
        return image.unsqueeze(0), classes


def double(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions, each with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Two levels down, two up."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.down1, self.down2 = double(1, width), double(width, 2 * width)
        self.bottom = double(2 * width, 4 * width)
        self.widen2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2)
        self.up2 = double(4 * width, 2 * width)
        self.widen1 = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.up1 = double(2 * width, width)
        self.classes = nn.Conv2d(width, CLASSES, 1)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        """(N, 1, H, W) → scores (N, 3, H, W)"""
        across1 = self.down1(x)
        across2 = self.down2(F.max_pool2d(across1, 2))
        x = self.bottom(F.max_pool2d(across2, 2))
        x = self.up2(tg.cat([across2, self.widen2(x)], dim=1))
        x = self.up1(tg.cat([across1, self.widen1(x)], dim=1))
        return self.classes(x)


def overlap(predicted: tg.Tensor, truth: tg.Tensor) -> list[float]:
    """For each class the pixels that both agree on, as a share of those that either names (Jaccard's index)."""
    both = [((predicted == c) & (truth == c)).sum() / ((predicted == c) | (truth == c)).sum() for c in range(CLASSES)]
    return [share.item() for share in both]


def main() -> None:
    """Train, test, and draw images beside what was found in them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--workers", type=int, default=2, help="processes that make images; 0 for none")
    parser.add_argument("--device", default="cuda" if tg.cuda.is_available() else "cpu")
    parser.add_argument("--picture", default="unet.png", help="where results are drawn")
    parser.add_argument("--smoke", action="store_true", help="one epoch on few images")
    args = parser.parse_args()
    if args.smoke:
        args.epochs, args.images = 1, 64

    tg.manual_seed(0)
    loader = DataLoader(Shapes(args.images, seed=0), batch_size=16, shuffle=True, num_workers=args.workers)
    model = UNet().to(args.device)
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for images, classes in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images.to(args.device)), classes.to(args.device))
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: loss {total / len(loader):.4f}")

    images, truth = next(iter(DataLoader(Shapes(64, seed=10**6), batch_size=64)))
    model.eval()
    with tg.no_grad():
        found = model(images.to(args.device)).argmax(dim=1).cpu()
    names = ("background", "disc", "square")
    shares = ", ".join(f"{name} {share:.2f}" for name, share in zip(names, overlap(found, truth), strict=True))
    print(f"overlap with the truth: {shares}")
    save_image(tg.cat([images[:8].clamp(0, 1), found[:8].unsqueeze(1) / 2]), args.picture, nrow=8)
    print(f"images and what was found: {args.picture}")


if __name__ == "__main__":
    main()
