"""Stochastic depth: in training a residual branch is left out at random."""

from ... import nn
from ...tensor import Tensor


def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True) -> Tensor:
    """The branch with probability 1 − p, divided by that; 0 otherwise (Huang et al., 2016).

    Args:
        mode: "row" draws for each item of the batch, "batch" once for all.

    Raises:
        ValueError: for a p outside [0, 1], or another mode.

    >>> stochastic_depth(tg.ones(2), 0.5, "batch", training=False)
    tensor([1., 1.])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"stochastic_depth: p must be in [0, 1]; got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"stochastic_depth: mode must be 'batch' or 'row'; got {mode!r}")
    if not training or p == 0:
        return input
    drawn = (input.shape[0] if mode == "row" else 1, *[1] * (input.ndim - 1))
    noise = input.new_empty(drawn).bernoulli_(1 - p)
    return input * (noise / (1 - p) if p < 1 else noise)


class StochasticDepth(nn.Module):
    """The module of `stochastic_depth`.

    >>> StochasticDepth(0.2, "row")
    StochasticDepth(p=0.2, mode=row)
    """

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        return stochastic_depth(input, self.p, self.mode, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode}"
