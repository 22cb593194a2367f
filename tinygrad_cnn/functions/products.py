"""Products of vectors and matrices, and their decompositions: the methods of the same names."""

from typing import NamedTuple

from ..autograd.modes import in_scope
from ..errors import DtypeError
from ..tensor import Tensor
from ..tensor.factorizations import order_of
from .wrap import of_a_tensor

addbmm = of_a_tensor(Tensor.addbmm)
addmm = of_a_tensor(Tensor.addmm)
addmv = of_a_tensor(Tensor.addmv)
addr = of_a_tensor(Tensor.addr)
baddbmm = of_a_tensor(Tensor.baddbmm)
bmm = of_a_tensor(Tensor.bmm)
cholesky = of_a_tensor(Tensor.cholesky)
cholesky_inverse = of_a_tensor(Tensor.cholesky_inverse)
cholesky_solve = of_a_tensor(Tensor.cholesky_solve)
cross = of_a_tensor(Tensor.cross)
det = of_a_tensor(Tensor.det)
dist = of_a_tensor(Tensor.dist)
dot = of_a_tensor(Tensor.dot)
ger = of_a_tensor(Tensor.ger)
inner = of_a_tensor(Tensor.inner)
inverse = of_a_tensor(Tensor.inverse)
kron = of_a_tensor(Tensor.kron)
logdet = of_a_tensor(Tensor.logdet)
lu = of_a_tensor(Tensor.lu)
lu_solve = of_a_tensor(Tensor.lu_solve)
matmul = of_a_tensor(Tensor.matmul)
matrix_exp = of_a_tensor(Tensor.matrix_exp)
matrix_power = of_a_tensor(Tensor.matrix_power)
mm = of_a_tensor(Tensor.mm)
mv = of_a_tensor(Tensor.mv)
orgqr = of_a_tensor(Tensor.orgqr)
outer = of_a_tensor(Tensor.outer)
pinverse = of_a_tensor(Tensor.pinverse)
qr = of_a_tensor(Tensor.qr)
slogdet = of_a_tensor(Tensor.slogdet)
svd = of_a_tensor(Tensor.svd)
triangular_solve = of_a_tensor(Tensor.triangular_solve)
vdot = of_a_tensor(Tensor.vdot)


class Unpacked(NamedTuple):
    """What `lu_unpack` returns: P, L and U of P L U."""

    P: Tensor
    L: Tensor
    U: Tensor


def lu_unpack(
    LU_data: Tensor,  # noqa: N803 - PyTorch's names
    LU_pivots: Tensor,  # noqa: N803
    unpack_data: bool = True,
    unpack_pivots: bool = True,
) -> Unpacked:
    """The permutation and the triangles of what `lu` or `linalg.lu_factor` returned; empty what is not asked for.

    >>> import tinygrad_cnn as tg
    >>> p, l, u = lu_unpack(*tg.linalg.lu_factor(tg.tensor([[0.0, 2.0], [4.0, 3.0]])))
    >>> p @ l @ u
    tensor([[0., 2.],
            [4., 3.]])
    """
    if LU_pivots.dtype != "int32":
        raise DtypeError(f"lu_unpack: pivots must be int32, as lu gives them; got {LU_pivots.dtype}{in_scope()}")
    n, m = LU_data.shape[-2:]
    k, xp = min(n, m), LU_data.backend.xp
    lower = upper = places = LU_data.new_empty(0)
    if unpack_data:
        lower = LU_data[..., :k].tril(-1) + LU_data.new_tensor(xp.eye(n, k), dtype=LU_data.dtype)
        upper = LU_data[..., :k, :].triu()
    if unpack_pivots:
        order = xp.argsort(order_of(LU_pivots.array, n, xp), axis=-1)
        places = Tensor.from_array(xp.eye(n, dtype=LU_data.dtype)[order])
    return Unpacked(places, lower, upper)


__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "cholesky",
    "cholesky_inverse",
    "cholesky_solve",
    "cross",
    "det",
    "dist",
    "dot",
    "ger",
    "inner",
    "inverse",
    "kron",
    "logdet",
    "lu",
    "lu_solve",
    "lu_unpack",
    "matmul",
    "matrix_exp",
    "matrix_power",
    "mm",
    "mv",
    "orgqr",
    "outer",
    "pinverse",
    "qr",
    "slogdet",
    "svd",
    "triangular_solve",
    "vdot",
]
