"""A stand-in for cuBLAS that reads memory as cuBLAS does."""

import ctypes
from array import array
from typing import Any

import numpy as np

from tests.cuda.fake_device import capture

KINDS = {0: ctypes.c_float, 1: ctypes.c_double, 14: ctypes.c_uint16}


class Blas:
    """`cublasGemmEx` and that for batches: column-major matrices from addresses, leading dimensions and steps."""

    def __init__(self) -> None:
        self.computed = array("i")  # what `compile` does not look into, as it does into lists

    def _matrix(self, address: int, kind: int, rows: int, columns: int, leading: int) -> Any:
        count = leading * (columns - 1) + rows
        assert leading >= rows, "cuBLAS refuses this"
        memory = np.ctypeslib.as_array((KINDS[kind] * count).from_address(address))
        memory = memory.view("bfloat16") if kind == 14 else memory
        return np.lib.stride_tricks.as_strided(memory, (rows, columns), (memory.itemsize, leading * memory.itemsize))

    def cublasGemmEx(
        self, handle: Any, ta: int, tb: int, m: int, n: int, k: int, one: int, a: int, a_kind: int, lda: int, b: int,
        b_kind: int, ldb: int, zero: int, c: int, c_kind: int, ldc: int, compute: int, algorithm: int,
    ) -> int:  # fmt: skip
        arguments = (ta, tb, m, n, k, one, a, a_kind, lda, 0, b, b_kind, ldb, 0, zero, c, c_kind, ldc, 0)
        capture.do(lambda: self._compute(*arguments, 1, compute))
        return 0

    def cublasGemmStridedBatchedEx(
        self, handle: Any, ta: int, tb: int, m: int, n: int, k: int, one: int, a: int, a_kind: int, lda: int,
        a_step: int, b: int, b_kind: int, ldb: int, b_step: int, zero: int, c: int, c_kind: int, ldc: int,
        c_step: int, count: int, compute: int, algorithm: int,
    ) -> int:  # fmt: skip
        arguments = (ta, tb, m, n, k, one, a, a_kind, lda, a_step, b, b_kind, ldb, b_step, zero, c, c_kind, ldc, c_step)
        capture.do(lambda: self._compute(*arguments, count, compute))
        return 0

    def _compute(
        self, ta: int, tb: int, m: int, n: int, k: int, one: int, a: int, a_kind: int, lda: int,
        a_step: int, b: int, b_kind: int, ldb: int, b_step: int, zero: int, c: int, c_kind: int, ldc: int,
        c_step: int, count: int, compute: int,
    ) -> None:  # fmt: skip
        self.computed.append(compute)
        number = KINDS[1] if compute == 70 else KINDS[0]
        assert number.from_address(one).value == 1
        assert number.from_address(zero).value == 0
        width = ctypes.sizeof(KINDS[a_kind])
        for i in range(count):
            left = self._matrix(a + i * a_step * width, a_kind, *((k, m) if ta else (m, k)), lda)
            right = self._matrix(b + i * b_step * width, b_kind, *((n, k) if tb else (k, n)), ldb)
            out = self._matrix(c + i * c_step * width, c_kind, m, n, ldc)
            left, right = ((m.T if turned else m) for m, turned in ((left, ta), (right, tb)))
            out[...] = left @ right if a_kind != 14 else left.astype("float32") @ right.astype("float32")
