"""Dropout layers."""

from ..tensor import Tensor
from . import functional as F
from .module import Module
from .sizes import require_numbers


class DropoutBase(Module):
    """A probability, and whether to write into the input."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        require_numbers(type(self).__name__, p=p)
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


class Dropout1d(DropoutBase):
    """`Dropout` of whole channels of sequences (N, C, L).

    >>> nn.Dropout1d(0.2)
    Dropout1d(p=0.2, inplace=False)
    """

    def forward(self, input: Tensor) -> Tensor:
        """`functional.dropout1d`"""
        return F.dropout1d(input, self.p, self.training, self.inplace)


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


class Dropout3d(DropoutBase):
    """`Dropout` of whole channels of volumes (N, C, D, H, W).

    >>> nn.Dropout3d(0.2)
    Dropout3d(p=0.2, inplace=False)
    """

    def forward(self, input: Tensor) -> Tensor:
        """`functional.dropout3d`"""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(DropoutBase):
    """Dropout for networks of `SELU`, which keeps mean 0 and variance 1. Klambauer et al. 2017.

    >>> import tinygrad_cnn as tg
    >>> AlphaDropout(0.5).eval()(tg.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """`functional.alpha_dropout`"""
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(DropoutBase):
    """`AlphaDropout` of whole channels (N, C, …).

    >>> nn.FeatureAlphaDropout(0.2)
    FeatureAlphaDropout(p=0.2, inplace=False)
    """

    def forward(self, input: Tensor) -> Tensor:
        """`functional.feature_alpha_dropout`"""
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)


__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]
