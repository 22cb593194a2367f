"""The five networks and their training step, written once: `lib` is tinygrad_cnn or torch, whose names are the same."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

SEED = 20240607


@dataclass(frozen=True)
class Network:
    """A network and the images it is trained on.

    Attributes:
        image: shape of one input.
        batch: how many of them a training step takes.
        layers: makes the layers from the classes of an `nn` module.
    """

    image: tuple[int, ...]
    batch: int
    layers: Callable[[Any], list[Any]]


def mlp64(nn: Any) -> list[Any]:
    return [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)]


def digits64(nn: Any) -> list[Any]:
    layers = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return [*layers, nn.Flatten(), nn.Linear(128, 10)]


def lenet64(nn: Any) -> list[Any]:
    layers = [nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return [*layers, nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]


def mnist64(nn: Any) -> list[Any]:
    layers = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)]
    return [*layers, nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)]


def vggbn32(nn: Any) -> list[Any]:
    layers: list[Any] = []
    for inputs, width in ((3, 64), (64, 128), (128, 256)):
        layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
    return [*layers, nn.Flatten(), nn.Linear(4096, 10)]


NETWORKS = {
    "mlp64": Network((784,), 64, mlp64),
    "digits64": Network((1, 8, 8), 64, digits64),
    "lenet64": Network((1, 28, 28), 64, lenet64),
    "mnist64": Network((1, 28, 28), 64, mnist64),
    "vggbn32": Network((3, 32, 32), 32, vggbn32),
}


def draw_data(network: Network, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and class numbers, the same ones for everybody."""
    rng = np.random.default_rng(SEED)
    return rng.standard_normal((batch, *network.image), dtype=np.float32), rng.integers(0, 10, batch)


def draw_weights(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> dict[str, np.ndarray]:
    """Values for parameters of these names and shapes, the same ones for everybody (He et al. 2015)."""
    rng = np.random.default_rng(SEED + 1)
    weights = {}
    for name, shape in shapes:
        values = rng.standard_normal(shape, dtype=np.float32)
        if len(shape) > 1:
            weights[name] = values * np.float32((2 / np.prod(shape[1:])) ** 0.5)
        else:  # a bias, or the factors of a batch norm
            weights[name] = 0.1 * values + np.float32(name.endswith("weight") and "." in name)
    return weights


class Training:
    """A network in training with Adam; `step()` is what the benchmark times.

    Args:
        lib: tinygrad_cnn or torch.
        channels_last: put parameters and images into that layout (torch only; ours chooses its layout itself).
        device: where it is trained.
    """

    def __init__(
        self,
        lib: Any,
        network: Network,
        batch: int | None = None,
        *,
        channels_last: bool = False,
        device: str = "cpu",
    ) -> None:
        self.lib = lib
        self.model = lib.nn.Sequential(*network.layers(lib.nn))
        weights = draw_weights((name, tuple(p.shape)) for name, p in self.model.named_parameters())
        state = dict(self.model.state_dict())
        state.update({name: lib.from_numpy(values) for name, values in weights.items()})
        self.model.load_state_dict(state)
        images, labels = draw_data(network, batch or network.batch)
        self.images, self.labels = lib.from_numpy(images).to(device), lib.from_numpy(labels).to(device)
        self.model.to(device)
        if channels_last:
            self.model.to(memory_format=lib.channels_last)
            if len(network.image) == 3:
                self.images = self.images.to(memory_format=lib.channels_last)
        self.optimizer = lib.optim.Adam(self.model.parameters())

    def loss(self) -> Any:
        """Cross entropy of the batch."""
        return self.lib.nn.functional.cross_entropy(self.model(self.images), self.labels)

    def step(self) -> Any:
        """One training step; returns the loss."""
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self) -> list[float]:
        """Loss and norm of the gradient at the start, without dropout, whose random numbers nobody shares."""
        dropouts = [layer for layer in self.model if isinstance(layer, self.lib.nn.Dropout)]
        for layer in dropouts:
            layer.eval()
        loss = self.loss()
        loss.backward()
        square = sum(float((p.grad * p.grad).sum().item()) for p in self.model.parameters())
        for layer in dropouts:
            layer.train()
        return [float(loss.item()), square**0.5]
