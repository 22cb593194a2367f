"""`x.grad = value`: only a tensor that matches."""

from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.errors import DtypeError, GraphError, ShapeError


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (1.0, TypeError, "grad: expected a tensor or None; got float"),
        (tg.ones(3), ShapeError, r"grad: the gradient of a tensor of shape \(2,\) must have the same; got \(3,\)"),
        (tg.ones(2, dtype=tg.float64), DtypeError, "grad: the gradient of a tensor of dtype float32 must have the"),
    ],
)
def test_what_does_not_match_is_refused(value: Any, kind: type[Exception], message: str) -> None:
    x = tg.ones(2, requires_grad=True)
    with pytest.raises(kind, match=message):
        x.grad = value
    assert x.grad is None


def test_a_tensor_is_not_its_own_gradient() -> None:
    x = tg.ones(2)
    with pytest.raises(GraphError, match="can't be its own gradient"):
        x.grad = x


def test_what_matches_is_kept_and_added_to() -> None:
    x = tg.ones(2, requires_grad=True)
    x.grad = given = tg.ones(2)
    assert x.grad is given
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3, 3]
    x.grad = None
    assert x.grad is None
    x.grad = given
    del x.grad
    assert x.grad is None
