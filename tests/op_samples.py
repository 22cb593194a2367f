"""The operations as data: for each, inputs, parameters, an independent reference and inputs that are errors.

`tests/test_ops.py` walks this table, and fails for an operation that has no row. To add an operation, add a row:

    row("mul", R.each(lambda x, y: x * y), case(some(2, 3), some(3)))
"""

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests import references as R
from tests.samples import OPS, SAMPLES, Array, booleans, case, distinct, error, integers, positive, row, small, some
from tinygrad_cnn import ops
from tinygrad_cnn.backend import cpu
from tinygrad_cnn.errors import DtypeError, ShapeError

__all__ = ["SAMPLES"]

SHAPES = ((3,), (2, 3), ())
MISMATCH = (some(2, 3), some(4))


def unary(name: str, f: Callable[[Any], Any], make: Callable[..., Array] = some, dtype: Any = float) -> None:
    row(name, R.each(f, dtype), *(case(make(*shape)) for shape in SHAPES), case(make(0, 2)))


def binary(
    name: str,
    f: Callable[[Any, Any], Any],
    make: Callable[..., Array] = some,
    dtype: Any = float,
    divisor: Callable[..., Array] | None = None,
) -> None:
    """A row for two inputs that broadcast: equal shapes, each side smaller, without dimensions, empty, a number."""
    make_y = divisor or make
    pairs = [((2, 3), (2, 3)), ((2, 3), (3,)), ((1, 3), (2, 1)), ((2, 1, 3), (4, 1)), ((), (2,)), ((0, 3), (1, 3))]
    cases = [case(make(*a), make_y(*b)) for a, b in pairs]
    if make is not integers:
        cases += [case(make(2, 3), 2.5), case(-1.5, make_y(2, 3))]
    broadcast = error(ShapeError, rf"{name}: shapes \(2, 3\) and \(4,\) do not broadcast", make(2, 3), make(4))
    row(name, R.each(f, dtype), *cases, errors=(broadcast,))


# arithmetic -----------------------------------------------------------------------------------------------------------

binary("add", operator.add)
binary("sub", operator.sub)
binary("mul", operator.mul)
binary("div", operator.truediv)
for name, f in (
    ("floor_divide", lambda x, y: math.floor(x / y)),
    ("remainder", lambda x, y: x - y * math.floor(x / y)),
):
    binary(
        name, f, partial(some, near=(1.0, 1.8)), divisor=partial(some, near=(0.4, 0.7))
    )  # no quotient near an integer
binary("maximum", lambda x, y: max(y, x))
binary("minimum", lambda x, y: min(y, x))
row(
    "pow",
    R.each(operator.pow),
    *(case(positive(*a), some(*b)) for a, b in [((2, 3), (3,)), ((3,), (2, 1)), ((), ())]),
    *(case(some(2, 3), exponent) for exponent in (3, -2, 1, 0, 2.0)),
    *(case(positive(3), exponent) for exponent in (0.5, -1.5)),
    *(case(base, some(2, 3)) for base in (2.5, 2)),
    errors=(error(ShapeError, "pow: shapes", *MISMATCH),),
)
unary("neg", operator.neg)
unary("square", lambda x: x**2)
unary("reciprocal", lambda x: x**-1)
unary("abs", lambda x: x if x > 0 else -x)
unary("sign", lambda x: 1 if x > 0 else -1)
unary("floor", math.floor)
unary("ceil", math.ceil)
unary("round", lambda x: math.floor(x + 0.5))
unary("trunc", int)
unary("copy", lambda x: x)


def _clamped(x: float, low: float | None, high: float | None) -> float:
    return low if low is not None and x < low else high if high is not None and x > high else x


LIMITS = ((-0.5, 1.0), (None, 0.5), (-1.0, None))
row("clamp", R.each(_clamped), *(case(some(*shape), low=a, high=b) for a, b in LIMITS for shape in SHAPES))
row(
    "inside",
    R.each(lambda x, low, high: x == _clamped(x, low, high), bool),
    *(case(some(2, 3), low=a, high=b) for a, b in LIMITS),
)
FLOAT = np.dtype("float64")
row(
    "cast",
    lambda x, *, dtype, source: R.each(np.dtype(dtype).type, dtype)(x),
    case(some(2, 3), dtype=FLOAT, source=FLOAT),
    case(some(2, 3), dtype=np.dtype("int64"), source=FLOAT),
    case(integers(3), dtype=FLOAT, source=np.dtype("int64")),
)
row("transfer", lambda x, *, target, source: x, case(some(2, 3), target=cpu, source=cpu))

# exponentials, activations --------------------------------------------------------------------------------------------

for name in ("exp", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan"):
    unary(name, getattr(math, name))
for name in ("log", "log2", "log10", "log1p", "sqrt"):
    unary(name, getattr(math, name), positive)
unary("rsqrt", lambda x: 1 / math.sqrt(x), positive)
unary("asin", math.asin, small)
unary("acos", math.acos, small)
unary("relu", lambda x: max(0, x))
unary("sigmoid", lambda x: 1 / (1 + math.exp(-x)))
unary("silu", lambda x: x / (1 + math.exp(-x)))
unary("gelu", lambda x: x * (1 + math.erf(x / 2**0.5)) / 2)
unary("hardsigmoid", lambda x: min(max(x + 3, 0), 6) / 6)
unary("hardswish", lambda x: x * min(max(x + 3, 0), 6) / 6)
row(
    "hardtanh",
    R.each(lambda x, low, high: min(max(x, low), high)),
    *(case(some(2, 3), low=low, high=high) for low, high in ((-0.5, 0.8), (0.0, 6.0), (-4.0, -3.0))),
)


def gradient(name: str, f: Callable[..., Any], **params: Any) -> None:
    """A row for y times a derivative, a number for each number."""
    cases = [case(some(*shape), some(*shape), **params) for shape in ((2, 3), (4,), (0, 2))]
    row(name, R.each(lambda y, v, **params: y * f(v, **params)), *cases, adjoint=OPS[name])


gradient("relu_grad", lambda r: 1 if r > 0 else 0)
gradient("leaky_relu_grad", lambda x, slope: 1 if x > 0 else slope, slope=0.1)
gradient("elu_grad", lambda x, alpha: 1 if x > 0 else alpha * math.exp(x), alpha=0.4)
gradient("sigmoid_grad", lambda s: s * (1 - s))
gradient("tanh_grad", lambda t: 1 - t**2)
gradient("hardswish_grad", lambda x: 0 if x < -3 else 1 if x > 3 else x / 3 + 0.5)
gradient("hardtanh_grad", lambda x, low, high: 1 if low < x < high else 0, low=-0.5, high=0.8)
gradient("gelu_grad", lambda x: (1 + math.erf(x / 2**0.5)) / 2 + x * math.exp(-x * x / 2) / (2 * math.pi) ** 0.5)
gradient("silu_grad", lambda x: (1 + math.exp(-x) * (1 + x)) / (1 + math.exp(-x)) ** 2)
row(
    "leaky_relu",
    R.each(lambda x, slope: x if x > 0 else slope * x),
    *(case(some(2, 3), slope=s) for s in (0.1, 0, -0.5)),
)
row(
    "elu",
    R.each(lambda x, alpha: x if x > 0 else alpha * (math.exp(x) - 1)),
    *(case(some(2, 3), alpha=a) for a in (1.0, 0.4)),
)
row(
    "softplus",
    R.each(lambda x, beta: math.log(1 + math.exp(beta * x)) / beta),
    *(case(some(2, 3), beta=b) for b in (1.0, 2.5)),
)


def softmax(line: list[float]) -> list[float]:
    powers = [math.exp(v) for v in line]
    return [p / math.fsum(powers) for p in powers]


row("softmax", R.along(softmax), *(case(some(2, 3, 2), dim=d) for d in (0, 1, 2)), case(some(0, 3), dim=1))
row(
    "log_softmax",
    R.along(lambda line: [math.log(p) for p in softmax(line)]),
    *(case(some(2, 3, 2), dim=d) for d in (0, 1, 2)),
    case(some(0, 3), dim=1),
)

# comparison, logic, choice --------------------------------------------------------------------------------------------

for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    binary(name, getattr(operator, name), integers, bool)
binary("logical_and", lambda x, y: bool(x) and bool(y), integers, bool)
binary("logical_or", lambda x, y: bool(x) or bool(y), integers, bool)
binary("logical_xor", lambda x, y: bool(x) != bool(y), integers, bool)
unary("logical_not", operator.not_, integers, bool)
binary("bitwise_and", operator.and_, integers, int)
binary("bitwise_or", operator.or_, integers, int)
binary("bitwise_xor", operator.xor, integers, int)
unary("bitwise_not", operator.invert, integers, int)
for name in ("isnan", "isinf", "isfinite"):
    row(name, R.each(getattr(math, name), bool), case(np.array([1.0, np.nan, np.inf, -np.inf, 0.0])), case(some(0)))
row(
    "where",
    R.each(lambda condition, x, y: x if condition else y),
    case(booleans(2, 3), some(2, 3), some(2, 3)),
    case(booleans(3), some(2, 1), some(1, 3)),
    case(booleans(2, 3), some(), 0.5),
    case(booleans(2, 1), -1.5, some(3)),
    errors=(error(ShapeError, "where: shapes", booleans(2, 3), *MISMATCH),),
)

# reductions -----------------------------------------------------------------------------------------------------------


def reduction(
    name: str, f: Callable[..., Any], make: Callable[..., Array] = some, dtype: Any = float, empty: bool = False
) -> None:
    dims = [((0, 1, 2), False), ((0, 1, 2), True), ((1,), False), ((1,), True), ((0, 2), False), ((0, 2), True)]
    cases = [case(make(2, 3, 2), dim=dim, keepdim=keepdim) for dim, keepdim in dims]
    cases += [case(make(), dim=(), keepdim=False), case(make(0, 3), dim=(1,), keepdim=False)]
    row(name, R.over(f, dtype), *cases, *[case(make(0, 3), dim=(0,), keepdim=True)] * empty)


reduction("sum", math.fsum, empty=True)
reduction("mean", lambda values: math.fsum(values) / len(values))
reduction("euclidean_norm", lambda values: math.hypot(*values))
reduction("logsumexp", lambda values: math.log(math.fsum(map(math.exp, values))))
reduction("amax", max, distinct)
reduction("amin", min, distinct)
reduction("any", any, booleans, bool, empty=True)
reduction("all", all, booleans, bool, empty=True)
row(
    "var",
    R.over(R.variance),
    *(
        case(some(2, 3, 2), dim=d, correction=c, keepdim=k)
        for d, c, k in [((0, 1, 2), 1, False), ((1,), 0, True), ((0, 2), 1, True), ((0, 2), 0.5, False)]
    ),
)
for name, choose in (("argmax", max), ("argmin", min)):
    dims = [(None, False), (None, True), (0, False), (1, True)]
    row(
        name,
        R.over(lambda values, choose=choose: values.index(choose(values)), int),
        *(case(make(3, 4), dim=d, keepdim=k) for d, k in dims for make in (distinct, integers)),
    )
ZEROS = np.array([[0.0, 1.5, -2.0], [0.0, 0.0, 3.0], [2.0, -1.0, 0.5]])
row(
    "prod", R.over(math.prod), *(case(x, dim=d) for d in (0, 1) for x in (some(3, 3), ZEROS, some(3, 2, 2), some(5, 2)))
)
row(
    "cumsum",
    R.along(lambda line: [math.fsum(line[: i + 1]) for i in range(len(line))]),
    *(case(some(3, 2), dim=d) for d in (0, 1)),
    case(some(0, 2), dim=0),
    adjoint=lambda y, *, dim: ops.flip(ops.cumsum(ops.flip(y, dim=(dim,)), dim=dim), dim=(dim,)),
)

# shape ----------------------------------------------------------------------------------------------------------------

row(
    "reshape",
    lambda x, *, shape: np.array([v.item() for v in x.flat]).reshape(shape),
    *(case(some(2, 6), shape=s) for s in ((12,), (3, 4), (-1, 2, 1), (1, 3, 4))),
    case(some(0, 2), shape=(2, 0)),
    case(some(), shape=(1, 1)),
    adjoint=lambda y, *, shape, x_shape: ops.reshape(y, shape=x_shape),
)
row(
    "permute",
    R.permute,
    *(case(some(2, 3, 4), dims=d) for d in ((0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0))),
    case(some(), dims=()),
    adjoint=lambda y, *, dims: ops.permute(y, dims=tuple(np.argsort(dims).tolist())),
)
row(
    "flip",
    R.moved(lambda i, shape, dim: tuple(shape[d] - 1 - j if d in dim else j for d, j in enumerate(i))),
    *(case(some(3, 4), dim=d) for d in ((0,), (1,), (0, 1), ())),
    adjoint=ops.flip,
)
row(
    "roll",
    R.moved(
        lambda i, shape, shifts, dim: tuple(
            (j - sum(s for s, e in zip(shifts, dim, strict=True) if e == d)) % shape[d] for d, j in enumerate(i)
        )
    ),
    *(case(some(3, 4), shifts=s, dim=d) for s, d in [((1,), (0,)), ((-2,), (1,)), ((5, 2), (0, 1))]),
    adjoint=lambda y, *, shifts, dim: ops.roll(y, shifts=tuple(-s for s in shifts), dim=dim),
)
row(
    "concat",
    lambda *arrays, dim: np.array([v for x in arrays for v in np.moveaxis(x, dim, 0)]).swapaxes(0, dim),
    case(some(2, 3), some(2, 2), dim=1),
    case(some(2, 3), some(1, 3), some(4, 3), dim=0),
    case(some(0), some(2), dim=0),
    case(some(3), dim=0),
)
row(
    "pad",
    R.pad,
    *(
        case(some(3, 4), pads=p, value=v)
        for p, v in [(((1, 0), (0, 2)), 0), (((0, 0), (1, 1)), 2.5), (((-1, 1), (2, -2)), 0), (((-1, -1), (-1, 0)), 0)]
    ),
)


def _below(shape: tuple[int, ...], diagonal: int) -> Array:
    return np.array([[j <= i + diagonal for j in range(shape[-1])] for i in range(shape[-2])])


row(
    "tril",
    lambda x, *, diagonal: x * _below(x.shape, diagonal),
    *(case(some(*shape), diagonal=d) for shape in ((3, 4), (2, 3, 3)) for d in (0, 1, -1)),
    adjoint=ops.tril,
)
row(
    "triu",
    lambda x, *, diagonal: x * ~_below(x.shape, diagonal - 1),
    *(case(some(*shape), diagonal=d) for shape in ((3, 4), (2, 3, 3)) for d in (0, 1, -1)),
    adjoint=ops.triu,
)

# indexing -------------------------------------------------------------------------------------------------------------

INDICES = (
    ((3, 4), 1),
    ((3, 4), (-1, 2)),
    ((5, 4), (slice(1, 4, 2), slice(None, None, -1))),
    ((3, 4), (None, Ellipsis, slice(0, 0))),
    ((2, 3, 4), (Ellipsis, 1)),
    ((3, 4), np.array([2, 0, 2, -1])),
    ((3, 4), (slice(None), np.array([[1, 1], [3, 0]]))),
    ((3, 4), (np.array([0, 2, 0]), np.array([1, 3, 1]))),
    ((2, 3, 4), (slice(1, None), np.array([2, 0]), np.array([[1], [1]]))),
    ((3, 4), booleans(3, 4)),
    ((3, 4), np.array([True, False, True])),
)


def _at(shape: tuple[int, ...], index: Any) -> tuple[int, ...]:
    return R.positions(shape, index).shape


row(
    "getitem",
    R.getitem,
    *(case(some(*shape), index=index) for shape, index in INDICES),
    errors=(error(IndexError, "getitem: index 3 is out of bounds", some(3), index=3),),
    adjoint=lambda y, *, index, x_shape: ops.scatter_items(y, shape=x_shape, index=index),
)
row(
    "scatter_items",
    R.scatter_items,
    *(case(some(*_at(shape, index)), shape=shape, index=index) for shape, index in INDICES),
    adjoint=lambda y, *, index, shape: ops.getitem(y, index=index),
)
ONCE = [pair for pair in INDICES if len(set(R.positions(*pair).flat)) == R.positions(*pair).size]
row(
    "setitem",
    R.setitem,
    *(case(some(*shape), some(*_at(shape, index)), index=index) for shape, index in ONCE),
    case(some(3, 4), some(4), index=slice(0, 2)),
    case(some(3, 4), some(2, 1), index=np.array([2, 0])),
    case(some(3, 4), some(), index=np.array([2, 0])),
    case(some(3, 4), 2.5, index=(slice(None), 1)),
)
VIEW = ((ops.permute, {"dims": (1, 0)}), (ops.getitem, {"index": (slice(1, 3), slice(None))}))
row(
    "write_view",
    lambda x, values, *, view: R.setitem(x.T, values, index=view[1][1]["index"]).T,
    *(case(some(3, 4), values, view=VIEW) for values in (some(2, 3), some(3), 1.5)),
)
ALONG = (
    ((3, 4), 1, np.array([[0, 3, 3], [1, 1, 1], [2, 0, 1]])),
    ((3, 4), 0, np.array([[0, 2, 2, 1], [1, 1, 0, 0]])),
    ((2, 3, 2), 1, np.array([[[2, 0]]])),
)
row(
    "gather_along",
    R.gather_along,
    *(case(some(*shape), dim=dim, index=index) for shape, dim, index in ALONG),
    adjoint=lambda y, *, dim, index, x_shape: ops.scatter_along(y, shape=x_shape, dim=dim, index=index),
)
row(
    "scatter_along",
    R.scatter_along,
    *(case(some(*index.shape), shape=shape, dim=dim, index=index) for shape, dim, index in ALONG),
    adjoint=lambda y, *, shape, dim, index: ops.gather_along(y, dim=dim, index=index),
)
BROADCASTS = (((3,), (2, 3)), ((2, 1), (2, 3)), ((1, 1), (2, 2, 3)), ((), (2,)), ((2, 3), (2, 3)), ((1, 3), (0, 3)))
row(
    "broadcast_to",
    R.broadcast_to,
    *(case(some(*a), shape=b) for a, b in BROADCASTS),
    adjoint=lambda y, *, shape, x_shape: ops.sum_to(y, shape=x_shape),
)
row(
    "sum_to",
    R.sum_to,
    *(case(some(*b), shape=a) for a, b in BROADCASTS),
    adjoint=lambda y, *, shape, x_shape: ops.broadcast_to(y, shape=x_shape),
)

# products -------------------------------------------------------------------------------------------------------------

PRODUCTS = (((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 2)), ((2, 1, 2, 3), (4, 3, 1)), ((2, 3), (4, 3, 2)), ((2, 0), (0, 3)))
row(
    "matmul",
    R.matmul,
    *(case(some(*a), some(*b)) for a, b in PRODUCTS),
    case(some(0, 2, 3), some(3, 2)),
    errors=(
        error(DtypeError, "matmul: all inputs must have one dtype; got x float64, y int64", some(2, 2), integers(2, 2)),
    ),
)
row(
    "linear",
    R.linear,
    *(case(some(*x), some(4, 3), b) for x in ((2, 3), (3,), (2, 2, 3), (0, 3)) for b in (some(4), None)),
)
