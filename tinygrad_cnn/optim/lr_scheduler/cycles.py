"""Rates that rise and fall again: warm restarts, one cycle, many cycles."""

from collections.abc import Callable, Sequence
from math import cos, floor, log, pi
from typing import Any

from ..optimizer import Optimizer
from .epochs import LRScheduler


def _per_group(owner: str, name: str, optimizer: Optimizer, value: Any) -> list[float]:
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(f"{owner}: {name} needs {groups} values, one per group; got {len(value)}")
    return list(value)


class _MomentumCycle(LRScheduler):
    """What OneCycleLR and CyclicLR share: momentum, or Adam's first beta, that moves against the rate."""

    def _start_momentum(self, optimizer: Optimizer, lowest: Any, highest: Any, last_epoch: int) -> None:
        name = type(self).__name__
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                f"{name}: {type(optimizer).__name__} has neither momentum nor betas to cycle; set cycle_momentum=False"
            )
        self.use_beta1 = "betas" in optimizer.defaults
        highs = _per_group(name, "max_momentum", optimizer, highest)
        lows = _per_group(name, "base_momentum", optimizer, lowest)
        if last_epoch == -1:
            for group, low, high in zip(optimizer.param_groups, lows, highs, strict=True):
                self._set_momentum(group, high)
                group["max_momentum"], group["base_momentum"] = high, low

    def _set_momentum(self, group: dict[str, Any], momentum: float) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CosineAnnealingWarmRestarts(LRScheduler):
    """eta_min + (base − eta_min) · (1 + cos(π · T_cur / T_i)) / 2, from the start again after T_i epochs.

    T_i is T_0 at first and grows by T_mult at every restart. Loshchilov & Hutter 2017.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler, rates = CosineAnnealingWarmRestarts(optimizer, T_0=2), []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.25, 0.5, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803
        T_mult: int = 1,  # noqa: N803
        eta_min: float = 0.0,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if value < 1 or not isinstance(value, int):
                raise ValueError(f"CosineAnnealingWarmRestarts: {name} must be an int of at least 1; got {value}")
        self.T_0 = self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The class's formula."""
        height = (1 + cos(pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by one epoch, or to the given one, which may be a fraction: epoch + i / len(loader)."""
        self._step_count += 1
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        else:
            epoch = max(0, self.last_epoch + 1) if epoch is None else epoch
            if epoch < 0:
                raise ValueError(f"CosineAnnealingWarmRestarts: epoch must not be negative; got {epoch}")
            restarts = 0
            if epoch >= self.T_0 and self.T_mult > 1:
                restarts = int(log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_i = self.T_0 * self.T_mult**restarts
            begun = 0 if self.T_mult == 1 else self.T_0 * (self.T_mult**restarts - 1) / (self.T_mult - 1)
            self.T_cur = epoch % self.T_0 if self.T_mult == 1 else epoch - begun
        self.last_epoch = floor(epoch)
        for group, rate in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = rate
        self._last_lr = self._rates()


class OneCycleLR(_MomentumCycle):
    """From max_lr / div_factor up to max_lr and down to nearly 0, stepped after every batch. Smith & Topin 2018.

    Args:
        optimizer: whose rates to change.
        max_lr: the highest rate, one or one per group.
        total_steps: how many steps there are; or give epochs and steps_per_epoch.
        epochs: how many epochs.
        steps_per_epoch: how many steps in each.
        pct_start: the share of the steps in which the rate rises.
        anneal_strategy: along a cosine ("cos") or a line ("linear").
        cycle_momentum: let momentum, or the first beta, fall while the rate rises, and rise while it falls.
        base_momentum: the lowest momentum.
        max_momentum: the highest.
        div_factor: the first rate is max_lr / div_factor.
        final_div_factor: the last rate is the first one / final_div_factor.
        three_phase: fall to the first rate in as many steps as it rose, then to the last one.
        last_epoch: the step to go on from, −1 to start.

    Raises:
        ValueError: for an argument out of range, and for a step beyond the last.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], momentum=0.9)
    >>> OneCycleLR(optimizer, max_lr=0.5, total_steps=10).get_last_lr()
    [0.02]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"OneCycleLR: expected an optimizer; got {type(optimizer).__name__}")
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("OneCycleLR: give total_steps, or both epochs and steps_per_epoch")
        counts: dict[str, Any] = {"total_steps": total_steps}
        if total_steps is None:
            counts = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
        for name, count in counts.items():
            if not isinstance(count, int) or count <= 0:
                raise ValueError(f"OneCycleLR: {name} must be a positive int; got {count}")
        self.total_steps: int = total_steps if total_steps is not None else epochs * steps_per_epoch  # type: ignore[operator]
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start must lie in [0, 1]; got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy must be 'cos' or 'linear'; got {anneal_strategy!r}")
        self._anneal_func_type = anneal_strategy
        last, peak = self.total_steps - 1, pct_start * self.total_steps - 1
        low, high = "base_momentum", "max_momentum"
        # (last step, rates at its two ends, momenta at its two ends) of each phase
        self._schedule_phases = [(peak, "initial_lr", "max_lr", high, low)]
        if three_phase:
            self._schedule_phases += [
                (2 * pct_start * self.total_steps - 2, "max_lr", "initial_lr", low, high),
                (last, "initial_lr", "min_lr", high, high),
            ]
        else:
            self._schedule_phases += [(last, "max_lr", "min_lr", low, high)]
        highest = _per_group("OneCycleLR", "max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"], group["max_lr"] = top / div_factor, top
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, share: float) -> float:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2 * (cos(pi * share) + 1)
        return (end - start) * share + start

    def get_lr(self) -> list[float]:
        """The rates of this step; sets the momenta too."""
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"OneCycleLR: this is step {step}, and the schedule has {self.total_steps}; give it more total_steps, "
                "or end the training"
            )
        begin = 0.0
        for phase in self._schedule_phases:
            end = phase[0]
            if step <= end or phase is self._schedule_phases[-1]:
                break
            begin = end
        _, first, second, momentum, following = phase
        share = (step - begin) / (end - begin)
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                self._set_momentum(group, self._between(group[momentum], group[following], share))
        return [self._between(group[first], group[second], share) for group in groups]


class CyclicLR(_MomentumCycle):
    """Between base_lr and max_lr along lines, again and again, stepped after every batch. Smith 2017.

    Args:
        optimizer: whose rates to change.
        base_lr: the lowest rate, one or one per group.
        max_lr: the highest rate of the first cycle, one or one per group.
        step_size_up: how many steps it rises.
        step_size_down: how many it falls; as many unless given.
        mode: "triangular", "triangular2" (half as high at every cycle) or "exp_range" (gamma^step as high).
        gamma: of "exp_range".
        scale_fn: the height by cycle or step instead, of `mode`.
        scale_mode: whether scale_fn is given the "cycle", from 1, or the step ("iterations").
        cycle_momentum: let momentum, or the first beta, move against the rate.
        base_momentum: the lowest momentum.
        max_momentum: the highest.
        last_epoch: the step to go on from, −1 to start.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], momentum=0.9)
    >>> scheduler = CyclicLR(optimizer, base_lr=0.25, max_lr=0.75, step_size_up=2)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"CyclicLR: expected an optimizer; got {type(optimizer).__name__}")
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(f"CyclicLR: mode must be triangular, triangular2 or exp_range; got {mode!r}")
        lowest = _per_group("CyclicLR", "base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, lowest, strict=True):
                group["lr"] = rate
        self.max_lrs = _per_group("CyclicLR", "max_lr", optimizer, max_lr)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up) + float(down)
        self.step_ratio = step_size_up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> float:
        """How high the peak is, by the number of the cycle or of the step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return 1.0 if self.mode == "triangular" else 1 / 2 ** (x - 1) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[float]:
        """The rates of this step; sets the momenta too."""
        cycle = floor(1 + self.last_epoch / self.total_size)
        place = 1 + self.last_epoch / self.total_size - cycle
        share = place / self.step_ratio if place <= self.step_ratio else (place - 1) / (self.step_ratio - 1)
        share *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                low, high = group["base_momentum"], group["max_momentum"]
                self._set_momentum(group, high - (high - low) * share)
        bounds: Sequence[tuple[float, float]] = list(zip(self.base_lrs, self.max_lrs, strict=True))
        return [low + (high - low) * share for low, high in bounds]

    def state_dict(self) -> dict[str, Any]:
        """Without `scale_fn`, unless it is an object with attributes."""
        own = self._scale_fn_custom
        attributes = dict(own.__dict__) if own is not None and not hasattr(own, "__code__") else None
        return {**super().state_dict(), "_scale_fn_custom": attributes}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The function stays; an object gets its attributes back."""
        state = dict(state_dict)
        attributes = state.pop("_scale_fn_custom", None)
        super().load_state_dict(state)
        if attributes is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(attributes)
