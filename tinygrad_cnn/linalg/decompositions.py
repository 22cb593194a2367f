"""Matrices as products: Cholesky, LU, QR, singular values, eigenvalues; all over stacks of matrices (…, n, m)."""

from typing import Any, NamedTuple, NoReturn

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import is_floating
from ..errors import ArgumentError, DtypeError, LinAlgError, ShapeError
from ..functions.out import with_out
from ..functions.wrap import of_a_tensor
from ..tensor import Tensor
from ..tensor.factorizations import PivotedLU


class Eigen(NamedTuple):
    """What `eigh` returns: x = V diag(λ) Vᵀ."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SingularValues(NamedTuple):
    """What `svd` returns: x = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class Triangles(NamedTuple):
    """What `lu` returns: x = P L U."""

    P: Tensor
    L: Tensor
    U: Tensor


class CheckedCholesky(NamedTuple):
    """What `cholesky_ex` returns: L, and for each matrix 0 or the order of the first minor that is not positive."""

    L: Tensor
    info: Tensor


class CheckedLU(NamedTuple):
    """What `lu_factor_ex` returns: as `lu_factor`, and for each matrix 0 or the number of the first uᵢᵢ that is 0."""

    LU: Tensor
    pivots: Tensor
    info: Tensor


def check_matrix(op: str, x: Tensor, *, square: bool = False) -> None:
    """Refuse what is no matrix, no square one, or not of floats."""
    if not is_floating(x.dtype):
        raise DtypeError(f"{op}: needs floating-point values; got dtype {x.dtype}{in_scope()}")
    if x.ndim < 2 or (square and x.shape[-1] != x.shape[-2]):
        kind = "square matrices" if square else "matrices"
        raise ShapeError(f"{op}: expects {kind}; got shape {tuple(x.shape)}{in_scope()}")


def _lower(op: str, uplo: str) -> bool:
    if uplo.upper() not in ("L", "U"):
        raise ArgumentError(f"{op}: UPLO must be 'L' or 'U'; got {uplo!r}{in_scope()}")
    return uplo.upper() == "L"


@with_out
def eigh(A: Tensor, UPLO: str = "L") -> Eigen:  # noqa: N803 - PyTorch's names
    """Eigenvalues (the smallest first) and eigenvectors (in columns) of symmetric matrices; one triangle is read.

    The eigenvectors have a derivative where all eigenvalues differ.

    >>> import tinygrad_cnn as tg
    >>> eigh(tg.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    check_matrix("eigh", A, square=True)
    lower = _lower("eigh", UPLO)
    return Eigen(ops.eigenvalues(A, lower=lower), ops.eigenvectors(A, lower=lower))


@with_out
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:  # noqa: N803
    """The eigenvalues of `eigh`.

    >>> import tinygrad_cnn as tg
    >>> eigvalsh(tg.tensor([[0.0, 1.0], [1.0, 0.0]]))
    tensor([-1.,  1.])
    """
    check_matrix("eigvalsh", A, square=True)
    return ops.eigenvalues(A, lower=_lower("eigvalsh", UPLO))


def eig(A: Tensor) -> NoReturn:  # noqa: N803
    """Refused: the eigenvalues of a matrix that is not symmetric are complex, and tensors hold real numbers.

    Raises:
        NotImplementedError: always; `eigh` is for symmetric matrices.

    >>> tg.linalg.eig(tg.ones(2, 2))
    Traceback (most recent call last):
    NotImplementedError: eig: eigenvalues are complex numbers in general; symmetric matrices have eigh
    """
    raise NotImplementedError(
        f"eig: eigenvalues are complex numbers in general; symmetric matrices have eigh{in_scope()}"
    )


def eigvals(A: Tensor) -> NoReturn:  # noqa: N803
    """Refused, like `eig`.

    Raises:
        NotImplementedError: always; `eigvalsh` is for symmetric matrices.

    >>> tg.linalg.eigvals(tg.ones(2, 2))
    Traceback (most recent call last):
    NotImplementedError: eigvals: eigenvalues are complex numbers in general; symmetric matrices have eigvalsh
    """
    raise NotImplementedError(
        f"eigvals: eigenvalues are complex numbers in general; symmetric matrices have eigvalsh{in_scope()}"
    )


@with_out
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> SingularValues:  # noqa: N803
    """A = U diag(S) Vh, the largest singular values first; the vectors beyond min(n, m) have no derivative.

    Args:
        full_matrices: square U and Vh, with vectors that no singular value belongs to.
        driver: without effect.

    >>> import tinygrad_cnn as tg
    >>> u, s, vh = svd(tg.tensor([[0.0, 2.0], [3.0, 0.0]]))
    >>> s, u @ s.diag() @ vh
    (tensor([3., 2.]), tensor([[0., 2.],
            [3., 0.]]))
    """
    check_matrix("svd", A)
    u, s, v = A.svd(some=not full_matrices)
    return SingularValues(u, s, v.mT)


@with_out
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:  # noqa: N803
    """The singular values, the largest first.

    >>> import tinygrad_cnn as tg
    >>> svdvals(tg.tensor([[0.0, 2.0], [3.0, 0.0]]))
    tensor([3., 2.])
    """
    check_matrix("svdvals", A)
    return ops.singular_values(A)


@with_out
def qr(A: Tensor, mode: str = "reduced") -> Any:  # noqa: N803
    """A = Q R, orthonormal columns times an upper triangle.

    Args:
        mode: "reduced", "complete" (a square Q; without gradients) or "r" (an empty Q; without gradients).

    >>> import tinygrad_cnn as tg
    >>> q, r = qr(tg.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> tg.allclose(q @ r, tg.tensor([[3.0, 1.0], [4.0, 2.0]]), atol=1e-6), tg.allclose(q.mT @ q, tg.eye(2), atol=1e-6)
    (True, True)
    """
    check_matrix("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f"qr: mode must be 'reduced', 'complete' or 'r'; got {mode!r}{in_scope()}")
    if mode == "r":
        factors = A.detach().qr()
        return type(factors)(A.new_empty(0), factors.R)
    return A.qr(some=mode == "reduced")


@with_out
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> CheckedCholesky:  # noqa: N803
    """`cholesky`, and instead of an error the order of the first leading minor that is not positive; NaN is L there.

    >>> import tinygrad_cnn as tg
    >>> cholesky_ex(tg.tensor([[[4.0]], [[-1.0]]])).info
    tensor([0, 1], dtype=int32)
    """
    check_matrix("cholesky_ex", A, square=True)
    xp, n = A.backend.xp, A.shape[-1]
    info = xp.zeros(A.shape[:-2], dtype="int32")
    for place in _indices(A):
        failing = (k for k in range(1, n + 1) if not _positive(A.array[place][:k, :k], xp))
        info[place] = next(failing, 0)
    if check_errors and bool((info != 0).any()):
        raise LinAlgError(
            f"cholesky: the leading minor of order {int(info[info != 0][0])} is not positive definite{in_scope()}"
        )
    sound = Tensor.from_array((info == 0)[..., None, None])
    identity = A.new_tensor(xp.eye(n), dtype=A.dtype)
    lower = ops.where(sound, ops.where(sound, A, identity).cholesky(), float("nan"))
    return CheckedCholesky(lower.mT if upper else lower, Tensor.from_array(xp.asarray(info)))


def _indices(x: Tensor) -> Any:
    """The index of each matrix of a stack."""
    from numpy import ndindex

    return ndindex(*x.shape[:-2])


def _positive(x: Any, xp: Any) -> bool:
    try:
        xp.linalg.cholesky(x)
    except xp.linalg.LinAlgError:
        return False
    return True


@with_out
def lu(A: Tensor, *, pivot: bool = True) -> Triangles:  # noqa: N803
    """A = P L U with partial pivoting: a permutation, (…, n, k) with ones on the diagonal, (…, k, m); k = min(n, m).

    Raises:
        RuntimeError: without `pivot`, which is PyTorch's error on the CPU too.

    >>> import tinygrad_cnn as tg
    >>> lu(tg.tensor([[0.0, 2.0], [4.0, 2.0]])).P
    tensor([[0., 1.],
            [1., 0.]])
    """
    from ..tensor.factorizations import rows_in

    order, _ = A.row_order("lu", with_pivot=pivot)
    x = rows_in(A, order)
    places = A.backend.xp.argsort(order, axis=-1)
    identity = A.backend.xp.eye(A.shape[-2], dtype=A.dtype)
    return Triangles(Tensor.from_array(identity[places]), ops.lu_lower(x), ops.lu_upper(x))


@with_out
def lu_factor(A: Tensor, *, pivot: bool = True) -> PivotedLU:  # noqa: N803
    """L and U of `lu` in one matrix, and which rows were exchanged; `lu_solve` takes them.

    >>> import tinygrad_cnn as tg
    >>> lu_factor(tg.tensor([[0.0, 2.0], [4.0, 2.0]])).pivots
    tensor([2, 2], dtype=int32)
    """
    return PivotedLU(*A.pivoted_lu("lu_factor", with_pivot=pivot)[:2])


@with_out
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> CheckedLU:  # noqa: N803
    """`lu_factor`, and for each matrix the number of the first diagonal element of U that is 0, or 0.

    Raises:
        RuntimeError: where there is one, if `check_errors`.

    >>> import tinygrad_cnn as tg
    >>> lu_factor_ex(tg.zeros(2, 2)).info
    tensor(1, dtype=int32)
    """
    packed, pivots, info = A.pivoted_lu("lu_factor_ex", with_pivot=pivot)
    if check_errors and bool((info.array != 0).any()):
        raise LinAlgError(f"lu_factor: U has a 0 on its diagonal, at {int(info.array.max())}{in_scope()}")
    return CheckedLU(packed, pivots, info)


householder_product = of_a_tensor(Tensor.orgqr, "householder_product", "linalg")
