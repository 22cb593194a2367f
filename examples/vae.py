"""A variational autoencoder (Kingma & Welling 2014): digits become points of a plane, and points become digits.

The encoder says where a digit probably lies: a normal distribution with mean mu and variance exp(logvar). A point z is
drawn from it, and the decoder makes a digit of z. Two things are asked of them: that the digit comes back, and that all
the distributions together look like one standard normal distribution, so that new points give new digits.
"""

import argparse

import tinygrad_cnn as tg
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F
from tinygrad_cnn.utils.data import DataLoader
from tinygrad_cnn.vision.datasets import Digits
from tinygrad_cnn.vision.utils import save_image


class VAE(nn.Module):
    """64 pixels → 2 numbers → 64 pixels."""

    def __init__(self, hidden: int = 128) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU())
        self.mu = nn.Linear(hidden, 2)
        self.logvar = nn.Linear(hidden, 2)
        self.decoder = nn.Sequential(
            nn.Linear(2, hidden), nn.ReLU(), nn.Linear(hidden, 64), nn.Sigmoid(), nn.Unflatten(1, (1, 8, 8))
        )

    def forward(self, x: tg.Tensor) -> tuple[tg.Tensor, tg.Tensor, tg.Tensor]:
        """(N, 1, 8, 8) → the digits that come back, mu (N, 2) and logvar (N, 2)"""
        h = self.encoder(x)
        mu, logvar = self.mu(h), self.logvar(h)
        # z = mu + sigma · eps: the randomness is in eps, so gradients flow to mu and sigma.
        z = mu + (logvar / 2).exp() * tg.randn_like(mu)
        return self.decoder(z), mu, logvar


def loss_of(back: tg.Tensor, x: tg.Tensor, mu: tg.Tensor, logvar: tg.Tensor) -> tg.Tensor:
    """What it costs to describe a digit: its pixels' error, plus the distance from a standard normal distribution."""
    pixels = F.binary_cross_entropy(back, x, reduction="sum")
    distance = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()
    return (pixels + distance) / len(x)


def main() -> None:
    """Train, then draw the plane."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--device", default="cuda" if tg.cuda.is_available() else "cpu")
    parser.add_argument("--picture", default="vae.png", help="where the plane of digits is drawn")
    parser.add_argument("--smoke", action="store_true", help="three epochs only")
    args = parser.parse_args()

    tg.manual_seed(0)
    loader = DataLoader(Digits(train=True), batch_size=64, shuffle=True)
    model = VAE().to(args.device)
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(1, (3 if args.smoke else args.epochs) + 1):
        total = 0.0
        for images, _ in loader:
            x = images.to(args.device)
            optimizer.zero_grad()
            back, mu, logvar = model(x)
            loss = loss_of(back, x, mu, logvar)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch:2}: {total / len(loader):.2f} nats per digit")

    steps = tg.linspace(-2, 2, 12)
    plane = tg.stack(tg.meshgrid(steps, steps, indexing="xy"), dim=-1).reshape(-1, 2)
    with tg.no_grad():
        digits = model.decoder(plane.to(args.device)).cpu()
    save_image(digits, args.picture, nrow=len(steps))
    print(f"the plane: {args.picture}")


if __name__ == "__main__":
    main()
