"""Products of vectors and matrices, and their decompositions: the methods of the same names."""

from ..tensor import Tensor
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
matmul = of_a_tensor(Tensor.matmul)
matrix_power = of_a_tensor(Tensor.matrix_power)
mm = of_a_tensor(Tensor.mm)
mv = of_a_tensor(Tensor.mv)
outer = of_a_tensor(Tensor.outer)
pinverse = of_a_tensor(Tensor.pinverse)
qr = of_a_tensor(Tensor.qr)
slogdet = of_a_tensor(Tensor.slogdet)
svd = of_a_tensor(Tensor.svd)
vdot = of_a_tensor(Tensor.vdot)

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
    "matmul",
    "matrix_power",
    "mm",
    "mv",
    "outer",
    "pinverse",
    "qr",
    "slogdet",
    "svd",
    "vdot",
]
