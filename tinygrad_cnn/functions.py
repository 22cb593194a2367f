"""Functions on tensors, by PyTorch's names. Most are the tensor's method, called with the tensor first.

Those of several tensors are written out below.
"""

import builtins
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, overload

from . import ops
from .autograd.modes import in_scope
from .dtypes import result_type
from .errors import ShapeError
from .tensor import Tensor, dimension

F = TypeVar("F", bound=Callable[..., Any])
NUMBER_FIRST = {
    "add",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "div",
    "floor_divide",
    "mul",
    "pow",
    "remainder",
    "sub",
}


def _of_a_tensor(method: F, name: str = "") -> F:
    """A method as a function that refuses arrays, which would come back as arrays and never have a gradient.

    Those of NUMBER_FIRST may begin with a number, as in `pow(2, x)`.
    """
    name = name or method.__name__

    @wraps(method)
    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tensor) and not (
            name in NUMBER_FIRST and type(input) in {builtins.bool, int, float} and args and isinstance(args[0], Tensor)
        ):
            raise TypeError(
                f"{name}: expected a tensor; got {type(input).__name__}; make one with tensor(...){in_scope()}"
            )
        return method(input, *args, **kwargs)

    function.__module__, function.__name__, function.__qualname__ = __name__, name, name
    return function  # type: ignore[return-value]


abs = _of_a_tensor(Tensor.abs)
acos = _of_a_tensor(Tensor.acos)
add = _of_a_tensor(Tensor.add)
all = _of_a_tensor(Tensor.all)
amax = _of_a_tensor(Tensor.amax)
amin = _of_a_tensor(Tensor.amin)
any = _of_a_tensor(Tensor.any)
argmax = _of_a_tensor(Tensor.argmax)
argmin = _of_a_tensor(Tensor.argmin)
argsort = _of_a_tensor(Tensor.argsort)
asin = _of_a_tensor(Tensor.asin)
atan = _of_a_tensor(Tensor.atan)
bitwise_and = _of_a_tensor(Tensor.bitwise_and)
bitwise_not = _of_a_tensor(Tensor.bitwise_not)
bitwise_or = _of_a_tensor(Tensor.bitwise_or)
bitwise_xor = _of_a_tensor(Tensor.bitwise_xor)
broadcast_to = _of_a_tensor(Tensor.broadcast_to)
bmm = _of_a_tensor(Tensor.bmm)
ceil = _of_a_tensor(Tensor.ceil)
chunk = _of_a_tensor(Tensor.chunk)
clamp = _of_a_tensor(Tensor.clamp)
clone = _of_a_tensor(Tensor.clone)
cos = _of_a_tensor(Tensor.cos)
cosh = _of_a_tensor(Tensor.cosh)
cumsum = _of_a_tensor(Tensor.cumsum)
div = _of_a_tensor(Tensor.div)
dot = _of_a_tensor(Tensor.dot)
eq = _of_a_tensor(Tensor.eq)
exp = _of_a_tensor(Tensor.exp)
expm1 = _of_a_tensor(Tensor.expm1)
flatten = _of_a_tensor(Tensor.flatten)
flip = _of_a_tensor(Tensor.flip)
floor = _of_a_tensor(Tensor.floor)
floor_divide = _of_a_tensor(Tensor.floor_divide)
gather = _of_a_tensor(Tensor.gather)
ge = _of_a_tensor(Tensor.ge)
gt = _of_a_tensor(Tensor.gt)
index_select = _of_a_tensor(Tensor.index_select)
isfinite = _of_a_tensor(Tensor.isfinite)
isinf = _of_a_tensor(Tensor.isinf)
isnan = _of_a_tensor(Tensor.isnan)
le = _of_a_tensor(Tensor.le)
log = _of_a_tensor(Tensor.log)
log10 = _of_a_tensor(Tensor.log10)
log1p = _of_a_tensor(Tensor.log1p)
log2 = _of_a_tensor(Tensor.log2)
log_softmax = _of_a_tensor(Tensor.log_softmax)
logical_and = _of_a_tensor(Tensor.logical_and)
logical_not = _of_a_tensor(Tensor.logical_not)
logical_or = _of_a_tensor(Tensor.logical_or)
logical_xor = _of_a_tensor(Tensor.logical_xor)
logsumexp = _of_a_tensor(Tensor.logsumexp)
lt = _of_a_tensor(Tensor.lt)
masked_fill = _of_a_tensor(Tensor.masked_fill)
matmul = _of_a_tensor(Tensor.matmul)
max = _of_a_tensor(Tensor.max)
maximum = _of_a_tensor(Tensor.maximum)
mean = _of_a_tensor(Tensor.mean)
min = _of_a_tensor(Tensor.min)
minimum = _of_a_tensor(Tensor.minimum)
mm = _of_a_tensor(Tensor.mm)
movedim = _of_a_tensor(Tensor.movedim)
mul = _of_a_tensor(Tensor.mul)
mv = _of_a_tensor(Tensor.mv)
narrow = _of_a_tensor(Tensor.narrow)
ne = _of_a_tensor(Tensor.ne)
neg = _of_a_tensor(Tensor.neg)
nonzero = _of_a_tensor(Tensor.nonzero)
norm = _of_a_tensor(Tensor.norm)
numel = _of_a_tensor(Tensor.numel)
outer = _of_a_tensor(Tensor.outer)
permute = _of_a_tensor(Tensor.permute)
pow = _of_a_tensor(Tensor.pow)
prod = _of_a_tensor(Tensor.prod)
ravel = _of_a_tensor(Tensor.ravel)
reciprocal = _of_a_tensor(Tensor.reciprocal)
relu = _of_a_tensor(Tensor.relu)
remainder = _of_a_tensor(Tensor.remainder)
reshape = _of_a_tensor(Tensor.reshape)
roll = _of_a_tensor(Tensor.roll)
round = _of_a_tensor(Tensor.round)
rsqrt = _of_a_tensor(Tensor.rsqrt)
scatter = _of_a_tensor(Tensor.scatter)
scatter_add = _of_a_tensor(Tensor.scatter_add)
select = _of_a_tensor(Tensor.select)
sigmoid = _of_a_tensor(Tensor.sigmoid)
sign = _of_a_tensor(Tensor.sign)
sin = _of_a_tensor(Tensor.sin)
sinh = _of_a_tensor(Tensor.sinh)
softmax = _of_a_tensor(Tensor.softmax)
sort = _of_a_tensor(Tensor.sort)
split = _of_a_tensor(Tensor.split)
sqrt = _of_a_tensor(Tensor.sqrt)
square = _of_a_tensor(Tensor.square)
squeeze = _of_a_tensor(Tensor.squeeze)
std = _of_a_tensor(Tensor.std)
sub = _of_a_tensor(Tensor.sub)
sum = _of_a_tensor(Tensor.sum)
t = _of_a_tensor(Tensor.t)
tan = _of_a_tensor(Tensor.tan)
tanh = _of_a_tensor(Tensor.tanh)
tile = _of_a_tensor(Tensor.repeat, "tile")
topk = _of_a_tensor(Tensor.topk)
transpose = _of_a_tensor(Tensor.transpose)
tril = _of_a_tensor(Tensor.tril)
triu = _of_a_tensor(Tensor.triu)
trunc = _of_a_tensor(Tensor.trunc)
unbind = _of_a_tensor(Tensor.unbind)
unflatten = _of_a_tensor(Tensor.unflatten)
unique = _of_a_tensor(Tensor.unique)
unsqueeze = _of_a_tensor(Tensor.unsqueeze)
var = _of_a_tensor(Tensor.var)

clip = clamp
swapaxes = swapdims = transpose
multiply = mul
divide = true_divide = div
subtract = sub
negative = neg
absolute = abs


def _tensors(op: str, tensors: Any) -> list[Tensor]:
    listed = list(tensors)
    if not listed:
        raise ValueError(f"{op}: expected at least one tensor; got none{in_scope()}")
    for i, value in enumerate(listed):
        if not isinstance(value, Tensor):
            raise TypeError(f"{op}: element {i} must be a tensor; got {type(value).__name__}{in_scope()}")
    return listed


def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """The tensors one after the other along an existing dimension; the other sizes must agree.

    1-d tensors without elements are left out.

    Raises:
        RuntimeError: when they do not, with the first that differs.

    >>> import tinygrad_cnn as tg
    >>> cat([tg.ones(2, 1), tg.zeros(2, 2)], dim=1).shape
    (2, 3)
    """
    every = _tensors("cat", tensors)
    # A loop may start with tensor([]): a 1-d tensor without elements fits anywhere, though its dtype counts.
    listed = [x for x in every if x.shape != (0,)] or every
    first = listed[0]
    place = dimension("cat", dim if axis is None else axis, first.ndim)
    for i, other in enumerate(listed[1:], start=1):
        if other.ndim != first.ndim or builtins.any(
            n != m for d, (n, m) in enumerate(zip(first.shape, other.shape, strict=True)) if d != place
        ):
            raise ShapeError(
                f"cat: tensors must agree in all but dim {dim}; "
                f"tensor 0 has shape {tuple(first.shape)}, tensor {i} {tuple(other.shape)}{in_scope()}"
            )
    out = ops.concat(*listed, dim=place)
    return out if len(listed) == len(every) else out.to(result_type([x.dtype for x in (*every, out)], [], []))


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, side by side along a new dimension."""
    listed = _tensors("stack", tensors)
    for i, other in enumerate(listed):
        if other.shape != listed[0].shape:
            raise ShapeError(
                f"stack: tensors must have one shape; "
                f"tensor 0 has {tuple(listed[0].shape)}, tensor {i} {tuple(other.shape)}{in_scope()}"
            )
    return cat([x.unsqueeze(dim) for x in listed], dimension("stack", dim, listed[0].ndim + 1))


concat = concatenate = cat


@overload
def where(condition: Tensor) -> tuple[Tensor, ...]: ...
@overload
def where(condition: Tensor, input: Any, other: Any) -> Tensor: ...
def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, else `other`; with the condition alone, the indices where it holds."""
    if input is None and other is None:
        return tuple(Tensor.from_array(index) for index in condition.array.nonzero())
    if condition.dtype.kind != "b":
        raise TypeError(
            f"where: the condition must be bool; got dtype {condition.dtype}. Compare first, as in x > 0{in_scope()}"
        )
    return ops.where(condition, input, other)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |input − other| ≤ atol + rtol·|other| everywhere."""
    return bool(input.backend.xp.allclose(input.array, other.array, rtol=rtol, atol=atol, equal_nan=equal_nan))


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether |input − other| ≤ atol + rtol·|other|, element by element."""
    return Tensor.from_array(
        input.backend.xp.isclose(input.array, other.array, rtol=rtol, atol=atol, equal_nan=equal_nan)
    )


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shape and all values are equal."""
    return input.shape == other.shape and bool((input.array == other.array).all())


def is_tensor(obj: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(obj, Tensor)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Coordinate grids: grid i holds the values of vector i along dimension i ("xy" exchanges the first two)."""
    vectors = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], tuple | list) else list(tensors)
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing must be 'ij' or 'xy'; got {indexing!r}")
    shape = tuple(v.numel() for v in vectors)
    grids = [v.reshape([-1 if j == i else 1 for j in range(len(vectors))]).expand(shape) for i, v in enumerate(vectors)]
    return tuple(g.transpose(0, 1) for g in grids) if indexing == "xy" and len(grids) > 1 else tuple(grids)


__all__ = [
    "abs",
    "absolute",
    "acos",
    "add",
    "all",
    "allclose",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "asin",
    "atan",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "bmm",
    "broadcast_to",
    "cat",
    "ceil",
    "chunk",
    "clamp",
    "clip",
    "clone",
    "concat",
    "concatenate",
    "cos",
    "cosh",
    "cumsum",
    "div",
    "divide",
    "dot",
    "eq",
    "equal",
    "exp",
    "expm1",
    "flatten",
    "flip",
    "floor",
    "floor_divide",
    "gather",
    "ge",
    "gt",
    "index_select",
    "is_tensor",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "le",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "lt",
    "masked_fill",
    "matmul",
    "max",
    "maximum",
    "mean",
    "meshgrid",
    "min",
    "minimum",
    "mm",
    "movedim",
    "mul",
    "multiply",
    "mv",
    "narrow",
    "ne",
    "neg",
    "negative",
    "nonzero",
    "norm",
    "numel",
    "outer",
    "permute",
    "pow",
    "prod",
    "ravel",
    "reciprocal",
    "relu",
    "remainder",
    "reshape",
    "roll",
    "round",
    "rsqrt",
    "scatter",
    "scatter_add",
    "select",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sub",
    "subtract",
    "sum",
    "swapaxes",
    "swapdims",
    "t",
    "tan",
    "tanh",
    "tile",
    "topk",
    "transpose",
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "unbind",
    "unflatten",
    "unique",
    "unsqueeze",
    "var",
    "where",
]
