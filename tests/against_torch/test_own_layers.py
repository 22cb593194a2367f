"""Layers that programs derive from PyTorch's, and texts of models: the same under both libraries."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.modules.conv

torch = pytest.importorskip("torch")


def derived(lib: Any) -> dict[str, Any]:
    """Convolutions of a program's own."""
    nn, F = lib.nn, lib.nn.functional

    class ByPlaces(nn.modules.conv._ConvNd):
        def __init__(self, i: int, o: int, k: int, stride: int = 1, dilation: int = 1) -> None:
            pairs = ((k, k), (stride, stride), (k // 2, k // 2), (dilation, dilation))
            super().__init__(i, o, *pairs, False, (0, 0), 1, True, padding_mode="zeros")

        def forward(self, x: Any) -> Any:
            return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    class Standardized(nn.Conv2d):
        def forward(self, x: Any) -> Any:
            weight = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
            return self._conv_forward(x, weight, self.bias)

    class Doubled(nn.Conv1d):
        def _conv_forward(self, input: Any, weight: Any, bias: Any) -> Any:
            return super()._conv_forward(input, 2 * weight, bias)

    class Padded(nn.Conv2d):
        def forward(self, x: Any) -> Any:
            x = F.pad(x, self._reversed_padding_repeated_twice, mode="reflect")
            return F.conv2d(x, self.weight, self.bias, self.stride, (0, 0), self.dilation)

    class Halved(nn.ConvTranspose2d):
        def forward(self, x: Any, output_size: Any = None) -> Any:
            more = self._output_padding(x, (13, 14), self.stride, self.padding, self.kernel_size, 2, self.dilation)
            return F.conv_transpose2d(x, self.weight / 2, self.bias, self.stride, self.padding, more)

    class Doubly(nn.modules.conv._ConvTransposeNd):
        def __init__(self) -> None:
            super().__init__(2, 4, (3, 3), (2, 2), (1, 1), (1, 1), True, (0, 0), 1, False, "zeros")

        def forward(self, x: Any) -> Any:
            return F.conv_transpose2d(x, self.weight, None, self.stride, self.padding)

    return {
        "by places": ByPlaces(2, 4, 3, stride=2),
        "standardized": Standardized(2, 4, 3, padding=1, padding_mode="circular"),
        "doubled": Doubled(2, 4, 3, padding="same", padding_mode="replicate"),
        "padded": Padded(2, 4, (3, 5), padding=(1, 2)),
        "padded to the same": Padded(2, 4, (2, 5), padding="same"),
        "halved": Halved(2, 4, 3, stride=2, padding=1),
        "doubly": Doubly(),
        "one number": nn.Conv2d(2, 4, 3, stride=[1], padding=(1,), dilation=[2]),
        "one number in a frame": nn.Conv2d(2, 4, 3, stride=[2], padding=1, padding_mode="reflect"),
        "one number transposed": nn.ConvTranspose2d(2, 4, 3, stride=[2], padding=[1], output_padding=[1], dilation=[1]),
    }


@pytest.mark.parametrize("name", derived(tg))
def test_convolutions(name: str) -> None:
    ours, theirs = derived(tg)[name], derived(torch)[name]
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({key: tg.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    shape = (2, 2, 8) if "Doubled" in repr(ours) else (2, 2, 7, 7)
    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    outputs = ours(tg.tensor(x)), theirs(torch.tensor(x))
    np.testing.assert_allclose(outputs[0].detach().numpy(), outputs[1].detach().numpy(), rtol=1e-4, atol=1e-5)
    for out in outputs:
        (out * out).sum().backward()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-4, atol=1e-4)


MODELS = {
    "attention": lambda nn: nn.MultiheadAttention(8, 2),
    "encoder": lambda nn: nn.TransformerEncoderLayer(8, 2, 16),
    "one number": lambda nn: nn.Sequential(nn.Conv1d(2, 2, [3], stride=[2]), nn.Conv2d(1, 1, 3, dilation=[2])),
}


@pytest.mark.parametrize("name", MODELS)
def test_texts(name: str) -> None:
    assert repr(MODELS[name](tg.nn)) == repr(MODELS[name](torch.nn))
