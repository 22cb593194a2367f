"""The optimizers' steps through compiled kernels."""

from typing import Any

import numpy as np

from ..base import Array
from ..numpy import NumpyBackend
from .memory import flat_views

SMALL = 1 << 13  # a step of descent has few operations: with fewer values NumPy is as quick
COST = 2e-4  # microseconds per value on one thread


class OptimizerKernels(NumpyBackend):
    """The backend's steps of descent."""

    # NumPy passes over each block of values about fifteen times; a compiled loop passes over memory once.

    def sgd_step(
        self,
        p: Array,
        g: Array,
        momentum_buffer: Array | None,
        *,
        lr: float,
        momentum: float,
        dampening: float,
        nesterov: bool,
        weight_decay: float,
    ) -> None:
        """`Backend.sgd_step` in one pass."""
        arrays = (p, g) if momentum_buffer is None else (p, g, momentum_buffer)
        if p.size < SMALL or (flat := flat_views(*arrays)) is None:
            options: dict[str, Any] = {"dampening": dampening, "nesterov": nesterov, "weight_decay": weight_decay}
            super().sgd_step(p, g, momentum_buffer, lr=lr, momentum=momentum, **options)
            return
        from . import optimizers

        if momentum_buffer is None:
            flat.append(np.empty(0, dtype=p.dtype))
        numbers = np.array([lr, weight_decay, momentum, 1 - dampening, nesterov], dtype=p.dtype)
        optimizers.sgd.fitting(p.size * COST)(*flat, numbers)

    def adam_step(
        self,
        p: Array,
        g: Array,
        mean: Array,
        square: Array,
        largest: Array | None,
        *,
        step: int,
        lr: float,
        beta1: float,
        beta2: float,
        eps: float,
        weight_decay: float,
        decoupled: bool,
    ) -> None:
        """`Backend.adam_step` in one pass; AMSGrad is left to NumPy."""
        flat = flat_views(p, g, mean, square) if largest is None else None
        if flat is None:
            options: dict[str, Any] = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}
            super().adam_step(p, g, mean, square, largest, step=step, lr=lr, decoupled=decoupled, **options)
            return
        from . import optimizers

        correction = (1 - beta2**step) ** 0.5
        keep, decay = (1 - lr * weight_decay, 0) if decoupled else (1, weight_decay)
        numbers = [keep, decay, 1 - beta1, 1 - beta2, lr * correction / (1 - beta1**step), eps * correction]
        optimizers.adam.fitting(p.size * COST)(*flat, np.array(numbers, dtype=p.dtype))
