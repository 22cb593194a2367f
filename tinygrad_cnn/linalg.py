"""Linear algebra, by the names of `torch.linalg`."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from . import ops
from .autograd.modes import in_scope
from .dtypes import as_dtype
from .errors import ArgumentError, ShapeError
from .functions.wrap import of_a_tensor, tensor_list
from .tensor import Tensor, dimensions

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "vecdot",
    "vector_norm",
]

cholesky = of_a_tensor(Tensor.cholesky)
det = of_a_tensor(Tensor.det)
inv = of_a_tensor(Tensor.inverse, "inv")
matmul = of_a_tensor(Tensor.matmul)
matrix_power = of_a_tensor(Tensor.matrix_power)
slogdet = of_a_tensor(Tensor.slogdet)


class Eigen(NamedTuple):
    """What `eigh` returns: x = V diag(λ) Vᵀ."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SingularValues(NamedTuple):
    """What `svd` returns: x = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class LeastSquares(NamedTuple):
    """What `lstsq` returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def _square(op: str, x: Tensor) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{op}: expects square matrices; got shape {tuple(x.shape)}{in_scope()}")


def eigh(A: Tensor, UPLO: str = "L") -> Eigen:  # noqa: N803 - PyTorch's names
    """Eigenvalues (the smallest first) and eigenvectors (in columns) of symmetric matrices; one triangle is read.

    The eigenvectors have a derivative where all eigenvalues differ.

    >>> import tinygrad_cnn as tg
    >>> eigh(tg.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    _square("eigh", A)
    lower = A if UPLO.upper() == "L" else A.mT
    return Eigen(ops.eigenvalues(lower), ops.eigenvectors(lower))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:  # noqa: N803
    """The eigenvalues of `eigh`."""
    _square("eigvalsh", A)
    return ops.eigenvalues(A if UPLO.upper() == "L" else A.mT)


def svd(A: Tensor, full_matrices: bool = True) -> SingularValues:  # noqa: N803
    """A = U diag(S) Vh, the largest singular values first; for gradients take `full_matrices=False`."""
    u, s, v = A.svd(some=not full_matrices or A.shape[-1] == A.shape[-2])
    return SingularValues(u, s, v.mT)


def svdvals(A: Tensor) -> Tensor:  # noqa: N803
    """The singular values, the largest first."""
    return ops.singular_values(A)


def qr(A: Tensor, mode: str = "reduced") -> Any:  # noqa: N803
    """A = Q R; `mode` is "reduced" or "complete" (without gradients)."""
    if mode not in ("reduced", "complete"):
        raise ArgumentError(f"qr: mode must be 'reduced' or 'complete'; got {mode!r}{in_scope()}")
    return A.qr(some=mode == "reduced")


def pinv(A: Tensor, rtol: float | None = None, hermitian: bool = False) -> Tensor:  # noqa: N803
    """The pseudoinverse of Moore and Penrose; of a `hermitian` matrix only the lower triangle is read."""
    if hermitian:
        _square("pinv", A)
        A = A.tril() + A.tril(-1).mT  # noqa: N806
    return A.pinverse(rtol)


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:  # noqa: N803
    """The X with A X = B (or X A = B, unless `left`), for square A; B may be a vector or stack of vectors.

    Raises:
        RuntimeError: for matrices that have no inverse.

    >>> import tinygrad_cnn as tg
    >>> solve(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), tg.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    _square("solve", A)
    if not left:
        return solve(A.mT, B.mT).mT
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    right = B.unsqueeze(-1) if vector else B
    if right.shape[-2] != A.shape[-1]:
        raise ShapeError(f"solve: {tuple(A.shape)} and {tuple(B.shape)} do not fit together{in_scope()}")
    try:
        out = ops.solve(A, right)
    except ValueError as error:
        raise ArgumentError(f"solve: {error}{in_scope()}") from None
    return out.squeeze(-1) if vector else out


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:  # noqa: N803
    """The X with the smallest ‖A X − B‖ (of several the smallest), from the pseudoinverse of A."""
    solution = A.pinverse(rcond).matmul(B)
    n, m = A.shape[-2:]
    values = svdvals(A.detach())
    rank = matrix_rank(A.detach())
    full = n > m and bool((rank.array == m).all())
    residuals = (A.matmul(solution) - B).square().sum(-2) if full else A.new_empty(0)
    return LeastSquares(solution, residuals, rank, values)


def matrix_rank(
    A: Tensor,  # noqa: N803
    tol: float | None = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """How many singular values are larger than atol, and than rtol (by default max(n, m) · eps) times the largest."""
    s = svdvals(A.detach())
    if not s.shape[-1]:
        return s.sum(-1).long()
    atol = tol if atol is None else atol
    if rtol is None:
        rtol = max(A.shape[-2:]) * float(A.backend.xp.finfo(A.dtype).eps) if atol is None else 0.0
    absolute, relative = (
        x.unsqueeze(-1) if isinstance(x, Tensor) and x.ndim else x for x in (0.0 if atol is None else atol, rtol)
    )
    return (s > (s.amax(-1, keepdim=True) * relative).clamp(min=absolute)).sum(-1)


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of 3 along a dimension; both broadcast."""
    shape = input.backend.xp.broadcast_shapes(input.shape, other.shape)
    return input.expand(shape).cross(other.expand(shape), dim)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:  # noqa: N803
    """The diagonal of each matrix; a view."""
    return A.diagonal(offset, dim1, dim2)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products of vectors along a dimension; both broadcast."""
    return (x * y).sum(dim)


def vector_norm(x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(Σ |x|^ord)^(1/ord) over dimensions, by default all; ±inf gives the extreme |x|, 0 counts what is not zero."""
    return (x if dtype is None else x.to(as_dtype(dtype))).norm(ord, dim, keepdim)


def matrix_norm(
    A: Tensor,  # noqa: N803
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """The norm of matrices: "fro", "nuc" (Σ s), ±2 (extreme s), ±1 (largest or smallest column), ±inf (row)."""
    if A.ndim < 2:
        raise ShapeError(f"matrix_norm: expects matrices; got shape {tuple(A.shape)}{in_scope()}")
    return (A if dtype is None else A.to(as_dtype(dtype))).matrix_norm(ord, dim, keepdim)


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:  # noqa: N803
    """`matrix_norm` over two dimensions, `vector_norm` over one; without `ord`, the root of the sum of all squares."""
    if dim is None and ord is not None and A.ndim not in (1, 2):
        raise ShapeError(f"norm: with ord and no dim, expects a vector or a matrix; got {tuple(A.shape)}{in_scope()}")
    count = len(dimensions("norm", dim, A.ndim))
    if ord is None or count != 2:
        if isinstance(ord, str):
            raise ArgumentError(f"norm: ord {ord!r} is one of matrices; got {count} dimension{in_scope()}")
        return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of several matrices (the first and the last may be vectors), in the order that costs least.

    >>> import tinygrad_cnn as tg
    >>> multi_dot([tg.ones(1, 10), tg.ones(10, 2), tg.ones(2)])
    tensor([20.])
    """
    listed = tensor_list("multi_dot", tensors)
    if len(listed) < 2:
        raise ArgumentError(f"multi_dot: expected at least 2 tensors; got 1{in_scope()}")
    first, last = listed[0].ndim == 1, listed[-1].ndim == 1
    listed[0] = listed[0].unsqueeze(0) if first else listed[0]
    listed[-1] = listed[-1].unsqueeze(1) if last else listed[-1]
    for i, x in enumerate(listed):
        if x.ndim != 2:
            raise ShapeError(f"multi_dot: expects matrices; number {i} has shape {tuple(x.shape)}{in_scope()}")
    sizes = [x.shape[0] for x in listed] + [listed[-1].shape[1]]
    count = len(listed)
    costs = {(i, i): (0, i) for i in range(count)}  # of the stretch from i to j: its cost, and where to cut it
    for width in range(1, count):  # the cheapest place to cut each stretch, the short ones first
        for i in range(count - width):
            j = i + width
            costs[i, j] = min(
                (costs[i, k][0] + costs[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )

    def product(i: int, j: int) -> Tensor:
        cut = costs[i, j][1]
        return listed[i] if i == j else product(i, cut).mm(product(cut + 1, j))

    out = product(0, count - 1)
    out = out.squeeze(0) if first else out
    return out.squeeze(-1) if last else out
