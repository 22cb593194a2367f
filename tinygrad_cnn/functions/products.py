"""Products of vectors and matrices, and their decompositions: the methods of the same names."""

from ..tensor import Tensor
from .wrap import of_a_tensor

addbmm = of_a_tensor(Tensor.addbmm)
addmm = of_a_tensor(Tensor.addmm)
addmv = of_a_tensor(Tensor.addmv)
addr = of_a_tensor(Tensor.addr)
baddbmm = of_a_tensor(Tensor.baddbmm)
bmm = of_a_tensor(Tensor.bmm)
cross = of_a_tensor(Tensor.cross)
dist = of_a_tensor(Tensor.dist)
dot = of_a_tensor(Tensor.dot)
ger = of_a_tensor(Tensor.ger)
inner = of_a_tensor(Tensor.inner)
kron = of_a_tensor(Tensor.kron)
matmul = of_a_tensor(Tensor.matmul)
matrix_power = of_a_tensor(Tensor.matrix_power)
mm = of_a_tensor(Tensor.mm)
mv = of_a_tensor(Tensor.mv)
outer = of_a_tensor(Tensor.outer)
vdot = of_a_tensor(Tensor.vdot)

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "cross",
    "dist",
    "dot",
    "ger",
    "inner",
    "kron",
    "matmul",
    "matrix_power",
    "mm",
    "mv",
    "outer",
    "vdot",
]
