"""Two regularisers of every lecture: an L1 penalty, and stopping early."""

from collections.abc import Iterable
from copy import deepcopy
from math import inf
from typing import Any

from ..nn import Module
from ..tensor import Tensor, as_tensor


def l1_penalty(parameters: Iterable[Tensor], weight: float = 1.0) -> Tensor:
    """weight · Σ |p|, to be added to a loss: it drives parameters to exactly 0.

    >>> import tinygrad_cnn as tg
    >>> l1_penalty([tg.tensor([1.0, -2.0]), tg.tensor(3.0)], 0.5)
    tensor(3.)
    """
    total = as_tensor(0.0)
    for parameter in parameters:
        total = parameter.abs().sum() + total
    return total * weight


class EarlyStopping:
    """Tells when a validation loss has not become smaller for `patience` epochs, and keeps the weights of the best one.

    Args:
        patience: how many epochs in a row without a better value end the training.
        min_delta: how much smaller counts as better.
        model: whose weights (and buffers) are kept for `restore`; none if nothing is said.

    Raises:
        ValueError: for a patience below 1.

    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping.step(loss) for loss in (3.0, 2.0, 2.5, 2.0)]
    [False, False, False, True]
    >>> stopping.best, stopping.best_epoch
    (2.0, 1)
    """

    def __init__(self, patience: int = 10, min_delta: float = 0.0, model: Module | None = None) -> None:
        if patience < 1:
            raise ValueError(f"EarlyStopping: patience must be at least 1; got {patience}")
        self.patience, self.min_delta = patience, min_delta
        self.best, self.best_epoch, self.epoch = inf, -1, -1
        self.model = model
        self._weights = None if model is None else deepcopy(model.state_dict())

    def step(self, loss: Any) -> bool:
        """Tell the loss of an epoch, a number or a tensor of one value; whether to stop."""
        self.epoch += 1
        current = float(loss)
        if current < self.best - self.min_delta:
            self.best, self.best_epoch = current, self.epoch
            self._weights = None if self.model is None else deepcopy(self.model.state_dict())
        return self.epoch - self.best_epoch >= self.patience

    def restore(self) -> None:
        """Give the model the weights of the best epoch back (those it began with, if no epoch had a finite loss).

        Raises:
            RuntimeError: when no `model` was given.
        """
        if self.model is None or self._weights is None:
            raise RuntimeError("EarlyStopping.restore: no weights were kept; pass model= to the constructor")
        self.model.load_state_dict(self._weights)
