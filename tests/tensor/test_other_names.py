"""Second names of methods, and switches that programs set without effect."""

import pytest

import tinygrad_cnn as tg

PAIRS = {"divide": "div", "true_divide": "div", "multiply": "mul", "subtract": "sub", "greater": "gt", "less": "lt"}
PAIRS |= {"greater_equal": "ge", "less_equal": "le", "not_equal": "ne"}


@pytest.mark.parametrize(("name", "known"), PAIRS.items())
def test_pairs(name: str, known: str) -> None:
    x, y = tg.tensor([1.0, -2.0, 3.0]), tg.tensor([2.0, -2.0, 1.0])
    assert getattr(x, name)(y).tolist() == getattr(tg, name)(x, y).tolist() == getattr(x, known)(y).tolist()
    assert getattr(x.clone(), f"{name}_")(y).tolist() == getattr(x, known)(y).tolist()


@pytest.mark.parametrize(("name", "known"), [("absolute", "abs"), ("negative", "neg"), ("arctan", "atan")])
def test_single(name: str, known: str) -> None:
    x = tg.tensor([1.0, -2.0])
    assert getattr(x, name)().tolist() == getattr(x.clone(), f"{name}_")().tolist() == getattr(x, known)().tolist()


def test_switches() -> None:
    before = tg.backends.cudnn.benchmark
    tg.backends.cudnn.benchmark = True
    assert tg.backends.cudnn.benchmark
    tg.backends.cudnn.benchmark = before
    assert tg.backends.cudnn.enabled
    assert not tg.backends.cudnn.is_available()
    assert not tg.backends.mps.is_built()
    assert tg.backends.cudnn.version() is None
