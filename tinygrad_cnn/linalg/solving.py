"""Systems of equations and inverses, over stacks of matrices; determinants, which say whether there is one."""

from math import prod
from typing import Any, NamedTuple

from .. import ops
from ..autograd.modes import in_scope
from ..errors import ArgumentError, DtypeError, LinAlgError, ShapeError
from ..functions.out import with_out
from ..functions.wrap import of_a_tensor
from ..tensor import Tensor
from ..tensor.factorizations import solve_factored, solve_triangle
from .decompositions import check_matrix, svdvals
from .norms import matrix_rank

inv = of_a_tensor(Tensor.inverse, "inv", "linalg")


class LeastSquares(NamedTuple):
    """What `lstsq` returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


class CheckedInverse(NamedTuple):
    """What `inv_ex` returns: inverses, and for each matrix 0 or the number of the first pivot that is 0."""

    inverse: Tensor
    info: Tensor


class CheckedSolution(NamedTuple):
    """What `solve_ex` returns: solutions, and for each matrix 0 or the number of the first pivot that is 0."""

    result: Tensor
    info: Tensor


@with_out
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:  # noqa: N803 - PyTorch's names
    """The X with A X = B (or X A = B, unless `left`), for square A; B may be a vector or stack of vectors.

    Raises:
        RuntimeError: for matrices that have no inverse.

    >>> import tinygrad_cnn as tg
    >>> solve(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), tg.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    check_matrix("solve", A, square=True)
    if A.dtype != B.dtype:
        raise DtypeError(f"solve: both must have one dtype; got {A.dtype} and {B.dtype}{in_scope()}")
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if not left:
        if vector:
            raise ShapeError(f"solve: with left=False, B must be matrices; got shape {tuple(B.shape)}{in_scope()}")
        return solve(A.mT, B.mT).mT
    right = B.unsqueeze(-1) if vector else B
    if right.ndim < 2 or right.shape[-2] != A.shape[-1]:
        raise ShapeError(f"solve: {tuple(A.shape)} and {tuple(B.shape)} do not fit together{in_scope()}")
    try:
        out = ops.solve(A, right)
    except ValueError as error:
        raise LinAlgError(f"{error}, so there is no one solution") from None
    return out.squeeze(-1) if vector else out


def _singular(op: str, x: Tensor, check_errors: bool) -> tuple[Tensor, Any]:
    """The matrices with the identity in place of those that have no inverse, and the infos."""
    check_matrix(op, x, square=True)
    info = x.detach().pivoted_lu(op)[2]
    if check_errors and bool((info.array != 0).any()):
        raise LinAlgError(f"{op}: matrices of shape {tuple(x.shape)} have no inverse{in_scope()}")
    if not (info.array != 0).any():
        return x, info
    sound = Tensor.from_array((info.array == 0)[..., None, None])
    return ops.where(sound, x, x.new_tensor(x.backend.xp.eye(x.shape[-1]), dtype=x.dtype)), info


def _where_sound(info: Tensor, out: Tensor, below: int) -> Tensor:
    """NaN for the matrices that have no inverse."""
    if not (info.array != 0).any():
        return out
    sound = (info.array == 0).reshape(*info.shape, *(1,) * below)
    return ops.where(Tensor.from_array(sound), out, float("nan"))


@with_out
def inv_ex(A: Tensor, *, check_errors: bool = False) -> CheckedInverse:  # noqa: N803
    """`inv`, and instead of an error the number of the first pivot that is 0; the inverse is NaN there.

    >>> import tinygrad_cnn as tg
    >>> inv_ex(tg.tensor([[[2.0]], [[0.0]]])).info
    tensor([0, 1], dtype=int32)
    """
    x, info = _singular("inv_ex", A, check_errors)
    return CheckedInverse(_where_sound(info, x.inverse(), 2), info)


@with_out
def solve_ex(
    A: Tensor,  # noqa: N803
    B: Tensor,  # noqa: N803
    *,
    left: bool = True,
    check_errors: bool = False,
) -> CheckedSolution:
    """`solve`, and instead of an error the number of the first pivot that is 0; the solution is NaN there.

    >>> import tinygrad_cnn as tg
    >>> solve_ex(tg.tensor([[2.0]]), tg.tensor([[4.0]]))
    CheckedSolution(result=tensor([[2.]]), info=tensor(0, dtype=int32))
    """
    x, info = _singular("solve_ex", A, check_errors)
    out = solve(x, B, left=left)
    return CheckedSolution(_where_sound(info, out, out.ndim - info.ndim), info)


@with_out
def solve_triangular(
    A: Tensor,  # noqa: N803
    B: Tensor,  # noqa: N803
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
) -> Tensor:
    """The X with A X = B (or X A = B, unless `left`) for triangular A, of which the other triangle does not count.

    Args:
        unitriangular: take the diagonal for ones, whatever it holds.

    >>> import tinygrad_cnn as tg
    >>> solve_triangular(tg.tensor([[2.0, 9.0], [1.0, 1.0]]), tg.tensor([[2.0], [3.0]]), upper=False)
    tensor([[1.],
            [2.]])
    """
    if left:
        return solve_triangle("solve_triangular", A, B, upper=upper, unit=unitriangular)  # type: ignore[no-any-return]
    if A.ndim < 2 or B.ndim < 2:
        raise ShapeError(f"solve_triangular: expects matrices; got {tuple(A.shape)} and {tuple(B.shape)}{in_scope()}")
    return solve_triangle("solve_triangular", A.mT, B.mT, upper=not upper, unit=unitriangular).mT  # type: ignore[no-any-return]


@with_out
def lu_solve(
    LU: Tensor,  # noqa: N803
    pivots: Tensor,
    B: Tensor,  # noqa: N803
    *,
    left: bool = True,
    adjoint: bool = False,
) -> Tensor:
    """The X with A X = B (or X A = B, unless `left`; or with Aᵀ, if `adjoint`), from what `lu_factor` of A returned.

    >>> import tinygrad_cnn as tg
    >>> lu_solve(*tg.linalg.lu_factor(tg.tensor([[0.0, 2.0], [4.0, 0.0]])), tg.tensor([[2.0], [4.0]]))
    tensor([[1.],
            [1.]])
    """
    if left:
        return solve_factored("lu_solve", LU, pivots, B, adjoint=adjoint)  # type: ignore[no-any-return]
    return solve_factored("lu_solve", LU, pivots, B.mT, adjoint=not adjoint).mT  # type: ignore[no-any-return]


@with_out
def pinv(
    A: Tensor,  # noqa: N803
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """The pseudoinverse of Moore and Penrose; of a `hermitian` matrix only the lower triangle is read.

    Args:
        rcond: another name of `rtol`.
        atol: singular values up to this, or to rtol times the largest, count as 0.
        rtol: by default max(n, m) · eps, and 0 if atol is given.

    >>> import tinygrad_cnn as tg
    >>> pinv(tg.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    check_matrix("pinv", A, square=hermitian)
    rtol = rcond if rtol is None else rtol
    n = max(A.shape[-2:])
    part: Any = rtol.array if isinstance(rtol, Tensor) else rtol
    if part is None:
        part = n * float(A.backend.xp.finfo(A.dtype).eps) if atol is None else 0.0
    if atol is not None and A.numel():  # a bound, as a part of the largest singular value
        largest = svdvals(A.detach()).array[..., 0]
        bound = atol.array if isinstance(atol, Tensor) else atol
        with A.backend.quiet():
            part = A.backend.xp.maximum(part, bound / A.backend.xp.where(largest == 0, 1, largest))
    return ops.pinv(A, rtol=part, hermitian=hermitian)


DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:  # noqa: N803
    """The X with the smallest ‖A X − B‖ (of several the smallest), from the pseudoinverse of A.

    Args:
        rcond: singular values up to rcond · the largest count as 0.
        driver: which of the other results are computed, as LAPACK's routine of that name does: the rank by all but
            "gels", the singular values by "gelsd" and "gelss", and the residuals, for n > m and full rank, by all but
            "gelsy" (the default).

    >>> import tinygrad_cnn as tg
    >>> lstsq(tg.tensor([[1.0], [1.0]]), tg.tensor([[1.0], [3.0]])).solution
    tensor([[2.]])
    """
    check_matrix("lstsq", A)
    if B.ndim < 1 or A.dtype != B.dtype:
        raise DtypeError(f"lstsq: both must have one dtype; got {A.dtype} and {B.dtype}{in_scope()}")
    if driver is not None and driver not in DRIVERS:
        raise ArgumentError(f"lstsq: driver must be one of {', '.join(DRIVERS)}; got {driver!r}{in_scope()}")
    vector = B.ndim == A.ndim - 1 and B.shape == A.shape[:-1]
    right = B.unsqueeze(-1) if vector else B
    n, m = A.shape[-2:]
    if right.ndim < 2 or right.shape[-2] != n:
        raise ShapeError(f"lstsq: {tuple(A.shape)} and {tuple(B.shape)} do not fit together{in_scope()}")
    solution = A.pinverse(rcond).matmul(right)
    driver = driver or "gelsy"
    rank, values, residuals = A.new_empty(0, dtype="int64"), A.new_empty(0), solution.reshape(-1)[:0]
    if driver != "gels":
        rank = matrix_rank(A.detach(), rtol=rcond) if rcond is not None else matrix_rank(A.detach())
    if driver in ("gelsd", "gelss"):
        values = svdvals(A.detach())
    if driver != "gelsy" and n > m and (driver == "gels" or bool((rank.array == m).all())):
        residuals = (A.matmul(solution) - right).square().sum(-2)
    return LeastSquares(solution.squeeze(-1) if vector else solution, residuals, rank, values)


@with_out
def tensorinv(A: Tensor, ind: int = 2) -> Tensor:  # noqa: N803
    """The inverse of A as a linear map: from its dimensions after the first `ind` to those.

    >>> import tinygrad_cnn as tg
    >>> tensorinv(tg.eye(4).reshape(2, 2, 4), ind=2).shape
    (4, 2, 2)
    """
    if ind < 1:
        raise ArgumentError(f"tensorinv: ind must be at least 1; got {ind}{in_scope()}")
    first, last = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if prod(first) != prod(last):
        raise ShapeError(
            f"tensorinv: the first {ind} dimensions of {tuple(A.shape)} hold {prod(first)} elements, "
            f"the others {prod(last)}{in_scope()}"
        )
    return A.reshape(prod(first), prod(last)).inverse().reshape(last + first)


@with_out
def tensorsolve(A: Tensor, B: Tensor, dims: Any = None) -> Tensor:  # noqa: N803
    """The X with tensordot(A, X, X.ndim) = B.

    Args:
        dims: dimensions of A that are moved to its end first.

    >>> import tinygrad_cnn as tg
    >>> tensorsolve(tg.eye(4).reshape(2, 2, 4), tg.ones(2, 2)).shape
    (4,)
    """
    if dims is not None:
        named = [d % A.ndim for d in ((dims,) if isinstance(dims, int) else dims)]
        A = A.movedim(named, list(range(A.ndim - len(named), A.ndim)))  # noqa: N806
    shape = tuple(A.shape[B.ndim :])
    if prod(shape) != prod(A.shape[: B.ndim]) or prod(shape) != B.numel():
        raise ShapeError(
            f"tensorsolve: {tuple(A.shape)} is no square system for {tuple(B.shape)}: "
            f"{prod(A.shape[: B.ndim])} equations, {prod(shape)} unknowns{in_scope()}"
        )
    return solve(A.reshape(B.numel(), prod(shape)), B.reshape(-1)).reshape(shape)
