"""Images made smaller without aliasing, beside PyTorch."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.nn import functional as F

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("align_corners", [None, False, True])
@pytest.mark.parametrize(
    "size",
    [
        {"size": (3, 5)},
        {"size": (12, 4)},
        {"size": (7, 20)},
        {"size": 1},
        {"scale_factor": 0.45},
        {"scale_factor": (0.5, 1.7)},
    ],
)
def test_values_and_gradients(mode: str, align_corners: bool | None, size: dict) -> None:
    values = np.random.default_rng(0).normal(size=(2, 3, 9, 11))
    results = []
    for library, interpolate in ((torch, torch.nn.functional.interpolate), (tg, F.interpolate)):
        x = library.tensor(values, requires_grad=True)
        y = interpolate(x, **size, mode=mode, align_corners=align_corners, antialias=True)
        (y * y).sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy()))
    for theirs, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def test_only_where_it_means_something() -> None:
    with pytest.raises(
        ValueError, match="interpolate: antialias can only be set with bilinear and bicubic; got mode 'nearest'"
    ):
        F.interpolate(tg.ones(1, 1, 4, 4), 2, antialias=True)
