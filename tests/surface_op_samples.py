"""Rows of the table in `op_samples.py`: special functions, pairs of numbers, scans, norms, diagonals, scattering."""

import math
import operator
import statistics
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests import references as R
from tests.op_samples import binary, unary
from tests.samples import Array, case, distinct, integers, positive, row, small, some
from tinygrad_cnn import ops

# special functions ----------------------------------------------------------------------------------------------------


def _erfinv(x: float) -> float:
    low, high = -6.0, 6.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < x else (low, middle)
    return low


def _polygamma(x: float, n: int = 0) -> float:
    """The sum, with the first terms of Euler's and Maclaurin's formula from x + 2000 on."""
    far, s = x + 2000, n + 1
    if n == 0:
        return math.log(far) - 1 / (2 * far) - 1 / (12 * far**2) - math.fsum(1 / (x + k) for k in range(2000))
    total = math.fsum((x + k) ** -s for k in range(2000))
    total += far ** (1 - s) / (s - 1) + far**-s / 2 + s * far ** (-s - 1) / 12
    return (-1) ** (n + 1) * math.factorial(n) * total


unary("erf", math.erf)
unary("erfc", math.erfc)
unary("erfinv", _erfinv, small)
unary("lgamma", math.lgamma)
unary("digamma", _polygamma)
row("polygamma", R.each(_polygamma), *(case(some(2, 3), n=n) for n in (1, 2, 4)), case(some(0, 2), n=1))


def _of_scipy(name: str, x: float, **params: Any) -> float:
    special = pytest.importorskip("scipy.special")
    if name == "airy":
        return float(special.airy(x)[int(params["slope"])])
    return float(getattr(special, f"{name}{params['order']}{'e' * params.get('scaled', False)}")(x))


ORDERS = [{"order": 0}, {"order": 1}]
row("bessel_j", R.each(partial(_of_scipy, "j")), *(case(some(2, 3), **p) for p in ORDERS), case(some(0, 2), order=0))
row("bessel_y", R.each(partial(_of_scipy, "y")), *(case(positive(2, 3), **p) for p in ORDERS))
row(
    "bessel_k",
    R.each(partial(_of_scipy, "k")),
    *(case(positive(2, 3), scaled=scaled, **p) for p in ORDERS for scaled in (False, True)),
)
row("airy_ai", R.each(partial(_of_scipy, "airy")), *(case(some(2, 3), slope=slope) for slope in (False, True)))
unary("erfcx", lambda x: math.exp(x * x) * math.erfc(x))
unary("entr", lambda x: -x * math.log(x), positive)
unary("ndtri", lambda x: statistics.NormalDist().inv_cdf(x), lambda *shape: np.asarray(positive(*shape) / 2.5))
unary("sinc", lambda x: math.sin(math.pi * x) / (math.pi * x))
unary("exp2", lambda x: 2**x)
unary("asinh", math.asinh)
unary("acosh", math.acosh, lambda *shape: np.asarray(positive(*shape) + 1))
unary("atanh", math.atanh, small)
unary("signbit", lambda x: x < 0, some, bool)


def _bessel(x: float, order: int, scaled: bool) -> float:
    terms = ((x / 2) ** (2 * k + order) / (math.factorial(k) * math.factorial(k + order)) for k in range(60))
    return math.fsum(terms) * (math.exp(-abs(x)) if scaled else 1)


row(
    "bessel_i",
    R.each(_bessel),
    *(case(some(2, 3), order=n, scaled=scaled) for n in (0, 1) for scaled in (True, False)),
    case(some(0, 2), order=0, scaled=False),
)


def _igamma(x: float, y: float) -> float:
    terms = math.fsum(y**k / math.prod(x + j for j in range(k + 1)) for k in range(80))
    return y**x * math.exp(-y) / math.gamma(x) * terms


# pairs ----------------------------------------------------------------------------------------------------------------

binary("atan2", math.atan2)
binary("hypot", math.hypot)
binary("copysign", math.copysign)
binary(
    "fmod",
    math.fmod,
    lambda *shape: some(*shape, near=(1.0, 1.8)),
    divisor=lambda *shape: some(*shape, near=(0.4, 0.7)),
)
binary("fmax", max)
binary("fmin", min)
binary("logaddexp", lambda x, y: math.log(math.exp(x) + math.exp(y)))
binary("logaddexp2", lambda x, y: math.log2(2**x + 2**y))
binary("xlogy", lambda x, y: x * math.log(y), positive)
binary("xlog1py", lambda x, y: x * math.log1p(y), positive)
PAIRS = (((2, 3), (2, 3)), ((1, 3), (2, 1)), ((), (2,)), ((0, 3), (1, 3)))
row("igamma", R.each(_igamma), *(case(positive(*a), positive(*b)) for a, b in PAIRS))
row("igammac", R.each(lambda x, y: 1 - _igamma(x, y)), *(case(positive(*a), positive(*b)) for a, b in PAIRS))
row(
    "zeta",
    R.each(lambda s, q: math.fsum((q + k) ** -s for k in range(3000)) + (q + 2999.5) ** (1 - s) / (s - 1)),
    *(case(positive(*a) + 3, positive(*b)) for a, b in PAIRS),
)
binary("gcd", math.gcd, integers, int)
binary("lcm", math.lcm, integers, int)
for name, shift in (("bitwise_left_shift", operator.lshift), ("bitwise_right_shift", operator.rshift)):
    row(name, R.each(shift, int), *(case(integers(*a), abs(integers(3))) for a in ((2, 3), (3,), (2, 1))))
row(
    "heaviside",
    R.each(lambda x, y: 0.0 if x < 0 else 1.0 if x > 0 else y),
    case(np.array([-1.5, 0.0, 2.0]), some(3)),
    case(some(2, 3), some(3)),
)
row("nextafter", R.each(math.nextafter), case(some(2, 3), some(3)))

# scans ----------------------------------------------------------------------------------------------------------------


def _running(lines: Any) -> Any:
    return R.along(lambda line: [lines(line[: i + 1]) for i in range(len(line))])


ZEROS = np.array([[0.0, 1.5, -2.0], [0.0, 0.0, 3.0], [2.0, -1.0, 0.5]])
row(
    "cumprod",
    _running(math.prod),
    *(case(x, dim=d) for d in (0, 1) for x in (some(3, 4), ZEROS)),
    case(some(0, 2), dim=0),
)
row(
    "logcumsumexp",
    _running(lambda values: math.log(math.fsum(map(math.exp, values)))),
    *(case(some(3, 4), dim=d) for d in (0, 1)),
    case(some(0, 2), dim=0),
)


def _recurrence(a: Array, b: Array, *, dim: int) -> Array:
    out = np.array(b)
    for i in np.ndindex(b.shape):
        if i[dim]:
            out[i] = b[i] + a[i] * out[(*i[:dim], i[dim] - 1, *i[dim + 1 :])]
    return out


row("recurrence", _recurrence, *(case(some(3, 4), some(3, 4), dim=d) for d in (0, 1)), case(some(1), some(1), dim=0))

# spread and norms -----------------------------------------------------------------------------------------------------

row(
    "std",
    R.over(lambda values, correction: math.sqrt(R.variance(values, correction))),
    *(
        case(some(2, 3, 2), dim=d, correction=c, keepdim=k)
        for d, c, k in [((0, 1, 2), 1, False), ((1,), 0, True), ((0, 2), 0.5, False)]
    ),
)
row(
    "median",
    lambda x, *, skip_nan: np.asarray(sorted(x.reshape(-1).tolist())[(x.size - 1) // 2]),
    *(case(distinct(*shape), skip_nan=skip) for shape in ((5,), (2, 3), ()) for skip in (False, True)),
)


def _norm(values: list[float], p: float) -> float:
    sizes = [abs(v) for v in values]
    if math.isinf(p):
        return max(sizes) if p > 0 else min(sizes)
    return sum(s != 0 for s in sizes) if p == 0 else math.fsum(s**p for s in sizes) ** (1 / p)


row(
    "norm",
    R.over(_norm),
    *(
        case(distinct(2, 3, 2), p=p, dim=(0, 2), keepdim=k)
        for p, k in [(1, True), (3, False), (0.5, True), (-1, False)]
    ),
    *(case(distinct(2, 3), p=p, dim=(1,), keepdim=False) for p in (0, math.inf, -math.inf, 1.5)),
)

# diagonals and windows ------------------------------------------------------------------------------------------------


def _diagonal(x: Array, *, offset: int, dim1: int, dim2: int) -> Array:
    moved = np.moveaxis(x, (dim1, dim2), (-2, -1))
    n, m = moved.shape[-2:]
    found = [moved[..., i, i + offset] for i in range(n) if 0 <= i + offset < m]
    return np.stack(found, -1) if found else np.zeros((*moved.shape[:-2], 0))


def _onto_diagonal(x: Array, *, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Array:
    numbers = _diagonal(np.arange(math.prod(shape)).reshape(shape), offset=offset, dim1=dim1, dim2=dim2)
    out = np.zeros(shape)
    for place, value in zip(numbers.flat, x.flat, strict=True):
        out.flat[int(place)] += value
    return out


DIAGONALS = [((3, 4), 0, 0, 1), ((3, 4), 2, 0, 1), ((2, 3, 4), -1, 2, 0), ((2, 3), 5, 0, 1)]
row(
    "diagonal",
    _diagonal,
    *(case(some(*shape), offset=o, dim1=a, dim2=b) for shape, o, a, b in DIAGONALS),
    adjoint=lambda y, *, x_shape, offset, dim1, dim2: ops.onto_diagonal(
        y, shape=x_shape, offset=offset, dim1=dim1, dim2=dim2
    ),
)
row(
    "onto_diagonal",
    _onto_diagonal,
    *(
        case(some(*_diagonal(np.zeros(s), offset=o, dim1=a, dim2=b).shape), shape=s, offset=o, dim1=a, dim2=b)
        for s, o, a, b in DIAGONALS
    ),
    adjoint=lambda y, *, offset, dim1, dim2: ops.diagonal(y, offset=offset, dim1=dim1, dim2=dim2),
)


def _windows(x: Array, *, dim: int, size: int, step: int) -> Array:
    moved = np.moveaxis(x, dim, -1)
    starts = range(0, moved.shape[-1] - size + 1, step)
    return np.moveaxis(np.stack([moved[..., s : s + size] for s in starts], -2), -2, dim)


def _add_windows(x: Array, *, shape: tuple[int, ...], dim: int, size: int, step: int) -> Array:
    out = np.zeros(shape)
    numbers = _windows(np.arange(math.prod(shape)).reshape(shape), dim=dim, size=size, step=step)
    for place, value in zip(numbers.flat, x.flat, strict=True):
        out.flat[place] += value
    return out


WINDOWS = [((5,), 0, 2, 1), ((3, 6), 1, 3, 2), ((5, 2, 3), 0, 2, 3)]
row(
    "neighbours",
    _windows,
    *(case(some(*shape), dim=d, size=n, step=s) for shape, d, n, s in WINDOWS),
    adjoint=lambda y, *, x_shape, dim, size, step: ops.add_neighbours(y, shape=x_shape, dim=dim, size=size, step=step),
)
row(
    "add_neighbours",
    _add_windows,
    *(
        case(some(*_windows(np.zeros(shape), dim=d, size=n, step=s).shape), shape=shape, dim=d, size=n, step=s)
        for shape, d, n, s in WINDOWS
    ),
    adjoint=lambda y, *, shape, dim, size, step: ops.neighbours(y, dim=dim, size=size, step=step),
)


def _strided(x: Array, *, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Array:
    line, out = x.reshape(-1), np.zeros(shape)
    for i in np.ndindex(shape):
        out[i] = line[offset + sum(a * b for a, b in zip(i, strides, strict=True))]
    return out


def _add_strided(x: Array, *, size: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Array:
    out = np.zeros(size)
    for i in np.ndindex(x.shape):
        out.reshape(-1)[offset + sum(a * b for a, b in zip(i, strides, strict=True))] += x[i]
    return out


STRIDED = [((3, 4), (2, 2), (1, 2), 3), ((6,), (3, 3), (1, 1), 0), ((2, 3), (4,), (0,), 2)]
row(
    "strided",
    _strided,
    *(case(some(*size), shape=shape, strides=strides, offset=o) for size, shape, strides, o in STRIDED),
    adjoint=lambda y, *, x_shape, shape, strides, offset: ops.add_strided(
        y, size=x_shape, strides=strides, offset=offset
    ),
)
row(
    "add_strided",
    _add_strided,
    *(case(some(*shape), size=size, strides=strides, offset=o) for size, shape, strides, o in STRIDED),
)

# scattering -----------------------------------------------------------------------------------------------------------


def _scattered(x: Array, src: Array, *, dim: int, index: Array, kept: Any, join: Any) -> Array:
    out = np.array(x)
    for place in np.ndindex(x.shape):
        found = [src[i] for i in np.ndindex(index.shape) if (*i[:dim], int(index[i]), *i[dim + 1 :]) == place]
        own = [x[place]] if kept is None or kept[place] else []
        out[place] = join([*own, *found])
    return out


def _kept(shape: tuple[int, ...], dim: int, index: Array) -> Array:
    return np.asarray(R.scatter_along(np.ones(index.shape), shape=shape, dim=dim, index=index) == 0)


ALONG = [((3, 4), 1, np.array([[0, 3, 3], [1, 1, 1], [2, 0, 1]])), ((3, 2), 0, np.array([[0, 2], [0, 1]]))]
SCATTERED = [
    (shape, {"dim": dim, "index": index, "kept": kept})
    for shape, dim, index in ALONG
    for kept in (None, _kept(shape, dim, index))
]
row(
    "scatter_extreme",
    lambda x, src, *, largest, **where: _scattered(x, src, join=max if largest else min, **where),
    *(
        case(distinct(*shape) - 0.1, distinct(*where["index"].shape), **where, largest=largest)
        for shape, where in SCATTERED
        for largest in (True, False)
    ),
)


row(
    "scatter_prod",
    lambda x, src, **where: _scattered(x, src, join=math.prod, **where),
    *(case(some(*shape), some(*where["index"].shape), **where) for shape, where in SCATTERED),
    case(some(3), np.array([0.0, 1.5, -0.7, 0.4]), dim=0, index=np.array([0, 0, 2, 0]), kept=None),
)
