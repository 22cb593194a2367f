"""Lists of mixed values, sorting and scattering, as PyTorch does it."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.against_torch.agreement import agree, normal

torch = pytest.importorskip("torch")

LISTS: list[Any] = [
    lambda lib: [lib.tensor(1.0), 3.0],
    lambda lib: [lib.tensor(1.0, dtype=lib.float64), 3.0],
    lambda lib: [lib.tensor(1), 2.0],
    lambda lib: [[lib.tensor(1, dtype=lib.int32)], [np.int8(2)]],
    lambda _: [np.float32(1), 2.0],
    lambda _: [np.float64(1), 2.0],
    lambda _: [np.float64(1), np.float64(1)],
    lambda _: [np.float16(1), 2],
    lambda _: [np.int32(1), 2],
    lambda _: [np.float16(1), 2.0],
    lambda _: [np.bool_(True), False],
    lambda _: [True, 2],
    lambda _: [1, 2.5, True],
    lambda _: [],
    lambda _: [[], []],
    lambda _: [np.ones(2), [1.0, 2.0]],
    lambda _: [np.ones(2, np.int32), [True, False]],
    lambda _: (1.0, (2,))[0],
    lambda lib: [lib.ones(2, dtype=lib.float64), [1.0, 2.0]] if lib is tg else [np.ones(2), [1.0, 2.0]],
]


@pytest.mark.filterwarnings("ignore:Creating a tensor from a list")
@pytest.mark.parametrize("make", LISTS)
def test_dtypes_of_lists(make: Any) -> None:
    ours, theirs = tg.tensor(make(tg)), torch.tensor(make(torch))
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    assert ours.tolist() == theirs.tolist()


@pytest.mark.filterwarnings("ignore:Creating a tensor from a list")
def test_equal_arrays_keep_their_dtype() -> None:
    for dtype in ("float16", "float64", "uint8"):
        assert tg.tensor([np.ones(2, dtype), np.ones(2, dtype)]).dtype == dtype


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_sort(dim: int, descending: bool) -> None:
    agree(lambda lib, F, x: tuple(lib.sort(x, dim=dim, descending=descending)), normal(4, 3))
    agree(lambda lib, F, x: x.argsort(dim=dim, descending=descending, stable=True), normal(4, 3).round(), order=0)
    agree(lambda lib, F, x: tuple(x.topk(2, dim=dim, largest=descending)), normal(4, 3))


def test_sort_puts_nan_last() -> None:
    x = np.array([2.0, np.nan, 1.0])
    agree(lambda lib, F, x: (*x.sort(), *x.sort(descending=True)), x, order=0)


def test_unique_and_nonzero() -> None:
    x = normal(4, 3).round()
    agree(lambda lib, F, x: x.unique(return_inverse=True, return_counts=True), x, order=0)
    agree(lambda lib, F, x: (x.nonzero(), *x.nonzero(as_tuple=True)), x, order=0)


def test_scatter() -> None:
    index = np.array([[0, 2], [1, 0]])
    agree(lambda lib, F, x, y: x.scatter(1, lib.tensor(index), y), normal(2, 3), normal(2, 2, seed=1))
    agree(lambda lib, F, x, y: x.scatter(0, lib.tensor(index[:1, :1]), y), normal(2, 3), normal(1, 1, seed=1))
    agree(lambda lib, F, x: (x * x).scatter_(1, lib.tensor(index), 2.5), normal(2, 3))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 8, 13])
@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_products(n: int, zeros: int) -> None:
    x = normal(2, n)
    x[0, :zeros] = 0
    agree(lambda lib, F, x: (x.prod(1), x.prod(0), x.prod()), x)


def test_assigning_a_value_with_more_dimensions() -> None:
    def f(lib: Any, F: Any, x: Any, y: Any) -> Any:
        z = x * 2
        z[0, 0] = y
        z[1] = y.reshape(1, 1, 1) * lib.ones(1, 1, 3)
        return z * z

    agree(f, normal(2, 3), normal(1, 1, seed=1))
