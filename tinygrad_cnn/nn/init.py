"""First values of parameters, written in place and not recorded; every function returns its tensor.

fan_in is the number of values that one output is computed from, fan_out the number of outputs that one input goes into.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial, wraps
from inspect import cleandoc
from math import erf, exp, prod, sqrt
from typing import Any
from warnings import warn

from ..autograd import no_grad
from ..random import Generator, stream
from ..tensor import Tensor

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "fans",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]


SKIPPED: ContextVar[bool] = ContextVar("random first values skipped", default=False)  # inside `skip_init`


def _write(by: str, tensor: Tensor, values: Any) -> Tensor:
    with no_grad():
        tensor.check_writable(by)
    tensor.array[...] = values
    tensor.storage.changed(by)
    return tensor


def _uniform(by: str, tensor: Tensor, low: float, high: float, generator: Generator | None) -> Tensor:
    if SKIPPED.get():
        return tensor
    draws = stream(generator, like=tensor).uniform(tensor.shape, tensor.dtype)
    return _write(by, tensor, draws * (high - low) + low)


def _normal(by: str, tensor: Tensor, mean: float, std: float, generator: Generator | None) -> Tensor:
    if SKIPPED.get():
        return tensor
    draws = stream(generator, like=tensor).normal(tensor.shape, tensor.dtype)
    return _write(by, tensor, draws * std + mean)


def _two_dimensions(op: str, tensor: Tensor) -> None:
    if tensor.ndim != 2:
        raise ValueError(f"{op}: expected a matrix; got shape {tuple(tensor.shape)}")


# constants and plain distributions ------------------------------------------------------------------------------------


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere.

    >>> import tinygrad_cnn as tg
    >>> constant_(tg.empty(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    return _write("constant_", tensor, val)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros.

    >>> nn.init.zeros_(tg.empty(3))
    tensor([0., 0., 0.])
    """
    return _write("zeros_", tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Ones.

    >>> nn.init.ones_(tg.empty(3))
    tensor([1., 1., 1.])
    """
    return _write("ones_", tensor, 1)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Values spread evenly over [a, b).

    >>> nn.init.uniform_(tg.empty(3), 2.0, 2.0)
    tensor([2., 2., 2.])
    """
    return _uniform("uniform_", tensor, a, b, generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normally distributed values.

    >>> nn.init.normal_(tg.empty(3), std=0.0)
    tensor([0., 0., 0.])
    """
    if std < 0:
        raise ValueError(f"normal_: std must not be negative; got {std}")
    return _normal("normal_", tensor, mean, std, generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normally distributed values, those outside of [a, b] drawn again.

    >>> import tinygrad_cnn as tg
    >>> bool((trunc_normal_(tg.empty(1000), std=2.0).abs() <= 2).all())
    True
    """
    if not a < b:
        raise ValueError(f"trunc_normal_: the bounds [{a}, {b}] are in the wrong order")
    if mean < a - 2 * std or mean > b + 2 * std:
        warn("trunc_normal_: mean is more than 2 std away from [a, b]; few values can be drawn there", stacklevel=2)
    source, xp = stream(generator, like=tensor), tensor.backend.xp
    inside = (erf((b - mean) / std / sqrt(2)) - erf((a - mean) / std / sqrt(2))) / 2
    values = xp.empty(tensor.numel(), dtype=tensor.dtype)
    open_places = xp.arange(tensor.numel())
    highest = exp(-(((max(a, min(mean, b)) - mean) / std) ** 2) / 2)  # of the bell within the bounds
    while len(open_places):
        shape = (len(open_places),)
        if inside > 0.3:
            draws = source.normal(shape, tensor.dtype) * std + mean
            good = (draws >= a) & (draws <= b)
        else:  # the bell's share is small: draw evenly and keep in proportion to the bell
            draws = source.uniform(shape, tensor.dtype) * (b - a) + a
            height = xp.exp(-(((draws - mean) / std) ** 2) / 2)
            good = source.uniform(shape, tensor.dtype) * highest <= height
        values[open_places[good]] = draws[good]
        open_places = open_places[~good]
    return _write("trunc_normal_", tensor, values.reshape(tensor.shape))


# by the number of inputs and outputs ----------------------------------------------------------------------------------


def fans(tensor: Tensor) -> tuple[int, int]:
    """fan_in and fan_out of a weight (out, in, *window).

    Raises:
        ValueError: for fewer than two dimensions.

    >>> import tinygrad_cnn as tg
    >>> fans(tg.empty(16, 3, 5, 5))
    (75, 400)
    """
    return _fans("fans", tensor)


def _fans(op: str, tensor: Tensor) -> tuple[int, int]:
    if tensor.ndim < 2:
        raise ValueError(
            f"{op}: a weight needs at least two dimensions, outputs and inputs; got shape {tuple(tensor.shape)}"
        )
    taps = prod(tensor.shape[2:])
    return tensor.shape[1] * taps, tensor.shape[0] * taps


_calculate_fan_in_and_fan_out = fans  # PyTorch's name, which programs use although it is private

GAINS = {"tanh": 5 / 3, "relu": sqrt(2), "selu": 3 / 4}
GAINS |= dict.fromkeys(("linear", "sigmoid", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3))), 1.0)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps the spread of values through a nonlinearity; `param` is the slope of leaky_relu.

    Raises:
        ValueError: for a name that is not known.

    >>> calculate_gain("leaky_relu", 0.2)
    1.3867504905630728
    """
    if nonlinearity == "leaky_relu":
        slope: Any = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"calculate_gain: the slope of leaky_relu must be a number; got {param!r}")
        return sqrt(2 / (1 + slope**2))
    if nonlinearity not in GAINS:
        raise ValueError(f"calculate_gain: expected leaky_relu or one of {', '.join(GAINS)}; got {nonlinearity!r}")
    return GAINS[nonlinearity]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Spread evenly over ±gain · √(6 / (fan_in + fan_out)). Glorot & Bengio 2010.

    >>> import tinygrad_cnn as tg
    >>> bool((xavier_uniform_(tg.empty(4, 2)).abs() <= 1).all())
    True
    """
    bound = gain * sqrt(6 / sum(_fans("xavier_uniform_", tensor)))
    return _uniform("xavier_uniform_", tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation gain · √(2 / (fan_in + fan_out)). Glorot & Bengio 2010.

    >>> nn.init.xavier_normal_(tg.empty(3, 5)).shape
    (3, 5)
    """
    return _normal("xavier_normal_", tensor, 0, gain * sqrt(2 / sum(_fans("xavier_normal_", tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Spread evenly over ±gain · √(3 / fan). He et al. 2015.

    Args:
        a: the slope of the leaky_relu that follows.
        mode: which fan, "fan_in" to keep the spread forward, "fan_out" backward.
        nonlinearity: what follows, for `calculate_gain`.

    >>> import tinygrad_cnn as tg
    >>> bool((kaiming_uniform_(tg.empty(4, 6)).abs() <= 1).all())
    True
    """
    if 0 in tensor.shape:
        warn("kaiming_uniform_: this tensor has no elements to initialise", stacklevel=2)
        return tensor
    bound = sqrt(3) * calculate_gain(nonlinearity, a) / sqrt(_fan("kaiming_uniform_", tensor, mode))
    return _uniform("kaiming_uniform_", tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with standard deviation gain / √fan; arguments as of `kaiming_uniform_`. He et al. 2015.

    >>> nn.init.kaiming_normal_(tg.empty(3, 5)).shape
    (3, 5)
    """
    if 0 in tensor.shape:
        warn("kaiming_normal_: this tensor has no elements to initialise", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / sqrt(_fan("kaiming_normal_", tensor, mode))
    return _normal("kaiming_normal_", tensor, 0, std, generator)


def _fan(op: str, tensor: Tensor, mode: str) -> int:
    if str(mode).lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"{op}: mode must be 'fan_in' or 'fan_out'; got {mode!r}")
    return _fans(op, tensor)[str(mode).lower() == "fan_out"]


_calculate_correct_fan = partial(_fan, "_calculate_correct_fan")  # PyTorch's, as above


# matrices with structure ----------------------------------------------------------------------------------------------


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix.

    >>> nn.init.eye_(tg.empty(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    _two_dimensions("eye_", tensor)
    return _write("eye_", tensor, tensor.backend.xp.eye(*tensor.shape, dtype=tensor.dtype))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Kernels (out, in / groups, *window) with which a convolution passes on its input channels, as many as there are.

    Raises:
        ValueError: for less than one or more than three spatial dimensions, or outputs that groups do not divide.

    >>> nn.init.dirac_(tg.empty(1, 1, 3)).flatten()
    tensor([0., 1., 0.])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(
            f"dirac_: expected the kernels of a convolution, with 3 to 5 dimensions; got {tuple(tensor.shape)}"
        )
    if tensor.shape[0] % groups:
        raise ValueError(f"dirac_: {tensor.shape[0]} output channels can't be divided among {groups} groups")
    values = tensor.backend.xp.zeros(tensor.shape, dtype=tensor.dtype)
    centre = tuple(n // 2 for n in tensor.shape[2:])
    outputs = tensor.shape[0] // groups
    for group in range(groups):
        for channel in range(min(outputs, tensor.shape[1])):
            values[(group * outputs + channel, channel, *centre)] = 1
    return _write("dirac_", tensor, values)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """gain times a random matrix with orthonormal rows or columns, whichever are fewer.

    (out, in, …) is taken as the matrix (out, in·…). Saxe et al. 2014.

    >>> import tinygrad_cnn as tg
    >>> q = orthogonal_(tg.empty(2, 3))
    >>> bool(((q @ q.T - tg.eye(2)).abs() < 1e-5).all())
    True
    """
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: expected at least two dimensions; got shape {tuple(tensor.shape)}")
    if not tensor.numel():
        return tensor
    xp, rows = tensor.backend.xp, tensor.shape[0]
    columns = tensor.numel() // rows
    draws = stream(generator, like=tensor).normal((max(rows, columns), min(rows, columns)), tensor.dtype)
    q, r = xp.linalg.qr(draws)
    q = q * xp.sign(xp.diagonal(r))  # without this, q would not be spread evenly over all such matrices
    values = q if rows >= columns else q.T
    return _write("orthogonal_", tensor, gain * values.reshape(tensor.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normally distributed, with this share of each column made 0. Martens 2010.

    >>> (nn.init.sparse_(tg.empty(4, 2), sparsity=0.5) == 0).sum()
    tensor(4)
    """
    _two_dimensions("sparse_", tensor)
    rows, columns = tensor.shape
    source = stream(generator, like=tensor)
    values = source.normal(tensor.shape, tensor.dtype) * std
    for column in range(columns):
        values[source.permutation(rows)[: -int(-sparsity * rows // 1)], column] = 0
    return _write("sparse_", tensor, values)


# names of old programs ------------------------------------------------------------------------------------------------


def _old_name(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    new = function.__name__

    @wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Tensor:
        warn(f"nn.init.{new[:-1]} is an old name of nn.init.{new}", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    renamed.__name__ = new[:-1]
    _, prompt, example = cleandoc(function.__doc__ or "").partition(">>> ")
    renamed.__doc__ = f"The old name of `{new}`.\n\n{prompt}{example}"
    return renamed


constant = _old_name(constant_)
dirac = _old_name(dirac_)
eye = _old_name(eye_)
kaiming_normal = _old_name(kaiming_normal_)
kaiming_uniform = _old_name(kaiming_uniform_)
normal = _old_name(normal_)
orthogonal = _old_name(orthogonal_)
sparse = _old_name(sparse_)
uniform = _old_name(uniform_)
xavier_normal = _old_name(xavier_normal_)
xavier_uniform = _old_name(xavier_uniform_)
