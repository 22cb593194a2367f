"""Linear algebra: what fits together, what is refused and how it is said."""

from math import inf, isinf, isnan
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg

RNG = np.random.default_rng(3)
SINGULAR = tg.tensor([[[2.0, 0.0], [0.0, 4.0]], [[1.0, 2.0], [2.0, 4.0]]])


def some(*shape: int) -> Any:
    return tg.tensor(RNG.standard_normal(shape))


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 3), (0, 3), (2, 0, 0)])
def test_lu_gives_the_matrix_back(shape: tuple[int, ...]) -> None:
    x = some(*shape)
    p, lower, upper = tg.linalg.lu(x)
    assert (p @ lower @ upper).allclose(x)
    packed, pivots = tg.linalg.lu_factor(x)
    k = min(shape[-2:])
    assert packed.shape == x.shape
    assert pivots.shape == (*shape[:-2], k)
    assert packed[..., :k, :].triu().equal(upper)


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("adjoint", [True, False])
def test_lu_solve_in_four_ways(left: bool, adjoint: bool) -> None:
    a, b = some(2, 3, 3), some(2, 3, 3)
    x = tg.linalg.lu_solve(*tg.linalg.lu_factor(a), b, left=left, adjoint=adjoint)
    side = a.mT if adjoint else a
    assert (side @ x if left else x @ side).allclose(b)


def test_a_pivot_of_0_is_said_not_hidden() -> None:
    assert tg.linalg.inv_ex(SINGULAR).info.tolist() == [0, 2]
    assert isnan(tg.linalg.inv_ex(SINGULAR).inverse[1, 0, 0])
    assert tg.linalg.solve_ex(SINGULAR, tg.ones(2, 2, 1)).result[0].tolist() == [[0.5], [0.25]]
    assert tg.linalg.cholesky_ex(SINGULAR - 3 * tg.eye(2)).info.tolist() == [1, 1]
    assert [isinf(c) for c in tg.linalg.cond(SINGULAR, 1).tolist()] == [False, True]
    for check in (tg.linalg.inv_ex, tg.linalg.lu_factor_ex, tg.linalg.cholesky_ex):
        with pytest.raises(tg.linalg.LinAlgError, match=r"no inverse|on its diagonal, at 2|minor of order 2"):
            check(SINGULAR, check_errors=True)


def test_the_exponential_of_a_sum_that_commutes() -> None:
    x = some(2, 4, 4)
    assert (tg.matrix_exp(x) @ tg.matrix_exp(-x)).allclose(tg.eye(4, dtype=tg.float64))
    assert tg.matrix_exp(30 * tg.eye(2, dtype=tg.float64)).diagonal().log().allclose(tg.tensor([30.0, 30.0]).double())


REFUSED = [
    (lambda: tg.linalg.eig(tg.eye(2)), NotImplementedError, "eig: eigenvalues are complex numbers in general"),
    (lambda: tg.linalg.eigvals(tg.eye(2)), NotImplementedError, "symmetric matrices have eigvalsh"),
    (lambda: tg.linalg.eigh(tg.eye(2), "X"), RuntimeError, "eigh: UPLO must be 'L' or 'U'; got 'X'"),
    (lambda: tg.linalg.qr(tg.eye(2), "both"), RuntimeError, "qr: mode must be 'reduced', 'complete' or 'r'"),
    (lambda: tg.linalg.lu(tg.eye(2), pivot=False), RuntimeError, "lu: without pivoting is not there on the CPU"),
    (lambda: tg.linalg.svdvals(tg.eye(2).int()), RuntimeError, "svdvals: needs floating-point values; got dtype int32"),
    (lambda: tg.linalg.inv_ex(tg.ones(2, 3)), RuntimeError, r"inv_ex: expects square matrices; got shape \(2, 3\)"),
    (lambda: tg.linalg.solve(tg.eye(2), tg.ones(3)), RuntimeError, r"solve: \(2, 2\) and \(3,\) do not fit together"),
    (lambda: tg.linalg.solve(tg.eye(2), tg.ones(2).double()), RuntimeError, "solve: both must have one dtype"),
    (lambda: tg.linalg.solve(tg.eye(2), tg.ones(2), left=False), RuntimeError, "with left=False, B must be matrices"),
    (
        lambda: tg.linalg.cholesky(-tg.eye(2)),
        tg.linalg.LinAlgError,
        r"^cholesky: Matrix is not positive definite, for matrices of shape \(2, 2\)",
    ),
    (
        lambda: tg.linalg.solve(tg.zeros(2, 2), tg.ones(2)),
        tg.linalg.LinAlgError,
        "solve: Singular matrix, so there is no one solution",
    ),
    (
        lambda: tg.linalg.solve_triangular(tg.zeros(2, 2), tg.ones(2, 1), upper=True),
        RuntimeError,
        "solve_triangular: a number on the diagonal is 0, so there is no solution",
    ),
    (lambda: tg.linalg.solve_triangular(tg.eye(2), tg.ones(3, 1), upper=True), RuntimeError, "do not fit together"),
    (
        lambda: tg.linalg.solve_triangular(tg.ones(2, 2, 2), tg.ones(3, 2, 1), upper=True),
        RuntimeError,
        r"solve_triangular: \(2, 2, 2\) and \(3, 2, 1\) do not broadcast",
    ),
    (
        lambda: tg.linalg.solve_triangular(tg.eye(2), tg.ones(2), upper=True, left=False),
        RuntimeError,
        "solve_triangular: expects matrices",
    ),
    (
        lambda: tg.linalg.lu_solve(tg.eye(2), tg.ones(2), tg.ones(2, 1)),
        RuntimeError,
        "lu_solve: pivots must be int32, as lu_factor gives them; got float32",
    ),
    (
        lambda: tg.linalg.lu_solve(tg.eye(2), tg.ones(1, dtype=tg.int32), tg.ones(2, 1)),
        RuntimeError,
        "lu_solve: expects square LU and as many pivots",
    ),
    (lambda: tg.lu_unpack(tg.eye(2), tg.ones(2)), RuntimeError, "lu_unpack: pivots must be int32"),
    (lambda: tg.linalg.lstsq(tg.ones(3, 2), tg.ones(2, 1)), RuntimeError, "lstsq: .* do not fit together"),
    (lambda: tg.linalg.lstsq(tg.ones(3, 2), tg.ones(3, 1).double()), RuntimeError, "lstsq: both must have one dtype"),
    (
        lambda: tg.linalg.lstsq(tg.ones(3, 2), tg.ones(3, 1), driver="x"),
        RuntimeError,
        "lstsq: driver must be one of gels, gelsy, gelsd, gelss; got 'x'",
    ),
    (lambda: tg.linalg.tensorinv(tg.ones(2, 3), ind=1), RuntimeError, "hold 2 elements, the others 3"),
    (lambda: tg.linalg.tensorinv(tg.ones(2, 3), ind=0), RuntimeError, "tensorinv: ind must be at least 1; got 0"),
    (lambda: tg.linalg.tensorsolve(tg.ones(2, 3), tg.ones(2)), RuntimeError, "2 equations, 3 unknowns"),
    (lambda: tg.linalg.cond(tg.eye(2), 3), RuntimeError, "cond: p must be None, 'fro', 'nuc'"),
    (lambda: tg.linalg.vander(tg.ones(2), 1), RuntimeError, "vander: N must be greater than 1; got 1"),
    (lambda: tg.linalg.cross(tg.ones(3), tg.ones(2)), RuntimeError, "cross: both must have as many dimensions"),
    (lambda: tg.linalg.cross(tg.ones(2, 3), tg.ones(4, 3)), RuntimeError, r"\(2, 3\) and \(4, 3\) do not broadcast"),
    (lambda: tg.linalg.vector_norm(tg.ones(2), "fro"), RuntimeError, "vector_norm: ord must be a number; got 'fro'"),
    (lambda: tg.linalg.vector_norm(tg.ones(2).int()), RuntimeError, "vector_norm: needs floating-point values"),
    (lambda: tg.linalg.matrix_norm(tg.eye(2), dim=(1,)), RuntimeError, r"matrix_norm: dim must be two dimensions"),
    (
        lambda: tg.linalg.matrix_norm(tg.eye(2).double(), dtype=tg.float32),
        RuntimeError,
        "float64 values can't be taken as the smaller float32",
    ),
    (
        lambda: tg.linalg.householder_product(tg.ones(2, 3), tg.ones(2)),
        RuntimeError,
        "orgqr: expects .* with n ≥ m",
    ),
    (
        lambda: tg.linalg.householder_product(tg.ones(3, 2), tg.ones(2).double()),
        RuntimeError,
        "orgqr: both must have one dtype",
    ),
]


@pytest.mark.parametrize(("call", "kind", "match"), REFUSED)
def test_what_is_refused(call: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        call()


def test_empty_matrices_have_norms() -> None:
    for ord in ("fro", "nuc", 1, 2, inf):
        assert tg.linalg.matrix_norm(tg.ones(0, 0), ord) == 0
