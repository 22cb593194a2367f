"""Rows of the table in `op_samples.py`: inverses, determinants and decompositions."""

import math
from itertools import permutations
from typing import Any

import numpy as np

from tests.op_samples import row
from tests.samples import Array, case, some
from tinygrad_cnn import ops

SIZES = ((1, 1), (3, 3), (2, 3, 3))
WIDE, TALL, STACK = (2, 4), (4, 2), (2, 3, 3)


def regular(*shape: int) -> Array:
    """Matrices far from singular, their singular values and eigenvalues well apart."""
    n = min(shape[-2:])
    out = some(*shape) / 6
    for i in range(n):
        out[..., i, i] += 1.5 + i
    return out


def definite(*shape: int) -> Array:
    x = regular(*shape)
    return x @ np.swapaxes(x, -1, -2)


def each(f: Any) -> Any:
    """A function of one matrix on a stack of them."""

    def reference(*args: Array, **params: Any) -> Array:
        stacks = args[0].shape[:-2]
        found = [f(*(x[i] if x.ndim > 2 else x for x in args), **params) for i in np.ndindex(stacks)]
        return np.array(found).reshape((*stacks, *np.shape(found[0])))

    return reference


def _det(x: Array) -> float:
    """Leibniz: the sum over all permutations."""
    n, total = len(x), 0.0
    for p in permutations(range(n)):
        swaps = sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n))
        total += (-1) ** swaps * math.prod(x[i, p[i]] for i in range(n))
    return total


def _inv(x: Array) -> Array:
    """Cramer: the transposed cofactors over the determinant."""
    n = len(x)
    minors = [[_det(np.delete(np.delete(x, i, 0), j, 1)) if n > 1 else 1.0 for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * minors[j][i] for j in range(n)] for i in range(n)]) / _det(x)


def _cholesky(x: Array) -> Array:
    out = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(i + 1):
            rest = x[i, j] - math.fsum(out[i, k] * out[j, k] for k in range(j))
            out[i, j] = math.sqrt(rest) if i == j else rest / out[j, j]
    return out


row("inv", each(_inv), *(case(regular(*s)) for s in SIZES))
row(
    "solve",
    each(lambda a, b: _inv(a) @ b),
    case(regular(3, 3), some(3, 2)),
    case(regular(2, 3, 3), some(2, 3, 1)),
    case(regular(2, 3, 3), some(3, 2)),
)
row("det", each(_det), *(case(regular(*s)) for s in SIZES))
row("logabsdet", each(lambda x: math.log(abs(_det(x)))), *(case(regular(*s)) for s in SIZES))
# The factorisation reads one triangle; the gradient is that of a symmetric matrix, which the call makes.
row(
    "cholesky",
    each(_cholesky),
    *(case(definite(*s)) for s in SIZES),
    call=lambda x: _symmetric(ops.cholesky, x),
)
row("sign_of_det", each(lambda x: np.sign(_det(x))), *(case(regular(*s)) for s in SIZES))
row(
    "pinv",
    each(lambda x, rtol, hermitian: x.T @ _inv(x @ x.T)),
    case(regular(*WIDE), rtol=1e-12, hermitian=False),
    case(definite(*STACK), rtol=1e-12, hermitian=True),
    call=lambda x, *, rtol, hermitian: ops.pinv((x + x.mT) / 2 if hermitian else x, rtol=rtol, hermitian=hermitian),
)


def _symmetric(operation: Any, x: Any) -> Any:
    return operation((x + x.mT) / 2)


# NumPy's factors are the reference here: their signs are a convention, and the derivatives are checked on their own.
row("qr_orthonormal", lambda x: np.linalg.qr(x)[0], *(case(regular(*s)) for s in (TALL, STACK)))
row("qr_triangular", lambda x: np.linalg.qr(x)[1], *(case(regular(*s)) for s in (TALL, STACK)))
row("singular_values", lambda x: np.linalg.svd(x)[1], *(case(regular(*s)) for s in (WIDE, TALL, STACK)))
row(
    "left_vectors",
    lambda x: np.linalg.svd(x, full_matrices=False)[0],
    *(case(regular(*s)) for s in (WIDE, TALL, STACK)),
)
row(
    "right_vectors",
    lambda x: np.linalg.svd(x, full_matrices=False)[2].swapaxes(-1, -2),
    *(case(regular(*s)) for s in (WIDE, TALL, STACK)),
)
row(
    "eigenvalues",
    lambda x, lower: np.linalg.eigh(x)[0],
    *(case(definite(*s), lower=lower) for s in SIZES for lower in (True, False)),
    call=lambda x, *, lower: _symmetric(lambda x: ops.eigenvalues(x, lower=lower), x),
)
row(
    "eigenvectors",
    lambda x, lower: np.linalg.eigh(x)[1],
    *(case(definite(*s), lower=True) for s in SIZES),
    call=lambda x, *, lower: _symmetric(lambda x: ops.eigenvectors(x, lower=lower), x),
)


def _doolittle(x: Array) -> tuple[Array, Array]:
    """L and U, one element after the other."""
    n, m = x.shape
    k = min(n, m)
    lower, upper = np.eye(n, k), np.zeros((k, m))
    for i in range(n):
        for j in range(m):
            rest = x[i, j] - math.fsum(lower[i, q] * upper[q, j] for q in range(min(i, j)))
            if i <= j:
                upper[i, j] = rest
            else:
                lower[i, j] = rest / upper[j, j]
    return lower, upper


row("lu_lower", each(lambda x: _doolittle(x)[0]), *(case(regular(*s)) for s in (WIDE, TALL, STACK)))
row("lu_upper", each(lambda x: _doolittle(x)[1]), *(case(regular(*s)) for s in (WIDE, TALL, STACK)))
row(
    "matrix_exp",
    each(lambda x: sum(np.linalg.matrix_power(x, k) / math.factorial(k) for k in range(60))),
    *(case(some(*s)) for s in SIZES),
)
