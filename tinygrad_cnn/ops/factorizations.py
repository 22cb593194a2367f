"""Triangular factors without pivoting, matrix exponentials, and orthogonal complements, over stacks of matrices.

The rules of the factors are those of Giles (2008), as in `linalg`; that of the exponential is the upper right block of
exp [[xᵀ, g], [0, xᵀ]] (Mathias, "A chain rule for matrix functions and applications", 1996).
"""

from math import ceil, log2
from typing import Any

from ..autograd import op
from .indexing import getitem
from .linalg import solve
from .matmul import matmul
from .shape import concat, pad, tril, triu


def _eliminated(backend: Any, x: Any) -> Any:
    """L (below the diagonal, whose own is 1) and U of x = L U, in one matrix."""
    packed = x.copy()
    with backend.quiet():
        for k in range(min(x.shape[-2:])):
            packed[..., k + 1 :, k] /= packed[..., k, k, None]
            packed[..., k + 1 :, k + 1 :] -= packed[..., k + 1 :, k, None] * packed[..., None, k, k + 1 :]
    return packed


def _cut(x: Any, k: int, dim: int) -> tuple[Any, Any]:
    """The first k slices of one of the last two dimensions (−2 or −1), and the rest."""
    behind = (slice(None),) * (-dim - 1)
    return getitem(x, index=(..., slice(0, k), *behind)), getitem(x, index=(..., slice(k, None), *behind))


def _joined(x: Any, y: Any, dim: int) -> Any:
    return concat(x, y, dim=len(x.shape) + dim)


def _between(lower: Any, inner: Any, upper: Any) -> Any:
    """L⁻ᵀ inner U⁻ᵀ"""
    return solve(lower.mT, solve(upper, inner.mT).mT)


def _lower_grad(g: Any, x: Any, out: Any) -> Any:
    k = out.shape[-1]
    (square, beside), (lower, below) = _cut(lu_upper(x), k, -1), _cut(out, k, -2)
    g, g_below = _cut(g, k, -2)
    inner = tril(matmul(lower.mT, g), diagonal=-1) - triu(matmul(below.mT, g_below), diagonal=0)
    left = _joined(_between(lower, inner, square), solve(square, g_below.mT).mT, -2)
    return _joined(left, matmul(out, beside) * 0, -1)


@op(x=_lower_grad)
def lu_lower(backend: Any, x: Any) -> Any:
    """L of x = L U, (…, n, m) → (…, n, k) with k = min(n, m): ones on the diagonal, zeros above; nothing is pivoted."""
    xp, (n, m) = backend.xp, x.shape[-2:]
    k = min(n, m)
    return xp.tril(_eliminated(backend, x)[..., :k], -1) + xp.eye(n, k, dtype=x.dtype)


def _upper_grad(g: Any, x: Any, out: Any) -> Any:
    k = out.shape[-2]
    (square, beside), (lower, below) = _cut(out, k, -1), _cut(lu_lower(x), k, -2)
    g, g_beside = _cut(g, k, -1)
    inner = triu(matmul(g, square.mT), diagonal=0) - tril(matmul(g_beside, beside.mT), diagonal=-1)
    top = _joined(_between(lower, inner, square), solve(lower.mT, g_beside), -1)
    return _joined(top, matmul(below, out) * 0, -2)


@op(x=_upper_grad)
def lu_upper(backend: Any, x: Any) -> Any:
    """U of x = L U, (…, n, m) → (…, k, m) with k = min(n, m), zeros below the diagonal; nothing is pivoted."""
    return backend.xp.triu(_eliminated(backend, x)[..., : min(x.shape[-2:]), :])


def _exp_grad(g: Any, x: Any) -> Any:
    n = x.shape[-1]
    around = ((0, 0),) * (len(x.shape) - 2)
    top = concat(x.mT, g, dim=len(x.shape) - 1)
    bottom = pad(x.mT, pads=(*around, (0, 0), (n, 0)), value=0)
    whole = matrix_exp(concat(top, bottom, dim=len(x.shape) - 2))
    return getitem(whole, index=(..., slice(0, n), slice(n, None)))


_PADE = (
    *(64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0),
    *(10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0),
)


@op(x=_exp_grad)
def matrix_exp(backend: Any, x: Any) -> Any:
    """eˣ of square matrices: Padé's approximant of degree 13, scaled and squared (Higham, 2005)."""
    xp = backend.xp
    if not x.size:
        return x.copy()
    if x.dtype.itemsize < 8:  # squaring multiplies every error
        return matrix_exp.forward(backend, x.astype("float64")).astype(x.dtype)
    size = float(xp.max(xp.sum(xp.abs(x), axis=-1)))
    halvings = max(ceil(log2(size / 2)), 0) if 0 < size < float("inf") else 0
    with backend.quiet():
        even = odd = xp.zeros_like(x)
        square, power = x / 2**halvings, xp.broadcast_to(xp.eye(x.shape[-1], dtype=x.dtype), x.shape)
        x, square = square, xp.matmul(square, square)
        for k in range(0, 14, 2):  # numerators and denominators differ in the sign of the odd powers
            even, odd = even + _PADE[k] * power, odd + _PADE[k + 1] * power
            power = xp.matmul(power, square)
        odd = xp.matmul(x, odd)
        out = xp.linalg.solve(even - odd, even + odd)
        for _ in range(halvings):
            out = xp.matmul(out, out)
    return out
