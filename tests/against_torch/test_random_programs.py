"""Random programs of views and writes: values and gradients are PyTorch's, whatever looks into whose memory."""

from random import Random
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.against_torch.agreement import normal

torch = pytest.importorskip("torch")

VIEWS = [
    lambda t: t[0] if t.ndim and t.shape[0] else t,
    lambda t: t[1:] if t.ndim and t.shape[0] > 1 else t,
    lambda t: t.transpose(0, -1) if t.ndim else t,
    lambda t: t[..., ::2] if t.ndim else t,
    lambda t: t.unsqueeze(0),
    lambda t: t.permute(*reversed(range(t.ndim))),
]
WRITES = [
    lambda t, c, other: t.mul_(c),
    lambda t, c, other: t.add_(c),
    lambda t, c, other: t.mul_(other.sum().tanh()),
    lambda t, c, other: t.sigmoid_(),
    lambda t, c, other: t.add_(other.sum().tanh() * c),
    lambda t, c, other: t.tanh_(),
]


def step(lib: Any, random: Random, tensors: list[Any], y: Any) -> None:
    """One statement of the program: a view, a write, a new tensor."""
    kind = random.choice(["view", "view", "write", "write", "row", "rows", "new", "detach", "copy", "fill", "no grad"])
    t, other = random.choice(tensors), random.choice(tensors)
    choice, odd, c = random.randrange(6), random.random() < 0.5, random.uniform(-2, 2)
    if kind == "view":
        tensors.append(VIEWS[choice](t))
    elif kind == "write":
        WRITES[choice](t, c, other)
    elif kind == "row" and t.ndim and t.shape[0]:
        t[0] = y.sum() * c if odd else c
    elif kind == "rows" and t.ndim and t.shape[0] > 1:
        t[lib.tensor([0, 1])] = (y * c).sum()
    elif kind == "new":
        tensors.append(t.tanh() * other.sum().tanh() if odd else t.sin() + 1)
    elif kind == "detach":
        tensors.append(t.detach())
    elif kind == "copy":
        t.copy_((y.sum() if odd else other.sum().detach()).expand(tuple(t.shape)))
    elif kind == "fill":
        t.fill_(c) if odd else t.zero_()
    elif kind == "no grad":
        with lib.no_grad():
            tensors.append(VIEWS[choice](t))


def run(lib: Any, seed: int) -> list[Any]:
    random = Random(seed)
    x, y = lib.tensor(normal(3, 4), requires_grad=True), lib.tensor(normal(4, seed=1), requires_grad=True)
    tensors = [x * 1.0, lib.tensor(normal(3, 3, seed=2))]
    for _ in range(random.randint(3, 9)):
        step(lib, random, tensors, y)
    loss = sum((t.tanh() * (i + 1)).sum() for i, t in enumerate(tensors)) + x.sum()
    gradients = lib.autograd.grad(loss, [x, y], materialize_grads=True, allow_unused=True)
    return [value.numpy(force=True) for value in (*tensors, *gradients)]


@pytest.mark.parametrize("block", range(8))
def test_random_programs(block: int) -> None:
    """Where PyTorch refuses (a view made under no_grad, a saved value changed) there is nothing to compare."""
    compared = 0
    for seed in range(100 * block, 100 * block + 100):
        try:
            expected = run(torch, seed)
        except RuntimeError:
            continue
        found = run(tg, seed)
        compared += 1
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9, err_msg=f"program {seed}")
    assert compared > 50
