"""Norms of vectors and matrices, the condition number, the rank."""

from math import inf
from typing import Any

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import as_dtype, is_floating
from ..errors import ArgumentError, DtypeError, ShapeError
from ..functions.out import with_out
from ..tensor import Tensor, dimensions
from ..tensor.words import numpy_words
from .decompositions import check_matrix, svdvals


def _check_dtype(op: str, x: Tensor, dtype: Any) -> None:
    if not is_floating(x.dtype) or (dtype is not None and not is_floating(as_dtype(dtype))):
        raise DtypeError(
            f"{op}: needs floating-point values; got dtype {x.dtype if dtype is None else as_dtype(dtype)}{in_scope()}"
        )
    if dtype is not None and as_dtype(dtype).itemsize < x.dtype.itemsize:
        raise DtypeError(f"{op}: {x.dtype} values can't be taken as the smaller {as_dtype(dtype)}{in_scope()}")


@with_out
@numpy_words
def vector_norm(x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(Σ |x|^ord)^(1/ord) over dimensions, by default all; ±inf gives the extreme |x|, 0 counts what is not zero.

    >>> import tinygrad_cnn as tg
    >>> vector_norm(tg.tensor([3.0, -4.0])), vector_norm(tg.tensor([3.0, -4.0]), ord=1)
    (tensor(5.), tensor(7.))
    """
    if isinstance(ord, str):
        raise ArgumentError(f"vector_norm: ord must be a number; got {ord!r}{in_scope()}")
    _check_dtype("vector_norm", x, dtype)
    return (x if dtype is None else x.to(as_dtype(dtype))).norm(ord, dim, keepdim)


@with_out
@numpy_words
def matrix_norm(
    A: Tensor,  # noqa: N803
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """The norm of matrices: "fro", "nuc" (Σ s), ±2 (extreme s), ±1 (largest or smallest column), ±inf (row).

    >>> tg.linalg.matrix_norm(tg.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    if A.ndim < 2:
        raise ShapeError(f"matrix_norm: expects matrices; got shape {tuple(A.shape)}{in_scope()}")
    if not isinstance(dim, tuple | list) or len(dim) != 2:
        raise ShapeError(f"matrix_norm: dim must be two dimensions; got {dim!r}{in_scope()}")
    _check_dtype("matrix_norm", A, dtype)
    return (A if dtype is None else A.to(as_dtype(dtype))).matrix_norm(ord, dim, keepdim)


@with_out
@numpy_words
def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:  # noqa: N803
    """`matrix_norm` over two dimensions, `vector_norm` over one; without `ord`, the root of the sum of all squares.

    >>> tg.linalg.norm(tg.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if dim is None and ord is not None and A.ndim not in (1, 2):
        raise ShapeError(f"norm: with ord and no dim, expects a vector or a matrix; got {tuple(A.shape)}{in_scope()}")
    count = len(dimensions("norm", dim, A.ndim))
    if ord is None or count != 2:
        if isinstance(ord, str):
            raise ArgumentError(f"norm: ord {ord!r} is one of matrices; got {count} dimension{in_scope()}")
        return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)


@with_out
def matrix_rank(
    A: Tensor,  # noqa: N803
    tol: float | None = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """How many singular values are larger than atol, and than rtol (by default max(n, m) · eps) times the largest.

    >>> tg.linalg.matrix_rank(tg.eye(3))
    tensor(3)
    """
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


@with_out
def cond(A: Tensor, p: Any = None) -> Tensor:  # noqa: N803
    """‖A‖ · ‖A⁻¹‖, how many times larger errors become by solving with A; ∞ where A has no inverse.

    Args:
        p: the norm, as in `matrix_norm`: by default 2, the largest singular value over the smallest.

    >>> import tinygrad_cnn as tg
    >>> cond(tg.tensor([[1.0, 0.0], [0.0, 4.0]])), cond(tg.zeros(2, 2), "fro")
    (tensor(4.), tensor(inf))
    """
    check_matrix("cond", A, square=p not in (None, 2, -2))
    if p not in (None, 2, -2, 1, -1, inf, -inf, "fro", "nuc"):
        raise ArgumentError(f"cond: p must be None, 'fro', 'nuc', ±1, ±2 or ±inf; got {p!r}{in_scope()}")
    if p in (None, 2, -2):
        if not A.numel():
            return A.sum((-2, -1))
        s = svdvals(A)
        large, small = s[..., 0], s[..., -1]
        return small / large if p == -2 else large / small
    if not A.numel():
        return A.sum((-2, -1))
    singular = A.detach().pivoted_lu("cond")[2].array != 0
    if not singular.any():
        return matrix_norm(A, p) * matrix_norm(A.inverse(), p)
    where = Tensor.from_array(singular)
    sound = ops.where(where.reshape(*where.shape, 1, 1), A.new_tensor(A.backend.xp.eye(A.shape[-1]), dtype=A.dtype), A)
    return ops.where(where, inf, matrix_norm(sound, p) * matrix_norm(sound.inverse(), p))
