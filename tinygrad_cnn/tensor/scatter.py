"""Tensor methods that read and write where an index tensor or a mask says: gather, scatter, index_…, masked_…, take."""

from math import prod
from typing import Any, Self

from .. import ops
from ..autograd import broadcast_to, taken, unrecordable
from ..autograd.modes import in_scope
from ..dtypes import is_floating
from ..errors import ArgumentError, DimensionError, DtypeError, PositionError, ShapeError
from .base import TensorBase
from .indexing import IndexingMethods, plain_index
from .reductions import dimension
from .words import numpy_words

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


class ScatterMethods(IndexingMethods):
    """Reading and writing by index and by mask."""

    __slots__ = ()

    # an index per element ---------------------------------------------------------------------------------------------

    @numpy_words
    def gather(self, dim: int, index: Any, *, sparse_grad: bool = False) -> Self:
        """out[i, j] = self[i, index[i, j]] for dim 1, and so on; in the other dimensions index may be shorter.

        >>> tg.tensor([[1, 2], [3, 4]]).gather(1, tg.tensor([[1], [0]]))
        tensor([[2],
                [3]])
        """
        if not self.ndim:
            return self._as_line(lambda line, at: line.gather(dim, at), index)
        place, positions = self._along("gather", dim, index)
        if not positions.size:
            return ops.reshape(ops.getitem(ops.reshape(self, shape=(-1,)), index=slice(0, 0)), shape=positions.shape)
        return ops.gather_along(self, dim=place, index=positions)

    def _as_line(self, act: Any, index: Any) -> Self:
        """For a tensor without dimensions: the same with one of size 1, and the dimension taken away if need be."""
        flat = index.reshape(-1) if isinstance(index, TensorBase) else index  # type: ignore[attr-defined]
        out = act(ops.reshape(self, shape=(1,)), flat)
        return ops.reshape(out, shape=getattr(index, "shape", ())) if out.shape == (1,) else out  # type: ignore[no-any-return]

    @numpy_words
    def scatter(self, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Self:
        """self with each src[i, j], or one number, put at [i, index[i, j]] for dim 1, and so on.

        Args:
            reduce: "add" or "multiply", to combine instead of putting.

        >>> tg.zeros(3).scatter(0, tg.tensor([2, 0]), tg.tensor([1.0, 5.0]))
        tensor([5., 0., 1.])
        """
        src = value if src is None else src
        if reduce is not None:
            if reduce not in ("add", "multiply"):
                raise ArgumentError(f"scatter: reduce must be 'add' or 'multiply'; got {reduce!r}{in_scope()}")
            if not isinstance(src, TensorBase):
                src = self.new_full(index.shape, src)  # type: ignore[attr-defined]
            return self.scatter_reduce(dim, index, src, "sum" if reduce == "add" else "prod")
        if not self.ndim:
            return self._as_line(lambda line, at: line.scatter(dim, at, _one_dimension(src)), index)
        place, values = self._targets("scatter", dim, index, src)
        return ops.copy(self) if place is None else ops.setitem(self, values, index=place)

    @numpy_words
    def scatter_(self, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Self:
        """`scatter`, in place.

        >>> import tinygrad_cnn as tg
        >>> tg.zeros(2, 3).scatter_(1, tg.tensor([[2], [0]]), 1)
        tensor([[0., 0., 1.],
                [1., 0., 0.]])
        """
        if reduce is not None or not self.ndim:
            out = self.scatter(dim, index, src, value=value, reduce=reduce)
            return self.in_place("scatter_", ops.copy, out)
        place, values = self._targets("scatter_", dim, index, value if src is None else src)
        return self if place is None else self.in_place("scatter_", ops.setitem, self, values, index=place)

    def _targets(self, op: str, dim: int, index: Any, src: Any) -> tuple[tuple[Any, ...] | None, Any]:
        """An index of this tensor that names what `scatter` writes, and the values; None for nothing."""
        place, positions = self._along(op, dim, index)
        if isinstance(src, TensorBase) and src.ndim:
            src = self._fitting(op, src, positions.shape)
        elif not isinstance(src, TensorBase | int | float):
            raise TypeError(f"{op}: src must be a tensor or a number; got {type(src).__name__}{in_scope()}")
        if not positions.size:
            return None, src
        shape = positions.shape
        numbers = [
            self.backend.xp.arange(n).reshape([-1 if i == d else 1 for i in range(len(shape))])
            for d, n in enumerate(shape)
        ]
        return tuple(positions if d == place else number for d, number in enumerate(numbers)), src

    @numpy_words
    def scatter_add(self, dim: int, index: Any, src: Any) -> Self:
        """self with each src[i, j] added at [i, index[i, j]] for dim 1, and so on.

        >>> tg.zeros(3).scatter_add(0, tg.tensor([2, 2]), tg.tensor([1.0, 5.0]))
        tensor([0., 0., 6.])
        """
        return self.scatter_reduce(dim, index, src, "sum", op="scatter_add")

    @numpy_words
    def scatter_add_(self, dim: int, index: Any, src: Any) -> Self:
        """`scatter_add`, in place.

        >>> tg.zeros(3).scatter_add_(0, tg.tensor([2, 2]), tg.tensor([1.0, 5.0]))
        tensor([0., 0., 6.])
        """
        return self.in_place("scatter_add_", ops.copy, self.scatter_reduce(dim, index, src, "sum", op="scatter_add_"))

    @numpy_words
    def scatter_reduce(
        self, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True, op: str = "scatter_reduce"
    ) -> Self:
        """self with the values that the index sends to each place put together there, self's own included or not.

        Args:
            reduce: how: sum, prod, mean, amax or amin; equal extremes share the gradient.

        Raises:
            RuntimeError: for another word, shapes that do not fit, dtypes that differ, an index out of range.

        >>> import tinygrad_cnn as tg
        >>> tg.zeros(2).scatter_reduce(0, tg.tensor([0, 0, 1]), tg.tensor([1.0, 3.0, 5.0]), "amax")
        tensor([3., 5.])
        """
        if reduce not in REDUCTIONS:
            raise ArgumentError(f"{op}: reduce must be one of {', '.join(REDUCTIONS)}; got {reduce!r}{in_scope()}")
        if not self.ndim:
            out: Any = self._as_line(
                lambda line, at: line.scatter_reduce(dim, at, _one_dimension(src), reduce, include_self=include_self),
                index,
            )
            return ops.reshape(out, shape=())  # type: ignore[no-any-return]
        place, positions = self._along(op, dim, index)
        src = self._fitting(op, src, positions.shape)
        if not positions.size:
            return ops.copy(self)
        shape, xp = tuple(self.shape), self.backend.xp
        target: dict[str, Any] = {"dim": place, "index": positions}
        counts = kept = None
        if reduce == "mean" or not include_self:
            counts = ops.scatter_along(xp.ones(positions.shape, dtype=self.dtype), shape=shape, **target)
            kept = None if include_self else counts == 0
        if reduce in ("amax", "amin"):
            return ops.scatter_extreme(self, src, **target, kept=kept, largest=reduce == "amax")
        if reduce == "prod":
            return ops.scatter_prod(self, src, **target, kept=kept)
        own: Any = self if kept is None else ops.where(self.plain.from_array(kept), self, 0)
        out = ops.add(own, ops.scatter_along(src, shape=shape, **target))
        out = out if out.dtype == self.dtype else ops.cast(out, dtype=self.dtype, source=out.dtype)
        if reduce == "sum":
            return out  # type: ignore[no-any-return]
        one = self.array.dtype.type(1)
        divisor: Any = self.plain.from_array(xp.maximum(counts + one * include_self, one))
        return ops.div(out, divisor) if is_floating(self.dtype) else ops.floor_divide(out, divisor)  # type: ignore[no-any-return]

    def _fitting(self, op: str, src: Any, shape: tuple[int, ...]) -> Any:
        """The part of `src` that an index of this shape reaches."""
        if src.dtype != self.dtype:
            raise DtypeError(
                f"{op}: this tensor has dtype {self.dtype}, src {src.dtype}; they must be equal{in_scope()}"
            )
        if src.ndim != len(shape) or any(n > m for n, m in zip(shape, src.shape, strict=True)):
            if not prod(shape):
                return src
            raise ShapeError(f"{op}: index {shape} is larger than src {tuple(src.shape)}{in_scope()}")
        return src if src.shape == shape else ops.getitem(src, index=tuple(map(slice, shape)))

    def _along(self, op: str, dim: int, index: Any) -> tuple[int, Any]:
        """The dimension, and the index as an array that was checked against this tensor's shape."""
        place = dimension(op, dim, self.ndim)
        if isinstance(index, TensorBase) and index.dtype not in ("int64", "int32") and index.array.size:
            raise DtypeError(f"{op}: the index must be int64; got dtype {index.dtype}{in_scope()}")
        positions = index.array if isinstance(index, TensorBase) else plain_index(index)
        if not positions.size:
            return place, positions.astype("int64")
        positions = positions.reshape(1) if not positions.ndim else positions
        others = [i for i in range(self.ndim) if i != place]
        if positions.ndim != self.ndim or any(positions.shape[i] > self.shape[i] for i in others):
            raise ShapeError(
                f"{op}: index {positions.shape} does not fit {tuple(self.shape)}; "
                f"only dim {dim} may be longer{in_scope()}"
            )
        taken(_check_range, positions, self.shape[place], f"{op}: index values", f"dim {dim}{in_scope()}")
        return place, positions

    @numpy_words
    def take_along_dim(self, indices: Any, dim: int | None = None) -> Self:
        """`gather` with an index that broadcasts; without a dimension, from the flattened tensor.

        >>> tg.tensor([[3, 1], [2, 4]]).take_along_dim(tg.tensor([[1], [0]]), dim=1)
        tensor([[1],
                [2]])
        """
        if indices.dtype != "int64":
            raise DtypeError(f"take_along_dim: indices must be int64; got {indices.dtype}{in_scope()}")
        if dim is None:
            return ops.reshape(self, shape=(-1,)).gather(0, indices.reshape(-1))
        place = dimension("take_along_dim", dim, self.ndim)
        if self.ndim != indices.ndim:
            raise ShapeError(
                f"take_along_dim: this tensor has {self.ndim} dimensions and the indices {indices.ndim}{in_scope()}"
            )
        shape, wanted = list(self.shape), list(indices.shape)
        common = self.backend.xp.broadcast_shapes(
            *(tuple(1 if i == place else n for i, n in enumerate(sizes)) for sizes in (shape, wanted))
        )
        shape[place], wanted[place] = self.shape[place], indices.shape[place]
        own = broadcast_to(self, shape=tuple(shape[i] if i == place else n for i, n in enumerate(common)))
        index = broadcast_to(indices, shape=tuple(wanted[i] if i == place else n for i, n in enumerate(common)))
        length = own.shape[place]
        return own.gather(place, ops.where(ops.lt(index, 0), ops.add(index, length), index))

    # an index per slice -----------------------------------------------------------------------------------------------

    def _slices(self, op: str, dim: int, index: Any) -> tuple[int, Any]:
        """The dimension, and a vector of positions along it."""
        unrecordable(f"{op}: the index is checked without an operation")
        place = dimension(op, dim, self.ndim)
        positions = index.array if isinstance(index, TensorBase) else plain_index(index)
        if positions.ndim > 1 or positions.dtype.kind not in "iu":
            raise DimensionError(
                f"{op}: the index must be a vector of integers; got shape {positions.shape}, "
                f"dtype {positions.dtype}{in_scope()}"
            )
        positions = positions.reshape(-1)
        length = self.shape[place] if self.ndim else 1
        if positions.size and (positions.min() < (0 if op == "index_select" else -length) or positions.max() >= length):
            raise PositionError(
                f"{op}: index values from {positions.min()} to {positions.max()} are outside "
                f"[0, {length - 1}] of dim {dim}{in_scope()}"
            )
        return place, positions

    @numpy_words
    def index_select(self, dim: int, index: Any) -> Self:
        """The slices of a dimension that a 1-d index lists.

        >>> tg.tensor([[1, 2], [3, 4]]).index_select(1, tg.tensor([1]))
        tensor([[2],
                [4]])
        """
        place, positions = self._slices("index_select", dim, index)
        if not self.ndim:
            return ops.reshape(ops.getitem(ops.reshape(self, shape=(1,)), index=positions), shape=())
        return ops.getitem(self, index=(*(slice(None),) * place, positions))

    def _slice_values(self, op: str, place: int, count: int, source: TensorBase) -> Any:
        """Values for so many slices, in the shape that indexing gives."""
        if source.dtype != self.dtype:
            raise DtypeError(f"{op}: this tensor has dtype {self.dtype}, source {source.dtype}{in_scope()}")
        shape = tuple(count if i == place else n for i, n in enumerate(self.shape)) if self.ndim else (count,)
        if source.array.size != prod(shape) or (source.ndim and self.ndim and tuple(source.shape) != shape):
            raise ShapeError(f"{op}: source must have shape {shape}; got {tuple(source.shape)}{in_scope()}")
        return ops.reshape(source, shape=shape)

    def _with_slices(self, act: Any, place: int, positions: Any) -> Self:
        x = self if self.ndim else ops.reshape(self, shape=(1,))
        return ops.reshape(act(x, (*(slice(None),) * place, positions)), shape=self.shape)  # type: ignore[no-any-return]

    @numpy_words
    def index_add(self, dim: int, index: Any, source: TensorBase, *, alpha: float = 1) -> Self:
        """self with slices of `source`, times alpha, added at the positions that a 1-d index lists.

        >>> import tinygrad_cnn as tg
        >>> tg.zeros(3).index_add(0, tg.tensor([0, 2, 0]), tg.tensor([1.0, 2.0, 3.0]))
        tensor([4., 0., 2.])
        """
        place, positions = self._slices("index_add", dim, index)
        values = self._slice_values("index_add", place, len(positions), source)
        values = values if alpha == 1 else ops.mul(values, alpha)
        return self._with_slices(
            lambda x, at: ops.add(x, ops.scatter_items(values, shape=x.shape, index=at)), place, positions
        )

    @numpy_words
    def index_copy(self, dim: int, index: Any, source: TensorBase) -> Self:
        """self with slices of `source` put at the positions that a 1-d index lists.

        >>> tg.zeros(3).index_copy(0, tg.tensor([2]), tg.tensor([5.0]))
        tensor([0., 0., 5.])
        """
        place, positions = self._slices("index_copy", dim, index)
        values = self._slice_values("index_copy", place, len(positions), source)
        return self._with_slices(lambda x, at: ops.setitem(x, values, index=at), place, positions)

    @numpy_words
    def index_fill(self, dim: int, index: Any, value: Any) -> Self:
        """self with one number in the slices that a 1-d index lists.

        >>> tg.zeros(3).index_fill(0, tg.tensor([0, 2]), 7)
        tensor([7., 0., 7.])
        """
        place, positions = self._slices("index_fill", dim, index)
        positions = self.backend.xp.unique(positions)  # a slice listed twice passes its gradient on once
        if isinstance(value, TensorBase):
            if value.ndim:
                raise ShapeError(f"index_fill: value must have no dimensions; got {tuple(value.shape)}{in_scope()}")
            value = ops.cast(value, dtype=self.dtype, source=value.dtype)
        return self._with_slices(lambda x, at: ops.setitem(x, value, index=at), place, positions)

    @numpy_words
    def index_reduce(self, dim: int, index: Any, source: TensorBase, reduce: str, *, include_self: bool = True) -> Self:
        """`scatter_reduce` of whole slices, for which a 1-d index lists the positions.

        >>> tg.ones(2).index_reduce(0, tg.tensor([0, 0]), tg.tensor([3.0, 4.0]), "prod")
        tensor([12.,  1.])
        """
        place, positions = self._slices("index_reduce", dim, index)
        values = self._slice_values("index_reduce", place, len(positions), source)
        x = self if self.ndim else ops.reshape(self, shape=(1,))
        along = positions.reshape([-1 if i == place else 1 for i in range(x.ndim)])
        spread = self.plain.from_array(self.backend.xp.broadcast_to(along, values.shape).astype("int64"))
        out = x.scatter_reduce(place, spread, values, reduce, include_self=include_self, op="index_reduce")
        return ops.reshape(out, shape=self.shape)

    def index_put(self, indices: Any, values: TensorBase, accumulate: bool = False) -> Self:
        """self with `values`, broadcast, at self[indices], or added there.

        >>> tg.zeros(3).index_put((tg.tensor([1]),), tg.tensor(4.0))
        tensor([0., 4., 0.])
        """
        place = tuple(plain_index(part) for part in indices)
        if values.dtype != self.dtype:
            raise DtypeError(f"index_put: this tensor has dtype {self.dtype}, values {values.dtype}{in_scope()}")
        if not accumulate:
            return ops.setitem(self, values, index=place)
        shape = self.array[place].shape
        return ops.add(self, ops.scatter_items(broadcast_to(values, shape=shape), shape=self.shape, index=place))

    # the flattened tensor ---------------------------------------------------------------------------------------------

    def _flat(self, op: str, index: Any) -> Any:
        if not isinstance(index, TensorBase) or index.dtype != "int64":
            raise DtypeError(
                f"{op}: the index must be an int64 tensor; got {getattr(index, 'dtype', index)}{in_scope()}"
            )
        count, positions = self.array.size, index.array
        if positions.size and not (-count <= positions.min() and positions.max() < count):
            raise DimensionError(
                f"{op}: index values from {positions.min()} to {positions.max()} are outside "
                f"[{-count}, {count - 1}]{in_scope()}"
            )
        return positions

    def take(self, index: TensorBase) -> Self:
        """The elements with these numbers in the flattened tensor, in the shape of the index.

        >>> tg.tensor([[1, 2], [3, 4]]).take(tg.tensor([0, 3]))
        tensor([1, 4])
        """
        return ops.getitem(ops.reshape(self, shape=(-1,)), index=self._flat("take", index))

    def put(self, index: TensorBase, source: TensorBase, accumulate: bool = False) -> Self:
        """self with the values of `source` at these numbers in the flattened tensor, or added there.

        >>> tg.zeros(3).put(tg.tensor([1]), tg.tensor([5.0]))
        tensor([0., 5., 0.])
        """
        positions = self._flat("put", index)
        if source.dtype != self.dtype:
            raise DtypeError(f"put: this tensor has dtype {self.dtype}, source {source.dtype}{in_scope()}")
        if source.array.size != positions.size:
            raise ShapeError(f"put: {source.array.size} values for {positions.size} positions{in_scope()}")
        line, values = ops.reshape(self, shape=(-1,)), ops.reshape(source, shape=positions.shape)
        if accumulate:
            line = ops.add(line, ops.scatter_items(values, shape=line.shape, index=positions))
        else:
            line = ops.setitem(line, values, index=positions)
        return ops.reshape(line, shape=self.shape)

    # masks ------------------------------------------------------------------------------------------------------------

    def _where(self, op: str, mask: Any) -> tuple[Self, Any]:
        """This tensor and a mask, broadcast against each other."""
        unrecordable(f"{op}: the values of the mask decide about shapes")
        if mask.dtype != "bool":
            raise DtypeError(f"{op}: the mask must be bool; got dtype {mask.dtype}{in_scope()}")
        try:
            shape = self.backend.xp.broadcast_shapes(self.shape, mask.shape)
        except ValueError:
            raise ShapeError(
                f"{op}: mask {tuple(mask.shape)} and tensor {tuple(self.shape)} do not broadcast{in_scope()}"
            ) from None
        return broadcast_to(self, shape=shape), self.backend.xp.broadcast_to(mask.array, shape)

    def masked_select(self, mask: TensorBase) -> Self:
        """The values where the mask is true, as a vector; both broadcast.

        >>> import tinygrad_cnn as tg
        >>> x = tg.tensor([1, -2, 3])
        >>> x.masked_select(x > 0)
        tensor([1, 3])
        """
        x, where = self._where("masked_select", mask)
        return ops.getitem(ops.reshape(x, shape=(-1,)), index=where.reshape(-1))

    def masked_scatter(self, mask: TensorBase, source: TensorBase) -> Self:
        """self with the first values of `source`, one after the other, where the mask is true.

        Raises:
            RuntimeError: when there are too few, or the dtypes differ.

        >>> tg.zeros(3).masked_scatter(tg.tensor([True, False, True]), tg.tensor([5.0, 6.0]))
        tensor([5., 0., 6.])
        """
        if source.dtype != self.dtype:
            raise DtypeError(f"masked_scatter: this tensor has dtype {self.dtype}, source {source.dtype}{in_scope()}")
        x, where = self._where("masked_scatter", mask)
        count = int(where.sum())
        if source.array.size < count:
            raise ShapeError(f"masked_scatter: {source.array.size} values for {count} places{in_scope()}")
        values = ops.getitem(ops.reshape(source, shape=(-1,)), index=slice(0, count))
        line = ops.setitem(ops.reshape(x, shape=(-1,)), values, index=where.reshape(-1))
        return ops.reshape(line, shape=x.shape)

    def argwhere(self) -> Self:
        """The index of each value that is not zero, one row each.

        >>> tg.tensor([[0, 7], [8, 0]]).argwhere()
        tensor([[0, 1],
                [1, 0]])
        """
        return self.nonzero()


def _one_dimension(src: Any) -> Any:
    return ops.reshape(src, shape=(-1,)) if isinstance(src, TensorBase) else src


def _check_range(positions: Any, size: int, what: str, where: str) -> None:
    if positions.size and (positions.min() < 0 or positions.max() >= size):
        raise PositionError(
            f"{what} from {positions.min()} to {positions.max()} are outside [0, {size - 1}] of {where}"
        )
