"""The dtypes, which one is the default, and PyTorch's rule for mixing them.

A tensor's dtype is an object of PyTorch's kind around NumPy's: `x.dtype.is_floating_point` serves programs, and NumPy
takes the same object wherever it takes a dtype of its own. Below the tensors, where arrays are, dtypes are NumPy's.
What differs from NumPy is the rule: an integer never widens a float, a tensor without dimensions never widens one with,
and a Python number never widens anything of its own kind.

NumPy has no bfloat16; the package ml_dtypes adds it, and is imported when somebody first names that dtype.
"""

from functools import cache, reduce
from typing import Any, Self

import numpy as np

DType = np.dtype[Any]


class dtype:  # noqa: N801 - PyTorch's name
    """What a tensor's numbers are, such as `float32`: one object each, which `is` tells apart, and equal to NumPy's.

    Made from a dtype of either kind, a NumPy type, Python's `float`, `int` or `bool`, or a name.

    Attributes:
        name, kind, char, itemsize: as NumPy's; itemsize in bytes.
        is_floating_point, is_signed, is_complex: about its numbers. None is complex.
        dtype: NumPy's dtype. By this name NumPy finds it.

    Raises:
        TypeError: for what is no dtype of tensors.

    >>> tg.float32.is_floating_point, tg.float32.itemsize, tg.float32 == np.float32
    (True, 4, True)
    >>> np.zeros(2, tg.float32).dtype, dtype("float32") is tg.zeros(2).dtype
    (dtype('float32'), True)
    """

    __slots__ = ("char", "dtype", "is_floating_point", "is_signed", "itemsize", "kind", "name")
    is_complex = False

    dtype: DType
    name: str
    kind: str
    char: str
    itemsize: int
    is_floating_point: bool
    is_signed: bool

    def __new__(cls, dtype: Any) -> Self:
        return OF_NUMPY[as_dtype(dtype)]  # type: ignore[return-value]

    def __eq__(self, other: object) -> bool:
        return self is other or bool(self.dtype == other)

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"tinygrad_cnn.{self.name}"

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name,)

    def to_real(self) -> Self:
        """Itself: no dtype is complex."""
        return self


class _OfNumPy(dict[DType, dtype]):
    """The dtype of tensors for each of NumPy's, made when it is first asked for."""

    def __missing__(self, key: DType) -> dtype:
        new = object.__new__(dtype)
        new.dtype, new.name, new.kind, new.char, new.itemsize = key, key.name, key.kind, key.char, key.itemsize
        new.is_floating_point, new.is_signed = key.kind in "fV", key.kind in "ifV"
        return self.setdefault(key, new)


OF_NUMPY = _OfNumPy()
DTYPES = tuple(  # and bfloat16
    map(np.dtype, ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"))
)
bool_, uint8, int8, int16, int32, int64, float16, float32, float64 = (OF_NUMPY[each] for each in DTYPES)
half, double, short, long = float16, float64, int16, int64
LEGACY = {  # names of old programs, as in x.type("torch.FloatTensor")
    "BoolTensor": bool_,
    "ByteTensor": uint8,
    "CharTensor": int8,
    "ShortTensor": int16,
    "IntTensor": int32,
    "LongTensor": int64,
    "HalfTensor": float16,
    "FloatTensor": float32,
    "DoubleTensor": float64,
}
BFLOAT16 = ("bfloat16", "BFloat16Tensor")
KINDS = {"b": 0, "u": 1, "i": 1, "f": 2, "V": 2}  # V: a kind that NumPy does not know, bfloat16
_default = float32.dtype


@cache
def bfloat16() -> DType:
    """The dtype with the exponent of float32 and 8 bits of precision.

    Raises:
        ImportError: without the package ml_dtypes.
    """
    try:
        from ml_dtypes import bfloat16 as scalar
    except ImportError:
        raise ImportError('bfloat16 needs the package ml_dtypes: pip install "tinygrad_cnn[bfloat16]"') from None
    dtype: DType = np.dtype(scalar)
    return dtype


def is_floating(dtype: DType | dtype) -> bool:
    """Whether a tensor's dtype is floating-point."""
    return dtype.kind in "fV"


def is_dtype(dtype: DType | dtype) -> bool:
    """Whether tensors have this dtype."""
    return dtype in DTYPES or dtype.name == "bfloat16"


def get_default_dtype() -> dtype:
    """The dtype of floating-point tensors when nothing says otherwise: float32 unless it was set.

    >>> get_default_dtype()
    tinygrad_cnn.float32
    """
    return OF_NUMPY[_default]


def set_default_dtype(dtype: Any) -> None:
    """Make another floating-point dtype the default.

    Raises:
        TypeError: for a dtype that is not floating-point.

    >>> tg.set_default_dtype(tg.float64)
    >>> tg.tensor(0.5).dtype == tg.float64
    True
    >>> tg.set_default_dtype(tg.float32)
    """
    global _default  # noqa: PLW0603 - a process-wide setting, as in PyTorch
    wanted = as_dtype(dtype)
    if not is_floating(wanted):
        raise TypeError(f"set_default_dtype: the default must be a floating-point dtype; got {wanted}")
    _default = wanted


def as_dtype(what: Any) -> DType:
    """NumPy's dtype for a dtype, a NumPy type, Python's `float`, `int` or `bool`, or a name, also `torch.FloatTensor`.

    Raises:
        TypeError: for anything else, or a dtype that tensors do not have.
    """
    if isinstance(what, dtype):
        return what.dtype
    if what is float:
        return _default
    if isinstance(what, type) and isinstance(legacy := getattr(what, "dtype", None), dtype):  # FloatTensor
        return legacy.dtype
    name = what.removeprefix("torch.").removeprefix("cuda.") if isinstance(what, str) else what
    if isinstance(name, str) and name in BFLOAT16:
        return bfloat16()
    try:
        result: DType | None = LEGACY[name].dtype if isinstance(name, str) and name in LEGACY else np.dtype(name)
    except TypeError:
        result = None
    if result is None or not is_dtype(result):
        raise TypeError(
            f"{what!r} is not a dtype of tensors; there are bool, uint8, int8 to int64, float16, bfloat16, float32 "
            "and float64"
        ) from None
    return result


def of_python(values: Any) -> DType | None:
    """The dtype that a nest of Python numbers gets: the one all have in common, also with arrays and tensors inside.

    None for what is no list and no Python number, and brings its own.
    """
    if isinstance(values, list | tuple):
        found = {of_python(value) or getattr(value, "dtype", None) for value in values}
        known = [each for each in found if each is not None]
        if len(known) < len(found) or not all(map(is_dtype, known)):
            return None
        return reduce(_join, map(as_dtype, known)) if known else _default
    if type(values) is bool:
        return bool_.dtype
    if type(values) is int:
        return int64.dtype
    return _default if type(values) is float else None


def result_type(dtypes_with_dims: list[Any], dtypes_without_dims: list[Any], numbers: list[Any]) -> DType:
    """The dtype of an operation between tensors with dimensions, tensors without, and Python numbers.

    Each of the three groups matters only if it is of a higher kind (bool < integer < float) than the groups before it.
    """
    of_numbers = [of_python(number) or _default for number in numbers]
    joined = [
        reduce(_join, map(as_dtype, group)) for group in (dtypes_with_dims, dtypes_without_dims, of_numbers) if group
    ]
    return max(joined, key=lambda dtype: KINDS[dtype.kind])  # the first of equals


def wrapped(number: Any, dtype: Any) -> Any:
    """A Python integer as an integer dtype keeps it: modulo 2ⁿ for n bits, as in C and PyTorch; one that fits as it is.

    >>> wrapped(-1, np.dtype("uint8")), wrapped(300, np.dtype("int8")), wrapped(1.5, np.dtype("int8"))
    (255, 44, 1.5)
    """
    if type(number) is not int or dtype.kind not in "iu":
        return number
    size = 1 << 8 * dtype.itemsize
    low = 0 if dtype.kind == "u" else -size // 2
    return number if low <= number < low + size else (number - low) % size + low


def _join(a: DType, b: DType) -> DType:
    """The dtype of two tensors on a par: the float if only one is, else the smallest that holds both."""
    if is_floating(a) != is_floating(b):
        return a if is_floating(a) else b
    if a != b and a.itemsize == b.itemsize == 2 and is_floating(a):  # of float16 and bfloat16 neither holds the other
        return float32.dtype
    return np.promote_types(a, b)
