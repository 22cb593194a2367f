"""Functions that reduce dimensions or run along them: the methods of the same names."""

from typing import Any, Protocol, cast, overload

from ..tensor import Tensor, ValuesAndIndices
from .wrap import of_a_tensor


class Extreme(Protocol):
    """How `max` and `min` may be called."""

    __name__: str

    @overload
    def __call__(self, input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
    @overload
    def __call__(self, input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
    @overload
    def __call__(self, input: Tensor, dim: int, keepdim: bool = False, *, out: Any = None) -> ValuesAndIndices: ...


all = of_a_tensor(Tensor.all)
amax = of_a_tensor(Tensor.amax)
amin = of_a_tensor(Tensor.amin)
aminmax = of_a_tensor(Tensor.aminmax)
any = of_a_tensor(Tensor.any)
argmax = of_a_tensor(Tensor.argmax)
argmin = of_a_tensor(Tensor.argmin)
bincount = of_a_tensor(Tensor.bincount)
corrcoef = of_a_tensor(Tensor.corrcoef)
count_nonzero = of_a_tensor(Tensor.count_nonzero)
cov = of_a_tensor(Tensor.cov)
cummax = of_a_tensor(Tensor.cummax)
cummin = of_a_tensor(Tensor.cummin)
cumprod = of_a_tensor(Tensor.cumprod)
cumsum = of_a_tensor(Tensor.cumsum)
cumulative_trapezoid = of_a_tensor(Tensor.cumulative_trapezoid)
diff = of_a_tensor(Tensor.diff)
histc = of_a_tensor(Tensor.histc)
kthvalue = of_a_tensor(Tensor.kthvalue)
log_softmax = of_a_tensor(Tensor.log_softmax)
logcumsumexp = of_a_tensor(Tensor.logcumsumexp)
logsumexp = of_a_tensor(Tensor.logsumexp)
max: Extreme = cast(Any, of_a_tensor)(Tensor.max)
mean = of_a_tensor(Tensor.mean)
median = of_a_tensor(Tensor.median)
min: Extreme = cast(Any, of_a_tensor)(Tensor.min)
mode = of_a_tensor(Tensor.mode)
nanmean = of_a_tensor(Tensor.nanmean)
nanmedian = of_a_tensor(Tensor.nanmedian)
nanquantile = of_a_tensor(Tensor.nanquantile)
nansum = of_a_tensor(Tensor.nansum)
norm = of_a_tensor(Tensor.norm)
prod = of_a_tensor(Tensor.prod)
quantile = of_a_tensor(Tensor.quantile)
renorm = of_a_tensor(Tensor.renorm)
softmax = of_a_tensor(Tensor.softmax)
std = of_a_tensor(Tensor.std)
std_mean = of_a_tensor(Tensor.std_mean)
sum = of_a_tensor(Tensor.sum)
trace = of_a_tensor(Tensor.trace)
trapezoid = of_a_tensor(Tensor.trapezoid)
var = of_a_tensor(Tensor.var)
var_mean = of_a_tensor(Tensor.var_mean)
trapz = trapezoid


def frobenius_norm(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """√Σ x² over dimensions, by default all.

    >>> import tinygrad_cnn as tg
    >>> frobenius_norm(tg.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    return input.norm("fro", dim or None, keepdim)


def nuclear_norm(input: Tensor, dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """Σ of the singular values of matrices.

    >>> import tinygrad_cnn as tg
    >>> nuclear_norm(tg.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(7.)
    """
    return input.norm("nuc", dim, keepdim)


__all__ = [
    "all",
    "amax",
    "amin",
    "aminmax",
    "any",
    "argmax",
    "argmin",
    "bincount",
    "corrcoef",
    "count_nonzero",
    "cov",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "diff",
    "frobenius_norm",
    "histc",
    "kthvalue",
    "log_softmax",
    "logcumsumexp",
    "logsumexp",
    "max",
    "mean",
    "median",
    "min",
    "mode",
    "nanmean",
    "nanmedian",
    "nanquantile",
    "nansum",
    "norm",
    "nuclear_norm",
    "prod",
    "quantile",
    "renorm",
    "softmax",
    "std",
    "std_mean",
    "sum",
    "trace",
    "trapezoid",
    "trapz",
    "var",
    "var_mean",
]
