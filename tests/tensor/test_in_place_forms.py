"""Assignments with an operator, clamping, division by zero, shapes changed in place."""

import operator
from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.errors import DtypeError, GraphError

FORMS = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor"]


@pytest.mark.parametrize("name", FORMS)
def test_assignment_with_an_operator_writes_in_place(name: str) -> None:
    plain, f = getattr(operator, name), getattr(operator, "i" + name.rstrip("_"))
    x = tg.tensor([7, 5]) if name in FORMS[-3:] else tg.tensor([7.0, 5.0])
    y, seen, expected = x, x.view(2), plain(x, 3)
    x = f(x, 3)
    assert x is y
    assert x.tolist() == seen.tolist() == expected.tolist()


@pytest.mark.parametrize(("f", "slope"), [(operator.ipow, [12, 27]), (operator.imod, [1, 1])])
def test_gradients_through_them(f: Callable[[Any, Any], Any], slope: list[float]) -> None:
    x = tg.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    y = f(y, 3)
    y.sum().backward()
    assert x.grad.tolist() == slope


def test_what_in_place_forms_refuse() -> None:
    with pytest.raises(DtypeError, match="integers to the negative power -1 are fractions"):
        tg.tensor([2]).pow_(-1)
    with pytest.raises(
        DtypeError, match="bitwise_and_: a result of dtype int64 can't be kept in a tensor of dtype bool"
    ):
        tg.tensor([True]).bitwise_and_(tg.tensor([1]))
    leaf = tg.ones(2, requires_grad=True)
    with pytest.raises(GraphError, match="pow_: this tensor of shape"):
        leaf **= 2


def test_clamp_between_tensors() -> None:
    x = tg.tensor([1.0, 5.0, 9.0])
    assert x.clamp_(min=tg.tensor([2.0, 0.0, 0.0])) is x
    assert x.tolist() == [2, 5, 9]
    assert x.clamp_(tg.tensor(3.0), 6).tolist() == [3, 5, 6]
    assert x.clamp_(max=tg.tensor([4.0])).tolist() == [3, 4, 4]


@pytest.mark.parametrize(
    "f",
    [
        lambda x, zero: x // zero,
        lambda x, zero: x % zero,
        lambda x, zero: 7 // zero if isinstance(zero, tg.Tensor) else x // zero,
        lambda x, zero: 7 % zero if isinstance(zero, tg.Tensor) else x % zero,
        lambda x, zero: x.div(zero, rounding_mode="floor"),
        lambda x, zero: x.div(zero, rounding_mode="trunc"),
        lambda x, zero: x.floor_divide_(zero),
        lambda x, zero: x.remainder_(zero),
    ],
)
@pytest.mark.parametrize("zero", [0, tg.tensor([1, 0])])
def test_integers_divided_by_zero(f: Callable[[Any, Any], Any], zero: Any) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        f(tg.tensor([4, 5]), zero)


def test_floats_divided_by_zero() -> None:
    assert (tg.tensor([1.0]) // 0).tolist() == [float("inf")]
    assert (tg.tensor([1]) // 0.0).tolist() == [float("inf")]
    assert (tg.tensor([1.0]) % 0).isnan().all()
    assert (tg.tensor([4, 5]) // 2).tolist() == [2, 2]


def test_shapes_changed_in_place() -> None:
    x = tg.arange(3.0)
    assert x.unsqueeze_(0) is x
    assert x.shape == (1, 3)
    assert x.unsqueeze_(-1).squeeze_().shape == (3,)
    x += 1
    assert x.tolist() == [1, 2, 3]

    base = tg.zeros(2, 3, requires_grad=True)
    y = base * 2
    row = y[0].unsqueeze_(0)
    row += tg.ones(1, 3, requires_grad=True)
    assert y.tolist() == [[1, 1, 1], [0, 0, 0]]
    (y * y).sum().backward()
    assert base.grad.tolist() == [[4, 4, 4], [0, 0, 0]]

    z = (base * 3).unsqueeze_(1)
    z.sum().backward()
    assert base.grad.tolist() == [[7, 7, 7], [3, 3, 3]]


def test_leaves_and_shapes_changed_in_place() -> None:
    leaf = tg.ones(2, requires_grad=True)
    with pytest.raises(GraphError, match="is a leaf that requires grad"):
        leaf.unsqueeze_(0)
    with tg.no_grad():
        leaf.unsqueeze_(0)
    (leaf * 2).sum().backward()
    assert leaf.grad.tolist() == [[2, 2]]
    seen = leaf * 2
    part = seen[0]
    with pytest.raises(GraphError, match="unsqueeze_: views of this tensor of shape"):
        seen.unsqueeze_(0)
    assert part.shape == (2,)
