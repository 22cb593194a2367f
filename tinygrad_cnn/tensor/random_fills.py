"""Tensor methods that draw: fills in place, by PyTorch's names, and draws by the probabilities a tensor holds."""

from math import pi
from typing import Any, Self

from ..autograd import unrecordable
from ..autograd.modes import in_scope
from ..dtypes import as_dtype, is_floating
from ..errors import ArgumentError, DtypeError, ShapeError
from .base import TensorBase


class RandomMethods(TensorBase):
    """Random values, from the default generator of the tensor's device or the one given."""

    __slots__ = ()

    def normal_(self, mean: float = 0, std: float = 1, *, generator: Any = None) -> Self:
        """Fill with normally distributed values.

        >>> tg.empty(1000).normal_().std().round()
        tensor(1.)
        """
        if std < 0:
            raise ArgumentError(f"normal_: std must not be negative; got {std}{in_scope()}")
        return self._fill(self._stream(generator).normal(self.shape, self._fractional("normal_")) * std + mean)

    def uniform_(self, low: float = 0, high: float = 1, *, generator: Any = None, **bounds: float) -> Self:
        """Fill with values spread evenly over [low, high); PyTorch calls the bounds `from` and `to`.

        >>> bool((tg.empty(5).uniform_(2, 3) >= 2).all())
        True
        """
        low, high = bounds.get("from", low), bounds.get("to", bounds.get("a", high))
        if low > high:
            raise ArgumentError(f"uniform_: the bounds [{low}, {high}) are in the wrong order{in_scope()}")
        return self._fill(self._line("uniform_", generator) * (high - low) + low)

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Self:
        """Fill with 1 at probability p, a number or a tensor that broadcasts, else 0.

        >>> tg.empty(3).bernoulli_(1.0)
        tensor([1., 1., 1.])
        """
        if isinstance(p, TensorBase):
            draws = self._stream(generator).uniform(self.shape, as_dtype("float64"))
            return self._fill(draws < _probabilities("bernoulli_", p))
        if not 0 <= p <= 1:
            raise ArgumentError(f"bernoulli_: p must lie in [0, 1]; got {p}{in_scope()}")
        return self._fill(self._stream(generator).bernoulli(self.shape, p))

    def random_(self, low: int | None = None, high: int | None = None, *, generator: Any = None, **bounds: int) -> Self:
        """Fill with integers of [low, high), which PyTorch calls `from` and `to`; one bound alone is the upper one.

        Without bounds, from 0 to the largest number up to which the dtype has all integers.

        >>> import tinygrad_cnn as tg
        >>> bool((tg.zeros(9).random_(2, 4) // 2 == 1).all())
        True
        """
        low, high = bounds.get("from", low), bounds.get("to", high)
        if low is not None and high is None:
            low, high = 0, low
        if high is None:
            digits = self.backend.xp.finfo(self.dtype).nmant + 1 if is_floating(self.dtype) else 0
            largest = 1 if self.dtype.kind == "b" else 2**digits if digits else self.backend.xp.iinfo(self.dtype).max
            high = min(int(largest) + 1, 2**63 - 1)
        if not (low or 0) < high:
            raise ArgumentError(f"random_: no integer lies in [{low or 0}, {high}){in_scope()}")
        return self._fill(self._stream(generator).integers(low or 0, high, self.shape, as_dtype("int64")))

    def exponential_(self, lambd: float = 1, *, generator: Any = None) -> Self:
        """Fill with values of density λ·e^(−λx).

        >>> bool((tg.empty(5).exponential_() > 0).all())
        True
        """
        if lambd <= 0:
            raise ArgumentError(f"exponential_: lambd must be positive; got {lambd}{in_scope()}")
        return self._fill(-self.backend.xp.log1p(-self._line("exponential_", generator)) / lambd)

    def geometric_(self, p: float, *, generator: Any = None) -> Self:
        """Fill with the number of trials up to the first success, each of probability p: k with (1 − p)^(k−1)·p.

        >>> bool((tg.empty(5).geometric_(0.5) >= 1).all())
        True
        """
        if not 0 < p < 1:
            raise ArgumentError(f"geometric_: p must lie in (0, 1); got {p}{in_scope()}")
        xp = self.backend.xp
        draws = self._stream(generator).uniform(self.shape, as_dtype("float64"))
        return self._fill(xp.maximum(xp.ceil(xp.log1p(-draws) / xp.log1p(-p)), 1))

    def log_normal_(self, mean: float = 1, std: float = 2, *, generator: Any = None) -> Self:
        """Fill with values whose logarithms are normally distributed.

        >>> bool((tg.empty(5).log_normal_() > 0).all())
        True
        """
        if std <= 0:
            raise ArgumentError(f"log_normal_: std must be positive; got {std}{in_scope()}")
        draws = self._stream(generator).normal(self.shape, self._fractional("log_normal_"))
        return self._fill(self.backend.xp.exp(draws * std + mean))

    def cauchy_(self, median: float = 0, sigma: float = 1, *, generator: Any = None) -> Self:
        """Fill with values of density σ / (π·(σ² + (x − median)²)).

        >>> tg.empty(3).cauchy_().shape
        (3,)
        """
        if sigma <= 0:
            raise ArgumentError(f"cauchy_: sigma must be positive; got {sigma}{in_scope()}")
        return self._fill(self.backend.xp.tan(pi * (self._line("cauchy_", generator) - 0.5)) * sigma + median)

    # by the probabilities it holds ------------------------------------------------------------------------------------

    def bernoulli(self, p: Any = None, *, generator: Any = None) -> Self:
        """A tensor like this one with 1 at the probability that each element holds (or p), else 0.

        >>> tg.tensor([0.0, 1.0]).bernoulli()
        tensor([0., 1.])
        """
        _probabilities("bernoulli", self) if p is None else None
        made = self.plain.from_array(self.backend.xp.empty(self.shape, dtype=self.dtype))
        return made.bernoulli_(self.detach() if p is None else p, generator=generator)  # type: ignore[attr-defined, no-any-return]

    def multinomial(self, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Self:
        """For each row of weights, so many of their positions, each as probable as its share of the row's sum.

        Args:
            replacement: whether a position can be drawn again.

        Raises:
            RuntimeError: for weights that are negative, not finite or all 0, and for more draws than weights above 0.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([0.0, 3.0, 0.0]).multinomial(1)
        tensor([1])
        """
        unrecordable("multinomial: the values are drawn without an operation")
        xp, weights = self.backend.xp, self.array
        if self.ndim not in (1, 2):
            raise ShapeError(f"multinomial: expects one row of weights or several; got {tuple(self.shape)}{in_scope()}")
        if not is_floating(self.dtype):
            raise DtypeError(f"multinomial: expects floating-point weights; got dtype {self.dtype}{in_scope()}")
        if num_samples < 1:
            raise ArgumentError(f"multinomial: num_samples must be at least 1; got {num_samples}{in_scope()}")
        if not (xp.isfinite(weights).all() and (weights >= 0).all()):
            raise ArgumentError(f"multinomial: weights must be finite and not negative{in_scope()}")
        available = (weights > 0).sum(-1)
        if available.size and int(available.min()) < (1 if replacement else num_samples):
            raise ArgumentError(
                f"multinomial: {num_samples} draws {'with' if replacement else 'without'} replacement from a row with "
                f"{int(available.min())} weights above 0{in_scope()}"
            )
        rows = weights.reshape(-1, weights.shape[-1]).astype("float64")
        stream, wide = self._stream(generator), as_dtype("float64")
        if replacement:
            ends = rows.cumsum(-1)
            draws = stream.uniform((len(rows), num_samples), wide) * ends[:, -1:]
            found = [xp.searchsorted(end, draw, side="right") for end, draw in zip(ends, draws, strict=True)]
            drawn = xp.stack(found) if found else xp.empty((0, num_samples))
        else:  # the first arrivals of processes with these rates (exponential races) come in just these proportions
            waits = -xp.log1p(-stream.uniform(rows.shape, wide))
            arrivals = xp.where(rows > 0, waits / xp.where(rows > 0, rows, 1), xp.inf)
            drawn = arrivals.argsort(-1)[:, :num_samples]
        return self.plain.from_array(drawn.astype("int64").reshape(*weights.shape[:-1], num_samples))  # type: ignore[return-value]

    # how --------------------------------------------------------------------------------------------------------------

    def _stream(self, generator: Any) -> Any:
        return self.backend.rng if generator is None else generator.stream

    def _line(self, op: str, generator: Any) -> Any:
        """Values of [0, 1)."""
        return self._stream(generator).uniform(self.shape, self._fractional(op))

    def _fractional(self, op: str) -> Any:
        if not is_floating(self.dtype):
            raise DtypeError(f"{op}: fills floating-point tensors; got dtype {self.dtype}{in_scope()}")
        return self.dtype

    def _fill(self, values: Any) -> Self:
        values = self.backend.asarray(values)  # NumPy makes a number of what has no dimensions
        return self.copy_(self.plain.from_array(values.astype(self.dtype, copy=False)))  # type: ignore[attr-defined, no-any-return]


def _probabilities(op: str, p: TensorBase) -> Any:
    if p.array.size and not (p.array.min() >= 0 and p.array.max() <= 1):
        raise ArgumentError(
            f"{op}: probabilities must lie in [0, 1]; they go from {p.array.min()} to {p.array.max()}{in_scope()}"
        )
    return p.array
