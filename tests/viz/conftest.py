"""Networks of the kind that `viz` reads, built of ops alone: modules with names, parameters with names, a call."""

import numpy as np
import pytest

from tinygrad_cnn import ops
from tinygrad_cnn.autograd.modes import module_scope
from tinygrad_cnn.backend.window import convolution_window, pooling_window
from tinygrad_cnn.tensor import Tensor


def random_tensor(*shape, requires_grad=True):
    tensor = Tensor.from_array(np.random.default_rng(0).random(shape, dtype=np.float32) * 0.1)
    return tensor.requires_grad_() if requires_grad else tensor


class Layer:
    def __init__(self, parameters=None, children=None, buffers=None):
        self.parameters, self.children, self.buffers = parameters or {}, children or {}, buffers or {}

    def named_modules(self, path=""):
        yield path, self
        for name, child in self.children.items():
            yield from child.named_modules(f"{path}.{name}" if path else name)

    def _named(self, what):
        for path, layer in self.named_modules():
            for name, tensor in getattr(layer, what).items():
                yield f"{path}.{name}" if path else name, tensor

    def named_parameters(self):
        return self._named("parameters")

    def named_buffers(self):
        return self._named("buffers")

    def __call__(self, x, path=""):
        with module_scope(path):
            return self.forward(x, path)

    def child(self, name, x, path):
        return self.children[name](x, f"{path}.{name}" if path else name)


class Conv2d(Layer):
    def __init__(self, c, o):
        super().__init__({"weight": random_tensor(o, c, 3, 3), "bias": random_tensor(o)})

    def forward(self, x, path):
        return ops.conv2d(x, *self.parameters.values(), window=convolution_window("conv2d", (3, 3), 1, 1, 1, 1))


class ReLU(Layer):
    def forward(self, x, path):
        return x.relu()


class MaxPool2d(Layer):
    def forward(self, x, path):
        return ops.max_pool2d(x, window=pooling_window("max_pool2d", 2, 2))


class Linear(Layer):
    def __init__(self, n, o):
        super().__init__({"weight": random_tensor(o, n), "bias": random_tensor(o)})

    def forward(self, x, path):
        return ops.linear(x, *self.parameters.values())


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__(children={str(i): layer for i, layer in enumerate(layers)})

    def forward(self, x, path):
        for name in self.children:
            x = self.child(name, x, path)
        return x


class SmallCNN(Layer):
    """Convolution, ReLU, pooling, and a linear layer; it counts its calls in a buffer."""

    def __init__(self):
        features = Sequential(Conv2d(1, 4), ReLU(), MaxPool2d())
        super().__init__(
            children={"features": features, "classifier": Linear(64, 10)},
            buffers={"calls": random_tensor(1, requires_grad=False)},
        )

    def forward(self, x, path):
        self.buffers["calls"].array += 1
        x = self.child("features", x, path)
        return self.child("classifier", x.reshape(len(x), -1), path)


class Block(Layer):
    """A residual block that calls one ReLU twice."""

    def __init__(self):
        super().__init__(children={"conv1": Conv2d(2, 2), "act": ReLU(), "conv2": Conv2d(2, 2)})

    def forward(self, x, path):
        y = self.child("conv2", self.child("act", self.child("conv1", x, path), path), path)
        return self.child("act", x + y, path)


@pytest.fixture
def tensor():
    return random_tensor


@pytest.fixture
def cnn():
    return SmallCNN()


@pytest.fixture
def images():
    return random_tensor(5, 1, 8, 8, requires_grad=False)


@pytest.fixture
def blocks():
    """`blocks(n)`: a network of n residual blocks."""
    return lambda n: Sequential(*(Block() for _ in range(n)))


@pytest.fixture
def expression():
    """Five ops, one leaf used twice: the output, and two of the three leaves by name."""
    x, w, b = random_tensor(4, 3), random_tensor(3, 2), random_tensor(2)
    yield ((x @ w + b).relu() * b).sum(), {"w": w, "b": b}
    del x  # a leaf lives as long as its tensor, and the test is over
