"""Two real peers where they are installed, JAX and MyGrad: the same networks, from an `nn` of a few functions each.

`networks.py` asks an `nn` module for layers. Here a layer is a pair: the shapes of its parameters, and a function of
them and its input. Both peers train with the Adam of this file, since MyGrad brings no optimizer.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from .networks import NETWORKS, SEED, draw_data, draw_weights

Layer = tuple[dict[str, tuple[int, ...]], Callable[..., Any]]

BETA1, BETA2, LR, EPS = 0.9, 0.999, 1e-3, 1e-8  # Adam's defaults


def layers_of(math: Any) -> Any:
    """An `nn` whose layers compute with the functions of `math`."""

    def conv2d(inputs: int, outputs: int, size: int, padding: int = 0) -> Layer:
        shapes = {"weight": (outputs, inputs, size, size), "bias": (outputs,)}
        return shapes, lambda p, x: math.conv2d(x, p["weight"], padding) + p["bias"].reshape(1, -1, 1, 1)

    def linear(inputs: int, outputs: int) -> Layer:
        return {"weight": (outputs, inputs), "bias": (outputs,)}, lambda p, x: x @ p["weight"].T + p["bias"]

    def batch_norm(channels: int) -> Layer:
        shapes: dict[str, tuple[int, ...]] = {"weight": (channels,), "bias": (channels,)}
        return shapes, lambda p, x: math.batch_norm(x, p["weight"], p["bias"])

    return SimpleNamespace(
        Conv2d=conv2d,
        Linear=linear,
        BatchNorm2d=batch_norm,
        ReLU=lambda: ({}, lambda _, x: math.relu(x)),
        MaxPool2d=lambda size: ({}, lambda _, x: math.max_pool(x, size)),
        Dropout=lambda p: ({}, lambda _, x: math.dropout(x, p)),
        Flatten=lambda: ({}, lambda _, x: x.reshape(x.shape[0], -1)),
    )


def adam(p: Any, g: Any, mean: Any, square: Any, step: Any, sqrt: Callable[[Any], Any]) -> tuple[Any, Any, Any]:
    mean = BETA1 * mean + (1 - BETA1) * g
    square = BETA2 * square + (1 - BETA2) * g * g
    return p - LR / (1 - BETA1**step) * mean / (sqrt(square / (1 - BETA2**step)) + EPS), mean, square


class Peer:
    """A network in training, like `networks.Training`."""

    def __init__(self, name: str) -> None:
        network = NETWORKS[name]
        self.images, self.labels = draw_data(network, network.batch)
        self.layers = network.layers(layers_of(self))
        shapes = {f"{i}.{key}": shape for i, (own, _) in enumerate(self.layers) for key, shape in own.items()}
        self.weights: dict[str, Any] = dict(draw_weights(shapes.items()))
        self.mean: dict[str, Any] = {key: np.zeros_like(w) for key, w in self.weights.items()}
        self.square: dict[str, Any] = {key: np.zeros_like(w) for key, w in self.weights.items()}
        self.count, self.dropping = 0, True

    def scores(self, weights: dict[str, Any], x: Any) -> Any:
        for i, (own, function) in enumerate(self.layers):
            x = function({key: weights[f"{i}.{key}"] for key in own}, x)
        return x

    def check(self) -> list[float]:
        self.dropping = False
        loss, gradients = self.loss_and_gradients()
        self.dropping = True
        return [loss, sum(float((g * g).sum()) for g in gradients.values()) ** 0.5]

    def loss_and_gradients(self) -> tuple[float, dict[str, Any]]:
        raise NotImplementedError

    def step(self) -> Any:
        raise NotImplementedError


class MyGrad(Peer):
    """MyGrad: tensors over NumPy, Numba in its GRUs only."""

    def __init__(self, name: str) -> None:
        import mygrad
        from mygrad.nnet import activations, layers, losses

        self.lib, self.activations, self.nnet, self.loss = mygrad, activations, layers, losses
        super().__init__(name)
        self.weights = {key: mygrad.tensor(w) for key, w in self.weights.items()}
        self.rng = np.random.default_rng(SEED)

    def conv2d(self, x: Any, w: Any, padding: int) -> Any:
        return self.nnet.conv_nd(x, w, stride=1, padding=padding)

    def batch_norm(self, x: Any, w: Any, b: Any) -> Any:
        return self.nnet.batchnorm(x, gamma=w, beta=b, eps=1e-5)

    def relu(self, x: Any) -> Any:
        return self.activations.relu(x)

    def max_pool(self, x: Any, size: int) -> Any:
        return self.nnet.max_pool(x, (size, size), size)

    def dropout(self, x: Any, p: float) -> Any:
        return x * ((self.rng.random(x.shape, dtype=np.float32) >= p) * np.float32(1 / (1 - p))) if self.dropping else x

    def loss_and_gradients(self) -> tuple[float, dict[str, Any]]:
        loss = self.loss.softmax_crossentropy(self.scores(self.weights, self.images), self.labels)
        loss.backward()
        return loss.item(), {key: w.grad for key, w in self.weights.items()}

    def step(self) -> Any:
        loss, gradients = self.loss_and_gradients()
        self.count += 1
        for key, g in gradients.items():
            w = self.weights[key]
            values, self.mean[key], self.square[key] = adam(
                w.data, g, self.mean[key], self.square[key], self.count, np.sqrt
            )
            w.data[...] = values
            w.null_grad()
        return loss


class Jax(Peer):
    """JAX: the whole step compiled by `jit`."""

    def __init__(self, name: str) -> None:
        import jax

        self.jax = jax
        super().__init__(name)
        self.key: Any = jax.random.key(SEED)
        self.key_now: Any = self.key
        self.compiled = jax.jit(self._step)
        self.state: Any = jax.device_put((self.weights, self.mean, self.square))

    def conv2d(self, x: Any, w: Any, padding: int) -> Any:
        return self.jax.lax.conv(x, w, (1, 1), [(padding, padding)] * 2)

    def batch_norm(self, x: Any, w: Any, b: Any) -> Any:
        axes, shape = (0, 2, 3), (1, -1, 1, 1)
        centred = x - x.mean(axes, keepdims=True)
        scale = w.reshape(shape) * self.jax.lax.rsqrt((centred * centred).mean(axes, keepdims=True) + 1e-5)
        return centred * scale + b.reshape(shape)

    def relu(self, x: Any) -> Any:
        return self.jax.nn.relu(x)

    def max_pool(self, x: Any, size: int) -> Any:
        shape = (1, 1, size, size)
        return self.jax.lax.reduce_window(x, -self.jax.numpy.inf, self.jax.lax.max, shape, shape, "VALID")

    def dropout(self, x: Any, p: float) -> Any:
        if not self.dropping:
            return x
        self.key_now, key = self.jax.random.split(self.key_now)
        return self.jax.numpy.where(self.jax.random.bernoulli(key, 1 - p, x.shape), x / (1 - p), 0)

    def _loss(self, weights: Any, images: Any, labels: Any) -> Any:
        scores = self.jax.nn.log_softmax(self.scores(weights, images))
        return -self.jax.numpy.take_along_axis(scores, labels[:, None], 1).mean()

    def loss_and_gradients(self) -> tuple[float, dict[str, Any]]:
        loss, gradients = self.jax.value_and_grad(self._loss)(self.state[0], self.images, self.labels)
        return float(loss), gradients

    def _step(self, state: Any, count: Any, key: Any, images: Any, labels: Any) -> Any:
        self.key_now = key
        weights, mean, square = state
        loss, gradients = self.jax.value_and_grad(self._loss)(weights, images, labels)
        updated = {
            key: adam(w, gradients[key], mean[key], square[key], count, self.jax.numpy.sqrt)
            for key, w in weights.items()
        }
        return tuple({key: values[i] for key, values in updated.items()} for i in range(3)), loss

    def step(self) -> Any:
        self.count += 1
        key = self.jax.random.fold_in(self.key, self.count)
        self.state, loss = self.compiled(self.state, float(self.count), key, self.images, self.labels)
        return loss.block_until_ready()
