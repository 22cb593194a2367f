"""Steps of descent on CUDA: all parameters of a model in one launch."""

from collections.abc import Sequence
from typing import Any

import cupy
import numpy as np

from ..base import Backend, Kept
from ..graph import StaleGraph
from .array import in_rows, own
from .graphs import capturing, numbers_argument, rehearsed, upload
from .kernels import THREADS, computing_type, launch, type_name
from .memory import empty
from .pooling import FLOATS

PIECE = 1 << 12  # values that one block takes at a time
Columns = Sequence[Sequence[Any] | None]


class _Table:
    """Addresses of parameters and of what belongs to them, as one array on the device; and the pieces to work on."""

    def __init__(self, columns: Columns) -> None:
        first = columns[0] or ()
        rows = [[p.size, *(0 if c is None else c[i].data.ptr for c in columns)] for i, p in enumerate(first)]
        pieces = [(i, n) for i, p in enumerate(first) for n in range(-(-p.size // PIECE))]
        self.count, self.columns = len(pieces), len(columns) + 1
        self.rows = upload(np.array(rows, dtype=np.int64).reshape(-1, self.columns))
        self.pieces = upload(np.array(pieces, dtype=np.uint32).reshape(-1, 2))

    @property
    def arguments(self) -> tuple[Any, ...]:
        return self.rows, self.pieces, np.uint32(self.count), np.uint32(self.columns), PIECE


def _table(kept: Kept, columns: Columns) -> _Table:
    """The table for these arrays: that of the last step if they lie where they lay then."""
    key = _places(columns)
    known = kept.what if isinstance(kept.what, dict) else {}
    if key not in known:
        known = kept.what = {key: _Table(columns), **dict(list(known.items())[:7])}
    return known[key]  # type: ignore[no-any-return]


def _places(columns: Columns) -> Any:
    return tuple(0 if c is None else tuple(x.data.ptr for x in c) for c in columns)


def _alike(columns: Columns) -> bool:
    """Whether all arrays are in row-major order and of one floating-point dtype that kernels know."""
    arrays = [x for column in columns if column is not None for x in column]
    dtype = arrays[0].dtype
    return dtype in FLOATS and all(x.dtype == dtype and in_rows(x) for x in arrays)


def _descend(kernel: str, columns: Columns, kept: Kept, numbers: tuple[float, ...]) -> None:
    """Launch a step; in a capture with numbers that the device reads when it runs, in a rehearsal those alone."""
    assert columns[0] is not None
    kind, graph, slots = type_name(columns[0][0].dtype), capturing(), rehearsed()
    if graph is None and slots is None:
        table, held = _table(kept, columns), None
    else:
        identity = (kernel, kind, _places([columns[0], *columns[2:]]))  # gradients may be anywhere
        if slots is not None:
            slot = next(slots, None)
            if slot is None or slot.identity != identity:
                raise StaleGraph
            slot.write(numbers)
            return
        assert graph is not None
        table, held = _Table(columns), graph.slot(kind, identity, numbers).array
    arguments = (*table.arguments, numbers_argument(kind, numbers), held)
    launch("optimizers", kernel, kind, table.count, *arguments, threads=THREADS)


class Optimizers(Backend):
    """The reference makes about ten passes per parameter, each a launch that costs more than its work."""

    def norm(self, arrays: Sequence[Any]) -> Any:
        """`Backend.norm` in two launches; NumPy's products of vectors are cuBLAS's, one by one."""
        if not arrays or not _alike([arrays]):
            return super().norm(arrays)
        kind, table = type_name(arrays[0].dtype), _Table([arrays])
        sums = empty((table.count,), np.dtype(computing_type(arrays[0].dtype)))
        launch("optimizers", "squares", kind, table.count, *table.arguments, sums, threads=THREADS)
        return own(cupy.sqrt(cupy.sum(sums)))

    def shrink(self, arrays: Sequence[Any], norm: Any, most: float) -> bool:
        """`Backend.shrink` in one launch, without waiting for the norm."""
        if not arrays or not _alike([arrays]):
            return super().shrink(arrays, norm, most)
        number = np.dtype(computing_type(arrays[0].dtype))
        kind, table, held = type_name(arrays[0].dtype), _Table([arrays]), norm.astype(number, copy=False)
        arguments = (*table.arguments, held, number.type(most))
        launch("optimizers", "shrink", kind, table.count, *arguments, threads=THREADS)
        return True

    def sgd_steps(
        self,
        parameters: Sequence[Any],
        gradients: Sequence[Any],
        buffers: Sequence[Any] | None,
        *,
        dampenings: Sequence[float],
        kept: Kept,
        **options: Any,
    ) -> None:
        """`Backend.sgd_steps` in one launch for each dampening."""
        gradients = [own(cupy.ascontiguousarray(g)) for g in gradients]
        if not parameters or not _alike([parameters, gradients, buffers]):
            _only_eager()
            super().sgd_steps(parameters, gradients, buffers, dampenings=dampenings, kept=kept, **options)
            return
        for dampening in sorted(set(dampenings)):
            chosen = [i for i, d in enumerate(dampenings) if d == dampening]
            columns = [_pick(column, chosen) for column in (parameters, gradients, buffers)]
            numbers = (options["lr"], options["momentum"], dampening, options["weight_decay"])
            _descend("sgd", columns, kept, (*numbers, float(options["nesterov"])))

    def adam_steps(
        self,
        parameters: Sequence[Any],
        gradients: Sequence[Any],
        means: Sequence[Any],
        squares: Sequence[Any],
        largest: Sequence[Any] | None,
        *,
        steps: Sequence[int],
        kept: Kept,
        **options: Any,
    ) -> None:
        """`Backend.adam_steps` in one launch for each number of steps."""
        gradients = [own(cupy.ascontiguousarray(g)) for g in gradients]
        columns = (parameters, gradients, means, squares, largest)
        if not parameters or not _alike(columns):
            _only_eager()
            super().adam_steps(*columns, steps=steps, kept=kept, **options)
            return
        lr, beta1, beta2 = options["lr"], options["beta1"], options["beta2"]
        for step in sorted(set(steps)):
            chosen = [i for i, s in enumerate(steps) if s == step]
            corrected = (lr / (1 - beta1**step), (1 - beta2**step) ** 0.5)
            numbers = (*corrected, lr, beta1, beta2, options["eps"], options["weight_decay"])
            chosen_columns = [_pick(column, chosen) for column in columns]
            _descend("adam", chosen_columns, kept, (*numbers, float(options["decoupled"])))


def _only_eager() -> None:
    if capturing() is not None:
        raise RuntimeError(
            "parameters of several dtypes, or not in row-major order, are changed by numbers of the host"
        )
    if rehearsed() is not None:
        raise StaleGraph


def _pick(column: Sequence[Any] | None, chosen: list[int]) -> list[Any] | None:
    return None if column is None else [column[i] for i in chosen]
