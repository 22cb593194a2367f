"""Compiled matrix products against float64: errors stay below 2⁻²⁴ · √k · |a| |b| in the mean, as those of BLAS do."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

from tinygrad_cnn import get_num_threads, set_num_threads
from tinygrad_cnn.backend import _cpu_backends, cpu
from tinygrad_cnn.backend.numba import compile, product_methods

numba = _cpu_backends["numba"]


@pytest.fixture(autouse=True)
def _small_products_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels run for tiny matrices as well."""
    monkeypatch.setattr(product_methods, "FEW", 0)
    monkeypatch.setattr(product_methods, "NARROW", 1)


def matrix(rows: int, columns: int, layout: str, seed: int = 0) -> Any:
    values = np.random.default_rng(seed).standard_normal((rows, columns)).astype("float32")
    if layout == "turned":
        return np.ascontiguousarray(values.T).T
    return np.repeat(values, 2, axis=1)[:, ::2] if layout == "strided" else values


def check(found: Any, a: Any, b: Any, bias: Any = None) -> None:
    wide = a.astype("float64"), b.astype("float64")
    exact = wide[0] @ wide[1] + (0 if bias is None else bias)
    sizes = np.linalg.norm(wide[0], axis=-1)[..., None] * np.linalg.norm(wide[1], axis=0) + 1
    assert found.dtype == "float32"
    assert found.shape == exact.shape
    assert (np.abs(found - exact) <= 4e-7 * sizes).all()


LAYOUTS = st.sampled_from(["plain", "turned", "strided"])
SIZES = st.one_of(st.integers(1, 40), st.sampled_from([63, 64, 65, 130, 193]))


@settings(max_examples=80)
@given(m=SIZES, n=SIZES, k=SIZES, left=LAYOUTS, right=LAYOUTS)
@example(m=1, n=1, k=1, left="plain", right="plain")
@example(m=7, n=9, k=3000, left="plain", right="turned")  # several blocks of what is summed
@example(m=7, n=9, k=3000, left="turned", right="plain")
@example(m=400, n=200, k=20, left="plain", right="plain")  # several tasks
@example(m=400, n=50, k=20, left="plain", right="turned")
@example(m=200, n=70, k=700, left="turned", right="turned")
@example(m=31, n=70, k=1100, left="plain", right="turned")
@example(m=40, n=70, k=600, left="plain", right="turned")  # brought into another order, block by block
def test_products(m: int, n: int, k: int, left: str, right: str) -> None:
    a, b = matrix(m, k, left), matrix(k, n, right, 1)
    bias = matrix(1, n, "plain", 2)[0]
    check(numba.matmul(a, b), a, b)
    check(numba.linear(a, b.T, None), a, b)
    check(numba.linear(a, b.T, bias), a, b, bias)
    check(numba.linear(a, b.T, bias[::-1]), a, b, bias[::-1])


def test_rows_of_many_dimensions() -> None:
    x, w = matrix(24, 30, "plain").reshape(2, 3, 4, 30), matrix(20, 30, "plain", 1)
    check(numba.linear(x, w, None), x, w.T)
    check(numba.matmul(x, w.T), x, w.T)
    moved = np.moveaxis(x, 0, 2)
    check(numba.linear(moved, w, None), moved, w.T)


@pytest.mark.parametrize(
    ("x", "y"),
    [((3, 2, 4), (3, 4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((0, 4), (4, 5)), ((3, 0), (0, 5)), ((3, 4), (4, 0))],
)
def test_other_shapes_go_to_numpy(x: tuple[int, ...], y: tuple[int, ...]) -> None:
    a, b = np.ones(x, dtype="float32"), np.ones(y, dtype="float32")
    np.testing.assert_array_equal(numba.matmul(a, b), cpu.matmul(a, b))


def test_shapes_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(ValueError, match="mismatch"):
        numba.matmul(matrix(3, 4, "plain"), matrix(5, 6, "plain"))
    with pytest.raises(ValueError, match="mismatch"):
        numba.linear(matrix(3, 4, "plain"), matrix(5, 6, "plain"), None)
    with pytest.raises(ValueError, match="broadcast"):
        numba.linear(matrix(3, 4, "plain"), matrix(6, 4, "plain"), matrix(1, 5, "plain")[0])


def test_float64_stays_float64() -> None:
    a, b = matrix(9, 9, "plain").astype("float64"), matrix(9, 9, "plain", 1).astype("float64")
    np.testing.assert_array_equal(numba.matmul(a, b), a @ b)


def test_nan_and_infinity_stay_in_their_rows_and_columns() -> None:
    a, b = matrix(9, 70, "plain"), matrix(70, 11, "plain", 1)
    a[3, 5], b[7, 2] = np.nan, np.inf
    for right in (b, np.asfortranarray(b)):
        found = numba.matmul(a, right)
        expected = np.zeros((9, 11), dtype=bool)
        expected[3], expected[:, 2] = True, True
        np.testing.assert_array_equal(np.isfinite(found), ~expected)


def test_the_same_bits_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile, "LAUNCH", -1)
    a, b, w = matrix(400, 600, "plain"), matrix(600, 200, "plain", 1), matrix(200, 600, "plain", 2)
    before, found = get_num_threads(), []
    try:
        for threads in {1, before}:
            set_num_threads(threads)
            products = numba.matmul(a, b), numba.matmul(b.T, b), numba.linear(a, w, b[0])
            found.append([product.tobytes() for product in products])
    finally:
        set_num_threads(before)
    assert found[0] == found[-1]


@pytest.mark.parametrize("kernels", [numba, cpu])
@pytest.mark.parametrize("layout", ["plain", "turned"])
def test_infinities_that_cancel_are_no_warning(kernels: Any, layout: str) -> None:
    x, w, b = np.full((8, 4), np.inf, "float32"), np.abs(matrix(4, 4, layout)), np.full(4, -np.inf, "float32")
    assert np.isnan(kernels.linear(x, w, b)).all()
    assert np.isnan(kernels.matmul(np.concatenate([x, -x], axis=1), np.concatenate([w, w]))).all()
