"""Orders, top values, different values."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.errors import ShapeError

X = tg.tensor([[3.0, 1.0, 2.0], [1.0, 1.0, 5.0]])


def test_sort() -> None:
    values, indices = X.sort()
    assert (values.tolist(), indices.tolist()) == ([[1, 2, 3], [1, 1, 5]], [[1, 2, 0], [0, 1, 2]])
    values, indices = tg.sort(X, dim=1, descending=True)
    assert (values.tolist(), indices.tolist()) == ([[3, 2, 1], [5, 1, 1]], [[0, 2, 1], [2, 0, 1]])
    assert X.argsort(0).tolist() == [[1, 0, 0], [0, 1, 1]]
    assert tg.tensor([3, 1], dtype=tg.uint8).sort(descending=True).values.tolist() == [3, 1]
    assert tg.tensor(2.0).sort().indices.item() == 0


def test_gradients_go_back_to_where_the_values_were() -> None:
    x = X.clone().requires_grad_()
    (x.sort().values * tg.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [[100, 1, 10], [1, 10, 100]]


def test_topk() -> None:
    values, indices = X.topk(2)
    assert (values.tolist(), indices.tolist()) == ([[3, 2], [5, 1]], [[0, 2], [2, 0]])
    assert tg.topk(X, 1, dim=0, largest=False).values.tolist() == [[1, 1, 2]]
    with pytest.raises(ShapeError, match=r"topk: k must lie in \[0, 3\], the size of dim -1; got 4"):
        X.topk(4)


def test_unique() -> None:
    assert X.unique().tolist() == [1, 2, 3, 5]
    values, inverse, counts = tg.unique(X, return_inverse=True, return_counts=True)
    assert values[inverse].tolist() == X.tolist()
    assert counts.tolist() == [3, 1, 1, 1]


def test_nonzero() -> None:
    x = tg.tensor([[0, 2], [3, 0]])
    assert x.nonzero().tolist() == tg.nonzero(x).tolist() == [[0, 1], [1, 0]]
    assert [part.tolist() for part in x.nonzero(as_tuple=True)] == [[0, 1], [1, 0]]
    assert [tg.tensor(n).nonzero().shape for n in (0, 3)] == [(0, 0), (1, 0)]
