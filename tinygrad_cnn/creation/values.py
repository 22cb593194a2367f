"""New tensors: from values, filled, in sequence."""

import builtins
from math import ceil, isfinite
from typing import Any

import numpy

from ..dtypes import as_dtype, float32, get_default_dtype, int64, is_floating, wrapped
from ..errors import ArgumentError, ShapeError
from ..functions.out import keep, with_out
from ..tensor import Tensor, as_tensor, backend_for, sizes


def finished(array: Any, requires_grad: bool) -> Tensor:
    """The tensor of an array."""
    out = Tensor.from_array(array)
    return out.requires_grad_() if requires_grad else out


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new tensor of these values, copied: nested lists of numbers, an array, a number or another tensor.

    Python floats become float32 (the default dtype), ints int64 and bools bool; an array keeps its dtype.

    Raises:
        ValueError: for lists that are not rectangular.
        TypeError: for values that are not numbers.

    >>> tensor([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    made = as_tensor(data.detach() if isinstance(data, Tensor) else data, dtype=dtype, device=device)
    return finished(made.array.copy() if made.storage.shared else made.array, requires_grad)


def from_numpy(array: Any) -> Tensor:
    """A tensor that shares the memory of a NumPy array.

    Raises:
        TypeError: for anything else, or a dtype that tensors do not have.

    >>> array = np.zeros(2)
    >>> from_numpy(array).fill_(1)
    tensor([1., 1.], dtype=float64)
    >>> array.sum() == 2
    np.True_
    """
    if not isinstance(array, backend_for("cpu").array_type):
        raise TypeError(f"from_numpy: expected a NumPy array; got {type(array).__name__}; use tensor() or as_tensor()")
    return as_tensor(array, device="cpu")


def floating(dtype: Any) -> Any:
    """A dtype, by default the floating-point one that was set."""
    return get_default_dtype() if dtype is None else as_dtype(dtype)


def shape_of(op: str, size: tuple[Any, ...], named: Any) -> tuple[int, ...]:
    """Sizes given one by one, as a sequence, or by `size=`."""
    shape = sizes(op, size if named is None else (tuple(named) if isinstance(named, tuple | list) else (named,)))
    if min(shape, default=0) < 0:
        raise ArgumentError(f"{op}: sizes must not be negative; got {shape}")
    return shape


@with_out
def zeros(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Zeros.

    >>> zeros(2)
    tensor([0., 0.])
    """
    return finished(backend_for(device).xp.zeros(shape_of("zeros", shape, size), dtype=floating(dtype)), requires_grad)


@with_out
def ones(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Ones.

    >>> ones(2)
    tensor([1., 1.])
    """
    return finished(backend_for(device).xp.ones(shape_of("ones", shape, size), dtype=floating(dtype)), requires_grad)


@with_out
def empty(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Values that happen to be in memory.

    >>> empty(2, 3).shape
    (2, 3)
    """
    return finished(backend_for(device).xp.empty(shape_of("empty", shape, size), dtype=floating(dtype)), requires_grad)


@with_out
def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """One value everywhere; its kind decides the dtype.

    >>> full((2,), 7), full((2,), 0.5)
    (tensor([7, 7]), tensor([0.5000, 0.5000]))
    """
    wanted = as_tensor(fill_value).dtype if dtype is None else as_dtype(dtype)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return finished(
        backend_for(device).xp.full(shape_of("full", (), size), wrapped(value, wanted), dtype=wanted), requires_grad
    )


def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """start, start + step, … up to but without end; from 0 when only the end is given.

    Raises:
        ValueError: for steps that lead away from the end, or that are 0 in the dtype.

    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    first, last = (0, start) if end is None else (start, end)
    first, last, step = (value.item() if isinstance(value, Tensor) else value for value in (first, last, step))
    if step == 0 or not isfinite(last - first) or (last - first) / step < 0:
        raise ArgumentError(f"arange: from {first} to {last} no number of steps of {step} leads")
    if dtype is None and out is not None:
        dtype = out.dtype
    if dtype is None:
        integers = all(isinstance(value, int) for value in (first, last, step))
        dtype = int64 if integers else get_default_dtype()
    elif as_dtype(dtype).kind in "iu":
        first, last, fraction, step = int(first), int(last), step, int(step)
        if not step:
            raise ArgumentError(f"arange: a step of {fraction} is 0 in {as_dtype(dtype)}")
    xp = backend_for(device).xp
    count = ceil((last - first) / step)
    made = finished((first + xp.arange(count) * step).astype(as_dtype(dtype)), requires_grad)
    return made if out is None else keep("arange", made, out, ())


def spread_evenly(xp: Any, first: float, last: float, steps: int, dtype: Any) -> Any:
    """The values of `linspace` as an array: counted from the start in the first half, from the end in the second.

    Those of float32 are rounded once, as PyTorch's fused multiplication and addition does it: bit for bit the same.
    """
    if dtype != float32 or steps < 2:
        return xp.linspace(first, last, steps, dtype=dtype)
    start, end = numpy.float32(first), numpy.float32(last)
    step, numbers = float((end - start) / numpy.float32(steps - 1)), xp.arange(steps, dtype="float64")
    ahead, behind = float(start) + step * numbers, float(end) - step * (steps - 1 - numbers)
    return xp.where(numbers < steps // 2, ahead, behind).astype(dtype)


@with_out
def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """`steps` values spread evenly from start to end, both included; integers lose their fractions.

    Raises:
        RuntimeError: for a negative number of steps, or tensors with dimensions.

    >>> linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    first, last = (_number("linspace", value) for value in (start, end))
    wanted, xp = floating(dtype), backend_for(device).xp
    if steps < 0:
        raise ArgumentError(f"linspace: the number of steps must be non-negative; got {steps}")
    if is_floating(wanted):
        return finished(spread_evenly(xp, first, last, steps, wanted), requires_grad)
    first, last = int(first), int(last)
    step, numbers = (last - first) / max(steps - 1, 1), xp.arange(steps)
    values = xp.where(numbers < (steps + 1) // 2, first + step * numbers, last - step * (steps - 1 - numbers))
    return finished(xp.trunc(values).astype(wanted), requires_grad)


@with_out
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """`steps` powers of a base, whose exponents are spread evenly from start to end, both included.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    first, last = (_number("logspace", value) for value in (start, end))
    if steps < 0:
        raise ArgumentError(f"logspace: the number of steps must be non-negative; got {steps}")
    wanted, xp = floating(dtype), backend_for(device).xp
    if not is_floating(wanted):
        first, last = int(first), int(last)
    return finished((float(base) ** xp.linspace(first, last, steps)).astype(wanted), requires_grad)


def _number(op: str, value: Any) -> Any:
    if isinstance(value, Tensor):
        if value.ndim:
            raise ShapeError(f"{op}: start and end must have no dimensions; got shape {tuple(value.shape)}")
        return value.item()
    return value


@with_out
def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """The identity matrix.

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    if n < 0 or (m or 0) < 0:
        raise ArgumentError(f"eye: n and m must be greater or equal to 0; got {n} and {m}")
    return finished(backend_for(device).xp.eye(n, m, dtype=floating(dtype)), requires_grad)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of a tensor, an array, numbers or lists of them, which shares memory unless `copy` says otherwise.

    Args:
        copy: True for a copy in any case, False for an error where one would be needed.

    Raises:
        ValueError: where memory can't be shared, but `copy=False` wants it.

    >>> import numpy as np
    >>> array = np.zeros(2)
    >>> shared = asarray(array)
    >>> array[0] = 1
    >>> shared
    tensor([1., 0.], dtype=float64)
    """
    made = as_tensor(obj, dtype=dtype, device=device)
    if copy:
        made = made.clone()
    elif copy is False and not made.storage.shared and made is not obj:
        raise ValueError("asarray: these values can't be shared; leave copy=False away")
    return made.detach().requires_grad_() if requires_grad else made


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A vector that shares the memory of an object with a buffer, such as bytes: `count` values from byte `offset` on.

    Raises:
        ValueError: for a buffer that is too small, or whose size is no multiple of a value's.

    >>> frombuffer(bytearray([1, 2, 3]), dtype="uint8", offset=1)
    tensor([2, 3], dtype=uint8)
    """
    made = as_tensor(numpy.frombuffer(buffer, dtype=as_dtype(dtype), count=count, offset=offset), device="cpu")
    made.storage.shared = True
    return made.requires_grad_() if requires_grad else made


def scalar_tensor(
    s: float, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = None
) -> Tensor:
    """A number as a tensor without dimensions, in the default dtype.

    >>> scalar_tensor(3)
    tensor(3.)
    """
    return tensor(s, dtype=floating(dtype), device=device, requires_grad=requires_grad)


@with_out
def range(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
) -> Tensor:
    """start, start + step, … up to and with end, in the default dtype; old programs' `arange`.

    >>> range(1, 3)
    tensor([1., 2., 3.])
    """
    first, last = (0, start) if end is None else (start, end)
    if step == 0 or (last - first) / step < 0:
        raise ArgumentError(f"range: from {first} to {last} no number of steps of {step} leads")
    count = int((last - first) / step) + 1
    values = first + backend_for(device).xp.arange(count) * step
    return finished(values.astype(floating(dtype)), requires_grad)


def empty_strided(
    size: Any,
    stride: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Values that happen to be in memory; element (i, j, …) is number i·stride₀ + j·stride₁ + … of it.

    >>> empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    shape, strides = sizes("empty_strided", (size,)), sizes("empty_strided", (stride,))
    if len(shape) != len(strides) or min((*shape, *strides), default=0) < 0:
        raise ShapeError(f"empty_strided: sizes {shape} and strides {strides} do not go together")
    count = 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) if min(shape, default=1) else 0
    out = empty(count, dtype=dtype, device=device).as_strided(shape, strides)
    return out.detach().requires_grad_(requires_grad)


def empty_permuted(
    size: Any,
    physical_layout: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Values that happen to be in memory; the dimensions lie in it in this order, the last one's values side by side.

    >>> empty_permuted((2, 3, 4), (0, 2, 1)).stride()
    (12, 1, 3)
    """
    shape, order = sizes("empty_permuted", (size,)), sizes("empty_permuted", (physical_layout,))
    if sorted(order) != list(builtins.range(len(shape))):
        raise ShapeError(f"empty_permuted: {order} must name each of the {len(shape)} dimensions once")
    out = empty([shape[d] for d in order], dtype=dtype, device=device)
    inverse = sorted(builtins.range(len(order)), key=order.__getitem__)
    return out.permute(inverse).detach().requires_grad_(requires_grad)
