"""Distances and similarities as modules."""

from ..tensor import Tensor
from . import functional as F
from .module import Module


class CosineSimilarity(Module):
    """x₁·x₂ / (max(‖x₁‖, eps) · max(‖x₂‖, eps)) along a dimension.

    >>> import tinygrad_cnn as tg
    >>> CosineSimilarity()(tg.ones(2, 3), tg.ones(2, 3)).round()
    tensor([1., 1.])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """`functional.cosine_similarity`"""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """‖x₁ − x₂ + eps‖ₚ over the last dimension.

    >>> import tinygrad_cnn as tg
    >>> PairwiseDistance()(tg.zeros(1, 2), tg.tensor([[3.0, 4.0]])).round()
    tensor([5.])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """`functional.pairwise_distance`"""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


__all__ = ["CosineSimilarity", "PairwiseDistance"]
