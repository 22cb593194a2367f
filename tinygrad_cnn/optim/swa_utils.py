"""Averages of a model's parameters over its training: equal (SWA) or exponential (EMA)."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from math import cos, pi
from typing import Any

from ..autograd import no_grad
from ..nn import Module
from ..tensor import Tensor, as_tensor
from .lr_scheduler import LRScheduler
from .optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def get_swa_avg_fn() -> Callable[..., Any]:
    """a ← a + (p − a) / (n + 1), the mean of all. Izmailov et al. 2018.

    >>> get_swa_avg_fn()(1.0, 4.0, 2)
    2.0
    """
    return lambda averaged, current, n: averaged + (current - averaged) / (n + 1)


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """a ← decay · a + (1 − decay) · p, a mean that forgets.

    >>> get_ema_avg_fn(0.5)(1.0, 4.0, 2)
    2.5
    """
    if not 0 <= decay <= 1:
        raise ValueError(f"get_ema_avg_fn: decay must lie in [0, 1]; got {decay}")
    return lambda averaged, current, n: decay * averaged + (1 - decay) * current


def _of_lists(average: Callable[..., Any]) -> Callable[..., None]:
    def in_place(averaged: list[Tensor], current: list[Tensor], n: Any) -> None:
        with no_grad():
            for a, p in zip(averaged, current, strict=True):
                a.copy_(average(a, p, n) if a.is_floating_point() else p)

    return in_place


def get_swa_multi_avg_fn() -> Callable[..., None]:
    """`get_swa_avg_fn` for lists of tensors, in place.

    >>> averages = [tg.zeros(1)]
    >>> get_swa_multi_avg_fn()(averages, [tg.ones(1)], 1)
    >>> averages
    [tensor([0.5000])]
    """
    return _of_lists(get_swa_avg_fn())


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., None]:
    """`get_ema_avg_fn` for lists of tensors, in place.

    >>> import tinygrad_cnn as tg
    >>> averages = [tg.ones(2)]
    >>> get_ema_multi_avg_fn(0.5)(averages, [tg.zeros(2)], 1)
    >>> averages
    [tensor([0.5000, 0.5000])]
    """
    return _of_lists(get_ema_avg_fn(decay))


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's over all calls of `update_parameters`.

    Args:
        model: what is averaged; the first update takes its parameters as they are.
        device: where the copy is.
        avg_fn: from the average, the value and the number of updates before to the new average; the equal mean
            unless given, see `get_swa_avg_fn` and `get_ema_avg_fn`.
        multi_avg_fn: the same for lists of tensors, the first of which it changes; in place of `avg_fn`.
        use_buffers: average buffers too; otherwise they are copied.

    Raises:
        ValueError: for both functions.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import nn
    >>> model = nn.Linear(1, 1)
    >>> averaged = AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = nn.init.constant_(model.weight, value)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item()
    3.0
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[..., Any] | None = None,
        multi_avg_fn: Callable[..., Any] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: give avg_fn or multi_avg_fn, not both")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device=device)
        self.register_buffer("n_averaged", as_tensor(0, device=device))
        self.avg_fn = get_swa_avg_fn() if avg_fn is None else avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of now into the averages."""
        n = int(self.n_averaged.item())
        own, others = list(self.module.parameters()), list(model.parameters())
        if self.use_buffers:
            own, others = [*own, *self.module.buffers()], [*others, *model.buffers()]  # type: ignore[list-item]
        with no_grad():
            together = self.multi_avg_fn is not None and n > 0
            if self.multi_avg_fn is not None and together:
                self.multi_avg_fn([x.detach() for x in own], [x.detach() for x in others], n)
            for averaged, current in () if together else zip(own, others, strict=True):
                value = current.detach().to(device=averaged.device)
                if n > 0 and averaged.is_floating_point():
                    value = self.avg_fn(averaged.detach(), value, n)
                averaged.copy_(value)
            if not self.use_buffers:
                for mine, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                    mine.copy_(buffer.detach())
            self.n_averaged += 1


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of every batch norm in a model anew, as equal means over the batches of a loader.

    Averaged parameters have other activations than those the statistics were taken of. An item of the loader is a
    batch, or a list or tuple that begins with one.

    >>> net = nn.BatchNorm1d(1)
    >>> tg.optim.swa_utils.update_bn([tg.tensor([[1.0], [3.0]])], net)
    >>> net.running_mean
    tensor([2.])
    """
    norms = [module for module in model.modules() if hasattr(module, "running_mean") and hasattr(module, "momentum")]
    norms = [module for module in norms if module.running_mean is not None]
    if not norms:
        return
    momenta, was_training = [module.momentum for module in norms], model.training
    for module in norms:
        module.reset_running_stats()
    model.train()
    try:
        with no_grad():
            for n, item in enumerate(loader):
                for module in norms:
                    module.momentum = 1 / (n + 1)
                batch = item[0] if isinstance(item, list | tuple) else item
                model(batch if device is None else batch.to(device))
    finally:
        for module, momentum in zip(norms, momenta, strict=True):
            module.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """From the rate in use to swa_lr within anneal_epochs, along a cosine or a line; constant from then on.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import optim
    >>> optimizer = optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = SWALR(optimizer, swa_lr=0.25, anneal_epochs=1)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        groups = optimizer.param_groups
        rates = list(swa_lr) if isinstance(swa_lr, list | tuple) else [swa_lr] * len(groups)
        if len(rates) != len(groups):
            raise ValueError(f"SWALR: swa_lr needs {len(groups)} values, one per group; got {len(rates)}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy must be 'cos' or 'linear'; got {anneal_strategy!r}")
        if anneal_epochs < 0:
            raise ValueError(f"SWALR: anneal_epochs must be at least 0; got {anneal_epochs}")
        for group, rate in zip(groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, epoch: int) -> float:
        """How much of the way to swa_lr is gone."""
        t = max(0.0, min(1.0, epoch / max(1, self.anneal_epochs)))
        return (1 - cos(pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[float]:
        """The rate of the formula, by way of the one that the last rate tells it started from."""
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, share = self._share(max(0, step - 1)), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            goal, rate = group["swa_lr"], group["lr"]
            start = rate if before == 1 else (rate - before * goal) / (1 - before)
            rates.append(goal * share + start * (1 - share))
        return rates
