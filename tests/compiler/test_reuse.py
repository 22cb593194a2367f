"""Results that are written over what they were computed from, and those that must not be."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.compiler.conftest import bits, same_both_ways
from tinygrad_cnn import nn, optim
from tinygrad_cnn.nn import functional as F

pytest.importorskip("numba")  # NumPy's kernels write into memory of their own

IMAGES, LABELS = tg.randn(4, 3, 16, 16), tg.tensor([0, 1, 2, 3])


def train(compiled: Any, forward: Any) -> Any:
    first, second = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8 * 64, 10)
    optimizer = optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)

    @compiled
    def step(images: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss, *others = forward(first, second, images, labels)
        loss.backward()
        optimizer.step()
        return loss, *others

    results = [bits(step(IMAGES, LABELS)) for _ in range(5)]
    return results, bits([p.grad for p in (*first.parameters(), *second.parameters())])


def program(forward: Any) -> str:
    with tg.backend.cpu_kernels("numba"):
        return str(same_both_ways(lambda compiled: train(compiled, forward)).programs[0])


def plain(first: Any, second: Any, images: Any, labels: Any) -> Any:
    hidden = F.max_pool2d(F.relu(first(images)), 2)
    return (F.cross_entropy(second(hidden.flatten(1)), labels),)


def overlapping(first: Any, second: Any, images: Any, labels: Any) -> Any:
    hidden = F.max_pool2d(F.relu(first(images)), 3, 2, 1)
    return (F.cross_entropy(second(hidden.flatten(1)), labels),)


@pytest.mark.parametrize("forward", [plain, overlapping])
def test_relu_comes_after_pooling(forward: Any) -> None:
    lines = [line.strip() for line in program(forward).splitlines()]
    assert "v3_, v4 = max_pool2d(backend, v1, window=window_2)" in lines
    assert "v3 = backend.relu_over(v3_)" in lines
    gradients = [line for line in lines if "relu_x_grad" in line or "max_pool2d_x_grad" in line]
    names = [line.partition(" = ")[2].partition("(")[0] for line in gradients]
    assert names == ["relu_x_grad", "max_pool2d_x_grad"]  # flattening shares memory, so nothing is written over it


def without_pooling(first: Any, second: Any, images: Any, labels: Any) -> Any:
    return (F.cross_entropy(second(F.avg_pool2d(F.relu(first(images)), 2).flatten(1)), labels),)


def test_a_convolution_that_only_relu_reads_is_written_over() -> None:
    assert "backend.relu_over(v1)" in program(without_pooling)


def relu_is_used_too(first: Any, second: Any, images: Any, labels: Any) -> Any:
    hidden = F.relu(first(images))
    pooled = F.max_pool2d(hidden, 2) + F.avg_pool2d(hidden, 2)
    return (F.cross_entropy(second(pooled.flatten(1)), labels),)


def relu_is_returned(first: Any, second: Any, images: Any, labels: Any) -> Any:
    hidden = F.relu(first(images))
    return F.cross_entropy(second(F.max_pool2d(hidden, 2).flatten(1)), labels), hidden.detach().clone()


def taps_are_returned(first: Any, second: Any, images: Any, labels: Any) -> Any:
    pooled, where = F.max_pool2d(F.relu(first(images)), 2, return_indices=True)
    return F.cross_entropy(second(pooled.flatten(1)), labels), where


@pytest.mark.parametrize("forward", [relu_is_used_too, relu_is_returned, taps_are_returned])
def test_relu_stays_before_pooling_where_others_look(forward: Any) -> None:
    assert "v3_" not in program(forward)


@pytest.mark.parametrize("size", [100, 9000])
def test_relu_gives_no_negative_zero(size: int) -> None:
    """So that the maximum of a window's relus is the relu of its maximum, whichever zero comes first."""
    with tg.backend.cpu_kernels("numba"):
        found = tg.full((size,), -0.0).relu().numpy()
    assert not np.signbit(found).any()


def test_windows_without_a_positive_number_and_with_nan_pass_the_same_gradients() -> None:
    values = np.random.default_rng(0).integers(-3, 3, IMAGES.shape).astype("float32")
    values[0, 0, :8] = -1.0
    values[1, 1, ::3] = np.nan
    values[2] *= -0.0
    images = tg.tensor(values)

    def run(compiled: Any) -> Any:
        shift = tg.zeros(1, requires_grad=True)

        @compiled
        def step(x: Any) -> Any:
            x.grad, shift.grad = None, None
            pooled = F.max_pool2d(F.relu(x + shift), 3, 2)
            (pooled * pooled.detach()).sum().backward()
            return pooled

        return [(bits(step(images)), bits(shift.grad)) for _ in range(4)]

    with tg.backend.cpu_kernels("numba"):
        source = str(same_both_ways(run).programs[0])
    assert "relu_over" in source


def looked_at(first: Any, second: Any, images: Any, labels: Any) -> Any:
    before = first(images)
    loss = F.cross_entropy(second(F.max_pool2d(F.relu(before), 2).flatten(1)), labels)
    return loss, before.detach().clone()


def used_twice(first: Any, second: Any, images: Any, labels: Any) -> Any:
    before = first(images)
    return (F.cross_entropy(second(F.max_pool2d(F.relu(before) * before, 2).flatten(1)), labels),)


@pytest.mark.parametrize("forward", [looked_at, used_twice])
def test_what_others_read_is_not(forward: Any) -> None:
    assert "relu_over" not in program(forward)


def from_outside(first: Any, second: Any, images: Any, labels: Any) -> Any:
    return (F.cross_entropy(second(F.relu(first.weight.sum() * images[:, :2]).flatten(1)), labels),)


def test_a_product_may_share_memory_so_it_is_not() -> None:
    assert "relu_over" not in program(from_outside)
    assert IMAGES.shape == (4, 3, 16, 16)
