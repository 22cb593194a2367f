"""A generative adversarial network (Goodfellow et al. 2014, Radford et al. 2016): a forger and a detective.

The generator makes digits of noise; the discriminator tells real digits from made ones. Each learns from the other: the
loss of the one falls where that of the other rises, so neither falls for ever. Look at the pictures instead.
"""

import argparse

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.utils.data import DataLoader
from tinygrad_cnn.vision.datasets import Digits
from tinygrad_cnn.vision.utils import save_image

NOISE = 16

generator = nn.Sequential(
    nn.ConvTranspose2d(NOISE, 64, 2, bias=False),  # 1 → 2 pixels wide
    nn.BatchNorm2d(64),
    nn.ReLU(),
    nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1, bias=False),  # 2 → 4
    nn.BatchNorm2d(32),
    nn.ReLU(),
    nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1),  # 4 → 8
    nn.Tanh(),
)
discriminator = nn.Sequential(
    nn.Conv2d(1, 32, 4, stride=2, padding=1),  # 8 → 4
    nn.LeakyReLU(0.2),
    nn.Conv2d(32, 64, 4, stride=2, padding=1, bias=False),  # 4 → 2
    nn.BatchNorm2d(64),
    nn.LeakyReLU(0.2),
    nn.Conv2d(64, 1, 2),  # 2 → 1
    nn.Flatten(0),
)


def first_weights(module: nn.Module) -> None:
    """The paper's: small normal numbers."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def main() -> None:
    """Train both, and draw what the generator makes of the same noise after each tenth epoch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--device", default="cuda" if tg.cuda.is_available() else "cpu")
    parser.add_argument("--picture", default="dcgan.png", help="where made digits are drawn")
    parser.add_argument("--smoke", action="store_true", help="two epochs only")
    args = parser.parse_args()

    tg.manual_seed(0)
    loader = DataLoader(Digits(train=True), batch_size=64, shuffle=True, drop_last=True)
    for network in (generator, discriminator):
        network.apply(first_weights).to(args.device)
    options = {"lr": 1e-3, "betas": (0.5, 0.999)}
    forger = optim.Adam(generator.parameters(), **options)
    detective = optim.Adam(discriminator.parameters(), **options)
    is_real = nn.BCEWithLogitsLoss()
    same_noise = tg.randn(64, NOISE, 1, 1, device=args.device)

    epochs = 2 if args.smoke else args.epochs
    for epoch in range(1, epochs + 1):
        for images, _ in loader:
            real = images.to(args.device) * 2 - 1  # to the range of tanh
            made = generator(tg.randn(len(real), NOISE, 1, 1, device=args.device))
            yes, no = tg.ones(len(real), device=args.device), tg.zeros(len(real), device=args.device)

            # The detective shall say yes to real digits and no to made ones. detach(): the forger does not learn here.
            detective.zero_grad()
            caught = is_real(discriminator(real), yes) + is_real(discriminator(made.detach()), no)
            caught.backward()
            detective.step()

            # The forger shall make the detective say yes.
            forger.zero_grad()
            fooled = is_real(discriminator(made), yes)
            fooled.backward()
            forger.step()
        if epoch % 10 == 0 or epoch == epochs:
            print(f"epoch {epoch:3}: loss of the detective {caught.item():.3f}, of the forger {fooled.item():.3f}")
            with tg.no_grad():
                digits = generator.eval()(same_noise).cpu()
            generator.train()
            save_image(digits, args.picture, nrow=8, normalize=True, value_range=(-1, 1))
    print(f"made digits: {args.picture}")


if __name__ == "__main__":
    main()
