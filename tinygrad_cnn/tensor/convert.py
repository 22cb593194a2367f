"""Tensor methods that lead out of the engine and back: numbers, NumPy, sizes, copies, text."""

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any, Self, overload

import numpy as np

from .. import ops
from ..autograd import Leaf, is_grad_enabled
from ..backend import cpu, get_backend
from ..dtypes import wrapped
from ..errors import DeviceError, DtypeError, GraphError
from .base import TensorBase
from .printing import describe
from .size import Size


class ConversionMethods(TensorBase):
    """Numbers, arrays, sizes, copies and text."""

    __slots__ = ()

    # numbers and arrays -----------------------------------------------------------------------------------------------

    def item(self) -> Any:
        """The one value of a tensor with a single element, as a Python number.

        >>> tg.tensor([2.5]).item()
        2.5
        """
        if self.array.size != 1:
            raise RuntimeError(
                f"item: this tensor of shape {tuple(self.shape)} has {self.array.size} elements, not one; use .tolist()"
            )
        return self.array.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers.

        >>> tg.tensor([[1, 2], [3, 4]]).tolist()
        [[1, 2], [3, 4]]
        """
        return self.array.tolist()

    def numpy(self, *, force: bool = False) -> "np.ndarray[Any, Any]":
        """The values as a NumPy array that shares the tensor's memory.

        Raises:
            RuntimeError: for a tensor that requires grad, since the array would lose it (unless `force`, or inside
                `no_grad`).
            TypeError: for a tensor that is not on the CPU (unless `force`).

        >>> tg.tensor([1, 2]).numpy()
        array([1, 2])
        """
        if force:
            return self.backend.to_numpy(self.detach().array)  # type: ignore[no-any-return]
        if self.node is not None and is_grad_enabled():
            raise GraphError("numpy: this tensor requires grad, and an array has no gradient; use .detach().numpy()")
        if self.device.type != "cpu":
            raise TypeError(f"numpy: this tensor is on {self.device}; use .cpu().numpy()")
        self.settle()
        self.storage.shared = True
        return self.array  # type: ignore[no-any-return]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        values = self.numpy()
        return np.array(values, dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self._number("float"))

    def __int__(self) -> int:
        return int(self._number("int"))

    def _number(self, op: str) -> Any:
        if self.array.size != 1:
            raise ValueError(
                f"{op}: only a tensor with one element is a number; this one has shape {tuple(self.shape)}"
            )
        return self.array.item()

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise RuntimeError(f"the truth of a tensor of shape {tuple(self.shape)} is ambiguous; use .any() or .all()")
        return bool(self.array.item())

    def __index__(self) -> int:
        if self.array.size != 1 or self.dtype.kind not in "iub":
            raise TypeError(
                "only a tensor with one integer can be used as an index; "
                f"got shape {tuple(self.shape)}, dtype {self.dtype}"
            )
        return int(self.array.item())

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a tensor without dimensions")
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Self]:
        if not self.ndim:
            raise TypeError("iteration over a tensor without dimensions")
        return (self[i] for i in range(len(self)))  # type: ignore[index]

    def __contains__(self, value: Any) -> bool:
        if not isinstance(value, TensorBase | bool | int | float | np.generic):
            raise DtypeError(f"in: only a tensor or a number can be an element of a tensor; got {type(value).__name__}")
        return bool((self.array == (value.array if isinstance(value, TensorBase) else value)).any())

    def __format__(self, spec: str) -> str:
        if self.ndim and spec:
            raise TypeError(f"format: {spec!r} is for a single number; this tensor has shape {tuple(self.shape)}")
        return format(self.item() if not self.ndim and (spec or type(self) is self.plain) else str(self), spec)

    # sizes ------------------------------------------------------------------------------------------------------------

    @overload
    def size(self, dim: None = None) -> Size: ...
    @overload
    def size(self, dim: int) -> int: ...
    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension.

        >>> tg.ones(2, 3).size(1)
        3
        """
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """The number of dimensions.

        >>> tg.ones(2, 3).dim()
        2
        """
        return self.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements.

        >>> tg.ones(2, 3).numel()
        6
        """
        return int(self.array.size)

    nelement = numel

    def element_size(self) -> int:
        """Bytes per element.

        >>> tg.ones(2).element_size()
        4
        """
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements.

        >>> tg.ones(3).nbytes
        12
        """
        return int(self.array.size * self.dtype.itemsize)

    def contiguous(self, memory_format: Any = None) -> Self:
        """Itself if it is contiguous, else a copy that is.

        >>> tg.ones(2, 3).T.contiguous().is_contiguous()
        True
        """
        return self if not self.storage.shared or self.array.flags.c_contiguous else self.clone()

    def data_ptr(self) -> int:
        """The address of the first element.

        >>> (x := tg.ones(2)).data_ptr() == x.view(2, 1).data_ptr()
        True
        """
        self.settle()
        return self.backend.address(self.array)

    # graph ------------------------------------------------------------------------------------------------------------

    @property
    def data(self) -> Self:
        """The same memory without history, and autograd does not see writes to it. Assigning replaces the values.

        >>> tg.ones(2, requires_grad=True).data.requires_grad
        False
        """
        self.settle()
        self.storage.shared = True
        tensor = self.plain.from_array(self.array)
        tensor.storage.shared = True
        return tensor  # type: ignore[return-value]

    @data.setter
    def data(self, values: TensorBase) -> None:
        self.array, self.storage, self.view_of = values.array, values.storage, None
        self.storage.shared = True
        if isinstance(self.node, Leaf):
            self.node.shape, self.node.dtype = values.shape, values.dtype

    def detach_(self) -> Self:
        """Forget the history, in place.

        Raises:
            RuntimeError: for a view, whose history is its base's.

        >>> (tg.ones(2, requires_grad=True) * 2).detach_().requires_grad
        False
        """
        if self.view_of is not None and self.view_of.recorded:
            raise GraphError("detach_: a view can't be detached in place; use .detach()")
        self.node = None
        return self

    def clone(self, *, memory_format: Any = None) -> Self:
        """A copy in memory of its own; gradients flow through it.

        >>> tg.tensor([1, 2]).clone()
        tensor([1, 2])
        """
        return ops.copy(self)

    def copy_(self, source: Any, non_blocking: bool = False) -> Self:
        """Take the values of another tensor, cast and broadcast to this one's dtype, device and shape.

        >>> tg.zeros(2).copy_(tg.tensor([1, 2]))
        tensor([1., 2.])
        """
        source = source if isinstance(source, TensorBase) else self.plain.from_array(self.backend.asarray(source))
        if source.backend is not self.backend:
            source = self.plain.from_array(self.backend.copy_from(source.backend, source.array))
        if source.dtype != self.dtype:
            source = ops.cast(source, dtype=self.dtype, source=source.dtype)
        spread = source if source.shape == self.shape else source._expand("copy_", self.shape)
        return self.in_place("copy_", ops.copy, spread)

    def fill_(self, value: Any) -> Self:
        """Make every element the same number; what it was computed from gets a gradient of zeros.

        >>> tg.empty(2).fill_(7)
        tensor([7., 7.])
        """
        number = value.item() if isinstance(value, ConversionMethods) else value
        filled = self.plain.from_array(self.backend.xp.full_like(self.array, wrapped(number, self.array.dtype)))
        if self.node is None:
            return self.in_place("fill_", ops.copy, filled)
        return self.in_place("fill_", ops.where, self.backend.xp.ones((), "bool"), filled, self)

    def zero_(self) -> Self:
        """Make every element 0.

        >>> tg.ones(2).zero_()
        tensor([0., 0.])
        """
        return self.fill_(0)

    # copies and text --------------------------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[Any, Any]) -> Self:
        if self.node is not None and not isinstance(self.node, Leaf):
            raise GraphError(
                "deepcopy: only tensors that were not computed can be copied with their gradient; "
                "use .detach() or .clone()"
            )
        fresh = type(self).from_array(self.array.copy())
        memo[id(self)] = fresh
        fresh.node = Leaf(fresh) if self.node is not None else None
        fresh.grad = None if self.grad is None else self.plain.from_array(self.grad.array.copy())
        if hasattr(self, "__dict__"):
            fresh.__dict__.update(deepcopy(self.__dict__, memo))
        return fresh

    def __reduce__(self) -> Any:
        """For pickle: values, whether a gradient is required, attributes; as in PyTorch no history and no `.grad`.

        A tensor of another device comes back there, and on the CPU where there is none.
        """
        attributes = getattr(self, "__dict__", None) or None
        parts = (type(self), self.backend.to_numpy(self.array), self.node is not None)
        if self.backend.name == cpu.name:
            return _rebuild, parts, attributes
        return _rebuild_on, (*parts, self.backend.name), attributes

    def __repr__(self) -> str:
        return describe(self)


def _rebuild_on(cls: type[TensorBase], array: Any, requires_grad: bool, device: str) -> TensorBase:
    with suppress(DeviceError):
        array = get_backend(device).asarray(array)
    return _rebuild(cls, array, requires_grad)


def _rebuild(cls: type[TensorBase], array: Any, requires_grad: bool) -> TensorBase:
    tensor = cls.from_array(array)
    tensor.node = Leaf(tensor) if requires_grad else None
    return tensor
