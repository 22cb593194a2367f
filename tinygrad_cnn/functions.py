"""Functions on tensors, by PyTorch's names. Most are the tensor's method, called with the tensor first.

Those of several tensors are written out below.
"""

import builtins
from collections.abc import Sequence
from typing import Any, Literal, overload

from . import ops
from .autograd.modes import in_scope
from .errors import ShapeError
from .tensor import Tensor, dimension

abs = Tensor.abs
acos = Tensor.acos
add = Tensor.add
all = Tensor.all
amax = Tensor.amax
amin = Tensor.amin
any = Tensor.any
argmax = Tensor.argmax
argmin = Tensor.argmin
asin = Tensor.asin
atan = Tensor.atan
broadcast_to = Tensor.broadcast_to
bmm = Tensor.bmm
ceil = Tensor.ceil
chunk = Tensor.chunk
clamp = Tensor.clamp
clip = Tensor.clamp
clone = Tensor.clone
cos = Tensor.cos
cosh = Tensor.cosh
cumsum = Tensor.cumsum
div = Tensor.div
dot = Tensor.dot
eq = Tensor.eq
exp = Tensor.exp
expm1 = Tensor.expm1
flatten = Tensor.flatten
flip = Tensor.flip
floor = Tensor.floor
floor_divide = Tensor.floor_divide
gather = Tensor.gather
ge = Tensor.ge
gt = Tensor.gt
index_select = Tensor.index_select
isfinite = Tensor.isfinite
isinf = Tensor.isinf
isnan = Tensor.isnan
le = Tensor.le
log = Tensor.log
log10 = Tensor.log10
log1p = Tensor.log1p
log2 = Tensor.log2
log_softmax = Tensor.log_softmax
logical_and = Tensor.logical_and
logical_not = Tensor.logical_not
logical_or = Tensor.logical_or
logical_xor = Tensor.logical_xor
logsumexp = Tensor.logsumexp
lt = Tensor.lt
masked_fill = Tensor.masked_fill
matmul = Tensor.matmul
max = Tensor.max
maximum = Tensor.maximum
mean = Tensor.mean
min = Tensor.min
minimum = Tensor.minimum
mm = Tensor.mm
movedim = Tensor.movedim
mul = Tensor.mul
mv = Tensor.mv
narrow = Tensor.narrow
ne = Tensor.ne
neg = Tensor.neg
norm = Tensor.norm
numel = Tensor.numel
outer = Tensor.outer
permute = Tensor.permute
pow = Tensor.pow
prod = Tensor.prod
ravel = Tensor.ravel
reciprocal = Tensor.reciprocal
relu = Tensor.relu
remainder = Tensor.remainder
reshape = Tensor.reshape
roll = Tensor.roll
round = Tensor.round
rsqrt = Tensor.rsqrt
scatter_add = Tensor.scatter_add
select = Tensor.select
sigmoid = Tensor.sigmoid
sign = Tensor.sign
sin = Tensor.sin
sinh = Tensor.sinh
softmax = Tensor.softmax
split = Tensor.split
sqrt = Tensor.sqrt
square = Tensor.square
squeeze = Tensor.squeeze
std = Tensor.std
sub = Tensor.sub
sum = Tensor.sum
swapaxes = Tensor.transpose
swapdims = Tensor.transpose
t = Tensor.t
tan = Tensor.tan
tanh = Tensor.tanh
tile = Tensor.repeat
transpose = Tensor.transpose
tril = Tensor.tril
triu = Tensor.triu
trunc = Tensor.trunc
unbind = Tensor.unbind
unflatten = Tensor.unflatten
unsqueeze = Tensor.unsqueeze
var = Tensor.var

multiply = Tensor.mul
divide = Tensor.div
true_divide = Tensor.div
subtract = Tensor.sub
negative = Tensor.neg
absolute = Tensor.abs


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

    Raises:
        RuntimeError: when they do not, with the first that differs.

    >>> import tinygrad_cnn as tg
    >>> cat([tg.ones(2, 1), tg.zeros(2, 2)], dim=1).shape
    (2, 3)
    """
    listed = _tensors("cat", tensors)
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
    return ops.concat(*listed, dim=place)


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


@overload
def nonzero(input: Tensor, *, as_tuple: Literal[False] = False) -> Tensor: ...
@overload
def nonzero(input: Tensor, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Where the values are not zero: one row of indices per value (or one tensor per dimension)."""
    parts = input.array.nonzero()
    if as_tuple:
        return tuple(Tensor.from_array(part) for part in parts)
    return Tensor.from_array(input.backend.xp.stack(parts, axis=-1))


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
    "asin",
    "atan",
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
    "scatter_add",
    "select",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
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
    "transpose",
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "unbind",
    "unflatten",
    "unsqueeze",
    "var",
    "where",
]
