"""Special functions: exact far out, and what is refused."""

from math import inf, isnan
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import special

scipy_special = pytest.importorskip("scipy.special")

WIDE = np.concatenate([np.linspace(-30, 30, 61), [-700.0, 700.0, 1e5, inf, -inf]])
PARTS = np.concatenate([np.logspace(-300, -1, 60), np.linspace(0, 1, 21)])


@pytest.mark.parametrize("name", ["entr", "erfcx", "i0", "i0e", "i1", "i1e", "ndtr", "log_ndtr", "expit"])
def test_of_one_number(name: str) -> None:
    ours = getattr(special, name)(tg.tensor(WIDE)).numpy()
    np.testing.assert_allclose(ours, getattr(scipy_special, name)(WIDE), rtol=5e-13, atol=0)


def test_quantiles_of_tiny_probabilities() -> None:
    np.testing.assert_allclose(special.ndtri(tg.tensor(PARTS)).numpy(), scipy_special.ndtri(PARTS), rtol=1e-13)


def test_incomplete_gamma_functions() -> None:
    rng = np.random.default_rng(1)
    a, x = rng.uniform(0.01, 60, 500), rng.uniform(0, 120, 500)
    a[:4], x[:4] = [0, 1, 1, 2], [1, 0, inf, -1]
    for name in ("gammainc", "gammaincc"):
        ours = getattr(special, name)(tg.tensor(a), tg.tensor(x)).numpy()
        np.testing.assert_allclose(ours, getattr(scipy_special, name)(a, x), rtol=5e-13)


def test_zeta_of_numbers_and_tensors() -> None:
    assert special.zeta(tg.tensor(2.0, dtype=tg.float64), 1).item() == pytest.approx(np.pi**2 / 6, rel=1e-15)
    assert special.zeta(3.0, tg.tensor([1, 0])).tolist() == pytest.approx([1.2020569, inf])
    assert isnan(special.zeta(tg.tensor(0.5), 1.0))


X = tg.ones(2, requires_grad=True)
REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda: special.entr(1.0), TypeError, r"entr: expected a tensor; got float; make one with tensor\(...\)"),
    (lambda: special.zeta(1.0, 2.0), TypeError, "zeta: expected a tensor; got two numbers"),
    (lambda: special.xlog1py(1.0, 2.0), TypeError, "xlog1py: expected a tensor; got two numbers"),
    (lambda: special.zeta(X, 1.0), RuntimeError, "zeta: there is no derivative in the first argument"),
    (lambda: tg.igamma(X, X), RuntimeError, "igamma: there is no derivative in the first argument"),
    (lambda: tg.igammac(tg.ones(2).int(), tg.ones(2).int()), RuntimeError, "igammac: needs floating-point values"),
    (lambda: tg.frexp(tg.ones(2).int()), RuntimeError, "frexp: needs floating-point values; got dtype int32"),
]


@pytest.mark.parametrize(("call", "kind", "match"), REFUSED)
def test_what_is_refused(call: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        call()
