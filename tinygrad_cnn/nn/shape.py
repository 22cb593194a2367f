"""Layers that change the shape alone."""

from typing import Any

from ..tensor import Tensor
from .module import Module


class Flatten(Module):
    """The dimensions from `start_dim` to `end_dim` as one: by default (N, C, H, W) → (N, C·H·W).

    >>> import tinygrad_cnn as tg
    >>> Flatten()(tg.zeros(8, 3, 4, 4)).shape
    (8, 48)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """The flattened tensor."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One dimension as several, one of which may be −1.

    >>> import tinygrad_cnn as tg
    >>> Unflatten(1, (3, 4, 4))(tg.zeros(8, 48)).shape
    (8, 3, 4, 4)
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        if not isinstance(unflattened_size, tuple | list) or not all(hasattr(n, "__index__") for n in unflattened_size):
            raise TypeError(f"Unflatten: unflattened_size must be a tuple of ints; got {unflattened_size!r}")
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """The tensor with more dimensions."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


__all__ = ["Flatten", "Unflatten"]
