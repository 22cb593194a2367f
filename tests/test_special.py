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


POINTS = np.concatenate([np.linspace(0, 60, 601), np.logspace(-200, 8, 60)])


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        *((f"bessel_{kind}{order}", f"{kind}{order}") for kind in "jy" for order in (0, 1)),
        *((f"modified_bessel_{kind}{order}", f"{kind}{order}") for kind in "ik" for order in (0, 1)),
        *((f"scaled_modified_bessel_k{order}", f"k{order}e") for order in (0, 1)),
    ],
)
def test_bessel_functions(name: str, theirs: str) -> None:
    points = POINTS if name[-2] != "i" else np.minimum(POINTS, 700)
    with np.errstate(all="ignore"):
        exact = getattr(scipy_special, theirs)(points)
    np.testing.assert_allclose(getattr(special, name)(tg.tensor(points)).numpy(), exact, rtol=2e-13, atol=2e-15)


def test_what_bessel_functions_give_outside() -> None:
    x = tg.tensor([-1.0, 0.0, inf])
    assert str(special.bessel_y0(x)) == "tensor([nan, -inf, 0.])"
    assert str(special.modified_bessel_k1(x)) == "tensor([nan, inf, 0.])"
    assert special.bessel_j1(x).tolist() == pytest.approx([-0.44005058, 0, 0])


def test_airys_function() -> None:
    x = np.linspace(-40, 20, 601)
    np.testing.assert_allclose(special.airy_ai(tg.tensor(x)).numpy(), scipy_special.airy(x)[0], rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        *((f"chebyshev_polynomial_{kind}", f"eval_cheby{kind}") for kind in "tu"),
        *((f"shifted_chebyshev_polynomial_{kind}", f"eval_sh_cheby{kind}") for kind in "tu"),
        ("hermite_polynomial_h", "eval_hermite"),
        ("hermite_polynomial_he", "eval_hermitenorm"),
        ("laguerre_polynomial_l", "eval_laguerre"),
        ("legendre_polynomial_p", "eval_legendre"),
    ],
)
def test_orthogonal_polynomials(name: str, theirs: str) -> None:
    x, n = np.linspace(-2, 2, 9)[:, None], np.arange(8)
    found = getattr(special, name)(tg.tensor(x), tg.tensor(n))
    np.testing.assert_allclose(found.numpy(), getattr(scipy_special, theirs)(n, x), rtol=1e-10, atol=1e-10)
    assert getattr(special, name)(2, tg.tensor([-1, 0])).tolist() == [0, 1]


def test_polynomials_have_derivatives() -> None:
    x = tg.tensor([0.5, -2.0], dtype=tg.float64, requires_grad=True)
    assert tg.autograd.gradgradcheck(lambda x: special.legendre_polynomial_p(x, 4), x)
    assert tg.autograd.grad(special.chebyshev_polynomial_t(x, 3).sum(), x)[0].tolist() == [0, 45]
    with pytest.raises(TypeError, match="hermite_polynomial_h: expected a tensor; got two numbers"):
        special.hermite_polynomial_h(1.0, 2)
