"""Tensor methods that reduce dimensions. `dim`, or `axis`, is one number or several, negative too, or None for all."""

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, Self, overload

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import as_dtype, get_default_dtype, is_floating
from ..errors import ArgumentError, DimensionError, DtypeError, EmptyError, ShapeError
from .base import TensorBase
from .words import numpy_words

if TYPE_CHECKING:
    from . import Tensor


class ValuesAndIndices(NamedTuple):
    """What `max(dim)` and `min(dim)` return: the extreme values, and where they are along the dimension."""

    values: "Tensor"
    indices: "Tensor"


class MinAndMax(NamedTuple):
    """What `aminmax` returns: both extremes."""

    min: "Tensor"
    max: "Tensor"


def dimension(op: str, dim: Any, ndim: int) -> int:
    """A dimension counted from the front.

    Raises:
        IndexError: when it is out of range.
    """
    size = max(ndim, 1)  # a tensor without dimensions may be reduced over "its" dimension 0
    if not hasattr(dim, "__index__"):
        raise TypeError(f"{op}: dim must be an int; got {dim!r}{in_scope()}")
    if not -size <= dim < size:
        raise DimensionError(
            f"{op}: dim {dim} is out of range for a tensor with {ndim} dimensions; "
            f"it must lie in [{-size}, {size - 1}]{in_scope()}"
        )
    return dim % size  # type: ignore[no-any-return]


def dimensions(op: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions counted from the front, all of them for None or ().

    Raises:
        IndexError: when one is out of range.
        RuntimeError: when one is named twice.
    """
    if dim is None or (isinstance(dim, tuple | list) and not dim):
        return tuple(range(ndim))
    dims = tuple(dimension(op, d, ndim) for d in (dim if isinstance(dim, tuple | list) else (dim,)))
    if len(set(dims)) < len(dims):
        raise ShapeError(f"{op}: dim {dim} names a dimension twice{in_scope()}")
    return dims if ndim else ()


class ReductionMethods(TensorBase):
    """Sums, means, extremes and norms over dimensions."""

    __slots__ = ()

    def _floating(self, op: str) -> None:
        if not is_floating(self.dtype):
            raise DtypeError(f"{op}: needs floating-point values; got dtype {self.dtype}. Convert with .float()")

    def _nonempty(self, op: str, dims: tuple[int, ...]) -> None:
        if any(self.shape[d] == 0 for d in dims):
            raise EmptyError(
                f"{op}: a tensor of shape {tuple(self.shape)} has no elements along dim {dims} to choose from"
            )

    def sum(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False, dtype: Any = None
    ) -> Self:
        """The sum; of integers in int64.

        >>> tg.tensor([[1, 2], [3, 4]]).sum(dim=1)
        tensor([3, 7])
        """
        x = self if dtype is None else ops.cast(self, dtype=as_dtype(dtype), source=self.dtype)
        return ops.sum_(x, dim=dimensions("sum", dim if axis is None else axis, self.ndim), keepdim=keepdim or keepdims)

    def mean(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False, dtype: Any = None
    ) -> Self:
        """The mean; NaN of nothing. Integers must be converted first, or given a floating-point dtype.

        >>> tg.tensor([[1.0, 3.0], [5.0, 7.0]]).mean(dim=1)
        tensor([2., 6.])
        """
        x = self if dtype is None else ops.cast(self, dtype=as_dtype(dtype), source=self.dtype)
        x._floating("mean")
        return ops.mean(
            x, dim=dimensions("mean", dim if axis is None else axis, self.ndim), keepdim=keepdim or keepdims
        )

    def var(
        self,
        dim: Any = None,
        unbiased: bool = True,
        keepdim: bool = False,
        *,
        correction: float | None = None,
        axis: Any = None,
        keepdims: bool = False,
    ) -> Self:
        """The variance Σ (x − mean)² / (n − correction); the correction is 1 by default, 0 if not `unbiased`.

        >>> tg.tensor([1.0, 3.0]).var(correction=0)
        tensor(1.)
        """
        if isinstance(dim, bool):  # PyTorch's var(unbiased)
            dim, unbiased = None, dim
        return self._spread("var", dim if axis is None else axis, unbiased, correction, keepdim or keepdims)

    def std(
        self,
        dim: Any = None,
        unbiased: bool = True,
        keepdim: bool = False,
        *,
        correction: float | None = None,
        axis: Any = None,
        keepdims: bool = False,
    ) -> Self:
        """The standard deviation, √var.

        >>> tg.tensor([1.0, 3.0]).std(correction=0)
        tensor(1.)
        """
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        return self._spread("std", dim if axis is None else axis, unbiased, correction, keepdim or keepdims)

    def _spread(self, op: str, dim: Any, unbiased: bool, correction: float | None, keepdim: bool) -> Self:
        self._floating(op)
        dims = dimensions(op, dim, self.ndim)
        correction = float(unbiased) if correction is None else correction
        return (ops.var if op == "var" else ops.std)(self, dim=dims, correction=correction, keepdim=keepdim)

    @numpy_words
    def var_mean(
        self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
    ) -> tuple[Self, Self]:
        """The variance and the mean.

        >>> tg.tensor([1.0, 3.0]).var_mean(correction=0)
        (tensor(1.), tensor(2.))
        """
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        return self.var(dim, unbiased, keepdim, correction=correction), self.mean(dim, keepdim)

    @numpy_words
    def std_mean(
        self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
    ) -> tuple[Self, Self]:
        """The standard deviation and the mean.

        >>> tg.tensor([1.0, 3.0]).std_mean(correction=0)
        (tensor(1.), tensor(2.))
        """
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        return self.std(dim, unbiased, keepdim, correction=correction), self.mean(dim, keepdim)

    @numpy_words
    def amax(self, dim: Any = None, keepdim: bool = False) -> Self:
        """The maximum; equal ones share the gradient.

        >>> tg.tensor([[1, 9], [8, 2]]).amax(dim=1)
        tensor([9, 8])
        """
        dims = dimensions("amax", dim, self.ndim)
        self._nonempty("amax", dims)
        return ops.amax(self, dim=dims, keepdim=keepdim)

    @numpy_words
    def amin(self, dim: Any = None, keepdim: bool = False) -> Self:
        """The minimum; equal ones share the gradient.

        >>> tg.tensor([[1, 9], [8, 2]]).amin(dim=1)
        tensor([1, 2])
        """
        dims = dimensions("amin", dim, self.ndim)
        self._nonempty("amin", dims)
        return ops.amin(self, dim=dims, keepdim=keepdim)

    @numpy_words
    def aminmax(self, *, dim: int | None = None, keepdim: bool = False) -> MinAndMax:
        """The minimum and the maximum, of all or along a dimension.

        >>> tg.tensor([3, 1, 2]).aminmax()
        MinAndMax(min=tensor(1), max=tensor(3))
        """
        return MinAndMax._make((self.amin(dim, keepdim), self.amax(dim, keepdim)))

    @overload
    def max(self, dim: TensorBase | None = None) -> Self: ...
    @overload
    def max(self, *, other: TensorBase) -> Self: ...
    @overload
    def max(self, dim: int, keepdim: bool = False, *, keepdims: bool = False) -> ValuesAndIndices: ...
    @overload
    def max(self, *, axis: int, keepdim: bool = False, keepdims: bool = False) -> ValuesAndIndices: ...
    def max(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False, other: Any = None
    ) -> Any:
        """The maximum of all; along a dimension, values and indices; of this and another tensor, element by element.

        >>> tg.tensor([[1, 9], [8, 2]]).max(dim=1)
        ValuesAndIndices(values=tensor([9, 8]), indices=tensor([1, 0]))
        """
        dim = next((given for given in (dim, axis, other) if given is not None), None)
        if isinstance(dim, TensorBase):
            return ops.maximum(self, dim)
        return self.amax() if dim is None else self._extreme("max", dim, keepdim or keepdims)

    @overload
    def min(self, dim: TensorBase | None = None) -> Self: ...
    @overload
    def min(self, *, other: TensorBase) -> Self: ...
    @overload
    def min(self, dim: int, keepdim: bool = False, *, keepdims: bool = False) -> ValuesAndIndices: ...
    @overload
    def min(self, *, axis: int, keepdim: bool = False, keepdims: bool = False) -> ValuesAndIndices: ...
    def min(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False, other: Any = None
    ) -> Any:
        """The minimum of all; along a dimension, values and indices; of this and another tensor, element by element.

        >>> tg.tensor([[1, 9], [8, 2]]).min(dim=1)
        ValuesAndIndices(values=tensor([1, 2]), indices=tensor([0, 1]))
        """
        dim = next((given for given in (dim, axis, other) if given is not None), None)
        if isinstance(dim, TensorBase):
            return ops.minimum(self, dim)
        return self.amin() if dim is None else self._extreme("min", dim, keepdim or keepdims)

    def _extreme(self, op: str, dim: int, keepdim: bool) -> ValuesAndIndices:
        place = dimension(op, dim, self.ndim)
        if not self.ndim:
            return ValuesAndIndices._make(
                (ops.copy(self), self.plain.from_array(self.backend.xp.zeros((), dtype="int64")))
            )
        self._nonempty(op, (place,))
        where = (ops.argmax if op == "max" else ops.argmin)(self, dim=place, keepdim=True)
        values = ops.gather_along(self, dim=place, index=where.array)
        if keepdim:
            return ValuesAndIndices._make((values, where))
        shape = self.shape[:place] + self.shape[place + 1 :]
        return ValuesAndIndices._make((ops.reshape(values, shape=shape), ops.reshape(where, shape=shape)))

    @numpy_words
    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Where the maximum is, the first of equals: in the flattened tensor, or along a dimension.

        >>> tg.tensor([[1, 9], [8, 2]]).argmax(dim=1)
        tensor([1, 0])
        """
        self._nonempty(
            "argmax",
            tuple(range(self.ndim)) if dim is None else (dimension("argmax", dim, self.ndim),) * (self.ndim > 0),
        )
        return ops.argmax(self, dim=None if dim is None else dimension("argmax", dim, self.ndim), keepdim=keepdim)

    @numpy_words
    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Where the minimum is, the first of equals: in the flattened tensor, or along a dimension.

        >>> tg.tensor([[1, 9], [8, 2]]).argmin(dim=1)
        tensor([0, 1])
        """
        self._nonempty(
            "argmin",
            tuple(range(self.ndim)) if dim is None else (dimension("argmin", dim, self.ndim),) * (self.ndim > 0),
        )
        return ops.argmin(self, dim=None if dim is None else dimension("argmin", dim, self.ndim), keepdim=keepdim)

    @numpy_words
    def prod(self, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Self:
        """The product of all, or along one dimension; right and differentiable where factors are zero.

        >>> tg.tensor([1, 2, 3, 4]).prod()
        tensor(24)
        """
        x = self if dtype is None else ops.cast(self, dtype=as_dtype(dtype), source=self.dtype)
        place = None if dim is None else dimension("prod", dim, self.ndim)
        if place is None or not self.ndim:
            out = ops.prod(ops.reshape(x, shape=(-1,)), dim=0)
        else:
            out = ops.prod(x, dim=place)
            if keepdim:
                out = ops.reshape(out, shape=(*self.shape[:place], 1, *self.shape[place + 1 :]))
        return out if dtype is None or out.dtype == x.dtype else ops.cast(out, dtype=x.dtype, source=out.dtype)

    @numpy_words
    def any(self, dim: Any = None, keepdim: bool = False) -> Self:
        """Whether any is nonzero; with dim=() for each by itself; of uint8 in uint8, as in PyTorch.

        >>> tg.tensor([[False, True], [False, False]]).any(dim=1)
        tensor([ True, False])
        """
        dims = dimensions("any", dim, self.ndim) if dim != () else ()
        return self._truth(ops.any_(self, dim=dims, keepdim=keepdim))

    @numpy_words
    def all(self, dim: Any = None, keepdim: bool = False) -> Self:
        """Whether none is zero; with dim=() for each by itself; of uint8 in uint8, as in PyTorch.

        >>> tg.tensor([[True, True], [True, False]]).all(dim=1)
        tensor([ True, False])
        """
        dims = dimensions("all", dim, self.ndim) if dim != () else ()
        return self._truth(ops.all_(self, dim=dims, keepdim=keepdim))

    def _truth(self, out: Self) -> Self:
        return ops.cast(out, dtype=self.dtype, source=out.dtype) if self.dtype == "uint8" else out

    @numpy_words
    def count_nonzero(self, dim: Any = None) -> Self:
        """How many are not zero.

        >>> tg.tensor([[0, 1], [2, 3]]).count_nonzero(dim=1)
        tensor([1, 2])
        """
        return ops.sum_(ops.ne(self, 0), dim=dimensions("count_nonzero", dim, self.ndim), keepdim=False)

    @numpy_words
    def logsumexp(self, dim: Any, keepdim: bool = False) -> Self:
        """ln Σ eˣ, without overflow; integers become floats first.

        >>> tg.zeros(2, 4).logsumexp(dim=1)
        tensor([1.3863, 1.3863])
        """
        x = self if is_floating(self.dtype) else ops.cast(self, dtype=get_default_dtype(), source=self.dtype)
        return ops.logsumexp(x, dim=dimensions("logsumexp", dim, self.ndim), keepdim=keepdim)

    @numpy_words
    def nansum(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Self:
        """The sum of what is not NaN.

        >>> tg.tensor([float("nan"), 1.0, 3.0]).nansum()
        tensor(4.)
        """
        known = ops.where(ops.isnan(self), 0, self) if is_floating(self.dtype) else self
        return known.sum(dim, keepdim, dtype=dtype)

    @numpy_words
    def nanmean(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Self:
        """The mean of what is not NaN; NaN of nothing.

        >>> tg.tensor([float("nan"), 1.0, 3.0]).nanmean()
        tensor(2.)
        """
        self._floating("nanmean")
        dims = dimensions("nanmean", dim, self.ndim)
        known = ops.sum_(ops.logical_not(ops.isnan(self)), dim=dims, keepdim=keepdim)
        return ops.div(self.nansum(dim, keepdim, dtype=dtype), ops.cast(known, dtype=self.dtype, source=known.dtype))

    @numpy_words
    def norm(self, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Self:
        """(Σ |x|^p)^(1/p); "fro" is 2, ±inf gives the extreme |x|, 0 counts what is not zero.

        "nuc", of matrices, is the sum of the singular values.

        >>> tg.tensor([3.0, 4.0]).norm()
        tensor(5.)
        """
        x = self if dtype is None else ops.cast(self, dtype=as_dtype(dtype), source=self.dtype)
        x._floating("norm")
        if p == "nuc":
            return x.matrix_norm("nuc", (-2, -1) if dim is None else dim, keepdim)  # type: ignore[attr-defined, no-any-return]
        if p != "fro" and not isinstance(p, int | float):
            raise ValueError(f"norm: p must be a number, 'fro' or 'nuc'; got {p!r}")
        return x._norm("norm", 2 if p == "fro" else p, dimensions("norm", dim, self.ndim), keepdim)

    @numpy_words
    def renorm(self, p: float, dim: int, maxnorm: float) -> Self:
        """The slices along a dimension, those whose p-norm is larger than `maxnorm` shrunk to it.

        Raises:
            RuntimeError: for fewer than 2 dimensions, p ≤ 0 or a negative maxnorm.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([[3.0, 4.0], [0.3, 0.4]]).renorm(2, 0, 1.0)
        tensor([[0.6000, 0.8000],
                [0.3000, 0.4000]])
        """
        self._floating("renorm")
        if self.ndim < 2 or p <= 0 or maxnorm < 0:
            raise ArgumentError(
                f"renorm: expects 2 dimensions or more, p > 0 and maxnorm >= 0; got shape {tuple(self.shape)}, "
                f"p {p}, maxnorm {maxnorm}{in_scope()}"
            )
        place = dimension("renorm", dim, self.ndim)
        norms = self.norm(p, tuple(i for i in range(self.ndim) if i != place), keepdim=True)
        scale = ops.where(ops.gt(norms, maxnorm), ops.div(maxnorm, ops.add(norms, 1e-7)), 1.0)
        return ops.mul(self, scale)

    def _norm(self, op: str, p: float, dims: tuple[int, ...], keepdim: bool) -> Self:
        if p == 2:
            return ops.euclidean_norm(self, dim=dims, keepdim=keepdim)
        if abs(p) == inf or p < 0:
            self._nonempty(op, dims)
        return ops.norm(self, p=p, dim=dims, keepdim=keepdim)

    @numpy_words
    def softmax(self, dim: int, dtype: Any = None) -> Self:
        """e^xᵢ / Σⱼ e^xⱼ along a dimension.

        >>> tg.zeros(2, 4).softmax(dim=1)
        tensor([[0.2500, 0.2500, 0.2500, 0.2500],
                [0.2500, 0.2500, 0.2500, 0.2500]])
        """
        x = self if dtype is None else ops.cast(self, dtype=as_dtype(dtype), source=self.dtype)
        x._floating("softmax")
        place = dimension("softmax", dim, self.ndim)
        return ops.softmax(x, dim=place) if self.ndim and self.array.size else ops.add(ops.mul(x, 0), 1)

    @numpy_words
    def log_softmax(self, dim: int, dtype: Any = None) -> Self:
        """The logarithm of `softmax`, exact where that underflows.

        >>> tg.zeros(2).log_softmax(dim=0)
        tensor([-0.6931, -0.6931])
        """
        x = self if dtype is None else ops.cast(self, dtype=as_dtype(dtype), source=self.dtype)
        x._floating("log_softmax")
        place = dimension("log_softmax", dim, self.ndim)
        return ops.log_softmax(x, dim=place) if self.ndim and self.array.size else ops.mul(x, 0)
