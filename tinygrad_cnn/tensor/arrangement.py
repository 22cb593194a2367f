"""Tensor methods that turn, shift and repeat, that take diagonals and windows, and that write slices."""

from typing import Any, Self

from .. import ops
from ..autograd import sum_to
from ..autograd.modes import in_scope
from ..dtypes import int64, is_floating
from ..errors import ArgumentError, DimensionError, DtypeError, ShapeError
from .base import TensorBase
from .cutting import CuttingMethods
from .reductions import dimension, dimensions
from .reductions import dimension as along  # where a parameter hides that name
from .shapes import sizes
from .words import numpy_words


class ArrangementMethods(CuttingMethods):
    """Turning, shifting, repeating, diagonals, windows."""

    __slots__ = ()

    # turning and shifting ---------------------------------------------------------------------------------------------

    def flip(self, *places: Any, dims: Any = None) -> Self:
        """Back to front along dimensions, given one by one or as one sequence.

        >>> tg.tensor([1, 2, 3]).flip(0)
        tensor([3, 2, 1])
        """
        named = sizes("flip", places if dims is None else (tuple(dims),))
        return ops.flip(self, dim=dimensions("flip", named, self.ndim) if named else ())

    def sum_to_size(self, *size: Any, **named: Any) -> Self:
        """Summed over the dimensions along which a tensor of this size would be broadcast to self's.

        >>> tg.ones(2, 3).sum_to_size(2, 1)
        tensor([[3.],
                [3.]])
        """
        shape = sizes("sum_to_size", size, "size", named)
        offset = self.ndim - len(shape)
        if offset < 0 or any(n not in (1, self.shape[offset + i]) for i, n in enumerate(shape)):
            raise ShapeError(f"sum_to_size: {shape} can't be expanded to {tuple(self.shape)}{in_scope()}")
        summed = self if shape == self.shape or is_floating(self.dtype) else self.to(int64)  # type: ignore[attr-defined]
        return sum_to(summed, shape=shape)

    def fliplr(self) -> Self:
        """Back to front along the second dimension.

        >>> tg.tensor([[1, 2], [3, 4]]).fliplr()
        tensor([[2, 1],
                [4, 3]])
        """
        if self.ndim < 2:
            raise ShapeError(f"fliplr: needs at least 2 dimensions; got shape {tuple(self.shape)}{in_scope()}")
        return self.flip(1)

    def flipud(self) -> Self:
        """Back to front along the first dimension.

        >>> tg.tensor([[1, 2], [3, 4]]).flipud()
        tensor([[3, 4],
                [1, 2]])
        """
        if not self.ndim:
            raise ShapeError(f"flipud: needs at least 1 dimension; got shape (){in_scope()}")
        return self.flip(0)

    def rot90(self, k: int = 1, dims: Any = (0, 1)) -> Self:
        """Turned by k quarters in the plane of two dimensions, from the first towards the second.

        >>> tg.tensor([[1, 2], [3, 4]]).rot90()
        tensor([[2, 4],
                [1, 3]])
        """
        if len(dims) != 2:
            raise ShapeError(f"rot90: two dimensions make a plane; got dims {dims}{in_scope()}")
        if self.ndim < 2:
            raise ShapeError(f"rot90: needs at least 2 dimensions; got shape {tuple(self.shape)}{in_scope()}")
        first, second = (dimension("rot90", d, self.ndim) for d in dims)
        if first == second:
            raise ShapeError(f"rot90: the two dimensions must differ; got {dims}{in_scope()}")
        if k % 4 == 2:
            return self.flip(first, second)
        if k % 2:
            turned = self.flip(second) if k % 4 == 1 else self.flip(first)
            return ops.copy(turned.transpose(first, second))
        return self.clone()  # type: ignore[attr-defined, no-any-return]

    def roll(self, shifts: Any, dims: Any = None) -> Self:
        """Shifted; what leaves at one end comes in at the other. Without dims, in the flattened tensor.

        >>> tg.tensor([1, 2, 3]).roll(1)
        tensor([3, 1, 2])
        """
        amounts = sizes("roll", tuple(shifts) if isinstance(shifts, tuple | list) else (shifts,))
        if not amounts:
            raise ShapeError(f"roll: shifts are required{in_scope()}")
        if dims is None or (isinstance(dims, tuple | list) and not dims):
            if len(amounts) > 1:
                raise ShapeError(f"roll: {len(amounts)} shifts need as many dims; got none{in_scope()}")
            return ops.reshape(ops.roll(self.reshape(-1), shifts=amounts, dim=(0,)), shape=self.shape)
        named = tuple(dims) if isinstance(dims, tuple | list) else (dims,)
        places = tuple(dimension("roll", d, self.ndim) for d in named)
        if len(places) != len(amounts):
            raise ShapeError(f"roll: {len(amounts)} shifts and {len(places)} dims must be as many{in_scope()}")
        if not self.ndim:
            raise DimensionError(f"roll: a tensor without dimensions has no dim {named[0]}{in_scope()}")
        return ops.roll(self, shifts=amounts, dim=places)

    def tril(self, diagonal: int = 0) -> Self:
        """The lower triangle of the last two dimensions.

        >>> tg.ones(2, 2).tril()
        tensor([[1., 0.],
                [1., 1.]])
        """
        self._matrices("tril")
        return ops.tril(self, diagonal=diagonal)

    def triu(self, diagonal: int = 0) -> Self:
        """The upper triangle of the last two dimensions.

        >>> tg.ones(2, 2).triu()
        tensor([[1., 1.],
                [0., 1.]])
        """
        self._matrices("triu")
        return ops.triu(self, diagonal=diagonal)

    def _matrices(self, op: str) -> None:
        if self.ndim < 2:
            raise ShapeError(f"{op}: needs at least 2 dimensions; got shape {tuple(self.shape)}{in_scope()}")

    # repeating --------------------------------------------------------------------------------------------------------

    def tile(self, *dims: Any, **named: Any) -> Self:
        """`repeat`, with as many counts as needed: missing ones, in front, are 1.

        >>> tg.tensor([1, 2]).tile(2)
        tensor([1, 2, 1, 2])
        """
        counts = sizes("tile", dims, "dims", named)
        return self.repeat(*(1,) * (self.ndim - len(counts)), *counts) if self.ndim or counts else ops.copy(self)

    @numpy_words
    def repeat_interleave(self, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Self:
        """Each slice of a dimension so many times in a row; without a dimension, of the flattened tensor.

        Args:
            repeats: one number, or one for each slice.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([1, 2]).repeat_interleave(tg.tensor([1, 3]))
        tensor([1, 2, 2, 2])
        """
        x = ops.reshape(self, shape=(-1,)) if dim is None or not self.ndim else self
        place = 0 if dim is None else dimension("repeat_interleave", dim, self.ndim)
        length = x.shape[place]
        counts = repeats.array if isinstance(repeats, TensorBase) else self.backend.xp.asarray(repeats)
        if counts.ndim > 1 or counts.dtype.kind not in "iu":
            raise DtypeError(
                f"repeat_interleave: repeats must be an integer or a vector of them; got shape {counts.shape}, "
                f"dtype {counts.dtype}{in_scope()}"
            )
        if counts.size not in (1, length):
            raise ShapeError(f"repeat_interleave: {counts.size} repeats for {length} slices{in_scope()}")
        if counts.size and counts.min() < 0:
            raise ArgumentError(f"repeat_interleave: repeats must not be negative; got {int(counts.min())}{in_scope()}")
        xp = self.backend.xp
        where = xp.repeat(xp.arange(length), xp.broadcast_to(counts.reshape(-1), (length,)))
        if output_size is not None and output_size != len(where):
            raise ShapeError(f"repeat_interleave: output_size {output_size}, but there are {len(where)}{in_scope()}")
        return ops.getitem(x, index=(*(slice(None),) * place, where))

    # diagonals and windows --------------------------------------------------------------------------------------------

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Self:
        """The elements (i, i + offset) of two dimensions, in a new last one; a view.

        >>> import tinygrad_cnn as tg
        >>> tg.arange(9).reshape(3, 3).diagonal(1)
        tensor([1, 5])
        """
        first, second = self._plane("diagonal", dim1, dim2, self.ndim)
        return ops.diagonal(self, offset=offset, dim1=first, dim2=second)

    def _plane(self, op: str, dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
        first, second = dimension(op, dim1, ndim), dimension(op, dim2, ndim)
        if first == second:
            raise ShapeError(f"{op}: the two dimensions must differ; got {dim1} and {dim2}{in_scope()}")
        if ndim < 2:
            raise DimensionError(f"{op}: needs at least 2 dimensions; got shape {tuple(self.shape)}{in_scope()}")
        return first, second

    def diag_embed(self, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Self:
        """Matrices of zeros with the last dimension of self on their diagonal; they take the places dim1 and dim2.

        >>> tg.tensor([1, 2]).diag_embed()
        tensor([[1, 0],
                [0, 2]])
        """
        first, second = self._plane("diag_embed", dim1, dim2, self.ndim + 1)
        if not self.ndim:
            raise ShapeError(f"diag_embed: needs at least 1 dimension; got shape (){in_scope()}")
        n = self.shape[-1] + abs(offset)
        shape = list(self.shape[:-1])
        for place in sorted((first, second)):
            shape.insert(place, n)
        return ops.onto_diagonal(self, shape=tuple(shape), offset=offset, dim1=first, dim2=second)

    def diag(self, diagonal: int = 0) -> Self:
        """Of a vector the matrix with it on a diagonal; of a matrix that diagonal, as a copy.

        >>> tg.tensor([1, 2]).diag()
        tensor([[1, 0],
                [0, 2]])
        """
        if self.ndim == 1:
            return self.diag_embed(diagonal)
        if self.ndim != 2:
            raise ShapeError(f"diag: expects a vector or a matrix; got shape {tuple(self.shape)}{in_scope()}")
        return ops.copy(self.diagonal(diagonal))

    def diagflat(self, offset: int = 0) -> Self:
        """The matrix with all values on a diagonal.

        >>> tg.tensor([1, 2]).diagflat()
        tensor([[1, 0],
                [0, 2]])
        """
        return self.reshape(-1).diag_embed(offset)

    def trace(self) -> Self:
        """The sum of a matrix's diagonal.

        >>> tg.tensor([[1, 2], [3, 4]]).trace()
        tensor(5)
        """
        if self.ndim != 2:
            raise ShapeError(f"trace: expects a matrix; got shape {tuple(self.shape)}{in_scope()}")
        return ops.sum_(self.diagonal(), dim=(0,), keepdim=False)

    def unfold(self, dimension: int, size: int, step: int) -> Self:
        """All windows of a size along a dimension, `step` apart, their elements in a new last dimension; a view.

        >>> tg.arange(4).unfold(0, 2, 1)
        tensor([[0, 1],
                [1, 2],
                [2, 3]])
        """
        place = along("unfold", dimension, self.ndim)
        if step <= 0:
            raise ArgumentError(f"unfold: step must be at least 1; got {step}{in_scope()}")
        length = self.shape[place] if self.ndim else 1
        if not 0 <= size <= length:
            raise ShapeError(
                f"unfold: size must lie in [0, {length}], the size of dim {dimension}; got {size}{in_scope()}"
            )
        if not self.ndim:
            return ops.getitem(ops.reshape(self, shape=(1,)), index=slice(0, size))
        if not size:
            shape = (*self.shape[:place], length // step + 1, *self.shape[place + 1 :], 0)
            return self.new_zeros(shape)  # type: ignore[attr-defined, no-any-return]
        return ops.neighbours(self, dim=place, size=size, step=step)

    def as_strided(self, size: Any, stride: Any, storage_offset: int | None = None) -> Self:
        """A view of the memory this tensor looks into: element (i, j, …) is number offset + i·stride₀ + j·stride₁ + …

        Raises:
            RuntimeError: for strides that leave the memory, or of another number than the sizes.

        >>> tg.arange(4).as_strided((2, 2), (1, 2))
        tensor([[0, 2],
                [1, 3]])
        """
        shape, strides = sizes("as_strided", (size,)), sizes("as_strided", (stride,))
        if len(shape) != len(strides) or min((*shape, *strides), default=0) < 0:
            raise ShapeError(f"as_strided: sizes {shape} and strides {strides} do not go together{in_scope()}")
        root: Any = self if self.view_of is None else self.view_of.base
        if not root.array.flags.c_contiguous:
            root.settle()
            if not root.array.flags.c_contiguous:
                raise ShapeError(
                    f"as_strided: the values of this tensor of shape {tuple(self.shape)} are not in row-major order; "
                    f"use .contiguous(){in_scope()}"
                )
        offset = storage_offset
        if offset is None:
            address = self.backend.address
            offset = (address(self.array) - address(root.array)) // self.dtype.itemsize if self.array.size else 0
        last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        if offset < 0 or (0 not in shape and last >= root.array.size):
            raise ShapeError(
                f"as_strided: size {shape} with strides {strides} from {offset} on needs {last + 1} elements; "
                f"there are {root.array.size}{in_scope()}"
            )
        return ops.strided(root, shape=shape, strides=strides, offset=offset)  # type: ignore[no-any-return]

    def as_strided_(self, size: Any, stride: Any, storage_offset: int | None = None) -> Self:
        """`as_strided`, in place: this very tensor becomes that view.

        >>> tg.arange(4).as_strided_((2, 2), (1, 2))
        tensor([[0, 2],
                [1, 3]])
        """
        return self._take_shape("as_strided_", lambda: self.as_strided(size, stride, storage_offset))

    def as_strided_scatter(self, src: TensorBase, size: Any, stride: Any, storage_offset: int | None = None) -> Self:
        """A copy of self with `src` in place of `as_strided(size, stride, storage_offset)`.

        >>> tg.zeros(4).as_strided_scatter(tg.ones(2), (2,), (2,))
        tensor([1., 0., 1., 0.])
        """
        shape, strides = sizes("as_strided_scatter", (size,)), sizes("as_strided_scatter", (stride,))
        if tuple(src.shape) != shape:
            raise ShapeError(f"as_strided_scatter: expected src of shape {shape}; got {tuple(src.shape)}{in_scope()}")
        whole: Any = ops.copy(self).contiguous()  # type: ignore[attr-defined]
        whole.as_strided(shape, strides, storage_offset or 0)  # says what does not fit
        src = src if src.dtype == self.dtype else ops.cast(src, dtype=self.dtype, source=src.dtype)
        view: Any = ops.strided
        params = {"shape": shape, "strides": strides, "offset": storage_offset or 0}
        return ops.write_view(whole, src, view=((view, params),))  # type: ignore[no-any-return]

    # writing slices ---------------------------------------------------------------------------------------------------

    def _with(self, op: str, src: TensorBase, index: Any, shape: tuple[int, ...]) -> Self:
        if tuple(src.shape) != tuple(shape):
            raise ShapeError(f"{op}: expected src of shape {tuple(shape)}; got {tuple(src.shape)}{in_scope()}")
        src = src if src.dtype == self.dtype else ops.cast(src, dtype=self.dtype, source=src.dtype)
        return ops.setitem(self, src, index=index)

    @numpy_words
    def select_scatter(self, src: TensorBase, dim: int, index: int) -> Self:
        """self with `src` in place of `select(dim, index)`.

        >>> tg.zeros(2, 2).select_scatter(tg.ones(2), 1, 0)
        tensor([[1., 0.],
                [1., 0.]])
        """
        place = dimension("select_scatter", dim, self.ndim)
        if not -self.shape[place] <= index < self.shape[place]:
            raise DimensionError(
                f"select_scatter: index {index} is outside the {self.shape[place]} of dim {dim}{in_scope()}"
            )
        shape = self.shape[:place] + self.shape[place + 1 :]
        return self._with("select_scatter", src, (*(slice(None),) * place, index), shape)

    @numpy_words
    def slice_scatter(
        self, src: TensorBase, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
    ) -> Self:
        """self with `src` in place of the slice start:end:step of a dimension.

        >>> tg.zeros(4).slice_scatter(tg.ones(2), start=1, end=3)
        tensor([0., 1., 1., 0.])
        """
        place = dimension("slice_scatter", dim, self.ndim)
        part = slice(start, end, step)
        count = len(range(*part.indices(self.shape[place])))
        shape = (*self.shape[:place], count, *self.shape[place + 1 :])
        return self._with("slice_scatter", src, (*(slice(None),) * place, part), shape)

    def diagonal_scatter(self, src: TensorBase, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Self:
        """self with `src` in place of `diagonal(offset, dim1, dim2)`.

        >>> tg.zeros(2, 2).diagonal_scatter(tg.ones(2))
        tensor([[1., 0.],
                [0., 1.]])
        """
        first, second = self._plane("diagonal_scatter", dim1, dim2, self.ndim)
        view: Any = ops.diagonal
        params = {"offset": offset, "dim1": first, "dim2": second}
        shape = self.diagonal(offset, dim1, dim2).shape
        if tuple(src.shape) != tuple(shape):
            raise ShapeError(f"diagonal_scatter: expected src of shape {shape}; got {tuple(src.shape)}{in_scope()}")
        return ops.write_view(self, src, view=((view, params),))
