"""`out=`: the result in a tensor that exists already, and what is refused."""

from typing import Any

import numpy as np
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


def test_out_may_be_an_argument_or_share_nothing_with_one() -> None:
    x = tg.arange(4.0)
    assert tg.add(x, 1, out=x) is x
    with pytest.raises(RuntimeError, match="add: out shares memory with an argument"):
        tg.add(x[:3], 1, out=x[1:])
    for call in (
        lambda: tg.cat([x, x], out=x),
        lambda: tg.take(x, tg.tensor([0, 1, 2, 3]), out=x),
        lambda: tg.masked_select(x, x > 2, out=x),
    ):
        with pytest.raises(RuntimeError, match="out shares memory with an argument"):
            call()
    with pytest.raises(RuntimeError, match="add: one element of out stands for several"):
        tg.add(x, 1, out=tg.Tensor.from_array(np.lib.stride_tricks.as_strided(np.zeros(1), (4,), (0,))))


def test_what_picks_values_keeps_their_dtype() -> None:
    with pytest.raises(RuntimeError, match=r"take: a result of dtype float32 can't be kept in out= of dtype float64"):
        tg.take(tg.ones(2), tg.tensor([0]), out=tg.empty(0, dtype=tg.float64))


def test_arange_counts_in_the_dtype_of_out() -> None:
    assert tg.arange(0, 2, 0.5, out=tg.empty(0, dtype=tg.float64)).tolist() == [0, 0.5, 1, 1.5]
    with pytest.raises(ValueError, match=r"arange: a step of 0.5 is 0 in int64"):
        tg.arange(0, 64, 0.5, out=tg.empty(0, dtype=tg.int64))
