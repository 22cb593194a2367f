"""Distances and similarities of vectors."""

from typing import Any

from ... import ops
from ...autograd.modes import in_scope
from ...dtypes import is_floating
from ...errors import ShapeError
from ...ops.precision import RANGE
from ...tensor import Tensor
from ...tensor.precision import runs_in
from .checks import need_tensors


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """‖x₁ − x₂ + eps‖ₚ over the last dimension; the shapes broadcast. eps keeps the derivative finite at 0.

    >>> import tinygrad_cnn as tg
    >>> pairwise_distance(tg.tensor([[0.0, 0.0]]), tg.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """
    need_tensors("pairwise_distance", x1=x1, x2=x2)
    return (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)


@runs_in(RANGE)
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x₁·x₂ / (max(‖x₁‖, eps) · max(‖x₂‖, eps)) along a dimension; the shapes broadcast.

    >>> import tinygrad_cnn as tg
    >>> cosine_similarity(tg.tensor([[1.0, 0.0]]), tg.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    need_tensors("cosine_similarity", x1=x1, x2=x2)
    if not is_floating(x1.dtype) and not is_floating(x2.dtype):
        raise ShapeError(f"cosine_similarity: expected floating-point tensors; got {x1.dtype}, {x2.dtype}{in_scope()}")
    if x1.shape != x2.shape:
        x1, x2 = _together(x1, x2)
    return (_unit(x1, dim, eps) * _unit(x2, dim, eps)).sum(dim)


def _together(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    shape = a.backend.xp.broadcast_shapes(tuple(a.shape), tuple(b.shape))
    return a.expand(shape), b.expand(shape)


def _unit(x: Tensor, dim: int, eps: float) -> Tensor:
    return x / x.norm(2, dim, keepdim=True).clamp_min(eps)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """‖xᵢ − xⱼ‖ₚ of each two rows i < j: (n, m) → (n(n − 1)/2).

    >>> import tinygrad_cnn as tg
    >>> pdist(tg.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])).shape
    (3,)
    """
    need_tensors("pdist", input=input)
    if input.ndim != 2:
        raise ShapeError(f"pdist: expected rows (n, m); got shape {tuple(input.shape)}{in_scope()}")
    if p < 0:
        raise ShapeError(f"pdist: p must not be negative; got {p}{in_scope()}")
    first, second = input.backend.xp.triu_indices(input.shape[0], 1)
    difference: Any = ops.getitem(input, index=first) - ops.getitem(input, index=second)
    return difference.norm(p, -1)  # type: ignore[no-any-return]


__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]
