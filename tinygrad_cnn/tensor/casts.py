"""Tensor methods that lead to other dtypes and devices."""

import builtins
from typing import Any, Self, overload

import numpy as np

from .. import ops
from ..dtypes import (
    as_dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    is_floating,
    uint8,
)
from .base import TensorBase
from .device import backend_for
from .legacy import place_of, type_name


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

        Args:
            non_blocking: from pinned memory to a device, do not wait for the copy: the tensor must not be written to
                before what comes next on the device is done.

        >>> tg.tensor([1, 2]).to(tg.float32)
        tensor([1., 2.])
        """
        for target in targets:
            if isinstance(target, TensorBase):
                dtype, device = target.dtype, target.device
            elif target is True:
                non_blocking = True
            elif type(target) is int:
                device = f"cuda:{target}"
            elif isinstance(target, str) or type(target).__name__ == "device":
                device = target
            elif target is not False:
                dtype = target
        out = self
        if device is not None and backend_for(device) is not self.backend:
            target = backend_for(device)
            out = ops.transfer(out, target=target, source=self.backend)
            if not non_blocking:
                target.finish_uploads()
        if dtype is not None and as_dtype(dtype) != self.dtype:
            wanted = as_dtype(dtype)
            # Integers have no derivative: the graph ends here, as it does in PyTorch.
            origin = out if is_floating(wanted) else out.detach()
            out = ops.cast(origin, dtype=wanted, source=self.dtype)
        return ops.copy(out) if copy and out is self else out

    @overload
    def type(self, dtype: None = None, non_blocking: Any = False) -> str: ...
    @overload
    def type(self, dtype: Any, non_blocking: Any = False) -> Self: ...
    def type(self, dtype: Any = None, non_blocking: Any = False) -> Any:
        """In another dtype, also one of old programs such as `FloatTensor` with its device; without one, the name.

        >>> tg.ones(2).type()
        'torch.FloatTensor'
        """
        if dtype is None:
            return type_name(self)
        if dtype is self.plain or dtype == "torch.Tensor":  # a name for the FloatTensor of the CPU
            return self.to(dtype=get_default_dtype(), device="cpu")
        return self.to(dtype=dtype, device=place_of(dtype))

    def type_as(self, other: TensorBase) -> Self:
        """In the dtype of another tensor.

        >>> tg.tensor([1, 2]).type_as(tg.ones(1))
        tensor([1., 2.])
        """
        return self.to(other.dtype)

    def float(self, memory_format: Any = None) -> Self:
        """In float32.

        >>> tg.tensor([1, 2]).float()
        tensor([1., 2.])
        """
        return self.to(float32)

    def double(self, memory_format: Any = None) -> Self:
        """In float64.

        >>> tg.ones(2).double()
        tensor([1., 1.], dtype=float64)
        """
        return self.to(float64)

    def half(self, memory_format: Any = None) -> Self:
        """In float16.

        >>> tg.ones(2).half()
        tensor([1., 1.], dtype=float16)
        """
        return self.to(float16)

    def bfloat16(self, memory_format: Any = None) -> Self:
        """In bfloat16, which needs the package ml_dtypes.

        >>> tg.ones(2).bfloat16()
        tensor([1., 1.], dtype=bfloat16)
        """
        return self.to(dtype="bfloat16")

    def long(self, memory_format: Any = None) -> Self:
        """In int64.

        >>> tg.tensor([1.7, -1.7]).long()
        tensor([ 1, -1])
        """
        return self.to(int64)

    def int(self, memory_format: Any = None) -> Self:
        """In int32.

        >>> tg.tensor([1.7, -1.7]).int()
        tensor([ 1, -1], dtype=int32)
        """
        return self.to(int32)

    def short(self, memory_format: Any = None) -> Self:
        """In int16.

        >>> tg.tensor([1.7, -1.7]).short()
        tensor([ 1, -1], dtype=int16)
        """
        return self.to(int16)

    def char(self, memory_format: Any = None) -> Self:
        """In int8.

        >>> tg.tensor([1.0, 2.0]).char()
        tensor([1, 2], dtype=int8)
        """
        return self.to(int8)

    def byte(self, memory_format: Any = None) -> Self:
        """In uint8.

        >>> tg.tensor([1.0, 2.0]).byte()
        tensor([1, 2], dtype=uint8)
        """
        return self.to(uint8)

    def bool(self, memory_format: Any = None) -> Self:
        """Whether nonzero.

        >>> tg.tensor([0.0, 2.0]).bool()
        tensor([False,  True])
        """
        return self.to(np.dtype("bool"))

    def cpu(self, memory_format: Any = None) -> Self:
        """On the CPU.

        >>> tg.ones(2).cpu().device
        device(type='cpu')
        """
        return self.to(device="cpu")

    def cuda(self, device: Any = None, non_blocking: Any = False) -> Self:
        """On a CUDA device.

        Raises:
            RuntimeError: when there is none.

        >>> tg.ones(2).cuda()  # doctest: +SKIP
        tensor([1., 1.], device='cuda:0')
        """
        return self.to(
            device="cuda" if device is None else f"cuda:{device}" if hasattr(device, "__index__") else device,
            non_blocking=non_blocking,
        )

    @property
    def is_cuda(self) -> builtins.bool:
        """Whether on a CUDA device.

        >>> tg.ones(2).is_cuda
        False
        """
        return self.device.type == "cuda"

    def is_floating_point(self) -> Any:
        """Whether the dtype is floating-point.

        >>> tg.ones(2).is_floating_point()
        True
        """
        return is_floating(self.dtype)
