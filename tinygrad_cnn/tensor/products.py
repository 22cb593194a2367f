"""Tensor methods that multiply vectors and matrices."""

from math import prod
from typing import Any, Self

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import is_floating
from ..errors import DtypeError, ShapeError
from ..ops.precision import LOW
from .arrangement import ArrangementMethods
from .base import TensorBase
from .old_order import factors_may_come_first
from .precision import runs_in
from .reductions import dimension
from .words import numpy_words


class ProductMethods(ArrangementMethods):
    """Products of vectors and matrices."""

    __slots__ = ()

    # of two -----------------------------------------------------------------------------------------------------------

    def matmul(self, other: Any) -> Self:
        """The matrix product: of matrices, of stacks of them (which broadcast), of vectors as rows or columns.

        >>> tg.tensor([[1, 2], [3, 4]]).matmul(tg.tensor([1, 1]))
        tensor([3, 7])
        """
        return self._matmul("matmul", other)

    def _matmul(self, op: str, other: Any) -> Self:
        if not isinstance(other, TensorBase):
            other = self.plain.from_array(self.backend.asarray(other))
        if not self.ndim or not other.ndim:
            raise ShapeError(
                f"{op}: both sides need at least one dimension; "
                f"got {tuple(self.shape)} @ {tuple(other.shape)}{in_scope()}"
            )
        inner = other.shape[-2] if other.ndim > 1 else other.shape[0]
        if self.shape[-1] != inner:
            raise ShapeError(
                f"{op}: {tuple(self.shape)} @ {tuple(other.shape)}: "
                + (
                    f"the vectors have {self.shape[-1]} and {inner} elements{in_scope()}"
                    if self.ndim == other.ndim == 1
                    else f"the left side has {self.shape[-1]} columns, the right side {inner} rows{in_scope()}"
                )
            )
        if self.ndim > 2 and other.ndim == 2:  # one large product instead of many small ones
            rows = ops.matmul(self.reshape(prod(self.shape[:-1]), inner), other)
            return ops.reshape(rows, shape=(*self.shape[:-1], other.shape[1]))
        left = self if self.ndim > 1 else self.unsqueeze(0)
        right = other if other.ndim > 1 else other.unsqueeze(1)
        out = ops.matmul(left, right)
        if self.ndim == 1:
            out = out.squeeze(-2)
        return out.squeeze(-1) if other.ndim == 1 else out

    def __matmul__(self, other: Any) -> Self:
        return self.matmul(other)

    def __rmatmul__(self, other: Any) -> Self:
        return self.plain.from_array(self.backend.asarray(other)).matmul(self)  # type: ignore[attr-defined,no-any-return]

    def mm(self, mat2: TensorBase) -> Self:
        """The product of two matrices.

        >>> tg.tensor([[1, 2]]).mm(tg.tensor([[3], [4]]))
        tensor([[11]])
        """
        return self._product("mm", mat2, 2, 2)

    def bmm(self, mat2: TensorBase) -> Self:
        """The products of two stacks of matrices.

        >>> tg.ones(2, 1, 3).bmm(tg.ones(2, 3, 1)).flatten()
        tensor([3., 3.])
        """
        return self._product("bmm", mat2, 3, 3)

    def mv(self, vec: TensorBase) -> Self:
        """A matrix times a vector.

        >>> tg.tensor([[1, 2], [3, 4]]).mv(tg.tensor([1, 1]))
        tensor([3, 7])
        """
        return self._product("mv", vec, 2, 1)

    def dot(self, tensor: TensorBase) -> Self:
        """The inner product of two vectors.

        >>> tg.tensor([1, 2]).dot(tg.tensor([3, 4]))
        tensor(11)
        """
        return self._product("dot", tensor, 1, 1)

    def _product(self, op: str, other: TensorBase, left: int, right: int) -> Self:
        if (self.ndim, other.ndim) != (left, right):
            raise ShapeError(
                f"{op}: expects {left}-d and {right}-d tensors; "
                f"got {tuple(self.shape)} and {tuple(other.shape)}{in_scope()}"
            )
        return self._matmul(op, other)

    def outer(self, vec2: TensorBase) -> Self:
        """All products of an element of this vector and one of the other.

        >>> tg.tensor([1, 2]).outer(tg.tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
        """
        if self.ndim != 1 or vec2.ndim != 1:
            raise ShapeError(f"outer: expects two vectors; got {tuple(self.shape)} and {tuple(vec2.shape)}{in_scope()}")
        return ops.mul(ops.reshape(self, shape=(-1, 1)), vec2)

    def ger(self, vec2: TensorBase) -> Self:
        """Another name of `outer`.

        >>> tg.tensor([1, 2]).ger(tg.tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
        """
        return self.outer(vec2)

    def vdot(self, other: TensorBase) -> Self:
        """Another name of `dot`, since tensors hold real numbers.

        >>> tg.tensor([1, 2]).vdot(tg.tensor([3, 4]))
        tensor(11)
        """
        return self.dot(other)

    def inner(self, other: Any) -> Self:
        """Σ over the last dimensions of both, which must be equal; with a tensor without dimensions, the product.

        >>> tg.tensor([1, 2]).inner(tg.tensor([3, 4]))
        tensor(11)
        """
        if not self.ndim or not other.ndim:
            return ops.mul(self, other)
        if self.shape[-1] != other.shape[-1]:
            raise ShapeError(
                f"inner: the last dimensions must be equal; "
                f"got {tuple(self.shape)} and {tuple(other.shape)}{in_scope()}"
            )
        rows = ops.reshape(self, shape=(prod(self.shape[:-1]), self.shape[-1]))
        columns = ops.reshape(other, shape=(prod(other.shape[:-1]), other.shape[-1]))
        return ops.reshape(rows._matmul("inner", columns.mT), shape=(*self.shape[:-1], *other.shape[:-1]))

    def kron(self, other: TensorBase) -> Self:
        """The Kronecker product: every element of self times all of other, block by block.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([1, 10]).kron(tg.tensor([2, 3]))
        tensor([ 2,  3, 20, 30])
        """
        ndim = max(self.ndim, other.ndim)
        a, b = ((*(1,) * (ndim - x.ndim), *x.shape) for x in (self, other))
        left = ops.reshape(self, shape=tuple(n for size in a for n in (size, 1)))
        right = ops.reshape(other, shape=tuple(n for size in b for n in (1, size)))
        return ops.reshape(ops.mul(left, right), shape=tuple(n * m for n, m in zip(a, b, strict=True)))

    @numpy_words
    def cross(self, other: TensorBase, dim: int | None = None) -> Self:
        """The cross product of vectors of 3 along a dimension, by default the first of that size.

        Raises:
            RuntimeError: when that dimension does not have 3 elements.

        >>> tg.tensor([1, 0, 0]).cross(tg.tensor([0, 1, 0]))
        tensor([0, 0, 1])
        """
        if dim is None:
            found = [i for i, n in enumerate(self.shape) if n == 3]
            if not found:
                raise ShapeError(f"cross: no dimension of {tuple(self.shape)} has size 3{in_scope()}")
            dim = found[0] - self.ndim
        if self.ndim != other.ndim:
            raise ShapeError(
                f"cross: both must have as many dimensions; "
                f"got {tuple(self.shape)} and {tuple(other.shape)}{in_scope()}"
            )
        place = dimension("cross", dim, self.ndim)
        if self.shape[place] != 3 or other.shape[place] != 3:
            raise ShapeError(
                f"cross: dim {dim} must have size 3; got {tuple(self.shape)} and {tuple(other.shape)}{in_scope()}"
            )
        ahead: Any = (*(slice(None),) * place, self.backend.xp.asarray([1, 2, 0]))
        behind: Any = (*(slice(None),) * place, self.backend.xp.asarray([2, 0, 1]))
        return ops.sub(
            ops.mul(ops.getitem(self, index=ahead), ops.getitem(other, index=behind)),
            ops.mul(ops.getitem(self, index=behind), ops.getitem(other, index=ahead)),
        )

    # sums of products -------------------------------------------------------------------------------------------------

    def _sum_with(self, product: Self, beta: float, alpha: float) -> Self:
        """beta · self + alpha · product; where beta is 0 what self holds does not matter, NaN included."""
        if self.dtype != product.dtype:
            raise DtypeError(f"addmm: all inputs must have one dtype; got {self.dtype} and {product.dtype}{in_scope()}")
        if not is_floating(self.dtype):  # integers take integer parts of the factors, as in PyTorch
            alpha, beta = int(alpha), int(beta)
        product = product if alpha == 1 else ops.mul(product, alpha)
        try:
            fits = self.backend.xp.broadcast_shapes(self.shape, product.shape) == product.shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(
                f"addmm: the term of shape {tuple(self.shape)} can't be expanded to the product's "
                f"{tuple(product.shape)}{in_scope()}"
            )
        out = product if beta == 0 else ops.add(self if beta == 1 else ops.mul(self, beta), product)
        return out if out.dtype == self.dtype else ops.cast(out, dtype=self.dtype, source=out.dtype)

    @factors_may_come_first(2, "beta", "alpha")
    @runs_in(LOW)
    def addmm(self, mat1: TensorBase, mat2: TensorBase, *, beta: float = 1, alpha: float = 1) -> Self:
        """beta · self + alpha · mat1 @ mat2, of two matrices.

        >>> tg.ones(1, 1).addmm(tg.ones(1, 3), tg.ones(3, 1), beta=10)
        tensor([[13.]])
        """
        return self._sum_with(mat1.mm(mat2), beta, alpha)  # type: ignore[attr-defined]

    @factors_may_come_first(2, "beta", "alpha")
    @runs_in(LOW)
    def addmv(self, mat: TensorBase, vec: TensorBase, *, beta: float = 1, alpha: float = 1) -> Self:
        """beta · self + alpha · mat @ vec, of a matrix and a vector.

        >>> tg.ones(1).addmv(tg.ones(1, 3), tg.ones(3))
        tensor([4.])
        """
        return self._sum_with(mat.mv(vec), beta, alpha)  # type: ignore[attr-defined]

    @factors_may_come_first(2, "beta", "alpha")
    @runs_in(LOW)
    def addr(self, vec1: TensorBase, vec2: TensorBase, *, beta: float = 1, alpha: float = 1) -> Self:
        """beta · self + alpha · the outer product of two vectors.

        >>> tg.zeros(2, 2).addr(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
        tensor([[3., 4.],
                [6., 8.]])
        """
        return self._sum_with(vec1.outer(vec2), beta, alpha)  # type: ignore[attr-defined]

    @factors_may_come_first(2, "beta", "alpha")
    @runs_in(LOW)
    def baddbmm(self, batch1: TensorBase, batch2: TensorBase, *, beta: float = 1, alpha: float = 1) -> Self:
        """beta · self + alpha · batch1 @ batch2, of two stacks of matrices.

        >>> tg.zeros(2, 1, 1).baddbmm(tg.ones(2, 1, 3), tg.ones(2, 3, 1)).flatten()
        tensor([3., 3.])
        """
        return self._sum_with(batch1.bmm(batch2), beta, alpha)  # type: ignore[attr-defined]

    @factors_may_come_first(2, "beta", "alpha")
    @runs_in(LOW)
    def addbmm(self, batch1: TensorBase, batch2: TensorBase, *, beta: float = 1, alpha: float = 1) -> Self:
        """beta · self + alpha · Σ batch1ᵢ @ batch2ᵢ, over two stacks of matrices.

        >>> tg.zeros(1, 1).addbmm(tg.ones(3, 1, 2), tg.ones(3, 2, 1))
        tensor([[6.]])
        """
        return self._sum_with(batch1.bmm(batch2).sum(0), beta, alpha)  # type: ignore[attr-defined]

    def matrix_power(self, n: int) -> Self:
        """A square matrix (or a stack of them) multiplied n times by itself; a negative n takes the inverse.

        Raises:
            RuntimeError: for matrices that are not square, or have no inverse.

        >>> tg.tensor([[1, 1], [0, 1]]).matrix_power(3)
        tensor([[1, 3],
                [0, 1]])
        """
        if self.ndim < 2 or self.shape[-1] != self.shape[-2]:
            raise ShapeError(f"matrix_power: expects square matrices; got shape {tuple(self.shape)}{in_scope()}")
        if n == 0:
            identity = self.plain.from_array(self.backend.xp.eye(self.shape[-1], dtype=self.dtype))
            return ops.add(ops.mul(self, 0), identity)
        base: Any = self if n > 0 else self.inverse()  # type: ignore[attr-defined]
        out, n = None, abs(n)
        while n:
            if n & 1:
                out = base if out is None else ops.matmul(out, base)
            n >>= 1
            base = ops.matmul(base, base) if n else base
        return out if out is not self else ops.copy(self)  # type: ignore[return-value]

    def dist(self, other: TensorBase, p: float = 2) -> Self:
        """The p-norm of self − other.

        >>> tg.tensor([0.0, 0.0]).dist(tg.tensor([3.0, 4.0]))
        tensor(5.)
        """
        return ops.sub(self, other).norm(p)  # type: ignore[attr-defined, no-any-return]
