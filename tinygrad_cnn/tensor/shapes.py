"""Tensor methods that rearrange and repeat. What shares memory in PyTorch shares it here."""

from collections.abc import Callable
from contextlib import nullcontext
from math import prod
from operator import index as as_int
from typing import Any, Self

from .. import ops
from ..autograd import Leaf, Node, broadcast_to
from ..autograd.modes import enable_grad, in_scope
from ..dtypes import as_dtype
from ..errors import ArgumentError, GraphError, ShapeError
from .base import TensorBase
from .reductions import dimension, dimensions
from .words import numpy_words


def given(op: str, name: str, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """What came by place, or else under its name: `permute(1, 0)`, `permute((1, 0))`, `permute(dims=(1, 0))`."""
    if values or list(named) != [name]:
        wrong = next((key for key in named if key != name), name)
        why = "got several values for" if wrong == name else "got an unexpected keyword"
        raise TypeError(f"{op}() {why} argument {wrong!r}{in_scope()}")
    return (named[name],)


def sizes(op: str, shape: tuple[Any, ...], name: str = "", named: dict[str, Any] | None = None) -> tuple[int, ...]:
    """Sizes given one by one, as one sequence, or under their name, as a tuple of ints."""
    if named:
        shape = given(op, name, shape, named)
    if len(shape) == 1 and isinstance(shape[0], tuple | list):
        shape = tuple(shape[0])
    try:
        return tuple(as_int(n) for n in shape)
    except TypeError:
        raise TypeError(f"{op}: sizes must be ints; got {shape!r}{in_scope()}") from None


def _is_dtype(value: Any) -> bool:
    """Whether meant as one; a NumPy type has `__index__` as its numbers do."""
    return isinstance(value, type) or not (isinstance(value, tuple | list) or hasattr(value, "__index__"))


class ShapeMethods(TensorBase):
    """Views and repetitions."""

    __slots__ = ()

    # shape ------------------------------------------------------------------------------------------------------------

    def reshape(self, *shape: Any, **named: Any) -> Self:
        """The same values in another shape, one size of which may be −1; a view where that is possible.

        >>> tg.arange(6).reshape(2, -1)
        tensor([[0, 1, 2],
                [3, 4, 5]])
        """
        return ops.reshape(self, shape=self._filled("reshape", sizes("reshape", shape, "shape", named)))

    def view(self, *shape: Any, **named: Any) -> Self:
        """Like `reshape`, but always sharing memory; with a dtype, the same bytes read as another dtype.

        Raises:
            RuntimeError: where the order of the values in memory does not allow it.

        >>> tg.arange(4).view(2, 2)
        tensor([[0, 1],
                [2, 3]])
        """
        if named:
            shape = given("view", "dtype" if "dtype" in named else "size", shape, named)
        if len(shape) == 1 and _is_dtype(shape[0]):
            return self._reread(as_dtype(shape[0]))
        wanted = self._filled("view", sizes("view", shape))
        out = ops.reshape(self, shape=wanted)
        if out.view_of is None and self.array.size:
            raise ShapeError(
                f"view: shape {wanted} would need the values of this tensor of shape {tuple(self.shape)} and strides "
                f"{self.stride()} to be moved in memory; use .reshape(), or .contiguous() first{in_scope()}"
            )
        return out

    def _reread(self, dtype: Any) -> Self:
        """The same bytes as another dtype, without history; writes to either count for both."""
        if dtype == self.dtype:
            return ops.reshape(self, shape=self.shape)
        out = self.detach()
        try:
            out.array = out.array.view(dtype)
        except ValueError as error:
            raise ShapeError(
                f"view: the bytes of this {self.dtype} tensor of shape {tuple(self.shape)} can't be read as {dtype}: "
                f"{error}{in_scope()}"
            ) from None
        return out

    def _filled(self, op: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape with its −1 replaced."""
        count = self.array.size
        known = prod(n for n in shape if n != -1)
        if shape.count(-1) == 1 and known and count % known == 0:
            return tuple(count // known if n == -1 else n for n in shape)
        if shape.count(-1) > 1:
            raise ShapeError(f"{op}: only one size may be −1; got {shape}{in_scope()}")
        if min(shape, default=0) < -1 or known != count:
            raise ShapeError(
                f"{op}: shape {shape} does not hold the {count} values "
                f"of a tensor of shape {tuple(self.shape)}{in_scope()}"
            )
        return shape

    def view_as(self, other: TensorBase) -> Self:
        """A view with the shape of another tensor.

        >>> tg.arange(4).view_as(tg.ones(2, 2))
        tensor([[0, 1],
                [2, 3]])
        """
        return self.view(other.shape)

    def reshape_as(self, other: TensorBase) -> Self:
        """Reshaped to the shape of another tensor.

        >>> tg.arange(4).reshape_as(tg.ones(2, 2))
        tensor([[0, 1],
                [2, 3]])
        """
        return self.reshape(other.shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Self:
        """The dimensions from start to end, both included, as one.

        >>> tg.ones(2, 3, 4).flatten(1).shape
        (2, 12)
        """
        first, last = dimension("flatten", start_dim, self.ndim), dimension("flatten", end_dim, self.ndim)
        if first > last:
            raise ShapeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}{in_scope()}")
        shape = self.array.shape
        return ops.reshape(self, shape=(*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))

    def ravel(self) -> Self:
        """All values in one dimension.

        >>> tg.tensor([[1, 2], [3, 4]]).ravel()
        tensor([1, 2, 3, 4])
        """
        return self.reshape(-1)

    @numpy_words
    def unflatten(self, dim: int, sizes: Any) -> Self:
        """One dimension cut into several; one of their sizes may be −1.

        >>> tg.arange(4).unflatten(0, (2, 2))
        tensor([[0, 1],
                [2, 3]])
        """
        place = dimension("unflatten", dim, self.ndim)
        inner = list(sizes)
        if -1 in inner:
            known = prod(n for n in inner if n != -1)
            inner[inner.index(-1)] = self.shape[place] // max(known, 1)
        if prod(inner) != self.shape[place]:
            raise ShapeError(
                f"unflatten: sizes {tuple(sizes)} do not multiply to the {self.shape[place]} of dim {dim}{in_scope()}"
            )
        return ops.reshape(self, shape=(*self.shape[:place], *inner, *self.shape[place + 1 :]))

    @numpy_words
    def squeeze(self, dim: Any = None) -> Self:
        """Without dimensions of size 1: all of them, or those named.

        >>> tg.ones(2, 1, 3, 1).squeeze().shape
        (2, 3)
        """
        dims = (
            set(range(self.ndim)) if dim is None else set(dimensions("squeeze", dim, self.ndim)) if dim != () else set()
        )
        return ops.reshape(self, shape=tuple(n for i, n in enumerate(self.shape) if n != 1 or i not in dims))

    @numpy_words
    def unsqueeze(self, dim: int) -> Self:
        """With a new dimension of size 1 at a place.

        >>> tg.tensor([1, 2]).unsqueeze(1)
        tensor([[1],
                [2]])
        """
        place = dimension("unsqueeze", dim, self.ndim + 1)
        return ops.reshape(self, shape=(*self.shape[:place], 1, *self.shape[place:]))

    @numpy_words
    def squeeze_(self, dim: Any = None) -> Self:
        """`squeeze`, in place: this very tensor gets the other shape.

        >>> tg.ones(2, 1).squeeze_(1).shape
        (2,)
        """
        return self._take_shape("squeeze_", lambda: self.squeeze(dim))

    @numpy_words
    def unsqueeze_(self, dim: int) -> Self:
        """`unsqueeze`, in place: this very tensor gets the other shape.

        >>> tg.tensor([1, 2]).unsqueeze_(1).shape
        (2, 1)
        """
        return self._take_shape("unsqueeze_", lambda: self.unsqueeze(dim))

    def _take_shape(self, by: str, make: Callable[[], TensorBase]) -> Self:
        """Become the view of this tensor that `make` returns."""
        self.check_writable(by)
        shared = self.storage.shared
        if shared and self.view_of is None and isinstance(self.node, Node):
            raise GraphError(
                f"{by}: views of this tensor of shape {tuple(self.shape)} may exist, and their history starts from "
                f"its shape; use {by.rstrip('_')}"
            )
        with enable_grad() if isinstance(self.node, Node) else nullcontext():
            view = make()
        self.array, self.storage.shared = view.array, shared
        if isinstance(self.node, Leaf):
            self.node.shape = view.shape
        else:
            self.node = view.node
        if self.view_of is not None:
            self.view_of = view.view_of
        return self

    def permute(self, *dims: Any, **named: Any) -> Self:
        """The dimensions in another order; a view.

        >>> tg.ones(2, 3, 4).permute(2, 0, 1).shape
        (4, 2, 3)
        """
        dims = sizes("permute", dims, "dims", named)
        order = dimensions("permute", dims or None, self.ndim)
        if len(order) != self.ndim:
            raise ShapeError(f"permute: {dims} must name each of the {self.ndim} dimensions once{in_scope()}")
        return ops.permute(self, dims=order)

    def transpose(self, dim0: int, dim1: int) -> Self:
        """Two dimensions exchanged; a view.

        >>> tg.ones(2, 3).transpose(0, 1).shape
        (3, 2)
        """
        order = list(range(self.ndim))
        first, second = dimension("transpose", dim0, self.ndim), dimension("transpose", dim1, self.ndim)
        if self.ndim:
            order[first], order[second] = second, first
        return ops.permute(self, dims=tuple(order))

    swapaxes = swapdims = transpose

    def movedim(self, source: Any, destination: Any) -> Self:
        """Dimensions moved to other places, the rest in their order.

        >>> tg.ones(2, 3, 4).movedim(0, -1).shape
        (3, 4, 2)
        """
        sources = dimensions("movedim", [source] if isinstance(source, int) else source, self.ndim)
        targets = dimensions("movedim", [destination] if isinstance(destination, int) else destination, self.ndim)
        if len(sources) != len(targets):
            raise ShapeError(f"movedim: {len(sources)} source dimensions and {len(targets)} destinations{in_scope()}")
        order = [i for i in range(self.ndim) if i not in sources]
        for target, source_dim in sorted(zip(targets, sources, strict=True)):
            order.insert(target, source_dim)
        return ops.permute(self, dims=tuple(order))

    moveaxis = movedim

    def t(self) -> Self:
        """The transpose of a tensor with at most two dimensions.

        >>> tg.tensor([[1, 2], [3, 4]]).t()
        tensor([[1, 3],
                [2, 4]])
        """
        if self.ndim > 2:
            raise ShapeError(
                f"t: expects at most 2 dimensions; got shape {tuple(self.shape)}. Use .mT or .transpose(){in_scope()}"
            )
        return ops.permute(self, dims=tuple(reversed(range(self.ndim))))

    @property
    def T(self) -> Self:  # noqa: N802 - PyTorch's name
        """All dimensions in reverse order.

        >>> tg.tensor([[1, 2], [3, 4]]).T
        tensor([[1, 3],
                [2, 4]])
        """
        return ops.permute(self, dims=tuple(reversed(range(self.ndim))))

    @property
    def mT(self) -> Self:  # noqa: N802
        """The last two dimensions exchanged.

        >>> tg.ones(5, 2, 3).mT.shape
        (5, 3, 2)
        """
        if self.ndim < 2:
            raise ShapeError(f"mT: expects at least 2 dimensions; got shape {tuple(self.shape)}{in_scope()}")
        return ops.permute(self, dims=(*range(self.ndim - 2), self.ndim - 1, self.ndim - 2))

    def adjoint(self) -> Self:
        """The last two dimensions exchanged; tensors hold real numbers, so nothing is conjugated.

        >>> tg.tensor([[1, 2], [3, 4]]).adjoint()
        tensor([[1, 3],
                [2, 4]])
        """
        return self.mT

    @property
    def mH(self) -> Self:  # noqa: N802
        """Another name of `mT`, since tensors hold real numbers.

        >>> tg.tensor([[1, 2], [3, 4]]).mH
        tensor([[1, 3],
                [2, 4]])
        """
        return self.mT

    @property
    def H(self) -> Self:  # noqa: N802
        """The transpose of a matrix.

        Raises:
            RuntimeError: for more or fewer dimensions, except none.

        >>> tg.tensor([[1, 2], [3, 4]]).H
        tensor([[1, 3],
                [2, 4]])
        """
        if self.ndim not in (0, 2):
            raise ShapeError(f"H: expects a matrix; got shape {tuple(self.shape)}. Use .mH{in_scope()}")
        return self.t()

    def resize(self, *sizes: Any) -> Self:
        """Another name of `reshape` in old programs.

        >>> import tinygrad_cnn as tg
        >>> tg.arange(4).resize(2, 2).shape
        (2, 2)
        """
        return self.reshape(*sizes)

    def resize_as(self, tensor: TensorBase) -> Self:
        """Another name of `reshape_as` in old programs.

        >>> tg.arange(4).resize_as(tg.ones(2, 2))
        tensor([[0, 1],
                [2, 3]])
        """
        return self.reshape(tensor.shape)

    def expand(self, *shape: Any, **named: Any) -> Self:
        """Dimensions of size 1 repeated without copying; −1 keeps a size. A view.

        >>> tg.tensor([[1], [2]]).expand(2, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
        """
        return self._expand("expand", sizes("expand", shape, "size", named))

    def _expand(self, op: str, shape: tuple[int, ...]) -> Self:
        wanted = list(shape)
        offset = len(wanted) - self.ndim
        fits = offset >= 0
        for i, n in enumerate(self.shape if fits else ()):
            if wanted[offset + i] == -1:
                wanted[offset + i] = n
            fits = fits and n in (1, wanted[offset + i])
        if not fits or min(wanted, default=0) < 0:
            raise ShapeError(
                f"{op}: a tensor of shape {tuple(self.shape)} can't be expanded to {shape}; "
                f"only sizes of 1 and new leading dimensions can grow{in_scope()}"
            )
        return broadcast_to(self, shape=tuple(wanted))

    def expand_as(self, other: TensorBase) -> Self:
        """Expanded to the shape of another tensor.

        >>> tg.tensor([[1], [2]]).expand_as(tg.ones(2, 3))
        tensor([[1, 1, 1],
                [2, 2, 2]])
        """
        return self.expand(other.shape)

    def broadcast_to(self, size: Any) -> Self:
        """Another name of `expand`.

        >>> tg.tensor([1, 2]).broadcast_to((2, 2))
        tensor([[1, 2],
                [1, 2]])
        """
        return self._expand("broadcast_to", sizes("broadcast_to", (size,)))

    def repeat(self, *repeats: Any, **named: Any) -> Self:
        """Copies side by side, so many along each dimension; new dimensions come in front.

        >>> tg.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
        """
        counts = sizes("repeat", repeats, "repeats", named)
        if min(counts, default=0) < 0:
            raise ArgumentError(f"repeat: counts must not be negative; got {counts}{in_scope()}")
        if len(counts) < self.ndim:
            raise ShapeError(
                f"repeat: {len(counts)} counts for the {self.ndim} dimensions of shape {tuple(self.shape)}{in_scope()}"
            )
        shape = (*(1,) * (len(counts) - self.ndim), *self.shape)
        between = ops.reshape(self, shape=tuple(n for size in shape for n in (1, size)))
        spread = broadcast_to(between, shape=tuple(n for pair in zip(counts, shape, strict=True) for n in pair))
        out = ops.reshape(spread, shape=tuple(c * n for c, n in zip(counts, shape, strict=True)))
        return out if out.view_of is None else ops.copy(out)  # one copy, or copies of one element, need none to reshape
