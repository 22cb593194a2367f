"""New tensors in the shape, dtype and place of another one."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..tensor import Tensor
from .values import empty, full, ones, zeros


def like(make: Callable[..., Tensor], x: Tensor, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    """What `make` makes, in the shape, dtype and place of another tensor, unless others are named."""
    return make(
        x.shape,
        dtype=x.dtype if dtype is None else dtype,
        device=x.device if device is None else device,
        requires_grad=requires_grad,
    )


def zeros_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Zeros in the shape, dtype and place of another tensor.

    >>> zeros_like(tg.tensor([3, 4]))
    tensor([0, 0])
    """
    return like(zeros, input, dtype, device, requires_grad)


def ones_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Ones in the shape, dtype and place of another tensor.

    >>> ones_like(tg.tensor([3, 4]))
    tensor([1, 1])
    """
    return like(ones, input, dtype, device, requires_grad)


def empty_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Uninitialised values in the shape, dtype and place of another tensor.

    >>> empty_like(tg.ones(2, 3)).shape
    (2, 3)
    """
    return like(empty, input, dtype, device, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """One value in the shape, dtype and place of another tensor.

    >>> full_like(tg.ones(2), 7)
    tensor([7., 7.])
    """
    return like(partial(full, fill_value=fill_value), input, dtype, device, requires_grad)
