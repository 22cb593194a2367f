"""Compiled layer and group normalisation against the reference in float64, to 1e-5 of the largest value."""

import numpy as np
import pytest

from tests.backend.test_kernels import numbers, reference
from tinygrad_cnn.backend import Backend

pytest.importorskip("numba")

from tests.backend.test_numba_kernels import close, images, wide
from tinygrad_cnn.backend.numba import normalization_methods


@pytest.fixture(autouse=True)
def _small_arrays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalization_methods, "FEW", 1)
    monkeypatch.setattr(normalization_methods, "SMALL", 1)


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("shape", [(5, 3), (1, 64), (40, 700), (3, 5, 2500), (2, 6, 5, 7), (300, 129), (1, 1)])
@pytest.mark.parametrize("order", ["channels last", "channels first", "strided"])
@pytest.mark.parametrize("weighted", [True, False])
def test_layer_norm(numba: Backend, shape: tuple[int, ...], order: str, weighted: bool) -> None:
    x, g = 3 * images(*shape, order=order) + 10, images(*shape, order=order, seed=1)
    w, b = (images(1, shape[-1], seed=2)[0], images(1, shape[-1], seed=3)[0]) if weighted else (None, None)
    exact_w, exact_b = (None, None) if w is None else wide(w, b)
    found = numba.layer_norm(x, w, b, 1e-2)
    exact = reference.layer_norm(x.astype("float64"), exact_w, exact_b, 1e-2)
    for ours, theirs in zip(found, exact, strict=True):
        close(ours, theirs, 1e-5)
    found = numba.layer_norm_input_grad(g, x, w, *found[1:])
    exact = reference.layer_norm_input_grad(*wide(g, x), exact_w, *exact[1:])
    for ours, theirs in zip(found, exact, strict=True):
        close(ours, theirs, 1e-5)


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize(
    ("shape", "groups"),
    [
        ((2, 6, 5, 7), 3),
        ((3, 64, 16, 16), 8),
        ((1, 32, 40, 41), 32),
        ((2, 128, 13, 13), 1),
        ((4, 20, 9), 5),
        ((5, 8), 2),
    ],
)
@pytest.mark.parametrize("order", ["channels last", "channels first", "strided"])
@pytest.mark.parametrize("weighted", [True, False])
def test_group_norm(numba: Backend, shape: tuple[int, ...], groups: int, order: str, weighted: bool) -> None:
    x, g = 3 * images(*shape, order=order) + 10, images(*shape, order=order, seed=1)
    w, b = (images(1, shape[1], seed=2)[0], images(1, shape[1], seed=3)[0]) if weighted else (None, None)
    exact_w, exact_b = (None, None) if w is None else wide(w, b)
    found = numba.group_norm(x, w, b, groups, 1e-2)
    exact = reference.group_norm(x.astype("float64"), exact_w, exact_b, groups, 1e-2)
    for ours, theirs in zip(found, exact, strict=True):
        close(ours, theirs, 1e-5)
    found = numba.group_norm_input_grad(g, x, w, *found[1:])
    exact = reference.group_norm_input_grad(*wide(g, x), exact_w, *exact[1:])
    for ours, theirs in zip(found, exact, strict=True):
        close(ours, theirs, 1e-5)


def test_layer_norm_of_other_dtypes_is_the_reference(numba: Backend) -> None:
    x, g = numbers(30, 40), numbers(30, 40, seed=1)
    found, expected = numba.layer_norm(x, None, None, 0.1), reference.layer_norm(x, None, None, 0.1)
    gradients = numba.layer_norm_input_grad(g, x, None, *found[1:])
    expected += reference.layer_norm_input_grad(g, x, None, *expected[1:])
    for ours, theirs in zip(found + gradients, expected, strict=True):
        assert ours.dtype == "float64"
        np.testing.assert_array_equal(ours, theirs)


def test_rows_that_are_not_finite_stay_among_themselves(numba: Backend) -> None:
    x = images(3, 400)
    x[1, 7] = np.nan
    x[2, 9] = np.inf
    out = numba.layer_norm(x, None, None, 1e-5)[0]
    assert np.isfinite(out[0]).all()
    assert np.isnan(out[1:]).all()


def test_a_long_row_far_from_zero_keeps_its_variance(numba: Backend) -> None:
    x = images(2, 300_000, order="channels first") + np.float32(1000)
    found, exact = numba.layer_norm(x, None, None, 0.0), reference.layer_norm(x.astype("float64"), None, None, 0.0)
    np.testing.assert_allclose(found[1], exact[1], rtol=1e-6)
    np.testing.assert_allclose(found[2], exact[2], rtol=1e-5)
    close(found[0], exact[0], 1e-3)  # the mean itself is rounded to float32
