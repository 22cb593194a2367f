"""Writing parts: scatter, assignments by index, joining with nothing."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.errors import DtypeError, ShapeError


def test_one_hot() -> None:
    labels = tg.tensor([2, 0])
    x = tg.zeros(2, 3)
    assert x.scatter_(1, labels.unsqueeze(1), 1) is x
    assert x.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert tg.scatter(tg.zeros(2, 3), 1, labels.unsqueeze(1), value=2.0).tolist() == [[0, 0, 2], [2, 0, 0]]


def test_gradients_through_scatter() -> None:
    x, src = tg.ones(2, 3, requires_grad=True), tg.tensor([[5.0, 6.0], [7.0, 8.0]], requires_grad=True)
    y = x.scatter(1, tg.tensor([[0, 2], [1, 0]]), src)
    assert y.tolist() == [[5, 1, 6], [8, 7, 1]]
    (y * y).sum().backward()
    assert x.grad.tolist() == [[0, 2, 0], [0, 0, 2]]
    assert src.grad.tolist() == [[10, 12], [14, 16]]
    z = (x * 1).scatter_add_(0, tg.tensor([[0, 0]]), src)
    assert z.tolist() == [[6, 7, 1], [1, 1, 1]]


def test_what_scatter_refuses() -> None:
    x, index = tg.zeros(2, 3), tg.tensor([[0], [1]])
    with pytest.raises(DtypeError, match="scatter: this tensor has dtype float32, src int64"):
        x.scatter(1, index, index)
    with pytest.raises(ShapeError, match=r"scatter_: index \(2, 1\) is larger than src \(1, 1\)"):
        x.scatter_(1, index, tg.ones(1, 1))
    with pytest.raises(TypeError, match="scatter: src must be a tensor or a number; got NoneType"):
        x.scatter(1, index)
    with pytest.raises(IndexError, match="scatter_add_: index values from 0 to 1 are outside"):
        tg.zeros(2, 1).scatter_add_(1, index, tg.ones(2, 1))


def test_leading_dimensions_of_an_assigned_value_are_dropped() -> None:
    x, y = tg.zeros(2, 3, requires_grad=True), tg.tensor([[5.0]], requires_grad=True)
    z = x * 1
    z[0, 0] = y
    z[1] = tg.ones(1, 1, 3)
    z[[0], [1]] = tg.ones(1, 1, 1)
    assert z.tolist() == [[5, 1, 0], [1, 1, 1]]
    (z * z).sum().backward()
    assert y.grad.tolist() == [[10]]
    assert x.grad.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_cat_leaves_empty_vectors_out() -> None:
    every = tg.tensor([])
    for batch in (tg.ones(2, 3), tg.zeros(1, 3)):
        every = tg.cat([every, batch])
    assert every.shape == (3, 3)
    joined = tg.cat([tg.tensor([]), tg.tensor([1, 2])])
    assert (joined.dtype, joined.tolist()) == ("float32", [1, 2])
    assert tg.cat([tg.tensor([]), tg.tensor([])]).shape == (0,)
    assert tg.cat([tg.tensor([]), tg.ones(1, 2)], dim=1).shape == (1, 2)
    with pytest.raises(ShapeError, match=r"tensor 0 has shape \(0, 2\), tensor 1 \(1, 3\)"):
        tg.cat([tg.ones(0, 2), tg.ones(1, 3)])


def test_split_into_many_pieces() -> None:
    assert [piece.tolist() for piece in tg.arange(5).split([2, 0, 3])] == [[0, 1], [], [2, 3, 4]]
    assert len(tg.arange(3000).split(1)) == 3000
