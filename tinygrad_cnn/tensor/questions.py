"""Tensor methods that answer what programs ask about a tensor: its kind, its place, its memory."""

from math import prod
from typing import Any, Self

from ..autograd import taken
from ..autograd.modes import in_scope
from ..dtypes import is_floating
from ..errors import ArgumentError, DeviceError
from .base import TensorBase
from .layout import channels_last, channels_last_3d, layout, memory_format, strided

DENSE = "there are no sparse tensors here, only dense ones"


class QuestionMethods(TensorBase):
    """Kind, place and memory."""

    __slots__ = ()

    # kind -------------------------------------------------------------------------------------------------------------

    def is_signed(self) -> bool:
        """Whether the dtype holds negative numbers.

        >>> tg.ones(2, dtype=tg.uint8).is_signed()
        False
        """
        return self.dtype.kind == "i" or is_floating(self.dtype)

    def is_complex(self) -> bool:
        """Whether the dtype is complex: no, tensors hold real numbers.

        >>> tg.ones(2).is_complex()
        False
        """
        return False

    def is_conj(self) -> bool:
        """Whether conjugated: no, tensors hold real numbers.

        >>> tg.ones(2).is_conj()
        False
        """
        return False

    def is_neg(self) -> bool:
        """Whether the values wait to be negated: no.

        >>> tg.ones(2).is_neg()
        False
        """
        return False

    def is_nonzero(self) -> bool:
        """Whether the one value is not zero.

        Raises:
            RuntimeError: for more or fewer values.

        >>> import tinygrad_cnn as tg
        >>> tg.tensor([2.0]).is_nonzero()
        True
        """
        if self.array.size != 1:
            raise ArgumentError(f"is_nonzero: expects one value; got shape {tuple(self.shape)}{in_scope()}")
        return bool(self.array.item())

    def is_same_size(self, other: TensorBase) -> bool:
        """Whether the shapes are equal.

        >>> tg.ones(2).is_same_size(tg.zeros(2))
        True
        """
        return self.shape == other.shape

    @property
    def itemsize(self) -> int:
        """Bytes per element.

        >>> tg.ones(2).itemsize
        4
        """
        return int(self.dtype.itemsize)

    # place ------------------------------------------------------------------------------------------------------------

    @property
    def is_cpu(self) -> bool:
        """Whether on the CPU.

        >>> tg.ones(2).is_cpu
        True
        """
        return self.device.type == "cpu"

    def get_device(self) -> int:
        """The number of the device, −1 for the CPU.

        >>> import tinygrad_cnn as tg
        >>> tg.ones(2).get_device()
        -1
        """
        return -1 if self.is_cpu else self.device.index or 0

    # memory -----------------------------------------------------------------------------------------------------------

    @property
    def layout(self) -> layout:
        """How the values are kept: `strided`, all of them.

        >>> tg.ones(2).layout
        strided
        """
        return strided

    def is_contiguous(self, memory_format: memory_format | None = None) -> bool:
        """Whether the values lie in memory row by row, or with the channels last.

        >>> import tinygrad_cnn as tg
        >>> x = tg.ones(2, 3, 4, 5)
        >>> x.is_contiguous(), x.mT.is_contiguous(), x.is_contiguous(memory_format=tg.channels_last)
        (True, False, False)
        """
        if memory_format not in (channels_last, channels_last_3d):
            return not self.storage.shared or bool(self.array.flags.c_contiguous)
        self.settle()
        wanted = 4 if memory_format is channels_last else 5
        order = (0, *range(2, wanted), 1)
        return self.ndim == wanted and bool(self.array.transpose(order).flags.c_contiguous)

    def storage_offset(self) -> int:
        """The number of elements in memory before the first of a view; 0 for others.

        >>> import tinygrad_cnn as tg
        >>> tg.arange(10)[3:].storage_offset()
        3
        """
        self.settle()
        if self.view_of is None or not self.array.size:
            return 0
        first, start = (x.array.__array_interface__["data"][0] for x in (self, self.view_of.base))
        return int((first - start) // self.dtype.itemsize)

    def dim_order(self) -> tuple[int, ...]:
        """The dimensions by how far apart in memory their neighbours lie, the farthest first.

        >>> import tinygrad_cnn as tg
        >>> tg.ones(2, 3).T.dim_order()
        (1, 0)
        """
        self.settle()
        return tuple(sorted(range(self.ndim), key=lambda d: (-self.array.strides[d], d)))

    def is_set_to(self, tensor: TensorBase) -> bool:
        """Whether another tensor is the same part of the same memory.

        >>> (x := tg.ones(2)).is_set_to(x)
        True
        """
        if self.shape != tensor.shape or self.dtype != tensor.dtype or self.device != tensor.device:
            return False
        places = [(x.array.__array_interface__["data"][0], x.stride()) for x in (self, tensor)]
        return bool(places[0] == places[1])

    def is_pinned(self, device: Any = None) -> bool:
        """Whether it lies in memory that a GPU reads by itself.

        >>> tg.ones(2).is_pinned()
        False
        """
        return bool(self.backend.is_pinned(self.array))

    def pin_memory(self, device: Any = None) -> Self:
        """The values in memory that a GPU reads by itself, so that `.to("cuda", non_blocking=True)` does not wait.

        Itself where there is no GPU, and what is pinned already.

        Raises:
            RuntimeError: for a tensor that is not on the CPU.

        >>> tg.ones(2).pin_memory()
        tensor([1., 1.])
        """
        if not self.is_cpu:
            raise DeviceError(f"pin_memory: only tensors on the CPU can be pinned; this one is on {self.device}")
        if self.is_pinned() or (array := taken(self.backend.pinned, self.array)) is self.array:
            return self
        return type(self).from_array(array)

    def record_stream(self, stream: Any) -> None:
        """Nothing: the memory of a device is given back when the last computation with it is done.

        >>> tg.ones(1).record_stream(None)
        """

    def untyped_storage(self) -> "Memory":
        """The memory that this tensor looks into, as bytes.

        >>> tg.ones(4)[:2].untyped_storage().nbytes()
        16
        """
        self.settle()
        return Memory(self if self.view_of is None else self.view_of.base)

    # what there is not ------------------------------------------------------------------------------------------------

    is_meta = is_mps = is_mtia = is_xla = is_xpu = is_ipu = is_maia = is_vulkan = is_mkldnn = False
    is_sparse = is_sparse_csr = is_quantized = is_nested = False

    def to_dense(self, dtype: Any = None) -> Self:
        """Itself: all tensors are dense.

        >>> tg.ones(2).to_dense()
        tensor([1., 1.])
        """
        return self if dtype is None else self.to(dtype)  # type: ignore[attr-defined]

    def to_sparse(self, *layout: Any, **options: Any) -> Self:
        """Refused.

        Raises:
            NotImplementedError: always.

        >>> tg.ones(1).to_sparse()
        Traceback (most recent call last):
        NotImplementedError: to_sparse: there are no sparse tensors here, only dense ones
        """
        raise NotImplementedError(f"to_sparse: {DENSE}{in_scope()}")

    @property
    def imag(self) -> Self:
        """Refused, as in PyTorch: tensors hold real numbers.

        Raises:
            RuntimeError: always.

        >>> tg.ones(1).imag
        Traceback (most recent call last):
        RuntimeError: imag: tensors hold real numbers, which have no imaginary part
        """
        raise RuntimeError(f"imag: tensors hold real numbers, which have no imaginary part{in_scope()}")

    def __complex__(self) -> complex:
        return complex(self.item())  # type: ignore[attr-defined]


class Memory:
    """The bytes that a tensor and its views look into."""

    __slots__ = ("_tensor",)

    def __init__(self, tensor: TensorBase) -> None:
        self._tensor = tensor

    def data_ptr(self) -> int:
        """The address of the first."""
        return int(self._tensor.array.__array_interface__["data"][0])

    def nbytes(self) -> int:
        """How many there are."""
        return prod(self._tensor.shape) * int(self._tensor.dtype.itemsize)

    size = __len__ = nbytes
