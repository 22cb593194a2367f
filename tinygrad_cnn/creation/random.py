"""New tensors of random numbers."""

from typing import Any

from ..dtypes import as_dtype, int64
from ..errors import ArgumentError
from ..functions.out import with_out
from ..random import Generator, stream
from ..tensor import Tensor
from .like import like
from .values import finished, floating, shape_of


def _random(
    draw: str,
    size: tuple[Any, ...],
    named: Any,
    generator: Generator | None,
    dtype: Any,
    device: Any,
    requires_grad: bool,
) -> Tensor:
    shape = shape_of(draw, size, named)
    source = stream(generator, place=device)
    numbers = (source.uniform if draw == "rand" else source.normal)(shape, floating(dtype))
    return finished(numbers, requires_grad)


@with_out
def rand(
    *shape: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Values spread evenly over [0, 1).

    >>> x = rand(2, 3)
    >>> x.shape, bool((x < 1).all())
    ((2, 3), True)
    """
    return _random("rand", shape, size, generator, dtype, device, requires_grad)


@with_out
def randn(
    *shape: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Normally distributed values with mean 0 and variance 1.

    >>> randn(2, 3).shape
    (2, 3)
    """
    return _random("randn", shape, size, generator, dtype, device, requires_grad)


def rand_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """`rand` in the shape, dtype and place of another tensor.

    >>> rand_like(tg.ones(2, 3)).shape
    (2, 3)
    """
    return like(rand, input, dtype, device, requires_grad)


def randn_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """`randn` in the shape, dtype and place of another tensor.

    >>> randn_like(tg.ones(2, dtype=tg.float64)).dtype == tg.float64
    True
    """
    return like(randn, input, dtype, device, requires_grad)


@with_out
def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Integers from low up to but without high; `randint(high, size)` starts at 0.

    >>> randint(5, 6, (2,))
    tensor([5, 5])
    """
    if size is None and isinstance(high, tuple | list):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint: give a size, as in randint(0, 10, (2, 3))")
    if not low < high:
        raise ArgumentError(f"randint: no integer lies in [{low}, {high})")
    numbers = stream(generator, place=device).integers(low, high, shape_of("randint", (), size), int64)
    return finished(numbers if dtype is None else numbers.astype(as_dtype(dtype)), requires_grad)


def randint_like(
    input: Tensor,
    low: int,
    high: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Integers from low up to but without high (or from 0 up to `low`), in the shape, dtype and place of a tensor.

    >>> import tinygrad_cnn as tg
    >>> randint_like(tg.zeros(2, 2), 1)
    tensor([[0., 0.],
            [0., 0.]])
    """
    first, last = (0, low) if high is None else (low, high)
    return randint(
        first,
        last,
        tuple(input.shape),
        dtype=input.dtype if dtype is None else dtype,
        device=input.device if device is None else device,
        requires_grad=requires_grad,
    )


@with_out
def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """The integers below n in random order.

    >>> randperm(4).sort().values
    tensor([0, 1, 2, 3])
    """
    order = stream(generator, place=device).permutation(n)
    return finished(order.astype(int64 if dtype is None else as_dtype(dtype)), requires_grad)


@with_out
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Normally distributed values; mean and std are numbers (with a size) or tensors that broadcast.

    >>> normal(2.0, 0.0, (2,)), normal(tg.tensor([1.0, 3.0]), 0.0)
    (tensor([2., 2.]), tensor([1., 3.]))
    """
    if size is None:
        tensors = [value for value in (mean, std) if isinstance(value, Tensor)]
        if not tensors:
            raise TypeError("normal: give a size when mean and std are numbers")
        size, device = (mean + std).shape, tensors[0].device
    values: Tensor = randn(size, generator=generator, dtype=dtype, device=device) * std + mean
    return values.detach().requires_grad_(requires_grad)


@with_out
def bernoulli(input: Tensor, p: Any = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that the input holds (or p), else 0.

    >>> bernoulli(tg.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    return input.bernoulli(p, generator=generator)


@with_out
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
