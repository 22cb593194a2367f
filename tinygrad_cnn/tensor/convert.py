"""Tensor methods that lead out of the engine and back: numbers, NumPy, dtypes, devices, copies, text."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Self

import numpy as np

from .. import ops
from ..autograd import Leaf
from ..dtypes import as_dtype, float16, float32, float64, int8, int16, int32, int64, is_floating, uint8
from ..errors import DtypeError, GraphError
from .base import TensorBase
from .device import backend_for
from .legacy import place_of, type_name
from .printing import describe


class ConversionMethods(TensorBase):
    """Numbers, arrays, dtypes, devices, copies and text."""

    __slots__ = ()

    # numbers and arrays -----------------------------------------------------------------------------------------------

    def item(self) -> Any:
        """The one value of a tensor with a single element, as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(
                f"item: this tensor of shape {tuple(self.shape)} has {self.array.size} elements, not one; use .tolist()"
            )
        return self.array.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self.array.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The values as a NumPy array that shares the tensor's memory.

        Raises:
            RuntimeError: for a tensor that requires grad, since the array would lose it (unless `force`).
            TypeError: for a tensor that is not on the CPU (unless `force`).
        """
        if force:
            return self.backend.to_numpy(self.detach().array)
        if self.node is not None:
            raise GraphError("numpy: this tensor requires grad, and an array has no gradient; use .detach().numpy()")
        if self.device.type != "cpu":
            raise TypeError(f"numpy: this tensor is on {self.device}; use .cpu().numpy()")
        self.settle()
        self.storage.shared = True
        return self.array

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

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return self.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return int(self.array.size)

    nelement = numel

    def element_size(self) -> int:
        """Bytes per element."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return int(self.array.size * self.dtype.itemsize)

    def contiguous(self, memory_format: Any = None) -> Self:
        """Itself if it is contiguous, else a copy that is."""
        return self if not self.storage.shared or self.array.flags.c_contiguous else self.clone()

    def data_ptr(self) -> int:
        """The address of the first element."""
        self.settle()
        return self.backend.address(self.array)

    # graph ------------------------------------------------------------------------------------------------------------

    @property
    def data(self) -> Self:
        """The same memory without history, and autograd does not see writes to it. Assigning replaces the values."""
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
        """
        if self.view_of is not None and self.view_of.recorded:
            raise GraphError("detach_: a view can't be detached in place; use .detach()")
        self.node = None
        return self

    def clone(self, *, memory_format: Any = None) -> Self:
        """A copy in memory of its own; gradients flow through it."""
        return ops.copy(self)

    def copy_(self, source: Any, non_blocking: bool = False) -> Self:
        """Take the values of another tensor, cast and broadcast to this one's dtype, device and shape."""
        source = source if isinstance(source, TensorBase) else self.plain.from_array(self.backend.asarray(source))
        if source.backend is not self.backend:
            source = self.plain.from_array(self.backend.copy_from(source.backend, source.array))
        if source.dtype != self.dtype:
            source = ops.cast(source, dtype=self.dtype, source=source.dtype)
        spread = source if source.shape == self.shape else source._expand("copy_", self.shape)
        return self.in_place("copy_", ops.copy, spread)

    def fill_(self, value: Any) -> Self:
        """Make every element the same number."""
        number = value.item() if isinstance(value, ConversionMethods) else value
        filled = self.backend.xp.full_like(self.array, number)
        return self.in_place("fill_", ops.copy, self.plain.from_array(filled))

    def zero_(self) -> Self:
        """Make every element 0."""
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
        """For pickle: values, whether a gradient is required, attributes; as in PyTorch no history and no `.grad`."""
        attributes = getattr(self, "__dict__", None) or None
        return _rebuild, (type(self), self.backend.to_numpy(self.array), self.node is not None), attributes

    def __repr__(self) -> str:
        return describe(self)


class CastMethods(TensorBase):
    """Other dtypes and devices. These names hide Python's own inside the class, so it holds nothing else."""

    __slots__ = ()

    def to(
        self,
        *targets: Any,
        dtype: Any = None,
        device: Any = None,
        non_blocking: Any = False,
        copy: Any = False,
        memory_format: Any = None,
    ) -> Self:
        """In another dtype and on another device, given in any order, or like a tensor; itself if nothing changes.

        A `memory_format` changes nothing: the order in memory is the engine's own affair.
        """
        for target in targets:
            if isinstance(target, TensorBase):
                dtype, device = target.dtype, target.device
            elif isinstance(target, str) or type(target).__name__ == "device":
                device = target
            elif target is not True and target is not False:
                dtype = target
        out = self
        if device is not None and backend_for(device) is not self.backend:
            out = ops.transfer(out, target=backend_for(device), source=self.backend)
        if dtype is not None and as_dtype(dtype) != self.dtype:
            wanted = as_dtype(dtype)
            # Integers have no derivative: the graph ends here, as it does in PyTorch.
            origin = out if is_floating(wanted) else out.detach()
            out = ops.cast(origin, dtype=wanted, source=self.dtype)
        return ops.copy(out) if copy and out is self else out

    def type(self, dtype: Any = None, non_blocking: Any = False) -> Any:
        """In another dtype, also one of old programs such as `FloatTensor` with its device; without one, the name."""
        return type_name(self) if dtype is None else self.to(dtype=dtype, device=place_of(dtype))

    def type_as(self, other: TensorBase) -> Self:
        """In the dtype of another tensor."""
        return self.to(other.dtype)

    def float(self, memory_format: Any = None) -> Self:
        """In float32."""
        return self.to(float32)

    def double(self, memory_format: Any = None) -> Self:
        """In float64."""
        return self.to(float64)

    def half(self, memory_format: Any = None) -> Self:
        """In float16."""
        return self.to(float16)

    def bfloat16(self, memory_format: Any = None) -> Self:
        """In bfloat16, which needs the package ml_dtypes."""
        return self.to(dtype="bfloat16")

    def long(self, memory_format: Any = None) -> Self:
        """In int64."""
        return self.to(int64)

    def int(self, memory_format: Any = None) -> Self:
        """In int32."""
        return self.to(int32)

    def short(self, memory_format: Any = None) -> Self:
        """In int16."""
        return self.to(int16)

    def char(self, memory_format: Any = None) -> Self:
        """In int8."""
        return self.to(int8)

    def byte(self, memory_format: Any = None) -> Self:
        """In uint8."""
        return self.to(uint8)

    def bool(self, memory_format: Any = None) -> Self:
        """Whether nonzero."""
        return self.to(np.dtype("bool"))

    def cpu(self, memory_format: Any = None) -> Self:
        """On the CPU."""
        return self.to(device="cpu")

    def cuda(self, device: Any = None, non_blocking: Any = False) -> Self:
        """On a CUDA device.

        Raises:
            RuntimeError: when there is none.
        """
        return self.to(
            device="cuda" if device is None else f"cuda:{device}" if hasattr(device, "__index__") else device
        )

    @property
    def is_cuda(self) -> Any:
        """Whether on a CUDA device."""
        return self.device.type == "cuda"

    def is_floating_point(self) -> Any:
        """Whether the dtype is floating-point."""
        return is_floating(self.dtype)


def _rebuild(cls: type[TensorBase], array: Any, requires_grad: bool) -> TensorBase:
    tensor = cls.from_array(array)
    tensor.node = Leaf(tensor) if requires_grad else None
    return tensor
