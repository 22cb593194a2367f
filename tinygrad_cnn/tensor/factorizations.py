"""Tensor methods for triangular systems and LU factors, with pivots; products of reflections; matrix exponentials."""

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from .. import ops
from ..autograd import broadcast_to, unrecordable
from ..autograd.modes import in_scope
from ..errors import ArgumentError, DtypeError, LinAlgError, ShapeError
from .base import TensorBase
from .decompositions import DecompositionMethods

if TYPE_CHECKING:
    from . import Tensor


class TriangularSolution(NamedTuple):
    """What `triangular_solve` returns: the solution, and the matrix once more."""

    solution: "Tensor"
    cloned_coefficient: "Tensor"


class PivotedLU(NamedTuple):
    """What `lu` and `lu_factor` return: L (without its ones) and U in one matrix, and which rows were exchanged."""

    LU: "Tensor"
    pivots: "Tensor"


def pivot(x: Any, xp: Any) -> tuple[Any, Any]:
    """The order of rows in which Gauss eliminates with partial pivoting, and LAPACK's pivots, counted from 1."""
    n, m = x.shape[-2:]
    work = x.reshape(prod(x.shape[:-2]), n, m).copy()
    batch = xp.arange(len(work))
    order = xp.broadcast_to(xp.arange(n), (len(work), n)).copy()
    pivots = xp.empty((len(work), min(n, m)), dtype="int32")
    for k in range(min(n, m)):
        largest = xp.argmax(xp.abs(work[:, k:, k]), axis=1) + k
        pivots[:, k] = largest + 1
        for rows in (work, order):
            rows[batch, largest], rows[:, k] = rows[:, k].copy(), rows[batch, largest]
        divisor = work[:, k, k, None]
        factors = work[:, k + 1 :, k] / xp.where(divisor == 0, 1, divisor)
        work[:, k + 1 :, k:] -= factors[..., None] * work[:, None, k, k:]
    return order.reshape(*x.shape[:-2], n), pivots.reshape(*x.shape[:-2], min(n, m))


def order_of(pivots: Any, n: int, xp: Any) -> Any:
    """The order of n rows that LAPACK's pivots lead to."""
    lines = pivots.reshape(prod(pivots.shape[:-1]), pivots.shape[-1])
    order = xp.broadcast_to(xp.arange(n), (len(lines), n)).copy()
    batch = xp.arange(len(lines))
    for k in range(lines.shape[1]):
        other = lines[:, k] - 1
        order[batch, other], order[:, k] = order[:, k].copy(), order[batch, other]
    return order.reshape(*pivots.shape[:-1], n)


def rows_in(x: Any, order: Any) -> Any:
    """The rows of matrices in another order, one for each matrix."""
    if not x.array.size:
        return x
    index = x.backend.xp.broadcast_to(order[..., None], x.shape)
    return ops.gather_along(x, dim=x.ndim - 2, index=index)


def spread(op: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Two stacks of matrices, their batches broadcast against each other."""
    try:
        batch = x.backend.xp.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except ValueError:
        raise ShapeError(f"{op}: {tuple(x.shape)} and {tuple(y.shape)} do not broadcast{in_scope()}") from None
    return broadcast_to(x, shape=(*batch, *x.shape[-2:])), broadcast_to(y, shape=(*batch, *y.shape[-2:]))


def solve_triangle(op: str, a: Any, b: Any, *, upper: bool, unit: bool = False) -> Any:
    """The x with a x = b, where of `a` one triangle counts, and its diagonal unless that is of ones (`unit`)."""
    if a.dtype != b.dtype:
        raise DtypeError(f"{op}: both must have one dtype; got {a.dtype} and {b.dtype}{in_scope()}")
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            f"{op}: expects square matrices and matrices; got {tuple(a.shape)} and {tuple(b.shape)}{in_scope()}"
        )
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(f"{op}: {tuple(a.shape)} and {tuple(b.shape)} do not fit together{in_scope()}")
    a, b = spread(op, a, b)
    triangle = (ops.triu if upper else ops.tril)(a, diagonal=(1 if upper else -1) * unit)
    if unit:
        triangle = ops.add(triangle, a.plain.from_array(a.backend.xp.eye(a.shape[-1], dtype=a.dtype)))
    try:
        return ops.solve(triangle, b)
    except ValueError:
        raise LinAlgError(f"{op}: a number on the diagonal is 0, so there is no solution{in_scope()}") from None


def solve_factored(op: str, packed: Any, pivots: Any, b: Any, *, adjoint: bool = False) -> Any:
    """The x with A x = b (or Aᵀ x = b) for the A = P L U of `lu_factor`."""
    if pivots.dtype != "int32":
        raise DtypeError(f"{op}: pivots must be int32, as lu_factor gives them; got {pivots.dtype}{in_scope()}")
    if packed.ndim < 2 or packed.shape[-1] != packed.shape[-2] or pivots.shape != packed.shape[:-1]:
        raise ShapeError(
            f"{op}: expects square LU and as many pivots; got {tuple(packed.shape)}, {tuple(pivots.shape)}{in_scope()}"
        )
    n, xp = packed.shape[-1], packed.backend.xp
    if packed.dtype != b.dtype:
        raise DtypeError(f"{op}: both must have one dtype; got {packed.dtype} and {b.dtype}{in_scope()}")
    if b.ndim < 2 or b.shape[-2] != n:
        raise ShapeError(f"{op}: {tuple(packed.shape)} and {tuple(b.shape)} do not fit together{in_scope()}")
    order = order_of(pivots.array, n, xp)
    packed, b = spread(op, packed, b)
    order = xp.broadcast_to(order, packed.shape[:-1])
    if not adjoint:
        inner = solve_triangle(op, packed, rows_in(b, order), upper=False, unit=True)
        return solve_triangle(op, packed, inner, upper=True)
    inner = solve_triangle(op, packed.mT, b, upper=False)
    return rows_in(solve_triangle(op, packed.mT, inner, upper=True, unit=True), xp.argsort(order, axis=-1))


class FactorizationMethods(DecompositionMethods):
    """LU factors, triangular systems, reflections, exponentials."""

    __slots__ = ()

    def lu(self, pivot: bool = True, get_infos: bool = False) -> Any:
        """L and U of P L U = self in one matrix (…, n, m), and the rows that were exchanged, counted from 1.

        Args:
            get_infos: add the number of the first diagonal element of U that is 0, or 0.

        Raises:
            RuntimeError: without `pivot`, which is PyTorch's error too, or for what is no matrix.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([[0.0, 2.0], [4.0, 2.0]]).lu()
        PivotedLU(LU=tensor([[4., 2.],
                [0., 2.]]), pivots=tensor([2, 2], dtype=int32))
        """
        packed, pivots, infos = self.pivoted_lu("lu", with_pivot=pivot)
        return (packed, pivots, infos) if get_infos else PivotedLU._make((packed, pivots))

    def pivoted_lu(self, op: str, *, with_pivot: bool = True) -> tuple[Self, Self, Self]:
        """What `lu` returns, with the infos.

        >>> data, pivots, info = tg.eye(2).pivoted_lu("lu")
        >>> pivots.tolist(), info.item()
        ([1, 2], 0)
        """
        order, pivots = self.row_order(op, with_pivot=with_pivot)
        x, (n, m) = rows_in(self, order), self.shape[-2:]
        lower, upper = ops.tril(ops.lu_lower(x), diagonal=-1), ops.lu_upper(x)
        k, around = min(n, m), ((0, 0),) * (self.ndim - 2)
        packed = ops.add(
            ops.pad(lower, pads=(*around, (0, 0), (0, m - k)), value=0),
            ops.pad(upper, pads=(*around, (0, n - k), (0, 0)), value=0),
        )
        xp = self.backend.xp
        zero = xp.diagonal(upper.array, 0, -2, -1) == 0
        infos = xp.where(zero.any(axis=-1), xp.argmax(zero, axis=-1) + 1, 0) if k else xp.zeros(self.shape[:-2])
        return packed, self.plain.from_array(pivots), self.plain.from_array(xp.asarray(infos, dtype="int32"))  # type: ignore[return-value]

    def row_order(self, op: str, *, with_pivot: bool = True) -> tuple[Any, Any]:
        """The order of rows in which Gauss eliminates, and LAPACK's pivots, as arrays.

        >>> rows, pivots = tg.tensor([[0.0, 1.0], [1.0, 0.0]]).row_order("lu")
        >>> rows
        array([1, 0])
        """
        self._matrix(op)
        if not with_pivot:
            raise ArgumentError(f"{op}: without pivoting is not there on the CPU; leave pivot=True{in_scope()}")
        unrecordable(f"{op}: pivots are found without an operation")
        return pivot(self.array, self.backend.xp)

    def lu_solve(self, LU_data: Any, LU_pivots: Any) -> Self:  # noqa: N803 - PyTorch's names
        """The x with A x = self, where `lu` of A gave the data and the pivots.

        >>> data, pivots = tg.tensor([[2.0, 0.0], [0.0, 4.0]]).lu()
        >>> tg.ones(2, 1).lu_solve(data, pivots)
        tensor([[0.5000],
                [0.2500]])
        """
        return solve_factored("lu_solve", LU_data, LU_pivots, self)  # type: ignore[no-any-return]

    def triangular_solve(
        self,
        A: Any,  # noqa: N803
        upper: bool = True,
        transpose: bool = False,
        unitriangular: bool = False,
    ) -> TriangularSolution:
        """The x with A x = self (or Aᵀ x = self) for triangular A, of which the other triangle does not count.

        >>> tg.tensor([[4.0], [6.0]]).triangular_solve(tg.tensor([[2.0, 0.0], [0.0, 3.0]])).solution
        tensor([[2.],
                [2.]])
        """
        a, side = (A.mT, not upper) if transpose else (A, upper)
        _, out = spread("triangular_solve", a, self)
        solution = solve_triangle("triangular_solve", a, out, upper=side, unit=unitriangular)
        return TriangularSolution._make((solution, spread("triangular_solve", A, self)[0].clone()))

    def matrix_exp(self) -> Self:
        """eˣ = 1 + x + x²/2 + … of square matrices.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([[0.0, 1.0], [0.0, 0.0]]).matrix_exp()
        tensor([[1., 1.],
                [0., 1.]])
        """
        self._matrix("matrix_exp", square=True)
        return ops.matrix_exp(self)

    def orgqr(self, tau: Any) -> Self:
        """The first columns of the product of reflections 1 − τᵢ vᵢ vᵢᵀ, where vᵢ is column i of self below a 1.

        Shapes: (…, n, m), (…, k) → (…, n, m), with n ≥ m ≥ k.

        >>> tg.eye(2).orgqr(tg.zeros(2))
        tensor([[1., 0.],
                [0., 1.]])
        """
        self._matrix("orgqr")
        n, m = self.shape[-2:]
        if n < m or tau.ndim != self.ndim - 1 or tau.shape[:-1] != self.shape[:-2] or tau.shape[-1] > m:
            raise ShapeError(
                f"orgqr: expects (…, n, m) with n ≥ m and (…, k) with k ≤ m; got {tuple(self.shape)} and "
                f"{tuple(tau.shape)}{in_scope()}"
            )
        if tau.dtype != self.dtype:
            raise DtypeError(f"orgqr: both must have one dtype; got {self.dtype} and {tau.dtype}{in_scope()}")
        xp = self.backend.xp
        identity = self.plain.from_array(xp.eye(n, m, dtype=self.dtype))
        vectors = ops.add(ops.tril(self, diagonal=-1), identity)
        out: Any = ops.add(ops.mul(self, 0), identity)
        for i in reversed(range(tau.shape[-1])):
            v = ops.getitem(vectors, index=(..., slice(i, i + 1)))
            scale = ops.reshape(ops.getitem(tau, index=(..., i)), shape=(*tau.shape[:-1], 1, 1))
            out = ops.sub(out, ops.mul(scale, ops.matmul(v, ops.matmul(v.mT, out))))
        return out  # type: ignore[no-any-return]


__all__ = ["FactorizationMethods", "PivotedLU", "TensorBase", "TriangularSolution"]
