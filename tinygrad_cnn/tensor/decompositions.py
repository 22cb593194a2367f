"""Tensor methods of linear algebra: inverses, determinants, decompositions, of matrices or stacks of them."""

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import is_floating
from ..errors import ArgumentError, DtypeError, LinAlgError, ShapeError
from .base import TensorBase
from .products import ProductMethods
from .reductions import dimension

if TYPE_CHECKING:
    from . import Tensor


class SignAndLogAbsDet(NamedTuple):
    """What `slogdet` returns: the determinant's sign, and the logarithm of its size."""

    sign: "Tensor"
    logabsdet: "Tensor"


class QR(NamedTuple):
    """What `qr` returns: x = Q R."""

    Q: "Tensor"
    R: "Tensor"


class SVD(NamedTuple):
    """What `svd` returns: x = U diag(S) Vᵀ."""

    U: "Tensor"
    S: "Tensor"
    V: "Tensor"


class DecompositionMethods(ProductMethods):
    """Inverses, determinants, decompositions."""

    __slots__ = ()

    def _matrix(self, op: str, *, square: bool = False) -> None:
        if not is_floating(self.dtype):
            raise DtypeError(f"{op}: needs floating-point values; got dtype {self.dtype}{in_scope()}")
        if self.ndim < 2 or (square and self.shape[-1] != self.shape[-2]):
            kind = "square matrices" if square else "matrices"
            raise ShapeError(f"{op}: expects {kind}; got shape {tuple(self.shape)}{in_scope()}")

    def _solved(self, op: str, act: Any) -> Any:
        """Do it, and say of which matrices it can't be done."""
        try:
            return act()
        except ValueError as error:
            reason = str(error).removeprefix(f"{op}: ")
            raise LinAlgError(f"{op}: {reason}, for matrices of shape {tuple(self.shape)}{in_scope()}") from None

    def inverse(self) -> Self:
        """The inverse of a square matrix, or of each of a stack.

        Raises:
            RuntimeError: for a matrix that has none.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([[2.0, 0.0], [0.0, 4.0]]).inverse()
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
        """
        self._matrix("inverse", square=True)
        return self._solved("inverse", lambda: ops.inv(self))  # type: ignore[no-any-return]

    def pinverse(self, rcond: float | None = None) -> Self:
        """The pseudoinverse; singular values up to rcond · the largest count as 0 (by default max(n, m) · eps).

        >>> tg.tensor([[2.0, 0.0], [0.0, 4.0]]).pinverse()
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
        """
        self._matrix("pinverse")
        if rcond is None:
            rcond = max(self.shape[-2:]) * float(self.backend.xp.finfo(self.dtype).eps)
        return ops.pinv(self, rtol=rcond, hermitian=False)

    def det(self) -> Self:
        """The determinant of a square matrix, or of each of a stack.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([[1.0, 2.0], [3.0, 4.0]]).det()
        tensor(-2.)
        """
        self._matrix("det", square=True)
        return ops.det(self)

    def slogdet(self) -> SignAndLogAbsDet:
        """The determinant's sign, and the logarithm of its size, which neither overflows nor underflows.

        >>> tg.eye(2).slogdet()
        SignAndLogAbsDet(sign=tensor(1.), logabsdet=tensor(0.))
        """
        self._matrix("slogdet", square=True)
        return SignAndLogAbsDet._make((ops.sign_of_det(self), ops.logabsdet(self)))

    def logdet(self) -> Self:
        """The logarithm of the determinant: −∞ where that is 0, NaN where it is negative.

        >>> tg.eye(2).logdet()
        tensor(0.)
        """
        self._matrix("logdet", square=True)
        sign, size = ops.sign_of_det(self), ops.logabsdet(self)
        return ops.where(ops.lt(sign, 0), float("nan"), size)

    def cholesky(self, upper: bool = False) -> Self:
        """The lower triangular L with L Lᵀ = self (or its transpose), for symmetric positive definite matrices.

        Raises:
            RuntimeError: for matrices that are not positive definite.

        >>> tg.tensor([[4.0, 0.0], [0.0, 9.0]]).cholesky()
        tensor([[2., 0.],
                [0., 3.]])
        """
        self._matrix("cholesky", square=True)
        lower = self._solved("cholesky", lambda: ops.cholesky(self))
        return lower.mT if upper else lower  # type: ignore[no-any-return]

    def cholesky_solve(self, input2: Any, upper: bool = False) -> Self:
        """The x with L Lᵀ x = self, where `input2` is L (or Lᵀ, if `upper`).

        >>> tg.tensor([[8.0], [8.0]]).cholesky_solve(tg.tensor([[2.0, 0.0], [0.0, 1.0]]))
        tensor([[2.],
                [8.]])
        """
        lower = input2.mT if upper else input2
        return ops.solve(lower.mT, ops.solve(lower, self))  # type: ignore[no-any-return]

    def cholesky_inverse(self, upper: bool = False) -> Self:
        """(L Lᵀ)⁻¹, where self is L (or Lᵀ, if `upper`).

        >>> tg.tensor([[2.0, 0.0], [0.0, 4.0]]).cholesky_inverse()
        tensor([[0.2500, 0.0000],
                [0.0000, 0.0625]])
        """
        self._matrix("cholesky_inverse", square=True)
        lower: Any = self.mT if upper else self
        inverse = self._solved("cholesky_inverse", lambda: ops.inv(lower))
        return ops.matmul(inverse.mT, inverse)  # type: ignore[no-any-return]

    def qr(self, some: bool = True) -> QR:
        """self = Q R, orthonormal columns times an upper triangle: (…, n, m) → (…, n, k), (…, k, m), k = min(n, m).

        For n < m the left square of self has the Q, and R is Qᵀ self.

        >>> tg.eye(2).qr().R.abs()
        tensor([[1., 0.],
                [0., 1.]])
        """
        self._matrix("qr")
        n, m = self.shape[-2:]
        if not some:
            q, r = self.backend.xp.linalg.qr(self.array, mode="complete")
            return QR._make((self.plain.from_array(q), self.plain.from_array(r)))
        if n >= m:
            return QR._make((ops.qr_orthonormal(self), ops.qr_triangular(self)))
        square = ops.getitem(self, index=(..., slice(0, n)))
        q = ops.qr_orthonormal(square)
        rest = ops.matmul(q.mT, ops.getitem(self, index=(..., slice(n, None))))
        return QR._make((q, ops.concat(ops.qr_triangular(square), rest, dim=self.ndim - 1)))

    def svd(self, some: bool = True, compute_uv: bool = True) -> SVD:
        """self = U diag(S) Vᵀ: (…, n, m) → (…, n, k), (…, k), (…, m, k), k = min(n, m); the largest values first.

        >>> tg.tensor([[3.0, 0.0], [0.0, 4.0]]).svd().S
        tensor([4., 3.])
        """
        self._matrix("svd")
        if not compute_uv:
            zeros = [self.backend.xp.zeros((*self.shape[:-2], n, n), dtype=self.dtype) for n in self.shape[-2:]]
            return SVD._make(
                (self.plain.from_array(zeros[0]), ops.singular_values(self), self.plain.from_array(zeros[1]))
            )
        u, s, v = ops.left_vectors(self), ops.singular_values(self), ops.right_vectors(self)
        if not some and self.shape[-1] != self.shape[-2]:  # the vectors beyond k have no derivative, as in PyTorch
            left, _, right = self.backend.xp.linalg.svd(self.array, full_matrices=True)
            k, rest = s.shape[-1], self.ndim - 1
            u = ops.concat(u, self.plain.from_array(left[..., k:]), dim=rest)
            v = ops.concat(v, self.plain.from_array(right.mT[..., k:]), dim=rest)
        return SVD._make((u, s, v))

    def matrix_norm(self, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Self:
        """The norm of matrices in two dimensions: "fro", "nuc" (Σ s), ±2 (extreme s), ±1 (columns), ±inf (rows).

        >>> tg.tensor([[3.0, 0.0], [0.0, 4.0]]).matrix_norm()
        tensor(5.)
        """
        first, second = (dimension("matrix_norm", d, self.ndim) for d in dim)
        if first == second:
            raise ShapeError(f"matrix_norm: the two dimensions must differ; got {tuple(dim)}{in_scope()}")
        if ord == "fro":
            return ops.euclidean_norm(self, dim=(first, second), keepdim=keepdim)
        if ord in ("nuc", 2, -2):
            moved: Any = self.movedim((first, second), (-2, -1))
            s = ops.singular_values(moved)
            empty = ord == 2 and not s.shape[-1]
            out = s.sum(-1) if ord == "nuc" or empty else s.amax(-1) if ord == 2 else s.amin(-1)
        elif ord in (1, -1, inf, -inf):
            inner, outer = (first, second) if abs(ord) == 1 else (second, first)
            sums: Any = ops.sum_(ops.abs_(self), dim=(inner,), keepdim=True)
            empty = ord > 0 and not self.shape[outer]  # the largest of none is 0
            out = sums.sum((inner, outer)) if empty else (sums.amax if ord > 0 else sums.amin)((inner, outer))
        else:
            raise ArgumentError(f"matrix_norm: ord must be 'fro', 'nuc', ±1, ±2 or ±inf; got {ord!r}{in_scope()}")
        if not keepdim:
            return out  # type: ignore[no-any-return]
        return ops.reshape(out, shape=tuple(1 if i in (first, second) else n for i, n in enumerate(self.shape)))  # type: ignore[no-any-return]


__all__ = ["QR", "SVD", "DecompositionMethods", "SignAndLogAbsDet", "TensorBase"]
