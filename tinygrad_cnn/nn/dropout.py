"""Dropout layers."""

from ..tensor import Tensor
from . import functional as F
from .module import Module


class DropoutBase(Module):
    """A probability, and whether to write into the input."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p must lie in [0, 1]; got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The arguments."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(DropoutBase):
    """In training, each value is 0 with probability p, else scaled by 1/(1 − p); after `eval()` nothing happens.

    Srivastava et al. 2014.

    >>> import tinygrad_cnn as tg
    >>> Dropout(0.5).eval()(tg.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """`functional.dropout`"""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout2d(DropoutBase):
    """`Dropout` of whole channels of images (N, C, H, W).

    >>> import tinygrad_cnn as tg
    >>> sums = Dropout2d(0.5)(tg.ones(1, 100, 2, 2)).sum(dim=(0, 2, 3))
    >>> set(sums.tolist()) <= {0.0, 8.0}
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """`functional.dropout2d`"""
        return F.dropout2d(input, self.p, self.training, self.inplace)


__all__ = ["Dropout", "Dropout2d"]
