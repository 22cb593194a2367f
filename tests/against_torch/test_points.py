"""Points between which derivatives jump: where PyTorch's lie, ours lie, to the last bit."""

import numpy as np
import pytest

import tinygrad_cnn as tg

torch = pytest.importorskip("torch")

SIZES = (2, 3, 7, 8, 11, 18, 25, 28, 31, 53, 100)


@pytest.mark.parametrize("ends", [(-1, 1), (0, 1), (0.1, 3.7), (5, -2)])
def test_linspace(ends: tuple[float, float]) -> None:
    for n in (0, 1, *SIZES):
        ours, theirs = tg.linspace(*ends, n), torch.linspace(*ends, n)
        assert ours.dtype == tg.float32
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    np.testing.assert_allclose(tg.linspace(*ends, 9, dtype=tg.float64), torch.linspace(*ends, 9, dtype=torch.float64))


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("n", SIZES)
def test_the_identity_of_a_spatial_transformer(n: int, align_corners: bool) -> None:
    """Its points lie on the pixels, where the derivative is that of one side or the other."""
    rng = np.random.default_rng(n)
    image, weights = rng.standard_normal((2, 1, 1, n, n + 1)).astype("float32")
    points, gradients = [], []
    for lib in (tg, torch):
        theta = lib.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]], requires_grad=True)
        grid = lib.nn.functional.affine_grid(theta, image.shape, align_corners=align_corners)
        out = lib.nn.functional.grid_sample(lib.tensor(image), grid, align_corners=align_corners)
        (out * lib.tensor(weights)).sum().backward()
        points.append(grid.detach().numpy())
        gradients.append(theta.grad.numpy())
    np.testing.assert_array_equal(*points)
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-3)
