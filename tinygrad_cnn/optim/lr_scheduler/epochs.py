"""Learning rates that change from epoch to epoch.

A scheduler changes the rate that the optimizer has, mostly by a factor: so several can be used at once, and a rate that
was set by hand in between counts. `_get_closed_form_lr` gives the rate of any epoch directly.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from inspect import isfunction
from math import cos, pi
from typing import Any
from warnings import warn

from ...autograd import repeated
from ..optimizer import Optimizer


class LRScheduler:
    """The base of all schedulers: a subclass has `get_lr()`, the rates of this epoch from those of the last.

    Args:
        optimizer: whose rates to change.
        last_epoch: the epoch to go on from, −1 to start.
        verbose: of old programs; it has no effect, here and in all schedulers.

    Attributes:
        last_epoch: the epoch that the rates are for, counted from 0.
        base_lrs: the rates at the start, one per group.

    >>> class Halved(tg.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [group["initial_lr"] / 2**self.last_epoch for group in self.optimizer.param_groups]
    >>> optimizer = tg.optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = Halved(optimizer)
    >>> optimizer.step(), schedule.step()
    (None, None)
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1, verbose: Any = None) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: expected an optimizer; got {type(optimizer).__name__}")
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: to go on from epoch {last_epoch}, group {i} of the optimizer needs "
                    "'initial_lr'; load the optimizer's state first"
                )
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._last_lr: list[float] = []
        self._get_lr_called_within_step = False  # PyTorch's schedulers ask; some that people wrote do too
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the rates of the first epoch; `SequentialLR` does it again."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = repeated(cls.step)  # type: ignore[method-assign]

    def get_lr(self) -> list[float]:
        """The rate of each group for `last_epoch`."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr(); an LRScheduler needs one")

    def get_last_lr(self) -> list[float]:
        """The rates in use, one per group."""
        return self._last_lr

    @repeated
    def step(self, epoch: int | None = None) -> None:
        """Go on by one epoch, or to the given one. Call it after the optimizer's steps of an epoch."""
        optimizer = self.optimizer
        if self._step_count == 1 and not optimizer.steps_taken and type(optimizer).step is Optimizer.step:
            warn(
                f"{type(self).__name__}: step() was called before the optimizer's first step, so the first rate was "
                "never used; call optimizer.step() first",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warn(
                f"{type(self).__name__}: step(epoch) is deprecated, as in PyTorch; call step() once per epoch",
                stacklevel=3,
            )
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        """The rates of the next epoch, or of a given one."""
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                closed = getattr(self, "_get_closed_form_lr", None)
                rates = closed() if closed is not None else self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = self._rates()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self.__dict__.update(state_dict)

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]


class LambdaLR(LRScheduler):
    """base · f(epoch), with one function for all groups or a list of one per group.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> warmup = LambdaLR(optimizer, lambda epoch: min(1, (epoch + 1) / 4))
    >>> warmup.get_last_lr()
    [0.125]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"LambdaLR: expected {groups} functions, one per group; got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """base · f(epoch)"""
        return [base * f(self.last_epoch) for f, base in zip(self.lr_lambdas, self.base_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Without the functions, of which only objects with attributes have a state."""
        functions = [None if isfunction(f) else dict(getattr(f, "__dict__", {})) for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": functions}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The functions stay; objects get their attributes back."""
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for f, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if attributes is not None:
                f.__dict__.update(attributes)


class StepLR(LRScheduler):
    """base · gamma^⌊epoch / step_size⌋

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler, rates = StepLR(optimizer, step_size=2), []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.5, 0.05, 0.05]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1, verbose: Any = None
    ) -> None:
        if step_size < 1:
            raise ValueError(f"StepLR: step_size must be at least 1; got {step_size}")
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """gamma times the last rate at every step_size-th epoch."""
        if self.last_epoch == 0 or self.last_epoch % self.step_size:
            return self._rates()
        return [rate * self.gamma for rate in self._rates()]

    def _get_closed_form_lr(self) -> list[float]:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """base · gamma^(number of milestones reached)

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = MultiStepLR(optimizer, milestones=[1, 3])
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.05]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """gamma times the last rate at a milestone."""
        if self.last_epoch not in self.milestones:
            return self._rates()
        return [rate * self.gamma ** self.milestones[self.last_epoch] for rate in self._rates()]

    def _get_closed_form_lr(self) -> list[float]:
        reached = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**reached for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """base · gamma^epoch

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = ExponentialLR(optimizer, gamma=0.5)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1, verbose: Any = None) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """gamma times the last rate."""
        if self._is_initial:  # made just now, to start or to go on: the optimizer has the rate already
            return self._rates()
        return [rate * self.gamma for rate in self._rates()]

    def _get_closed_form_lr(self) -> list[float]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """eta_min + (base − eta_min) · (1 + cos(π · epoch / T_max)) / 2. Loshchilov & Hutter 2017.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = CosineAnnealingLR(optimizer, T_max=2)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803
        eta_min: float = 0.0,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The last rate times the quotient of the formula's two values."""
        epoch, rates = self.last_epoch, self._rates()
        if self._is_initial:  # made just now, to start or to go on: the optimizer has the rate already
            return rates
        if (epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # the last value was the lowest, and the quotient is 0 / 0
            rise = (1 - cos(pi / self.T_max)) / 2
            return [rate + (base - self.eta_min) * rise for rate, base in zip(rates, self.base_lrs, strict=True)]
        quotient = (1 + cos(pi * epoch / self.T_max)) / (1 + cos(pi * (epoch - 1) / self.T_max))
        return [quotient * (rate - self.eta_min) + self.eta_min for rate in rates]

    def _get_closed_form_lr(self) -> list[float]:
        height = (1 + cos(pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]


__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "MultiStepLR",
    "StepLR",
]
