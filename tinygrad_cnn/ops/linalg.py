"""Inverses, determinants and decompositions, over stacks of matrices (…, n, m).

A decomposition is one operation per factor, whose rule names the other factors as operations: so there are derivatives
of every order. The formulas are those of Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); that of the pseudoinverse is Golub and Pereyra's (1973).
"""

from typing import Any

from ..autograd import op, sum_to
from .comparison import where
from .diagonals import diagonal, onto_diagonal
from .matmul import matmul
from .shape import reshape, tril


def _diagonal(x: Any) -> Any:
    return diagonal(x, offset=0, dim1=len(x.shape) - 2, dim2=len(x.shape) - 1)


def _on_diagonal(x: Any) -> Any:
    shape = (*x.shape, x.shape[-1])
    return onto_diagonal(x, shape=shape, offset=0, dim1=len(shape) - 2, dim2=len(shape) - 1)


def _per_matrix(x: Any) -> Any:
    return reshape(x, shape=(*x.shape, 1, 1))


def _columns(x: Any) -> Any:
    """A vector per matrix, to scale its columns by."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


@op(x=lambda g, out: -matmul(out.mT, matmul(g, out.mT)))
def inv(backend: Any, x: Any) -> Any:
    """x⁻¹"""
    return backend.xp.linalg.inv(x)


@op(
    dtypes="equal",
    a=lambda g, a, out, a_shape: sum_to(-matmul(solve(a.mT, g), out.mT), shape=a_shape),
    b=lambda g, a, b_shape: sum_to(solve(a.mT, g), shape=b_shape),
)
def solve(backend: Any, a: Any, b: Any) -> Any:
    """The x with a x = b: (…, n, n), (…, n, k) → (…, n, k)."""
    return backend.xp.linalg.solve(a, b)


@op(x=lambda g, x: _per_matrix(g * det(x)) * inv(x).mT)
def det(backend: Any, x: Any) -> Any:
    """The determinant; the derivative det x · x⁻ᵀ needs an inverse."""
    return backend.xp.asarray(backend.xp.linalg.det(x), dtype=x.dtype)


@op(x=lambda g, x: _per_matrix(g) * inv(x).mT)
def logabsdet(backend: Any, x: Any) -> Any:
    """ln |det x|"""
    with backend.quiet():
        return backend.xp.asarray(backend.xp.linalg.slogdet(x)[1], dtype=x.dtype)


@op(x=lambda g, x: _per_matrix(g * 0) * x)
def sign_of_det(backend: Any, x: Any) -> Any:
    """−1, 0 or 1; the derivative is 0."""
    return backend.xp.asarray(backend.xp.linalg.slogdet(x)[0], dtype=x.dtype)


def _cholesky_grad(g: Any, out: Any) -> Any:
    inner = matmul(out.mT, g)
    lower = tril(inner, diagonal=0) - _on_diagonal(_diagonal(inner)) / 2
    inverse = inv(out)
    return matmul(inverse.mT, matmul(lower + lower.mT, inverse)) / 2


@op(x=_cholesky_grad)
def cholesky(backend: Any, x: Any) -> Any:
    """The lower triangular L with L Lᵀ = x, for symmetric positive definite x."""
    return backend.xp.linalg.cholesky(x)


def _orthonormal_grad(g: Any, inner: Any, q: Any, r: Any) -> Any:
    """(g + Q M) R⁻ᵀ, where M is the symmetric matrix with the lower triangle of `inner`."""
    lower = tril(inner, diagonal=0)
    symmetric = lower + lower.mT - _on_diagonal(_diagonal(inner))
    whole = matmul(q, symmetric) if g is None else g + matmul(q, symmetric)
    return solve(r, whole.mT).mT


@op(x=lambda g, x, out: _orthonormal_grad(g, -matmul(g.mT, out), out, qr_triangular(x)))
def qr_orthonormal(backend: Any, x: Any) -> Any:
    """Q of x = Q R, with orthonormal columns (…, n, m), for n ≥ m."""
    return backend.xp.linalg.qr(x)[0]


@op(x=lambda g, x, out: _orthonormal_grad(None, matmul(out, g.mT), qr_orthonormal(x), out))
def qr_triangular(backend: Any, x: Any) -> Any:
    """R of x = Q R, upper triangular (…, m, m), for n ≥ m."""
    return backend.xp.linalg.qr(x)[1]


def _gaps(s: Any) -> Any:
    """1 / (sⱼ − sᵢ), and 0 where i = j."""
    gap = _columns(s) - _columns(s).mT
    zero = gap == 0
    return where(zero, 0, 1 / where(zero, 1, gap))


def _values_grad(g: Any, x: Any, lower: bool) -> Any:
    v = eigenvectors(x, lower=lower)
    return _times(v, g, v)


@op(x=_values_grad)
def eigenvalues(backend: Any, x: Any, *, lower: bool) -> Any:
    """λ of symmetric x = V diag(λ) Vᵀ, the smallest first; only the lower or the upper triangle is read."""
    return backend.xp.linalg.eigh(x, "L" if lower else "U")[0]


def _times(u: Any, s: Any, v: Any) -> Any:
    """u diag(s) vᵀ"""
    return matmul(u * _columns(s), v.mT)


def _vectors_grad(g: Any, x: Any, out: Any, lower: bool) -> Any:
    inner = matmul(out.mT, g)
    turning = (inner - inner.mT) / 2  # V stays orthonormal, so it can only turn
    return matmul(out, matmul(_gaps(eigenvalues(x, lower=lower)) * turning, out.mT))


@op(x=_vectors_grad)
def eigenvectors(backend: Any, x: Any, *, lower: bool) -> Any:
    """V of symmetric x = V diag(λ) Vᵀ, in columns; the derivative exists where all λ differ."""
    return backend.xp.linalg.eigh(x, "L" if lower else "U")[1]


@op(x=lambda g, x: _times(left_vectors(x), g, right_vectors(x)))
def singular_values(backend: Any, x: Any) -> Any:
    """s of x = U diag(s) Vᵀ, the largest first."""
    return backend.xp.linalg.svd(x, full_matrices=False)[1]


def _left_grad(g: Any, u: Any, s: Any, v: Any) -> Any:
    """The gradient by U: [U (F ∘ (Uᵀg − gᵀU)) S + (1 − U Uᵀ) g S⁻¹] Vᵀ with Fᵢⱼ = 1 / (sⱼ² − sᵢ²)."""
    skew = matmul(u.mT, g) - matmul(g.mT, u)
    inside = matmul(u, _gaps(s * s) * skew) * _columns(s)
    outside = g - matmul(u, matmul(u.mT, g))
    return matmul(inside + outside / _columns(s), v.mT)


@op(x=lambda g, x, out: _left_grad(g, out, singular_values(x), right_vectors(x)))
def left_vectors(backend: Any, x: Any) -> Any:
    """U of x = U diag(s) Vᵀ, (…, n, k) with k = min(n, m); the derivative exists where all s differ."""
    return backend.xp.linalg.svd(x, full_matrices=False)[0]


@op(x=lambda g, x, out: _left_grad(g, out, singular_values(x), left_vectors(x)).mT)
def right_vectors(backend: Any, x: Any) -> Any:
    """V of x = U diag(s) Vᵀ, (…, m, k)."""
    return backend.xp.linalg.svd(x, full_matrices=False)[2].mT


def _pinv_grad(g: Any, x: Any, out: Any) -> Any:
    column_rest = g.mT - matmul(x, matmul(out, g.mT))  # (1 − x x⁺) gᵀ
    row_rest = g.mT - matmul(matmul(g.mT, out), x)  # gᵀ (1 − x⁺ x)
    inner = matmul(out.mT, matmul(g, out.mT))
    return matmul(matmul(column_rest, out), out.mT) + matmul(out.mT, matmul(out, row_rest)) - inner


@op(x=_pinv_grad)
def pinv(backend: Any, x: Any, *, rtol: Any, hermitian: bool) -> Any:
    """x⁺, the pseudoinverse of Moore and Penrose; singular values up to rtol · the largest count as 0.

    Of a symmetric (`hermitian`) matrix the lower triangle is read.
    """
    return backend.xp.linalg.pinv(x, rtol=rtol, hermitian=hermitian)
