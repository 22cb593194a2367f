"""Rates that rise or fall for a number of epochs, or by factors of their own."""

from collections.abc import Callable, Sequence
from typing import Any

from ..optimizer import Optimizer
from .epochs import LambdaLR, LRScheduler


class LinearLR(LRScheduler):
    """base · (start_factor + (end_factor − start_factor) · min(1, epoch / total_iters)): a warm-up.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> LinearLR(optimizer, start_factor=0.5).get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"LinearLR: start_factor must lie in (0, 1]; got {start_factor}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: end_factor must lie in [0, 1]; got {end_factor}")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The last rate times the quotient of the formula's two values."""
        rates, epoch, rise = self._rates(), self.last_epoch, self.end_factor - self.start_factor
        if epoch == 0:
            return [rate * self.start_factor for rate in rates]
        if self._is_initial or epoch > self.total_iters:
            return rates
        quotient = 1 + rise / (self.total_iters * self.start_factor + (epoch - 1) * rise)
        return [rate * quotient for rate in rates]

    def _get_closed_form_lr(self) -> list[float]:
        share = min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * (self.start_factor + (self.end_factor - self.start_factor) * share) for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """base · factor before epoch total_iters, base from then on.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> ConstantLR(optimizer, factor=0.5).get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"ConstantLR: factor must lie in [0, 1]; got {factor}")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The factor comes at the first epoch and goes at epoch total_iters."""
        if self.last_epoch == 0:
            return [rate * self.factor for rate in self._rates()]
        if self._is_initial or self.last_epoch != self.total_iters:
            return self._rates()
        return [rate / self.factor for rate in self._rates()]

    def _get_closed_form_lr(self) -> list[float]:
        return [base * (self.factor if self.last_epoch < self.total_iters else 1) for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """base · (1 − min(1, epoch / total_iters))^power

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = PolynomialLR(optimizer, total_iters=2)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1, verbose: Any = None
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The last rate times the quotient of the formula's two values."""
        epoch, total = self.last_epoch, self.total_iters
        if self._is_initial or epoch == 0 or epoch > total:
            return self._rates()
        quotient = ((1 - epoch / total) / (1 - (epoch - 1) / total)) ** self.power
        return [rate * quotient for rate in self._rates()]

    def _get_closed_form_lr(self) -> list[float]:
        left = 1 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * left**self.power for base in self.base_lrs]


class MultiplicativeLR(LambdaLR):
    """The last rate · f(epoch), with one function for all groups or a list of one per group.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[float]:
        """The last rate · f(epoch)"""
        if self._is_initial:
            return self._rates()
        return [rate * f(self.last_epoch) for f, rate in zip(self.lr_lambdas, self._rates(), strict=True)]
