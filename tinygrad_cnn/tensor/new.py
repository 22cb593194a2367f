"""Tensor methods that make new tensors in the dtype and place of this one, unless others are named."""

from typing import Any, Self

from ..dtypes import as_dtype
from .base import TensorBase
from .device import backend_for
from .shapes import sizes


class NewMethods(TensorBase):
    """`x.new_zeros(2, 3)` and the like."""

    __slots__ = ()

    def _new(self, make: str, shape: Any, values: Any, dtype: Any, device: Any, requires_grad: bool) -> Self:
        backend = self.backend if device is None else backend_for(device)
        wanted = self.dtype if dtype is None else as_dtype(dtype)
        out = self.plain.from_array(getattr(backend.xp, make)(shape, *values, dtype=wanted))
        return out.requires_grad_(requires_grad)  # type: ignore[attr-defined, no-any-return]

    def new_zeros(
        self,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        **named: Any,
    ) -> Self:
        """Zeros.

        >>> tg.tensor([5]).new_zeros(2)
        tensor([0, 0])
        """
        return self._new("zeros", sizes("new_zeros", size, "size", named), (), dtype, device, requires_grad)

    def new_ones(
        self,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        **named: Any,
    ) -> Self:
        """Ones.

        >>> tg.tensor([0]).new_ones(2)
        tensor([1, 1])
        """
        return self._new("ones", sizes("new_ones", size, "size", named), (), dtype, device, requires_grad)

    def new_empty(
        self,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        **named: Any,
    ) -> Self:
        """Values that happen to be in memory.

        >>> tg.ones(1).new_empty(2, 3).shape
        (2, 3)
        """
        return self._new("empty", sizes("new_empty", size, "size", named), (), dtype, device, requires_grad)

    def new_full(
        self,
        size: Any,
        fill_value: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
    ) -> Self:
        """One value everywhere.

        >>> tg.ones(1).new_full((2,), 7)
        tensor([7., 7.])
        """
        value = fill_value.array if isinstance(fill_value, TensorBase) else fill_value
        return self._new("full", sizes("new_full", (size,)), (value,), dtype, device, requires_grad)

    def new(self, *args: Any, device: Any = None) -> Self:
        """Of old programs: values, or an uninitialised tensor of sizes, in the dtype and place of this one.

        >>> import tinygrad_cnn as tg
        >>> tg.ones(2).new([3, 4]), tg.ones(2).new(2, 3).shape
        (tensor([3., 4.]), (2, 3))
        """
        from .legacy import from_sizes_or_values

        return from_sizes_or_values("new", args, self.dtype, self.device if device is None else device)  # type: ignore[return-value]

    def new_empty_strided(
        self, size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
    ) -> Self:
        """Values that happen to be in memory; element (i, j, …) is number i·stride₀ + j·stride₁ + … of it.

        >>> import tinygrad_cnn as tg
        >>> tg.ones(2).new_empty_strided((2, 3), (1, 2)).stride()
        (1, 2)
        """
        shape, strides = sizes("new_empty_strided", (size,)), sizes("new_empty_strided", (stride,))
        last = sum((n - 1) * s for n, s in zip(shape, strides, strict=False)) if min(shape, default=1) else -1
        out: Any = self.new_empty(last + 1, dtype=dtype, device=device)
        return out.as_strided(shape, strides).detach().requires_grad_(requires_grad)  # type: ignore[no-any-return]

    def new_tensor(self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Self:
        """These values, copied.

        >>> tg.ones(1).new_tensor([1, 2])
        tensor([1., 2.])
        """
        from . import as_tensor

        wanted = self.dtype if dtype is None else dtype
        made = as_tensor(data, dtype=wanted, device=self.device if device is None else device)
        return self.plain.from_array(made.array.copy()).requires_grad_(requires_grad)  # type: ignore[attr-defined, no-any-return]
