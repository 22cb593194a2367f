"""What PyTorch has in `torch.nn.utils.stateless`: a module called with other tensors."""

from ...func import functional_call

__all__ = ["functional_call"]
