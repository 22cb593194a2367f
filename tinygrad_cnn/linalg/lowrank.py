"""The few largest parts of a large matrix: singular values by random projection, principal components, eigenpairs."""

from typing import Any

from ..autograd.modes import in_scope
from ..creation import randn
from ..errors import ArgumentError
from ..tensor import Tensor
from .decompositions import check_matrix, eigh, qr, svd
from .solving import solve_triangular

__all__ = ["lobpcg", "pca_lowrank", "svd_lowrank"]


def svd_lowrank(
    A: Tensor,  # noqa: N803
    q: int | None = 6,
    niter: int | None = 2,
    M: Tensor | None = None,  # noqa: N803
) -> tuple[Tensor, Tensor, Tensor]:
    """U, S, V of about A − M ≈ U diag(S) Vᵀ with q columns: (…, m, n) → (…, m, q), (…, q), (…, n, q).

    A random basis of q columns is multiplied by A and Aᵀ `niter` times (Halko, Martinsson, Tropp 2011, algorithm 5.1);
    exact where the rank is q at most.

    Raises:
        ValueError: for q or niter below 0, or a q that exceeds the smaller of the sizes.

    >>> import tinygrad_cnn as tg
    >>> U, S, V = tg.svd_lowrank(tg.ones(4, 3), q=2)
    >>> tg.allclose(U @ S.diag_embed() @ V.mT, tg.ones(4, 3), atol=1e-5)
    True
    """
    check_matrix("svd_lowrank", A)
    rank, steps = 6 if q is None else q, 2 if niter is None else niter
    if not 0 <= rank <= min(A.shape[-2:]) or steps < 0:
        raise ArgumentError(
            f"svd_lowrank: q must lie in [0, {min(A.shape[-2:])}] and niter not be negative; got q={rank}, "
            f"niter={steps}{in_scope()}"
        )
    x = A if M is None else A - M
    wide = x.shape[-2] < x.shape[-1]
    if wide:
        x = x.mT
    basis = qr(x @ randn(x.shape[-1], rank, dtype=x.dtype, device=x.device)).Q
    for _ in range(steps):
        basis = qr(x @ qr(x.mT @ basis).Q).Q
    small = svd(basis.mT @ x, full_matrices=False)
    left, right = basis @ small.U, small.Vh.mT
    return (right, small.S, left) if wide else (left, small.S, right)


def pca_lowrank(
    A: Tensor,  # noqa: N803
    q: int | None = None,
    center: bool = True,
    niter: int = 2,
) -> tuple[Tensor, Tensor, Tensor]:
    """`svd_lowrank` of rows less their mean: the columns of V are the principal directions, A @ V the coordinates.

    Args:
        q: how many, by default 6 or as many as there are.
        center: subtract the mean of the rows first.

    Raises:
        ValueError: as `svd_lowrank`.

    >>> import tinygrad_cnn as tg
    >>> points = tg.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    >>> tg.pca_lowrank(points, q=1)[2].abs()
    tensor([[0.6000],
            [0.8000]])
    """
    check_matrix("pca_lowrank", A)
    rank = min(6, *A.shape[-2:]) if q is None else q
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, rank, niter)


def lobpcg(
    A: Tensor,  # noqa: N803
    k: int | None = None,
    B: Tensor | None = None,  # noqa: N803
    X: Tensor | None = None,  # noqa: N803
    n: int | None = None,
    iK: Tensor | None = None,  # noqa: N803
    niter: int | None = None,
    tol: float | None = None,
    largest: bool | None = None,
    method: str | None = None,
    tracker: Any = None,
    ortho_iparams: Any = None,
    ortho_fparams: Any = None,
    ortho_bparams: Any = None,
) -> tuple[Tensor, Tensor]:
    """The k largest (or smallest) eigenvalues of A x = λ B x and their vectors: (…, k), (…, n, k).

    A is symmetric, B symmetric and positive definite, by default the identity. PyTorch iterates from X; here `eigh`
    finds all of them, so what says how to iterate is accepted and has no effect.

    Args:
        k: how many; by default as many as X has columns, or 1.
        largest: the largest, the default; or the smallest.

    Raises:
        ValueError: for more than there are.

    >>> import tinygrad_cnn as tg
    >>> tg.lobpcg(tg.tensor([[2.0, 0.0], [0.0, 5.0]]))[0]
    tensor([5.])
    """
    check_matrix("lobpcg", A, square=True)
    count = k if k is not None else 1 if X is None else X.shape[-1]
    if not 1 <= count <= A.shape[-1]:
        raise ArgumentError(f"lobpcg: k must lie in [1, {A.shape[-1]}]; got {count}{in_scope()}")
    if B is None:
        values, vectors = eigh(A)
    else:  # with B = L Lᵀ, the problem of L⁻¹ A L⁻ᵀ
        low = B.cholesky()
        half = solve_triangular(low, A, upper=False)
        values, vectors = eigh(solve_triangular(low, half.mT, upper=False))
        vectors = solve_triangular(low.mT, vectors, upper=True)
    if largest is False:
        return values[..., :count], vectors[..., :count]
    return values[..., -count:].flip(-1), vectors[..., -count:].flip(-1)
