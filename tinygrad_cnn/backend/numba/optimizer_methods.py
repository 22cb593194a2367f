"""The optimizers' steps through compiled kernels."""

from collections.abc import Sequence
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from ..base import Array, Kept
from ..numpy import NumpyBackend
from .lazy import kernels
from .memory import flat_views

COST = 8e-4  # microseconds per value on one thread


class OptimizerKernels(NumpyBackend):
    """The backend's steps of descent."""

    # NumPy passes over each parameter about fifteen times. A compiled loop passes over the memory of all of them once,
    # with one launch.

    def sgd_steps(
        self,
        parameters: Sequence[Array],
        gradients: Sequence[Array],
        buffers: Sequence[Array] | None,
        *,
        dampenings: Sequence[float],
        kept: Kept,
        **options: Any,
    ) -> None:
        """`Backend.sgd_steps` in one pass."""
        columns = [parameters, gradients, parameters if buffers is None else buffers]
        rows, others = _rows(kept, columns)
        if rows:
            optimizers = kernels.optimizers

            momentum = 0.0 if buffers is None else options["momentum"]  # then the third column is not read
            lr, decay, nesterov = options["lr"], options["weight_decay"], options["nesterov"]
            kinds = list(dict.fromkeys(dampenings))
            numbers = [[lr, decay, momentum, 1 - dampening, nesterov] for dampening in kinds]
            _launch(optimizers.sgd, kept, [kinds.index(dampenings[i]) for i in rows], numbers)
        for i in others:
            buffer = None if buffers is None else buffers[i]
            self.sgd_step(parameters[i], gradients[i], buffer, dampening=dampenings[i], **options)

    def adam_steps(
        self,
        parameters: Sequence[Array],
        gradients: Sequence[Array],
        means: Sequence[Array],
        squares: Sequence[Array],
        largest: Sequence[Array] | None,
        *,
        steps: Sequence[int],
        kept: Kept,
        **options: Any,
    ) -> None:
        """`Backend.adam_steps` in one pass; AMSGrad is left to NumPy."""
        if largest is not None:
            super().adam_steps(parameters, gradients, means, squares, largest, steps=steps, kept=kept, **options)
            return
        rows, others = _rows(kept, [parameters, gradients, means, squares])
        if rows:
            optimizers = kernels.optimizers

            lr, decay, beta1, beta2 = (options[name] for name in ("lr", "weight_decay", "beta1", "beta2"))
            keep, decay = (1 - lr * decay, 0) if options["decoupled"] else (1, decay)
            kinds, numbers = list(dict.fromkeys(steps)), []
            for step in kinds:
                correction = (1 - beta2**step) ** 0.5
                rate = lr * correction / (1 - beta1**step)
                numbers.append([keep, decay, 1 - beta1, 1 - beta2, rate, options["eps"] * correction])
            _launch(optimizers.adam, kept, [kinds.index(steps[i]) for i in rows], numbers)
        for i in others:
            self.adam_step(parameters[i], gradients[i], means[i], squares[i], None, step=steps[i], **options)


class _Known:
    """A table, with what it was made of."""

    def __init__(self, columns: Sequence[Sequence[Array]]) -> None:
        optimizers = kernels.optimizers

        self.arrays = [array for column in (columns[0], *columns[2:]) for array in column]
        self.shapes = [p.shape for p in columns[0]]
        self.rows, self.others, flat = [], [], []
        for i, arrays in enumerate(zip(*columns, strict=True)):
            views = flat_views(*arrays)
            if views is None or any(view.dtype != np.float32 or not view.flags.writeable for view in views):
                self.others.append(i)
            else:
                self.rows.append(i)
                flat.append(views)
        self.table = optimizers.Table(flat) if flat else None
        self.simple = not self.others and all(array.flags.c_contiguous for array in self.arrays)

    def take(self, columns: Sequence[Sequence[Array]]) -> bool:
        """Take other gradients into the table; False where something else has changed too."""
        arrays = chain(columns[0], *columns[2:])
        if not self.simple or len(columns[0]) * (len(columns) - 1) != len(self.arrays):
            return False
        if not all(map(is_, arrays, self.arrays)) or self.table is None:
            return False
        optimizers = kernels.optimizers

        addresses = []
        for g, shape in zip(columns[1], self.shapes, strict=True):
            if g.dtype != np.float32 or g.shape != shape or not g.flags.c_contiguous:
                return False
            addresses.append(optimizers.address(g.reshape(-1)))
        self.table.values[:, optimizers.GRADIENT] = addresses
        return True


def _rows(kept: Kept, columns: Sequence[Sequence[Array]]) -> tuple[list[int], list[int]]:
    """The numbers of the parameters whose arrays lie flat in memory as float32, now in the table; and of the others."""
    if kept.what is None or not kept.what.take(columns):
        kept.what = _Known(columns)
    return kept.what.rows, kept.what.others


def _launch(kernel: Any, kept: Kept, chosen: list[int], options: list[list[float]]) -> None:
    """A step for the rows of the table, each with the options chosen for it."""
    table = kept.what.table
    table.values[:, -1] = chosen
    kernel.fitting(table.total * COST)(table.values, table.ends, np.array(options, dtype=np.float32))
