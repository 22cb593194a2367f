"""Memory shared with other array libraries, by PyTorch's name."""

from ..interop import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
