"""CuPy's array, with two habits of NumPy: results keep the memory order, and an index that there is not is an error.

CuPy's elementwise results are always in row-major order, so images with channels last would turn back at the first
`x + 1`. Here the operands are seen in the order of their memory, computed with, and seen as before again.
"""

from collections.abc import Callable
from typing import Any

import cupy
import numpy as np

from .checks import outside

Operator = Callable[[Any, Any], Any]
OPERANDS = (cupy.ndarray, int, float, bool, np.generic)


_flags: Callable[[Any], Any] = cupy.ndarray.flags.__get__


def in_rows(x: Any) -> bool:
    """Whether an array lies in row-major order without gaps."""
    return bool(_flags(x).c_contiguous)


def own(result: Any) -> Any:
    """What CuPy returned, with its arrays as ours."""
    if type(result) is tuple:
        return tuple(map(own, result))
    return result if type(result) is Array or not isinstance(result, cupy.ndarray) else result.view(Array)


def memory_order(x: Any) -> tuple[int, ...]:
    """The dimensions of an array, from that with the longest steps through memory to that with the shortest."""
    return tuple(sorted(range(x.ndim), key=lambda dim: -x.strides[dim]))


def inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes another."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def in_order(function: Callable[..., Any], *operands: Any, **options: Any) -> Any:
    """An elementwise function of operands that broadcast, its result in the memory order of the largest of them."""
    if all(in_rows(x) for x in operands if isinstance(x, cupy.ndarray)):
        return own(function(*operands, **options))
    arrays = [x for x in operands if isinstance(x, cupy.ndarray)]
    leader = max(arrays, key=lambda x: (x.size, x.ndim))
    if in_rows(leader) or leader.ndim < max(x.ndim for x in arrays):
        return own(function(*operands, **options))
    order = memory_order(leader)
    turned = [_turn(x, order) if isinstance(x, cupy.ndarray) else x for x in operands]
    result = own(function(*turned, **options))
    back = inverse(order)
    return tuple(x.transpose(back) for x in result) if type(result) is tuple else result.transpose(back)


def _turn(x: Any, order: tuple[int, ...]) -> Any:
    return x.reshape((1,) * (len(order) - x.ndim) + x.shape).transpose(order)


LARGE = 1 << 16  # values from which on it is memory, and not the launch, that takes the time
for_large: dict[str, Operator] = {}  # for arrays of one shape, order and dtype; `losses.py` fills it in


def _are_large(x: Any, y: Any) -> bool:
    return (
        x.size >= LARGE
        and isinstance(y, cupy.ndarray)
        and x.dtype == y.dtype
        and x.dtype.char in "efd"
        and x.shape == y.shape
        and x.strides == y.strides
    )


def _floats(x: Any, y: Any) -> bool:
    return any(isinstance(v, float) or (hasattr(v, "dtype") and v.dtype.kind == "f") for v in (x, y))


def _below(rest: Any, y: Any) -> Any:
    """Where what C's division leaves has the other sign than y."""
    return (rest != 0) & cupy.not_equal(rest < 0, cupy.less(y, 0))


def _remainder(x: Any, y: Any) -> Any:
    """x − y·⌊x / y⌋, with all its digits. CuPy computes it so, and loses those that x / y has no room for."""
    if not _floats(x, y):
        return cupy.remainder(x, y)
    rest = cupy.fmod(x, y)
    rest = cupy.where(_below(rest, y), rest + y, rest)
    return cupy.where(rest == 0, cupy.copysign(rest, y), rest)


def _floor_divide(x: Any, y: Any) -> Any:
    """⌊x / y⌋ of the exact quotient: 1 // 0.1 is 9, since 0.1 is a little more than a tenth; CuPy gives 10."""
    if not _floats(x, y):
        return cupy.floor_divide(x, y)
    rest, quotient = cupy.fmod(x, y), cupy.true_divide(x, y)
    whole = cupy.true_divide(x - rest, y)
    whole = cupy.rint(cupy.where(_below(rest, y), whole - 1, whole))
    whole = cupy.where(whole == 0, cupy.copysign(whole, quotient), whole)
    return cupy.where(cupy.equal(y, 0), quotient, whole)


EXACT = {"remainder": _remainder, "floor_divide": _floor_divide}


def _binary(name: str) -> tuple[Operator, Operator]:
    """The operators x ∘ y and y ∘ x of a function of CuPy; other objects get the chance to do it themselves."""
    function = EXACT.get(name) or getattr(cupy, name)

    def operator(x: Any, y: Any) -> Any:
        if name in for_large and _are_large(x, y):
            return for_large[name](x, y)
        return in_order(function, x, y) if isinstance(y, OPERANDS) else NotImplemented

    def reflected(x: Any, y: Any) -> Any:
        return in_order(function, y, x) if isinstance(y, OPERANDS) else NotImplemented

    return operator, reflected


def check_indices(shape: tuple[int, ...], key: Any) -> None:
    """Refuse integers in arrays that name no place, which CuPy would wrap around in silence.

    Raises:
        IndexError: with the dimension and its size.
    """
    parts = key if isinstance(key, tuple) else (key,)
    if not any(isinstance(part, cupy.ndarray) for part in parts):
        return
    known = sum(_dimensions(part) for part in parts)
    dim = 0
    for part in parts:
        if part is Ellipsis:
            dim += len(shape) - known
        elif isinstance(part, cupy.ndarray) and part.dtype.kind in "iu":
            size = shape[dim]
            if outside(part, -size, size):
                raise IndexError(f"index {int(part.max())} or {int(part.min())} is out of bounds for size {size}")
        dim += _dimensions(part)


def _dimensions(part: Any) -> int:
    """How many dimensions a part of an index takes."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, cupy.ndarray) and part.dtype.kind == "b" else 1


class Flags:
    """What is known about an array's memory: CuPy's flags, and that of NumPy which CuPy lacks."""

    def __init__(self, array: Any) -> None:
        self._array, self._known = array, _flags(array)

    @property
    def writeable(self) -> bool:
        """Whether each element has a place of its own, which is all that can keep device memory from being written."""
        x = self._array
        return all(step or n < 2 for n, step in zip(x.shape, x.strides, strict=True))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._known, name)

    def __getitem__(self, name: str) -> Any:
        return self.writeable if name in ("W", "WRITEABLE") else self._known[name]


def _fresh(name: str) -> Any:
    """A method of CuPy's array whose result may be new: such results are CuPy's own arrays, views are ours."""
    method = getattr(cupy.ndarray, name)

    def call(x: Any, *arguments: Any, **options: Any) -> Any:
        return own(method(x, *arguments, **options))

    return call


class Array(cupy.ndarray):  # type: ignore[misc]
    """An array on a CUDA device.

    Attributes:
        multiplied: characters of the dtypes of 16 bits that are not computed with but have products of their own; the
            backend knows.
    """

    multiplied = ""

    __array_priority__ = 200
    __hash__ = None  # type: ignore[assignment]

    __add__, __radd__ = _binary("add")
    __sub__, __rsub__ = _binary("subtract")
    __mul__, __rmul__ = _binary("multiply")
    __truediv__, __rtruediv__ = _binary("true_divide")
    __floordiv__, __rfloordiv__ = _binary("floor_divide")
    __mod__, __rmod__ = _binary("remainder")
    __pow__, __rpow__ = _binary("power")
    __and__, __rand__ = _binary("bitwise_and")
    __or__, __ror__ = _binary("bitwise_or")
    __xor__, __rxor__ = _binary("bitwise_xor")
    __lshift__, __rlshift__ = _binary("left_shift")
    __rshift__, __rrshift__ = _binary("right_shift")
    __lt__, _ = _binary("less")
    __le__, _ = _binary("less_equal")
    __gt__, _ = _binary("greater")
    __ge__, _ = _binary("greater_equal")
    __eq__, _ = _binary("equal")
    __ne__, _ = _binary("not_equal")
    del _

    copy, astype, reshape, ravel, flatten = map(_fresh, ("copy", "astype", "reshape", "ravel", "flatten"))
    sum, prod, mean, var, std = map(_fresh, ("sum", "prod", "mean", "var", "std"))
    min, max, argmin, argmax = map(_fresh, ("min", "max", "argmin", "argmax"))
    any, all, cumsum, cumprod = map(_fresh, ("any", "all", "cumsum", "cumprod"))
    repeat, take, argsort, round, clip, dot = map(_fresh, ("repeat", "take", "argsort", "round", "clip", "dot"))
    nonzero = _fresh("nonzero")

    @property
    def flags(self) -> Flags:
        """How it lies in memory, and whether it may be written to."""
        return Flags(self)

    def __neg__(self) -> Any:
        return in_order(cupy.negative, self)

    def __invert__(self) -> Any:
        return in_order(cupy.invert, self)

    def __abs__(self) -> Any:
        return in_order(cupy.absolute, self)

    def __getitem__(self, key: Any) -> Any:
        check_indices(self.shape, key)
        return own(super().__getitem__(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        check_indices(self.shape, key)
        super().__setitem__(key, value)
