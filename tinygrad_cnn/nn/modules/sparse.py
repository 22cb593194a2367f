"""What PyTorch has in `torch.nn.modules.sparse`."""

from ..tables import Embedding, EmbeddingBag

__all__ = ["Embedding", "EmbeddingBag"]
