"""Super-resolution (Shi et al. 2016): a network that draws an image twice as wide and high.

All convolutions work on the small image, which is cheap; the last one gives four channels per colour, and a pixel
shuffle puts them side by side as 2 × 2 pixels. What is learnt is only the difference from bicubic interpolation.
"""

import argparse
from math import log10

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.utils.data import DataLoader, Dataset
from tinygrad_cnn.vision.datasets import Photographs
from tinygrad_cnn.vision.transforms.functional import to_tensor
from tinygrad_cnn.vision.utils import save_image

PATCH = 32  # pixels of a large patch


def smaller(large: tg.Tensor) -> tg.Tensor:
    """(N, C, H, W) → (N, C, H/2, W/2), each pixel the mean of four."""
    return F.avg_pool2d(large, 2)


def larger(small: tg.Tensor) -> tg.Tensor:
    """(N, C, H, W) → (N, C, 2H, 2W), by bicubic interpolation."""
    return F.interpolate(small, scale_factor=2, mode="bicubic", align_corners=False)


class Patches(Dataset):
    """Patches (3, 32, 32) of a photograph."""

    def __init__(self, photograph: tg.Tensor) -> None:
        self.photograph = photograph
        _, height, width = photograph.shape
        self.corners = [(y, x) for y in range(0, height - PATCH, 24) for x in range(0, width - PATCH, 24)]

    def __len__(self) -> int:
        return len(self.corners)

    def __getitem__(self, index: int) -> tg.Tensor:
        y, x = self.corners[index]
        return self.photograph[:, y : y + PATCH, x : x + PATCH]


class SuperResolution(nn.Module):
    """Three convolutions on the small image, then a pixel shuffle."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, width, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 3 * 2 * 2, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, small: tg.Tensor) -> tg.Tensor:
        """(N, 3, H, W) → (N, 3, 2H, 2W)"""
        return larger(small) + self.body(small)


def decibels(image: tg.Tensor, truth: tg.Tensor) -> float:
    """The ratio of the largest value, 1, to the mean error, on a logarithmic scale."""
    return -10 * log10(F.mse_loss(image, truth).item())


def main() -> None:
    """Train on one photograph, test on another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--device", default="cuda" if tg.cuda.is_available() else "cpu")
    parser.add_argument("--picture", default="super_resolution.png", help="interpolated, made by the network, true")
    parser.add_argument("--smoke", action="store_true", help="one epoch only")
    args = parser.parse_args()

    tg.manual_seed(0)
    loader = DataLoader(Patches(to_tensor(Photographs.open("china"))), batch_size=16, shuffle=True)
    model = SuperResolution().to(args.device)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(1, (1 if args.smoke else args.epochs) + 1):
        total = 0.0
        for patches in loader:
            truth = patches.to(args.device)
            optimizer.zero_grad()
            loss = F.mse_loss(model(smaller(truth)), truth)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch:2}: mean square error {total / len(loader):.6f}")

    truth = to_tensor(Photographs.open("flower"))[:, :424, :640].unsqueeze(0)
    with tg.no_grad():
        made = model(smaller(truth).to(args.device)).cpu().clamp(0, 1)
    interpolated = larger(smaller(truth)).clamp(0, 1)
    before, after = decibels(interpolated, truth), decibels(made, truth)
    print(f"the other photograph: interpolated {before:.2f} dB, made by the network {after:.2f} dB")
    save_image(tg.cat([interpolated, made, truth])[:, :, 100:300, 200:400], args.picture, nrow=3)
    print(f"a part of it: {args.picture}")


if __name__ == "__main__":
    main()
