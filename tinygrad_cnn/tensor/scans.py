"""Tensor methods that run along a dimension: running sums, products and extremes, differences, areas."""

from typing import Any, Self

from .. import ops
from ..autograd import unrecordable
from ..autograd.modes import in_scope
from ..dtypes import as_dtype, is_floating
from ..errors import ArgumentError, DtypeError, ShapeError
from .base import TensorBase
from .reductions import ValuesAndIndices, dimension
from .words import numpy_words


class ScanMethods(TensorBase):
    """Running totals and differences."""

    __slots__ = ()

    def _scan(self, op: str, run: Any, dim: int, dtype: Any = None) -> Self:
        place = dimension(op, dim, self.ndim)
        x = self if dtype is None else ops.cast(self, dtype=as_dtype(dtype), source=self.dtype)
        if x.ndim:
            return run(x, dim=place)  # type: ignore[no-any-return]
        return ops.reshape(run(ops.reshape(x, shape=(1,)), dim=0), shape=())  # type: ignore[no-any-return]

    @numpy_words
    def cumsum(self, dim: int, *, dtype: Any = None) -> Self:
        """Running sums along a dimension; of integers in int64.

        >>> tg.tensor([1, 2, 3]).cumsum(dim=0)
        tensor([1, 3, 6])
        """
        return self._scan("cumsum", ops.cumsum, dim, dtype)

    @numpy_words
    def cumprod(self, dim: int, *, dtype: Any = None) -> Self:
        """Running products along a dimension; right and differentiable where factors are zero.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([2, 3, 4]).cumprod(0)
        tensor([ 2,  6, 24])
        """
        return self._scan("cumprod", ops.cumprod, dim, dtype)

    @numpy_words
    def logcumsumexp(self, dim: int) -> Self:
        """The logarithm of running sums of eˣ along a dimension, without overflow.

        >>> tg.zeros(3).logcumsumexp(dim=0)
        tensor([0.0000, 0.6931, 1.0986])
        """
        if not is_floating(self.dtype):
            raise DtypeError(f"logcumsumexp: needs floating-point values; got dtype {self.dtype}{in_scope()}")
        return self._scan("logcumsumexp", ops.logcumsumexp, dim)

    @numpy_words
    def cummax(self, dim: int) -> ValuesAndIndices:
        """Running maxima along a dimension, and where they are (the last of equals); NaN stays.

        >>> tg.tensor([1, 3, 2]).cummax(dim=0)
        ValuesAndIndices(values=tensor([1, 3, 3]), indices=tensor([0, 1, 1]))
        """
        return self._running("cummax", dim)

    @numpy_words
    def cummin(self, dim: int) -> ValuesAndIndices:
        """Running minima along a dimension, and where they are (the last of equals); NaN stays.

        >>> tg.tensor([3, 1, 2]).cummin(dim=0)
        ValuesAndIndices(values=tensor([3, 1, 1]), indices=tensor([0, 1, 1]))
        """
        return self._running("cummin", dim)

    def _running(self, op: str, dim: int) -> ValuesAndIndices:
        place = dimension(op, dim, self.ndim)
        xp = self.backend.xp
        if not self.ndim:
            return ValuesAndIndices._make((ops.copy(self), self.plain.from_array(xp.zeros((), dtype="int64"))))
        unrecordable(f"{op}: where the extremes are is found without an operation")
        x = self.array
        extremes = (xp.maximum if op == "cummax" else xp.minimum).accumulate(x, axis=place)
        numbers = xp.arange(x.shape[place]).reshape([-1 if i == place else 1 for i in range(self.ndim)])
        where = xp.maximum.accumulate(xp.where((x == extremes) | (x != x), numbers, 0), axis=place)  # noqa: PLR0124
        return ValuesAndIndices._make((ops.gather_along(self, dim=place, index=where), self.plain.from_array(where)))

    @numpy_words
    def diff(
        self, n: int = 1, dim: int = -1, prepend: TensorBase | None = None, append: TensorBase | None = None
    ) -> Self:
        """Differences of neighbours along a dimension, n times over; of booleans, whether they differ.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([1, 4, 9, 16]).diff()
        tensor([3, 5, 7])
        """
        if not self.ndim:
            raise ShapeError(f"diff: needs at least one dimension; got shape (){in_scope()}")
        if n < 0:
            raise ArgumentError(f"diff: n must not be negative; got {n}{in_scope()}")
        place = dimension("diff", dim, self.ndim)
        if n == 0:
            return self
        for name, end in (("prepend", prepend), ("append", append)):
            if end is not None and (
                end.ndim != self.ndim
                or any(a != b for i, (a, b) in enumerate(zip(end.shape, self.shape, strict=True)) if i != place)
            ):
                raise ShapeError(
                    f"diff: {name} {tuple(end.shape)} must agree with {tuple(self.shape)} "
                    f"in all but dim {dim}{in_scope()}"
                )
        parts = [part for part in (prepend, self, append) if part is not None]
        out: Any = ops.concat(*parts, dim=place) if len(parts) > 1 else self
        step = ops.ne if self.dtype.kind == "b" else ops.sub
        for _ in range(min(n, out.shape[place])):
            ahead = ops.getitem(out, index=(*(slice(None),) * place, slice(1, None)))
            out = step(ahead, ops.getitem(out, index=(*(slice(None),) * place, slice(None, -1))))
        return out  # type: ignore[no-any-return]

    @numpy_words
    def trapezoid(self, x: TensorBase | None = None, *, dx: Any = None, dim: int = -1) -> Self:
        """The area under self along a dimension by the trapezoidal rule: Σ (yᵢ + yᵢ₊₁) / 2 · Δx.

        Args:
            x: the places of the values; without it they are `dx` (1 by default) apart.

        >>> tg.tensor([1.0, 2.0, 3.0]).trapezoid()
        tensor(4.)
        """
        place = dimension("trapezoid", dim, self.ndim)
        areas = self._trapezoids("trapezoid", x, dx, place)
        if areas is None:
            return self.sum(place) * 0  # type: ignore[attr-defined, no-any-return]
        return ops.sum_(areas, dim=(place,), keepdim=False)  # type: ignore[no-any-return]

    trapz = trapezoid

    @numpy_words
    def cumulative_trapezoid(self, x: TensorBase | None = None, *, dx: Any = None, dim: int = -1) -> Self:
        """The running sums of `trapezoid`: one less than there are values.

        >>> tg.tensor([1.0, 2.0, 3.0]).cumulative_trapezoid()
        tensor([1.5000, 4.0000])
        """
        place = dimension("cumulative_trapezoid", dim, self.ndim)
        areas = self._trapezoids("cumulative_trapezoid", x, dx, place)
        return ops.getitem(self, index=slice(0, 0)) if areas is None else ops.cumsum(areas, dim=place)

    def _trapezoids(self, op: str, x: Any, dx: Any, place: int) -> Any:
        if not self.ndim or not self.shape[place]:
            return None
        if x is not None and dx is not None:
            raise TypeError(f"{op}: give x or dx, not both{in_scope()}")
        ahead, behind = (
            ops.getitem(self, index=(*(slice(None),) * place, part)) for part in (slice(1, None), slice(None, -1))
        )
        heights = ops.div(ops.add(ahead, behind), 2)
        if x is None:
            return heights if dx is None else ops.mul(heights, dx)
        if x.ndim == 1 and self.ndim > 1:
            if x.shape[0] != self.shape[place]:
                raise ShapeError(f"{op}: {x.shape[0]} places for {self.shape[place]} values{in_scope()}")
            x = ops.reshape(x, shape=(-1, *(1,) * (self.ndim - 1 - place)))
            widths = x.diff(dim=0)
        else:
            widths = x.diff(dim=place - self.ndim)
        return ops.mul(heights, widths)
