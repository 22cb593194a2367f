"""`out=`: the result in a tensor that exists already, and what is refused."""

from typing import Any

import pytest

import tinygrad_cnn as tg

CALLS: list[tuple[Any, tuple[Any, ...]]] = [
    (tg.add, (tg.ones(2, 3), 1)),
    (tg.matmul, (tg.ones(2, 3), tg.ones(3, 2))),
    (tg.cat, ([tg.ones(2), tg.zeros(1)],)),
    (tg.where, (tg.tensor([True, False]), tg.ones(2), tg.zeros(2))),
    (tg.arange, (5.0,)),
    (tg.zeros, (2, 3)),
    (tg.linalg.solve, (tg.eye(2), tg.ones(2))),
]


@pytest.mark.parametrize(("function", "args"), CALLS, ids=[f.__name__ for f, _ in CALLS])
def test_the_result_is_kept_in_out(function: Any, args: tuple[Any, ...]) -> None:
    expected = function(*args)
    empty = tg.empty(0)
    assert function(*args, out=empty) is empty
    assert empty.equal(expected)

    base = tg.zeros(expected.numel() + 2)
    view = base[1:-1].view(expected.shape)
    function(*args, out=view)
    assert base[1:-1].equal(expected.reshape(-1)), "a view is written to where it lies"
    assert base[0] == base[-1] == 0


def test_a_wider_dtype_takes_the_result() -> None:
    assert tg.add(tg.tensor([1, 2]), 1, out=tg.empty(2)).tolist() == [2.0, 3.0]
    with pytest.raises(RuntimeError, match=r"add: a result of dtype float32 can't be kept in out= of dtype int64"):
        tg.add(tg.ones(2), 1, out=tg.empty(2, dtype=tg.int64))


def test_several_results() -> None:
    values, indices = tg.empty(0), tg.empty(0, dtype=tg.int64)
    found = tg.max(tg.tensor([[1.0, 3.0], [4.0, 2.0]]), 1, out=(values, indices))
    assert found.values is values
    assert (values.tolist(), indices.tolist()) == ([3.0, 4.0], [1, 0])
    with pytest.raises(TypeError, match="max: out must be 2 tensors; got 1 values"):
        tg.max(tg.ones(2, 2), 1, out=(values,))


def test_what_it_would_lose_is_said() -> None:
    x, kept = tg.ones(2, requires_grad=True), tg.empty(2)
    with pytest.raises(RuntimeError, match=r"mul: a result that is kept in out= has no gradient"):
        tg.mul(x, 2, out=kept)
    with tg.no_grad():
        assert tg.mul(x, 2, out=kept).tolist() == [2.0, 2.0]
    with pytest.warns(UserWarning, match=r"mul: out of shape \(3,\) is resized to \(2,\), and loses its values"):
        tg.mul(tg.ones(2), 2, out=tg.ones(3))
    with pytest.raises(TypeError, match="mul: out must be a tensor; got 2 values"):
        tg.mul(tg.ones(2), 2, out=[0.0, 0.0])


def test_a_write_counts_for_the_graph() -> None:
    x, y = tg.ones(2, requires_grad=True), tg.ones(2)
    product = x * y
    tg.add(y, 1, out=y)
    with pytest.raises(RuntimeError, match=r"mul needs its input y .* but add\(out=\) changed it in place"):
        product.sum().backward()
