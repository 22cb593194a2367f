"""New tensors: from values, filled, in sequence, at random."""

from collections.abc import Callable
from math import ceil, isfinite
from typing import Any

from .dtypes import as_dtype, get_default_dtype, int64, is_floating
from .errors import ArgumentError, ShapeError
from .random import Generator, stream
from .tensor import Tensor, as_tensor, backend_for, sizes

__all__ = [
    "arange",
    "as_tensor",
    "bernoulli",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "multinomial",
    "normal",
    "ones",
    "ones_like",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "tensor",
    "zeros",
    "zeros_like",
]


def _finished(array: Any, requires_grad: bool) -> Tensor:
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
    return _finished(made.array.copy() if made.storage.shared else made.array, requires_grad)


def from_numpy(array: Any) -> Tensor:
    """A tensor that shares the memory of a NumPy array.

    Raises:
        TypeError: for anything else, or a dtype that tensors do not have.
    """
    if not isinstance(array, backend_for("cpu").array_type):
        raise TypeError(f"from_numpy: expected a NumPy array; got {type(array).__name__}; use tensor() or as_tensor()")
    return as_tensor(array)


def _floating(dtype: Any) -> Any:
    return get_default_dtype() if dtype is None else as_dtype(dtype)


def _shape(op: str, size: tuple[Any, ...], named: Any) -> tuple[int, ...]:
    shape = sizes(op, size if named is None else (tuple(named) if isinstance(named, tuple | list) else (named,)))
    if min(shape, default=0) < 0:
        raise ValueError(f"{op}: sizes must not be negative; got {shape}")
    return shape


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros."""
    return _finished(backend_for(device).xp.zeros(_shape("zeros", size, None), dtype=_floating(dtype)), requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones."""
    return _finished(backend_for(device).xp.ones(_shape("ones", size, None), dtype=_floating(dtype)), requires_grad)


def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Values that happen to be in memory."""
    return _finished(backend_for(device).xp.empty(_shape("empty", size, None), dtype=_floating(dtype)), requires_grad)


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """One value everywhere; its kind decides the dtype."""
    wanted = as_tensor(fill_value).dtype if dtype is None else as_dtype(dtype)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return _finished(backend_for(device).xp.full(_shape("full", (), size), value, dtype=wanted), requires_grad)


def _like(make: Callable[..., Tensor], x: Tensor, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    return make(
        x.shape,
        dtype=x.dtype if dtype is None else dtype,
        device=x.device if device is None else device,
        requires_grad=requires_grad,
    )


def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape, dtype and place of another tensor."""
    return _like(zeros, input, dtype, device, requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape, dtype and place of another tensor."""
    return _like(ones, input, dtype, device, requires_grad)


def empty_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Uninitialised values in the shape, dtype and place of another tensor."""
    return _like(empty, input, dtype, device, requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value in the shape, dtype and place of another tensor."""
    place = input.device if device is None else device
    return full(
        input.shape,
        fill_value,
        dtype=input.dtype if dtype is None else dtype,
        device=place,
        requires_grad=requires_grad,
    )


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """start, start + step, … up to but without end; from 0 when only the end is given.

    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    first, last = (0, start) if end is None else (start, end)
    first, last, step = (value.item() if isinstance(value, Tensor) else value for value in (first, last, step))
    if step == 0 or not isfinite(last - first) or (last - first) / step < 0:
        raise ArgumentError(f"arange: from {first} to {last} no number of steps of {step} leads")
    if dtype is None:
        integers = all(isinstance(value, int) for value in (first, last, step))
        dtype = int64 if integers else get_default_dtype()
    elif as_dtype(dtype).kind in "iu":
        first, last, step = int(first), int(last), int(step)
    xp = backend_for(device).xp
    count = ceil((last - first) / step)
    return _finished((first + xp.arange(count) * step).astype(as_dtype(dtype)), requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` values spread evenly from start to end, both included; integers lose their fractions.

    Raises:
        RuntimeError: for a negative number of steps, or tensors with dimensions.
    """
    first, last = (_number("linspace", value) for value in (start, end))
    wanted, xp = _floating(dtype), backend_for(device).xp
    if steps < 0:
        raise ArgumentError(f"linspace: the number of steps must be non-negative; got {steps}")
    if is_floating(wanted):
        return _finished(xp.linspace(first, last, steps, dtype=wanted), requires_grad)
    first, last = int(first), int(last)
    step, numbers = (last - first) / max(steps - 1, 1), xp.arange(steps)
    values = xp.where(numbers < (steps + 1) // 2, first + step * numbers, last - step * (steps - 1 - numbers))
    return _finished(xp.trunc(values).astype(wanted), requires_grad)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` powers of a base, whose exponents are spread evenly from start to end, both included.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    first, last = (_number("logspace", value) for value in (start, end))
    if steps < 0:
        raise ArgumentError(f"logspace: the number of steps must be non-negative; got {steps}")
    wanted, xp = _floating(dtype), backend_for(device).xp
    if not is_floating(wanted):
        first, last = int(first), int(last)
    return _finished((float(base) ** xp.linspace(first, last, steps)).astype(wanted), requires_grad)


def _number(op: str, value: Any) -> Any:
    if isinstance(value, Tensor):
        if value.ndim:
            raise ShapeError(f"{op}: start and end must have no dimensions; got shape {tuple(value.shape)}")
        return value.item()
    return value


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix."""
    if n < 0 or (m or 0) < 0:
        raise ArgumentError(f"eye: n and m must be greater or equal to 0; got {n} and {m}")
    return _finished(backend_for(device).xp.eye(n, m, dtype=_floating(dtype)), requires_grad)


# random ---------------------------------------------------------------------------------------------------------------


def _random(
    draw: str,
    size: tuple[Any, ...],
    named: Any,
    generator: Generator | None,
    dtype: Any,
    device: Any,
    requires_grad: bool,
) -> Tensor:
    shape = _shape(draw, size, named)
    source = stream(generator, place=device)
    numbers = (source.uniform if draw == "rand" else source.normal)(shape, _floating(dtype))
    return _finished(numbers, requires_grad)


def rand(
    *shape: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Values spread evenly over [0, 1)."""
    return _random("rand", shape, size, generator, dtype, device, requires_grad)


def randn(
    *shape: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normally distributed values with mean 0 and variance 1."""
    return _random("randn", shape, size, generator, dtype, device, requires_grad)


def rand_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """`rand` in the shape, dtype and place of another tensor."""
    return _like(rand, input, dtype, device, requires_grad)


def randn_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """`randn` in the shape, dtype and place of another tensor."""
    return _like(randn, input, dtype, device, requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Integers from low up to but without high; `randint(high, size)` starts at 0."""
    if size is None and isinstance(high, tuple | list):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint: give a size, as in randint(0, 10, (2, 3))")
    if not low < high:
        raise ValueError(f"randint: no integer lies in [{low}, {high})")
    numbers = stream(generator, place=device).integers(low, high, _shape("randint", (), size), int64)
    return _finished(numbers if dtype is None else numbers.astype(as_dtype(dtype)), requires_grad)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None, device: Any = None) -> Tensor:
    """The integers below n in random order."""
    order = stream(generator, place=device).permutation(n)
    return Tensor.from_array(order.astype(int64 if dtype is None else as_dtype(dtype)))


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normally distributed values; mean and std are numbers (with a size) or tensors that broadcast."""
    if size is None:
        tensors = [value for value in (mean, std) if isinstance(value, Tensor)]
        if not tensors:
            raise TypeError("normal: give a size when mean and std are numbers")
        size, device = (mean + std).shape, tensors[0].device
    values: Tensor = randn(size, generator=generator, device=device) * std + mean
    return values.detach().requires_grad_(requires_grad)


def bernoulli(input: Tensor, p: Any = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that the input holds (or p), else 0."""
    return input.bernoulli(p, generator=generator)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """For each row of weights, so many of their positions; see `Tensor.multinomial`.

    >>> import tinygrad_cnn as tg
    >>> multinomial(tg.tensor([1.0, 0.0, 2.0]), 2).sort().values
    tensor([0, 2])
    """
    return input.multinomial(num_samples, replacement, generator=generator)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers of events, each drawn from the Poisson distribution with the mean that the input holds.

    Raises:
        RuntimeError: for a mean below 0.

    >>> import tinygrad_cnn as tg
    >>> poisson(tg.zeros(2))
    tensor([0., 0.])
    """
    if not (input.array >= 0).all():
        raise ArgumentError(f"poisson: means must not be negative; the smallest is {input.array.min()}")
    return Tensor.from_array(stream(generator, like=input).poisson(input.array).astype(input.dtype))
