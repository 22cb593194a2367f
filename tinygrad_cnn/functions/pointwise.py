"""Functions that work element by element: the methods of the same names, and `where`."""

from typing import Any, overload

from .. import ops
from ..autograd.modes import in_scope
from ..dtypes import is_floating
from ..errors import ShapeError
from ..tensor import Tensor
from .out import keep, with_out
from .wrap import of_a_tensor

abs = of_a_tensor(Tensor.abs)
acos = of_a_tensor(Tensor.acos)
acosh = of_a_tensor(Tensor.acosh)
add = of_a_tensor(Tensor.add)
addcdiv = of_a_tensor(Tensor.addcdiv)
addcmul = of_a_tensor(Tensor.addcmul)
allclose = of_a_tensor(Tensor.allclose)
angle = of_a_tensor(Tensor.angle)
asin = of_a_tensor(Tensor.asin)
asinh = of_a_tensor(Tensor.asinh)
atan = of_a_tensor(Tensor.atan)
atan2 = of_a_tensor(Tensor.atan2)
atanh = of_a_tensor(Tensor.atanh)
bitwise_and = of_a_tensor(Tensor.bitwise_and)
bitwise_left_shift = of_a_tensor(Tensor.bitwise_left_shift)
bitwise_not = of_a_tensor(Tensor.bitwise_not)
bitwise_or = of_a_tensor(Tensor.bitwise_or)
bitwise_right_shift = of_a_tensor(Tensor.bitwise_right_shift)
bitwise_xor = of_a_tensor(Tensor.bitwise_xor)
ceil = of_a_tensor(Tensor.ceil)
clamp = of_a_tensor(Tensor.clamp)
clamp_max = of_a_tensor(Tensor.clamp_max)
clamp_min = of_a_tensor(Tensor.clamp_min)
copysign = of_a_tensor(Tensor.copysign)
cos = of_a_tensor(Tensor.cos)
cosh = of_a_tensor(Tensor.cosh)
deg2rad = of_a_tensor(Tensor.deg2rad)
digamma = of_a_tensor(Tensor.digamma)
div = of_a_tensor(Tensor.div)
eq = of_a_tensor(Tensor.eq)
equal = of_a_tensor(Tensor.equal)
erf = of_a_tensor(Tensor.erf)
erfc = of_a_tensor(Tensor.erfc)
erfinv = of_a_tensor(Tensor.erfinv)
exp = of_a_tensor(Tensor.exp)
exp2 = of_a_tensor(Tensor.exp2)
expm1 = of_a_tensor(Tensor.expm1)
float_power = of_a_tensor(Tensor.float_power)
floor = of_a_tensor(Tensor.floor)
floor_divide = of_a_tensor(Tensor.floor_divide)
fmax = of_a_tensor(Tensor.fmax)
fmin = of_a_tensor(Tensor.fmin)
fmod = of_a_tensor(Tensor.fmod)
frac = of_a_tensor(Tensor.frac)
gcd = of_a_tensor(Tensor.gcd)
frexp = of_a_tensor(Tensor.frexp)
ge = of_a_tensor(Tensor.ge)
gt = of_a_tensor(Tensor.gt)
heaviside = of_a_tensor(Tensor.heaviside)
hypot = of_a_tensor(Tensor.hypot)
i0 = of_a_tensor(Tensor.i0)
igamma = of_a_tensor(Tensor.igamma)
igammac = of_a_tensor(Tensor.igammac)
isclose = of_a_tensor(Tensor.isclose)
isfinite = of_a_tensor(Tensor.isfinite)
isinf = of_a_tensor(Tensor.isinf)
isnan = of_a_tensor(Tensor.isnan)
isneginf = of_a_tensor(Tensor.isneginf)
isposinf = of_a_tensor(Tensor.isposinf)
isreal = of_a_tensor(Tensor.isreal)
lcm = of_a_tensor(Tensor.lcm)
ldexp = of_a_tensor(Tensor.ldexp)
le = of_a_tensor(Tensor.le)
lerp = of_a_tensor(Tensor.lerp)
lgamma = of_a_tensor(Tensor.lgamma)
log = of_a_tensor(Tensor.log)
log10 = of_a_tensor(Tensor.log10)
log1p = of_a_tensor(Tensor.log1p)
log2 = of_a_tensor(Tensor.log2)
logaddexp = of_a_tensor(Tensor.logaddexp)
logaddexp2 = of_a_tensor(Tensor.logaddexp2)
logical_and = of_a_tensor(Tensor.logical_and)
logical_not = of_a_tensor(Tensor.logical_not)
logical_or = of_a_tensor(Tensor.logical_or)
logical_xor = of_a_tensor(Tensor.logical_xor)
logit = of_a_tensor(Tensor.logit)
lt = of_a_tensor(Tensor.lt)
maximum = of_a_tensor(Tensor.maximum)
minimum = of_a_tensor(Tensor.minimum)
mul = of_a_tensor(Tensor.mul)
mvlgamma = of_a_tensor(Tensor.mvlgamma)
nan_to_num = of_a_tensor(Tensor.nan_to_num)
ne = of_a_tensor(Tensor.ne)
neg = of_a_tensor(Tensor.neg)
nextafter = of_a_tensor(Tensor.nextafter)
positive = of_a_tensor(Tensor.positive)
pow = of_a_tensor(Tensor.pow)
rad2deg = of_a_tensor(Tensor.rad2deg)
reciprocal = of_a_tensor(Tensor.reciprocal)
relu = of_a_tensor(Tensor.relu)
remainder = of_a_tensor(Tensor.remainder)
round = of_a_tensor(Tensor.round)
rsqrt = of_a_tensor(Tensor.rsqrt)
rsub = of_a_tensor(Tensor.rsub)
sgn = of_a_tensor(Tensor.sgn)
sigmoid = of_a_tensor(Tensor.sigmoid)
sign = of_a_tensor(Tensor.sign)
signbit = of_a_tensor(Tensor.signbit)
sin = of_a_tensor(Tensor.sin)
sinc = of_a_tensor(Tensor.sinc)
sinh = of_a_tensor(Tensor.sinh)
sqrt = of_a_tensor(Tensor.sqrt)
square = of_a_tensor(Tensor.square)
sub = of_a_tensor(Tensor.sub)
tan = of_a_tensor(Tensor.tan)
tanh = of_a_tensor(Tensor.tanh)
trunc = of_a_tensor(Tensor.trunc)
xlogy = of_a_tensor(Tensor.xlogy)
arccos, arcsin, arctan, arctan2 = acos, asin, atan, atan2
arccosh, arcsinh, arctanh = acosh, asinh, atanh
absolute = abs
clip = clamp
divide = true_divide = div
fix = trunc
greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
multiply = mul
negative = neg
subtract = sub


def is_tensor(obj: Any) -> bool:
    """Whether it is a tensor.

    >>> is_tensor(tg.ones(1)), is_tensor(1.0)
    (True, False)
    """
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is floating-point.

    >>> is_floating_point(tg.ones(1)), is_floating_point(tg.tensor(1))
    (True, False)
    """
    return is_floating(input.dtype)


@with_out
def fill(input: Tensor, value: Any) -> Tensor:
    """One number, or the value of a tensor without dimensions, in the shape of a tensor; a gradient goes to the latter.

    >>> import tinygrad_cnn as tg
    >>> fill(tg.zeros(2), 3)
    tensor([3., 3.])
    """
    if isinstance(value, Tensor) and value.ndim:
        raise ShapeError(f"fill: value must have no dimensions; got shape {tuple(value.shape)}{in_scope()}")
    everywhere = Tensor.from_array(input.backend.xp.ones(input.shape, dtype="bool"))
    number = value.to(input.dtype) if isinstance(value, Tensor) else value
    return ops.where(everywhere, number, input)


def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of `digamma`; the order comes first, as in PyTorch.

    >>> import tinygrad_cnn as tg
    >>> polygamma(1, tg.tensor([1.0]))
    tensor([1.6449])
    """
    return input.polygamma(n)


@with_out
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element occurs among the test elements; one of the two may be a number.

    >>> import tinygrad_cnn as tg
    >>> isin(tg.tensor([1, 2, 3]), tg.tensor([2, 5]))
    tensor([False,  True, False])
    """
    if not isinstance(elements, Tensor):
        if not isinstance(test_elements, Tensor):
            raise TypeError(f"isin: one of the two must be a tensor; got two numbers{in_scope()}")
        elements = Tensor.from_array(test_elements.backend.asarray(elements))
    return elements.isin(test_elements, assume_unique=assume_unique, invert=invert)  # type: ignore[no-any-return]


@overload
def where(condition: Tensor) -> tuple[Tensor, ...]: ...
@overload
def where(condition: Tensor, input: Any, other: Any, *, out: Tensor | None = None) -> Tensor: ...
def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None) -> Any:
    """`input` where the condition holds, else `other`; with the condition alone, the indices where it holds.

    Raises:
        TypeError: for a condition that is not bool.

    >>> x = tg.tensor([-1.0, 2.0])
    >>> where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if condition.dtype.kind != "b":
        raise TypeError(
            f"where: the condition must be bool; got dtype {condition.dtype}. Compare first, as in x > 0{in_scope()}"
        )
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):  # two numbers: their dtype is Python's
        input = condition.new_tensor(input)
    result = ops.where(condition, input, other)
    return result if out is None else keep("where", result, out, (input, other))


__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "add",
    "addcdiv",
    "addcmul",
    "allclose",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "copysign",
    "cos",
    "cosh",
    "deg2rad",
    "digamma",
    "div",
    "divide",
    "eq",
    "equal",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "fill",
    "fix",
    "float_power",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "gcd",
    "frexp",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "heaviside",
    "hypot",
    "i0",
    "igamma",
    "igammac",
    "is_floating_point",
    "is_tensor",
    "isclose",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "lcm",
    "ldexp",
    "le",
    "lerp",
    "less",
    "less_equal",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logit",
    "lt",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "mvlgamma",
    "nan_to_num",
    "ne",
    "neg",
    "negative",
    "nextafter",
    "not_equal",
    "polygamma",
    "positive",
    "pow",
    "rad2deg",
    "reciprocal",
    "relu",
    "remainder",
    "round",
    "rsqrt",
    "rsub",
    "sgn",
    "sigmoid",
    "sign",
    "signbit",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "sub",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
    "where",
    "xlogy",
]
