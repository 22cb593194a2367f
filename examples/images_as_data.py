"""Pictures as numbers, and what filters see in them: pixels, colours, fewer pixels, a moving average, blur, Sobel."""

import argparse
from pathlib import Path

import tinygrad_cnn as tg
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.vision import transforms
from tinygrad_cnn.vision.datasets import Photographs
from tinygrad_cnn.vision.transforms import functional as TF
from tinygrad_cnn.vision.utils import save_image

TWO = tg.tensor([
    [0.0, 0.0, 0.8, 0.9, 0.6, 0.0],
    [0.0, 0.9, 0.6, 0.0, 0.8, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.9, 0.0],
    [0.0, 0.0, 0.0, 0.9, 0.6, 0.0],
    [0.0, 0.0, 0.9, 0.0, 0.0, 0.0],
    [0.0, 0.8, 0.9, 0.9, 0.9, 0.9],
])  # fmt: skip
COLOURS = {"red": (217, 7, 0), "yellow": (219, 222, 4), "grey": (135, 137, 144)}
BLUR = tg.tensor([[0.050, 0.125, 0.050], [0.125, 0.300, 0.125], [0.050, 0.125, 0.050]])
SOBEL_VERTICAL = tg.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])  # finds vertical edges
SOBEL_HORIZONTAL = tg.tensor([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]])  # finds horizontal edges


def filtered(image: tg.Tensor, kernel: tg.Tensor) -> tg.Tensor:
    """z_ij = Σ_k Σ_l x_{i+k−1, j+l−1} · W_kl of a grey image (1, H, W), with zeros outside of it."""
    return F.conv2d(image[None], kernel[None, None], padding="same")[0]


def enlarged(image: tg.Tensor, size: tuple[int, int]) -> tg.Tensor:
    """The same pixels, each drawn as a square."""
    return TF.resize(image, size, transforms.InterpolationMode.NEAREST)


def pixels(photograph: tg.Tensor, out: Path) -> None:
    """A grey image is a grid of numbers; a colour image has three of them; fewer pixels say less."""
    print("the digit:", *("  ".join(f"{x:.1f}" for x in row) for row in TWO.tolist()), sep="\n    ")
    save_image(enlarged(TWO[None], (192, 192)), out / "digit.png")
    for name, rgb in COLOURS.items():
        print(f"{name}: r, g, b = {rgb}")
    swatches = [tg.tensor(rgb).reshape(3, 1, 1).expand(3, 64, 64) / 255 for rgb in COLOURS.values()]
    save_image(swatches, out / "colours.png")
    height, width = photograph.shape[1:]
    fewer = [photograph]
    for factor in (2, 4, 16):
        small = TF.resize(photograph, (round(height / factor**0.5), round(width / factor**0.5)))
        fewer.append(enlarged(small, (height, width)))
    save_image(fewer, out / "fewer_pixels.png", nrow=2)


def moving_average() -> None:
    """A convolution is a sparse linear map: z is a banded matrix times x."""
    x = tg.tensor([2.0, 4, 8, 4, 0, 4, 8], requires_grad=True)
    weights = tg.tensor([0.25, 0.5, 0.25])
    z = F.conv1d(x.reshape(1, 1, 7), weights.reshape(1, 1, 3)).flatten()
    matrix = tg.stack([tg.autograd.grad(z[t], x, retain_graph=True)[0] for t in range(len(z))])
    print("the moving average of", x.tolist(), "is", z.tolist())
    print("its matrix:", *("  ".join(f"{w:4.2f}" for w in row) for row in matrix.tolist()), sep="\n    ")
    print("largest difference between the two:", (matrix @ x - z).abs().max().item())


def filters(photograph: tg.Tensor, out: Path) -> None:
    """Blurs, and the edges that the Sobel filters find."""
    grey = TF.rgb_to_grayscale(photograph)
    blurs = [grey, filtered(grey, BLUR), *(TF.gaussian_blur(grey, 6 * sigma + 1, sigma) for sigma in (2, 4))]
    save_image(blurs, out / "blur.png", nrow=2)
    vertical, horizontal = filtered(grey, SOBEL_VERTICAL), filtered(grey, SOBEL_HORIZONTAL)
    magnitude = (vertical**2 + horizontal**2).sqrt()
    pictures = [(vertical, (-2, 2)), (horizontal, (-2, 2)), (magnitude, (0, 2))]
    save_image([grey, *((z - low) / (high - low) for z, (low, high) in pictures)], out / "sobel.png", nrow=2)
    print(f"the gradient's mean magnitude: {magnitude.mean().item():.3f}, its largest: {magnitude.max().item():.3f}")


def main() -> None:
    """Print the numbers and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("runs/images"), help="folder for the pictures (default runs/images)"
    )
    parser.add_argument("--photograph", default="china", help="of Photographs (default china)")
    parser.add_argument("--smoke", action="store_true", help="a small photograph")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    photograph = TF.to_tensor(Photographs.open(arguments.photograph))
    photograph = TF.resize(photograph, 64 if arguments.smoke else 320)
    pixels(photograph, arguments.out)
    moving_average()
    filters(photograph, arguments.out)
    print(f"pictures: {', '.join(sorted(str(path) for path in arguments.out.glob('*.png')))}")


if __name__ == "__main__":
    main()
