"""What PyTorch has in `torch.nn.modules.distance`."""

from ..distance import CosineSimilarity, PairwiseDistance

__all__ = ["CosineSimilarity", "PairwiseDistance"]
