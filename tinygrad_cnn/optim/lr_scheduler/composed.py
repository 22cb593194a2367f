"""Schedules made of others, and one that waits for a plateau."""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf
from typing import Any
from warnings import warn

from ..optimizer import Optimizer
from .epochs import LRScheduler


class _Composed(LRScheduler):
    """Schedulers in one: their states are saved with its own."""

    _schedulers: list[Any]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, with the states of the schedulers inside."""
        state = {name: value for name, value in self.__dict__.items() if name not in ("optimizer", "_schedulers")}
        return {**state, "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self.__dict__.update({name: value for name, value in state_dict.items() if name != "_schedulers"})
        for scheduler, state in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(state)

    def _check_inner(self, schedulers: Sequence[Any], optimizer: Optimizer) -> None:
        for i, scheduler in enumerate(schedulers):
            if getattr(scheduler, "optimizer", None) is not optimizer:
                raise ValueError(f"{type(self).__name__}: scheduler {i} belongs to another optimizer than the first")


class SequentialLR(_Composed):
    """One scheduler after the other, the next from each milestone on: a warm-up, then an annealing.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> first = optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=10)
    >>> then = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler, rates = SequentialLR(optimizer, [first, then], milestones=[2]), []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.25, 0.25, 0.5, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        if not schedulers:
            raise ValueError("SequentialLR: expected at least one scheduler; got none")
        self._check_inner(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers need {len(schedulers) - 1} milestones; got "
                f"{len(milestones)}"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:  # what the schedulers did when they were made is undone
            group["lr"] = group["initial_lr"]
        for scheduler in schedulers:
            scheduler.last_epoch -= 1
        schedulers[0]._initial_step()
        self._last_lr = schedulers[0].get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Go on by one epoch."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Composed):
    """Several schedulers at once: every step is a step of each.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> both = [optim.lr_scheduler.ExponentialLR(optimizer, 0.5), optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]
    >>> scheduler = ChainedScheduler(both)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ValueError("ChainedScheduler: expected at least one scheduler; got none")
        self.optimizer = optimizer or schedulers[0].optimizer
        self._check_inner(schedulers, self.optimizer)
        self._schedulers = list(schedulers)
        self._last_lr = self._rates()

    def step(self) -> None:  # type: ignore[override]
        """Go on by one epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._rates()


class ReduceLROnPlateau(LRScheduler):
    """factor · the last rate when a number that is watched has not become better for more than `patience` epochs.

    Args:
        optimizer: whose rates to change.
        mode: whether "min" or "max" is better.
        factor: what the rate is multiplied by.
        patience: how many epochs without a better value are allowed.
        threshold: how much better counts.
        threshold_mode: as a share of the best value ("rel") or a difference ("abs").
        cooldown: how many epochs to wait after a reduction.
        min_lr: the lowest rate, one or one per group.
        eps: smaller changes of the rate are left out.
        verbose: of old programs; it has no effect.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 3.0, 3.0):
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
        verbose: Any = None,
    ) -> None:
        if not factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be below 1; got {factor}")
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"ReduceLROnPlateau: expected an optimizer; got {type(optimizer).__name__}")
        if mode not in ("min", "max"):
            raise ValueError(f"ReduceLROnPlateau: mode must be 'min' or 'max'; got {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"ReduceLROnPlateau: threshold_mode must be 'rel' or 'abs'; got {threshold_mode!r}")
        groups = len(optimizer.param_groups)
        self.default_min_lr = None if isinstance(min_lr, list | tuple) else min_lr
        self.min_lrs = list(min_lr) if isinstance(min_lr, list | tuple) else [min_lr] * groups
        if len(self.min_lrs) != groups:
            raise ValueError(f"ReduceLROnPlateau: min_lr needs {groups} values, one per group; got {len(self.min_lrs)}")
        self.factor, self.optimizer, self.patience, self.cooldown, self.eps = factor, optimizer, patience, cooldown, eps
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.mode_worse = inf if mode == "min" else -inf
        self.last_epoch = 0
        self._last_lr = self._rates()
        self._reset()

    def _reset(self) -> None:
        """Forget what was best, and the waiting."""
        self.best = self.mode_worse
        self.cooldown_counter = self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether a reduction is so recent that no epoch counts as bad."""
        return self.cooldown_counter > 0

    def is_better(self, a: float, best: float) -> bool:
        """Whether `a` is better than `best` by more than the threshold."""
        sign = 1 if self.mode == "max" else -1
        bound = best * (1 + sign * self.threshold) if self.threshold_mode == "rel" else best + sign * self.threshold
        return a > bound if self.mode == "max" else a < bound

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Tell the value of an epoch: a number, or a tensor of one value."""
        if epoch is not None:
            warn("ReduceLROnPlateau: step(…, epoch) is deprecated, as in PyTorch; leave the epoch out", stacklevel=3)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        current = float(metrics)
        if self.is_better(current, self.best):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._rates()

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"ReduceLROnPlateau: the optimizer has {len(groups)} groups now, and min_lr {len(self.min_lrs)} "
                    "values; give one number for all"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, lowest in zip(groups, self.min_lrs, strict=True):
            reduced = max(group["lr"] * self.factor, lowest)
            if group["lr"] - reduced > self.eps:
                group["lr"] = reduced
