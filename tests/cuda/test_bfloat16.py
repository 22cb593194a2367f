"""bfloat16 on a CUDA device: products take it as it is, with sums in float32; all else is computed in float32."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("ml_dtypes")

import tinygrad_cnn as tg
from tests.cuda.fake_blas import Blas
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F


@pytest.fixture
def native(device: Any, blas: Blas, monkeypatch: pytest.MonkeyPatch) -> Blas:
    """Both libraries are there; cuDNN has no plan, so that columns are multiplied."""
    monkeypatch.setattr(device.array_type, "multiplied", "E")
    return blas


def values(*shape: int, seed: int = 0) -> Any:
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape).astype("float32")).bfloat16()


def both(function: Any, *inputs: Any) -> list[list[Any]]:
    """The result and first gradients, on the device and on the CPU."""
    found = []
    for place in ("cuda", "cpu"):
        tensors = [x.detach().to(place).requires_grad_() for x in inputs]
        out = function(*tensors)
        assert out.dtype == tg.bfloat16
        gradients = tg.autograd.grad(out.float().square().sum(), tensors)
        found.append([t.detach().float().cpu().numpy() for t in (out, *gradients)])
    return found


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (F.linear, [(5, 7), (3, 7), (3,)]),
        (F.linear, [(2, 5, 7), (3, 7)]),
        (lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1), [(2, 3, 7, 6), (4, 3, 3, 3), (4,)]),
        (lambda x, w: F.conv2d(x, w, groups=2), [(2, 4, 5, 5), (6, 2, 3, 2)]),
        (lambda x, w: F.conv1d(x, w), [(2, 3, 9), (4, 3, 3)]),
        (lambda x, w: F.conv_transpose2d(x, w, stride=2), [(2, 3, 4, 4), (3, 2, 3, 3)]),
        (lambda x, y: x @ y, [(2, 4, 5), (5, 3)]),
        (lambda x, y: x @ y, [(3, 4), (4, 5)]),
        (lambda x, y: x @ y.mT, [(2, 1, 4, 5), (3, 6, 5)]),
    ],
)
def test_products_agree_with_the_cpu(device: Any, native: Blas, function: Any, shapes: Any) -> None:
    ours, theirs = both(function, *(values(*shape, seed=i) for i, shape in enumerate(shapes)))
    for mine, its in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, its, rtol=2e-2, atol=2e-2 * np.abs(its).max())
    assert set(native.computed) <= {68}  # narrow groups have kernels of their own


def test_sums_are_in_float32(device: Any, native: Blas) -> None:
    """300 ones can't be counted in bfloat16, which has 8 bits."""
    x = tg.ones(1, 300, dtype=tg.bfloat16, device="cuda")
    w = tg.ones(1, 300, dtype=tg.bfloat16, device="cuda")
    assert F.linear(x, w).item() == 300
    b = tg.zeros(1, dtype=tg.bfloat16, device="cuda", requires_grad=True)
    F.linear(tg.ones(300, 2, dtype=tg.bfloat16, device="cuda"), w[:, :2], b).sum().backward()
    assert b.grad.item() == 300


def test_autocast_multiplies_in_bfloat16(device: Any, native: Blas) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)).cuda()
    optimizer, losses = tg.optim.SGD(model.parameters(), lr=0.1), []
    x, y = tg.randn(6, 1, 6, 6, device="cuda"), (tg.arange(6) % 3).cuda()
    for _ in range(8):
        optimizer.zero_grad()
        with tg.autocast("cuda", dtype=tg.bfloat16):
            loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert {p.grad.dtype for p in model.parameters()} == {tg.float32}
