"""Reductions, norms, extremes and softmax: values, dtypes, gradients, ties, zeros, empty tensors."""

from math import inf
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.against_torch.agreement import agree, normal

torch = pytest.importorskip("torch")

TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [-1.0, 0.0, 0.0]])
ZEROS = np.array([[0.0, 1.5, -2.0], [0.0, 0.0, 3.0], [2.0, -1.0, 0.5]])
DIMS: list[Any] = [0, -1, (0, 2), (1,), ()]


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin", "logsumexp"])
@pytest.mark.parametrize("dim", DIMS, ids=str)
@pytest.mark.parametrize("keepdim", [False, True])
def test_reductions(name: str, dim: Any, keepdim: bool) -> None:
    if name == "logsumexp" and dim == ():
        dim = (0, 1, 2)
    agree(lambda lib, _, x: getattr(lib, name)(x, dim, keepdim), normal(2, 3, 4))


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "amax", "amin", "norm", "std", "var"])
@pytest.mark.parametrize("shape", [(3, 4), (5,)])
def test_of_everything(name: str, shape: tuple[int, ...]) -> None:
    agree(lambda _, __, x: getattr(x, name)(), normal(*shape))


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "argmax", "argmin", "norm", "cumsum"])
def test_without_dimensions(name: str) -> None:
    """A tensor without dimensions may be reduced, over "its" dimension 0 too."""
    x = np.array(-1.5)
    if name != "cumsum":
        agree(lambda _, __, x: getattr(x, name)(), x)
    if name != "norm":
        agree(lambda _, __, x: getattr(x, name)(0), x)
        agree(lambda _, __, x: getattr(x, name)(-1), x)


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("options", [{}, {"unbiased": False}, {"keepdim": True}, {"unbiased": True}], ids=str)
@pytest.mark.parametrize("dim", [0, -1, (0, 1), None])
def test_spread(name: str, options: dict[str, Any], dim: Any) -> None:
    agree(lambda _, __, x: getattr(x, name)(dim, **options), normal(3, 4, 2))


@pytest.mark.parametrize("correction", [0, 1, 2, 0.5])
def test_correction(correction: float) -> None:
    agree(lambda _, __, x: x.var(1, correction=correction), normal(3, 4))
    agree(lambda _, __, x: x.std((0, 1), correction=correction), normal(3, 4))


@pytest.mark.parametrize("p", [2, 1, 3, 0.5, inf, -inf, 0, "fro", 2.5])
@pytest.mark.parametrize("dim", [None, 0, (0, 1)])
def test_norm(p: Any, dim: Any) -> None:
    agree(lambda _, __, x: x.norm(p, dim), normal(3, 4))


@pytest.mark.parametrize("name", ["amax", "amin"])
@pytest.mark.parametrize("dim", [0, 1, (0, 1)])
def test_ties_share_the_gradient(name: str, dim: Any) -> None:
    agree(lambda _, __, x: getattr(x, name)(dim), TIES, order=1)


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("keepdim", [False, True])
def test_extremes_along_a_dimension(name: str, keepdim: bool) -> None:
    """Values and positions; the first of equals gets the gradient."""
    for x in (TIES, normal(3, 4)):
        for dim in (0, -1):
            agree(lambda _, __, x, dim=dim: getattr(x, name)(dim, keepdim), x, order=0)
            agree(lambda _, __, x, dim=dim: getattr(x, name)(dim, keepdim)[0], x)


@pytest.mark.parametrize("name", ["max", "min", "maximum", "minimum"])
def test_larger_and_smaller_with_ties(name: str) -> None:
    agree(lambda lib, _, x, y: getattr(lib, name)(x, y), TIES, TIES[:, ::-1].copy())


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("dim", [None, 0, -1])
def test_positions(name: str, dim: Any) -> None:
    agree(lambda _, __, x: getattr(x, name)(dim), normal(3, 4), order=0)
    agree(lambda _, __, x: getattr(x, name)(dim, keepdim=True), normal(3, 4), order=0)


@pytest.mark.parametrize("dim", [None, 0, 1])
def test_products_with_zeros(dim: Any) -> None:
    arguments = () if dim is None else (dim,)
    for x in (ZEROS, normal(3, 4), np.ones((3, 0))):
        agree(lambda _, __, x: x.prod(*arguments), x)


def test_keeping_the_dimension_of_a_product() -> None:
    agree(lambda _, __, x: x.prod(1, keepdim=True), ZEROS)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_running_sums(dim: int) -> None:
    agree(lambda _, __, x: x.cumsum(dim), normal(3, 4))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float16", "float32"])
@pytest.mark.parametrize("name", ["sum", "prod", "max", "any", "all", "cumsum"])
def test_dtypes(name: str, dtype: str) -> None:
    x = np.array([[0, 1, 2], [1, 1, 1]]).astype(dtype)
    if dtype == "uint8" and name in ("any", "all"):
        x = x.astype("int8")  # for uint8 alone PyTorch answers in uint8
    arguments = (0,) if name == "cumsum" else ()
    agree(lambda _, __, x: getattr(x, name)(*arguments), x, order=0)


def test_an_asked_for_dtype() -> None:
    x = np.array([1, 2, 4])
    agree(lambda lib, _, x: x.sum(dtype=lib.float32), x)
    agree(lambda lib, _, x: x.mean(dtype=lib.float64), x)
    agree(lambda lib, _, x: x.softmax(0, dtype=lib.float32), x, rtol=1e-6)


@pytest.mark.parametrize("name", ["any", "all"])
@pytest.mark.parametrize("dim", [0, 1])
def test_any_and_all(name: str, dim: int) -> None:
    agree(lambda _, __, x: getattr(x, name)(dim), ZEROS, order=0)
    agree(lambda _, __, x: getattr(x, name)(dim, keepdim=True), ZEROS, order=0)


def test_of_nothing() -> None:
    empty = np.ones((0, 3))
    for name in ("sum", "mean", "prod", "any", "all", "norm"):
        agree(lambda _, __, x, name=name: getattr(x, name)(), empty, order=0)
    for name in ("sum", "logsumexp", "softmax", "log_softmax", "cumsum", "prod"):
        agree(lambda _, __, x, name=name: getattr(x, name)(0), empty)
    agree(lambda _, __, x: x.amax(1), empty)
    agree(lambda _, __, x: x.max(1)[0], empty)
    agree(lambda _, __, x: x.argmax(1), empty, order=0)
    agree(lambda _, __, x: x.softmax(1), empty)


def test_sums_of_infinite_logarithms() -> None:
    agree(lambda _, __, x: x.logsumexp(1), np.array([[-inf, 1.0], [900.0, 901.0]]), order=1)
    agree(lambda _, __, x: x.logsumexp(0), np.array([-inf, -inf]), order=0)
    agree(lambda _, __, x: x.logsumexp(0), np.array([inf, 1.0]), order=0)


def test_axis_and_keepdims_are_accepted() -> None:
    agree(lambda _, __, x: x.sum(axis=0, keepdims=True), normal(3, 4))
    agree(lambda _, __, x: x.mean(axis=(0, 1)), normal(3, 4))


@pytest.mark.parametrize("name", ["mean", "var", "std"])
@pytest.mark.parametrize("dim", [None, 0])
def test_sums_of_halves_do_not_overflow(name: str, dim: Any) -> None:
    """A sum on the way may be larger than float16 can hold."""
    values = (np.random.default_rng(0).standard_normal((100_000, 2)) + 5).astype("float16")
    for given in (values, np.ones_like(values)):
        ours, theirs = (
            getattr(lib.tensor(given), name)(**({} if dim is None else {"dim": dim})) for lib in (tg, torch)
        )
        assert ours.dtype == tg.float16
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-3)
