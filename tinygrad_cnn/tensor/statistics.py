"""Tensor methods that describe how values are spread: medians, quantiles, the most frequent, counts, covariance."""

from typing import Any, Self

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import is_floating
from ..errors import ArgumentError, DimensionError, DtypeError, ShapeError
from .base import TensorBase
from .reductions import ValuesAndIndices, dimension
from .sorting import SortingMethods
from .words import numpy_words

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


class StatisticsMethods(SortingMethods):
    """Order statistics and counts."""

    __slots__ = ()

    # order ------------------------------------------------------------------------------------------------------------

    @numpy_words
    def kthvalue(self, k: int, dim: int = -1, keepdim: bool = False) -> ValuesAndIndices:
        """The k-th smallest value along a dimension, counted from 1, and where it is.

        Raises:
            RuntimeError: when there are fewer.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([3.0, 1.0, 2.0]).kthvalue(2)
        ValuesAndIndices(values=tensor(2.), indices=tensor(2))
        """
        place = dimension("kthvalue", dim, self.ndim)
        length = self.shape[place] if self.ndim else 1
        if not 1 <= k <= length:
            raise ShapeError(f"kthvalue: k must lie in [1, {length}], the size of dim {dim}; got {k}{in_scope()}")
        return self._at_rank(place, k - 1, keepdim)

    def _at_rank(self, place: int, rank: Any, keepdim: bool) -> ValuesAndIndices:
        """The values at a rank (one, or an array with 1 along the dimension) and where they are."""
        xp = self.backend.xp
        if not self.ndim:
            return ValuesAndIndices._make((ops.copy(self), self.plain.from_array(xp.zeros((), dtype="int64"))))
        order = self._order(place, False)
        if isinstance(rank, int):
            rank = xp.full([1 if i == place else n for i, n in enumerate(self.shape)], rank)
        where = xp.take_along_axis(order, rank, axis=place)
        return self._picked(place, where, keepdim)

    def _picked(self, place: int, where: Any, keepdim: bool) -> ValuesAndIndices:
        values = ops.gather_along(self, dim=place, index=where)
        indices = self.plain.from_array(where)
        if keepdim:
            return ValuesAndIndices._make((values, indices))
        shape = self.shape[:place] + self.shape[place + 1 :]
        return ValuesAndIndices._make((ops.reshape(values, shape=shape), ops.reshape(indices, shape=shape)))

    @numpy_words
    def median(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The middle value, the lower of two, NaN if there is one: of all, or along a dimension with where it is.

        >>> tg.tensor([3, 1, 2, 4]).median()
        tensor(2)
        """
        return self._median("median", dim, keepdim, False)

    @numpy_words
    def nanmedian(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The `median` of what is not NaN.

        >>> tg.tensor([float("nan"), 1.0, 3.0]).nanmedian()
        tensor(1.)
        """
        return self._median("nanmedian", dim, keepdim, True)

    def _median(self, op: str, dim: int | None, keepdim: bool, skip_nan: bool) -> Any:
        xp, x = self.backend.xp, self.array
        if dim is None:
            if not x.size:
                return self.new_full((), float("nan") if is_floating(self.dtype) else -(2**63))  # type: ignore[attr-defined]
            return ops.median(self, skip_nan=skip_nan)
        place = dimension(op, dim, self.ndim)
        if not self.ndim:
            return self._at_rank(0, 0, keepdim)
        if not self.shape[place]:
            raise DimensionError(f"{op}: dim {dim} of shape {tuple(self.shape)} is empty{in_scope()}")
        missing = xp.isnan(x).sum(axis=place, keepdims=True)
        known = x.shape[place] - missing
        middle = xp.maximum(known - 1, 0) // 2
        if not skip_nan:
            middle = xp.where(missing > 0, known, middle)  # NaN comes after what is known
        return self._at_rank(place, middle, keepdim)

    @numpy_words
    def mode(self, dim: int = -1, keepdim: bool = False) -> ValuesAndIndices:
        """The most frequent value along a dimension, the smallest of equals, and where it occurs last.

        >>> tg.tensor([1, 2, 2]).mode()
        ValuesAndIndices(values=tensor(2), indices=tensor(2))
        """
        place = dimension("mode", dim, self.ndim)
        xp = self.backend.xp
        if not self.ndim:
            return ValuesAndIndices._make((ops.copy(self), self.plain.from_array(xp.zeros((), dtype="int64"))))
        if not self.shape[place]:
            raise DimensionError(f"mode: dim {dim} of shape {tuple(self.shape)} is empty{in_scope()}")
        order = self._order(place, False)
        ranked = xp.moveaxis(xp.take_along_axis(self.array, order, axis=place), place, -1)
        numbers = xp.arange(ranked.shape[-1])
        fresh = xp.concatenate([xp.ones_like(ranked[..., :1], dtype=bool), ranked[..., 1:] != ranked[..., :-1]], -1)
        length = numbers - xp.maximum.accumulate(xp.where(fresh, numbers, 0), axis=-1)  # of the run of equals so far
        last = xp.argmax(length, axis=-1, keepdims=True)  # the first of the longest runs ends here
        where = xp.take_along_axis(order, xp.moveaxis(last, -1, place), axis=place)
        return self._picked(place, where, keepdim)

    @numpy_words
    def quantile(self, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Self:
        """The value below which a part q of all values lies, of all or along a dimension; NaN if there is one.

        Args:
            q: one number in [0, 1], or a vector of them, which becomes the first dimension of the result.
            interpolation: between two values: linear, lower, higher, midpoint or nearest.

        Raises:
            RuntimeError: for integers, q outside [0, 1] or of another dtype.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([0.0, 10.0, 20.0]).quantile(0.25)
        tensor(5.)
        """
        return self._quantile("quantile", q, dim, keepdim, interpolation, False)

    @numpy_words
    def nanquantile(
        self, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> Self:
        """The `quantile` of what is not NaN.

        >>> tg.tensor([float("nan"), 1.0, 3.0]).nanquantile(0.5)
        tensor(2.)
        """
        return self._quantile("nanquantile", q, dim, keepdim, interpolation, True)

    def _quantile(self, op: str, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip_nan: bool) -> Self:
        xp = self.backend.xp
        if self.dtype not in ("float32", "float64"):
            raise DtypeError(f"{op}: needs float32 or float64; got dtype {self.dtype}{in_scope()}")
        if not self.array.size:
            raise ShapeError(f"{op}: shape {tuple(self.shape)} has no values to choose from{in_scope()}")
        if interpolation not in INTERPOLATIONS:
            raise ArgumentError(f"{op}: interpolation must be one of {INTERPOLATIONS}; got {interpolation!r}")
        if isinstance(q, TensorBase) and q.dtype != self.dtype:
            raise DtypeError(f"{op}: q has dtype {q.dtype}, the values {self.dtype}; they must be equal{in_scope()}")
        wanted: Any = q if isinstance(q, TensorBase) else self.plain.from_array(xp.asarray(q, dtype=self.dtype))
        parts = wanted.array
        if parts.ndim > 1:
            raise ShapeError(f"{op}: q must be a number or a vector; got shape {parts.shape}{in_scope()}")
        if not bool(((parts >= 0) & (parts <= 1)).all()):
            raise ArgumentError(f"{op}: q must lie in [0, 1]; got {parts.tolist()}{in_scope()}")

        x: Any = ops.reshape(self, shape=(-1,)) if dim is None or not self.ndim else self
        place = 0 if dim is None else dimension(op, dim, self.ndim)
        x = x.movedim(place, -1)
        ranked = x.sort(-1).values
        missing = xp.isnan(ranked.array).sum(axis=-1, keepdims=True)
        spans = xp.maximum(ranked.shape[-1] - 1 - missing * skip_nan, 0).astype(x.dtype)
        places = ops.mul(ops.reshape(wanted, shape=(-1,)), x.plain.from_array(spans))  # (q) · (…, 1) → (…, q)
        ranks = places.array if skip_nan else xp.where(missing > 0, ranked.shape[-1] - 1, places.array)
        if interpolation == "nearest":
            ranks = xp.round(ranks)
        below = xp.floor(ranks) if interpolation != "higher" else xp.ceil(ranks)
        out = ops.gather_along(ranked, dim=ranked.ndim - 1, index=below.astype("int64"))
        if interpolation in ("linear", "midpoint"):
            if interpolation == "linear":
                weight = ops.sub(places, x.plain.from_array(below.astype(x.dtype)))
            else:
                weight = x.plain.from_array(xp.where(ranks > below, 0.5, 0).astype(x.dtype))
            above = ops.gather_along(ranked, dim=ranked.ndim - 1, index=xp.ceil(ranks).astype("int64"))
            out = ops.add(out, ops.mul(ops.sub(above, out), weight))
        out = out.movedim(-1, 0)  # (q, …)
        if keepdim:
            shape = [1] * self.ndim if dim is None else list(self.shape)
            if self.ndim:
                shape[place] = 1
            out = ops.reshape(out, shape=(len(out), *shape))
        elif dim is None:
            out = ops.reshape(out, shape=(-1,))
        return ops.reshape(out, shape=out.shape[1:]) if not parts.ndim else out  # type: ignore[no-any-return]

    # counts -----------------------------------------------------------------------------------------------------------

    def bincount(self, weights: TensorBase | None = None, minlength: int = 0) -> Self:
        """How often each number occurs in a vector of them (or the sum of its weights), from 0 to the largest.

        Raises:
            RuntimeError: for what is no vector of integers ≥ 0, weights of another shape, or a negative minlength.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([0, 2, 2]).bincount()
        tensor([1, 0, 2])
        """
        xp, x = self.backend.xp, self.array
        if x.ndim != 1 or x.dtype.kind not in "iu" or bool((x < 0).any()):
            raise DtypeError(
                f"bincount: expects a vector of integers ≥ 0; got shape {x.shape}, dtype {x.dtype}{in_scope()}"
            )
        if weights is not None and weights.shape != self.shape:
            raise ShapeError(f"bincount: {tuple(weights.shape)} weights for {x.shape} numbers{in_scope()}")
        if minlength < 0:
            raise ArgumentError(f"bincount: minlength must not be negative; got {minlength}{in_scope()}")
        if weights is None:
            return self.plain.from_array(xp.bincount(x, minlength=minlength))  # type: ignore[return-value]
        sums = xp.bincount(x, weights.array, minlength=minlength)
        return self.plain.from_array(sums.astype(weights.dtype if is_floating(weights.dtype) else "float64"))  # type: ignore[return-value]

    def histc(self, bins: int = 100, min: float = 0, max: float = 0) -> Self:
        """How many values lie in each of equal intervals between min and max (by default those of the values).

        Raises:
            RuntimeError: for no bins, or min > max.

        >>> tg.tensor([1.0, 2.0, 1.0]).histc(bins=2, min=0, max=3)
        tensor([2., 1.])
        """
        xp, x = self.backend.xp, self.array
        if bins < 1:
            raise ArgumentError(f"histc: bins must be at least 1; got {bins}{in_scope()}")
        if min > max:
            raise ArgumentError(f"histc: min {min} is larger than max {max}{in_scope()}")
        if min == max and x.size:
            min, max = float(x.min()), float(x.max())
        if min == max:
            min, max = min - 1, max + 1
        counts, _ = xp.histogram(x, bins=bins, range=(min, max))
        return self.plain.from_array(counts.astype(self.dtype))  # type: ignore[return-value]

    # together ---------------------------------------------------------------------------------------------------------

    def cov(
        self, *, correction: int = 1, fweights: TensorBase | None = None, aweights: TensorBase | None = None
    ) -> Self:
        """The covariance matrix of variables in rows, observations in columns.

        Args:
            correction: Σ w − correction divides (for `aweights` a, correction · Σ w a / Σ w).
            fweights: how often each observation occurred, integers.
            aweights: how important each is.

        >>> tg.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]).cov()
        tensor([[ 1., -1.],
                [-1.,  1.]])
        """
        x: Any = self
        if x.ndim > 2:
            raise ShapeError(f"cov: expects at most 2 dimensions; got shape {tuple(x.shape)}{in_scope()}")
        x = ops.reshape(x, shape=(1, -1)) if x.ndim < 2 else x
        if not is_floating(x.dtype):
            x = x.float()
        weights: Any = None
        for name, given, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
            if given is None:
                continue
            if given.ndim > 1 or given.array.size != x.shape[1]:
                raise ShapeError(
                    f"cov: {name} {tuple(given.shape)} must be a vector of the {x.shape[1]} observations{in_scope()}"
                )
            if given.dtype.kind not in kinds:
                raise DtypeError(f"cov: {name} has dtype {given.dtype}{in_scope()}")
            if bool((given.array < 0).any()):
                raise ArgumentError(f"cov: {name} must not be negative{in_scope()}")
            weights = given if weights is None else ops.mul(weights, given)
        if weights is None:
            total: Any = x.shape[1]
            mean = x.mean(1, keepdim=True)
        else:
            total = weights.sum()
            mean = (x * weights).sum(1, keepdim=True) / total
        if aweights is None or correction == 0 or weights is None:
            divisor = total - correction
        else:
            divisor = total - correction * (weights * aweights).sum() / total
        divisor = divisor.clamp(min=0) if isinstance(divisor, TensorBase) else max(divisor, 0)  # type: ignore[attr-defined]
        centred = x - mean
        product = centred.matmul((centred if weights is None else centred * weights).mT)
        out = ops.div(product, divisor)
        return ops.reshape(out, shape=()) if out.array.size == 1 else out  # type: ignore[no-any-return]

    def corrcoef(self) -> Self:
        """Pearson's correlation coefficients of variables in rows: cᵢⱼ / √(cᵢᵢ cⱼⱼ) of the covariance c, in [−1, 1].

        >>> tg.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).corrcoef()
        tensor([[ 1., -1.],
                [-1.,  1.]])
        """
        c: Any = self.cov()
        if not c.ndim:
            return ops.div(c, c)  # type: ignore[no-any-return]
        spread = ops.sqrt(c.diagonal())
        return (c / spread.unsqueeze(1) / spread).clamp(-1, 1)  # type: ignore[no-any-return]
