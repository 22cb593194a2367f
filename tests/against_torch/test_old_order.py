"""Factors before the tensors, as old programs have them, beside PyTorch, which still takes them so."""

import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg

torch = pytest.importorskip("torch")

CALLS = (
    "x.add(2, y)",
    "x.add_(2, y)",
    "x.add(torch.tensor(2.0), y)",
    "torch.add(x, 2, y)",
    "x.sub(2, y)",
    "x.sub_(0.5, y)",
    "torch.sub(x, 2, y)",
    "x.addcmul(2, y, z)",
    "x.addcmul_(1 - 0.9, y, z)",
    "torch.addcmul(x, 2, y, z)",
    "x.addcdiv(2, y, z)",
    "x.addcdiv_(-0.1, y, z)",
    "torch.addcdiv(x, 2, y, z)",
    "x.mul_(0.9).add_(1 - 0.9, y)",
    *(
        call
        for name, term, a, b in (
            ("addmm", "m", "p", "q"),
            ("addmv", "x", "p", "y"),
            ("addr", "m", "x", "y"),
            ("baddbmm", "s", "t", "u"),
            ("addbmm", "m", "t", "u"),
        )
        for call in (
            f"{term}.{name}(2, {a}, {b})",
            f"{term}.{name}(2, 3, {a}, {b})",
            f"torch.{name}(2, {term}, {a}, {b})",
            f"torch.{name}(2, {term}, 3, {a}, {b})",
        )
    ),
    "m.addmm_(2, 3, p, q)",
    "s.baddbmm_(2, 3, t, u)",
)


def values(library: Any) -> dict[str, Any]:
    matrices = {name: library.arange(4.0).reshape(2, 2) + i for i, name in enumerate("mpq")}
    stacks = {name: library.arange(8.0).reshape(2, 2, 2) + i for i, name in enumerate("stu")}
    vectors = {name: library.tensor([1.0 + i, 2.0 - 3 * i]) for i, name in enumerate("xyz")}
    return {"torch": library, **matrices, **stacks, **vectors}


@pytest.mark.parametrize("call", CALLS)
def test_as_in_torch(call: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, that the order is old
        theirs = eval(call, values(torch))
    ours = eval(call, values(tg))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5)


@pytest.mark.parametrize("call", ["x.add(y, z)", "x.add(2, 3, y)", "x.addcmul(y, y, z)", "m.addmm(1, 2, 3, p, q)"])
def test_no_factor_is_refused_as_in_torch(call: str) -> None:
    for library in (torch, tg):
        with pytest.raises(TypeError):
            eval(call, values(library))


def test_gradients_pass() -> None:
    x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    tg.add(x, 3, y).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([1, 1], [3, 3])
