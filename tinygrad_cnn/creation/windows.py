"""Windows of signals: weights that rise from the ends to the middle.

All have `window_length` values; with `periodic` they are the first values of a window that is one longer, so that
copies of it side by side go on smoothly.
"""

from collections.abc import Callable
from math import pi
from typing import Any

from ..dtypes import is_floating
from ..errors import ArgumentError, DtypeError
from ..functions.out import with_out
from ..tensor import Tensor, backend_for
from .values import finished, floating


def _window(op: str, length: int, periodic: bool, shape: Callable[[Any, Any, int], Any], options: Any) -> Tensor:
    """The values of `shape` at the places 0 … steps, from (xp, places, steps)."""
    dtype, device, requires_grad = options
    wanted, xp = floating(dtype), backend_for(device).xp
    if not is_floating(wanted):
        raise DtypeError(f"{op}: a window holds fractions; got dtype {wanted}")
    if length < 0:
        raise ArgumentError(f"{op}: window_length must not be negative; got {length}")
    steps = length if periodic else length - 1
    values = xp.ones(length) if length <= 1 else shape(xp, xp.arange(length), steps)
    return finished(values.astype(wanted), requires_grad)


def _cosines(*weights: float) -> Callable[[Any, Any, int], Any]:
    """w₀ − w₁ cos t + w₂ cos 2t − …, once around."""
    return lambda xp, n, steps: sum((-1) ** k * w * xp.cos(2 * pi * k * n / steps) for k, w in enumerate(weights))


@with_out
def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """½ − ½ cos t.

    >>> hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window("hann_window", window_length, periodic, _cosines(0.5, 0.5), (dtype, device, requires_grad))


@with_out
def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """alpha − beta · cos t.

    >>> hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    return _window("hamming_window", window_length, periodic, _cosines(alpha, beta), (dtype, device, requires_grad))


@with_out
def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """0.42 − ½ cos t + 0.08 cos 2t.

    >>> blackman_window(5, periodic=False).round(decimals=2).abs()
    tensor([0.0000, 0.3400, 1.0000, 0.3400, 0.0000])
    """
    shape = _cosines(0.42, 0.5, 0.08)
    return _window("blackman_window", window_length, periodic, shape, (dtype, device, requires_grad))


@with_out
def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A triangle.

    >>> bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    options = (dtype, device, requires_grad)
    return _window(
        "bartlett_window", window_length, periodic, lambda xp, n, steps: 1 - xp.abs(2 * n / steps - 1), options
    )


@with_out
def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """I₀(beta · √(1 − (2n/N − 1)²)) / I₀(beta), with the modified Bessel function I₀.

    >>> kaiser_window(3, periodic=False, beta=0.0)
    tensor([1., 1., 1.])
    """

    def shape(xp: Any, n: Any, steps: int) -> Any:
        return xp.i0(beta * xp.sqrt(1 - (2 * n / steps - 1) ** 2)) / xp.i0(xp.asarray(float(beta)))

    return _window("kaiser_window", window_length, periodic, shape, (dtype, device, requires_grad))
