"""Results that are written over what they were computed from, and those that must not be."""

from typing import Any

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


def test_a_convolution_that_only_relu_reads_is_written_over() -> None:
    source = program(plain)
    assert "backend.relu_over(v1)" in source
    assert source.count("relu_grad_over") == 1


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
