"""The dtypes, which one is the default, and PyTorch's rule for mixing them.

A dtype is NumPy's, so that every array library knows it. What differs from NumPy is the rule: an integer never widens a
float, a tensor without dimensions never widens one with, and a Python number never widens anything of its own kind.

NumPy has no bfloat16; the package ml_dtypes adds it, and is imported when somebody first names that dtype.
"""

from functools import cache, reduce
from typing import Any

import numpy as np

DType = np.dtype[Any]

float16 = half = np.dtype("float16")
float32 = np.dtype("float32")
float64 = double = np.dtype("float64")
uint8 = np.dtype("uint8")
int8 = np.dtype("int8")
int16 = short = np.dtype("int16")
int32 = np.dtype("int32")
int64 = long = np.dtype("int64")
bool_ = np.dtype("bool")

DTYPES = (bool_, uint8, int8, int16, int32, int64, float16, float32, float64)  # and bfloat16
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
_default = float32


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


def is_floating(dtype: DType) -> bool:
    """Whether a tensor's dtype is floating-point."""
    return dtype.kind in "fV"


def is_dtype(dtype: DType) -> bool:
    """Whether tensors have this dtype."""
    return dtype in DTYPES or dtype.name == "bfloat16"


def get_default_dtype() -> DType:
    """The dtype of floating-point tensors when nothing says otherwise: float32 unless it was set.

    >>> tg.get_default_dtype() == tg.float32
    True
    """
    return _default


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
    dtype = as_dtype(dtype)
    if not is_floating(dtype):
        raise TypeError(f"set_default_dtype: the default must be a floating-point dtype; got {dtype}")
    _default = dtype


def as_dtype(dtype: Any) -> DType:
    """A dtype from a dtype, a NumPy type, Python's `float`, `int` or `bool`, or a name, also `torch.FloatTensor`.

    Raises:
        TypeError: for anything else, or a dtype that tensors do not have.
    """
    if dtype is float:
        return _default
    if isinstance(dtype, type) and isinstance(legacy := getattr(dtype, "dtype", None), np.dtype):  # FloatTensor
        dtype = legacy
    name = dtype.removeprefix("torch.").removeprefix("cuda.") if isinstance(dtype, str) else dtype
    if isinstance(name, str) and name in BFLOAT16:
        return bfloat16()
    try:
        result: DType | None = LEGACY[name] if isinstance(name, str) and name in LEGACY else np.dtype(name)
    except TypeError:
        result = None
    if result is None or not is_dtype(result):
        raise TypeError(
            f"{dtype!r} is not a dtype of tensors; there are bool, uint8, int8 to int64, float16, bfloat16, float32 "
            "and float64"
        ) from None
    return result


def of_python(values: Any) -> DType | None:
    """The dtype that a nest of Python numbers gets: the one all have in common, also with arrays and tensors inside.

    None for what is no list and no Python number, and brings its own.
    """
    if isinstance(values, list | tuple):
        found = {of_python(value) or getattr(value, "dtype", None) for value in values}
        known = [dtype for dtype in found if dtype is not None]
        if len(known) < len(found) or not all(map(is_dtype, known)):
            return None
        return reduce(_join, known) if known else _default
    if type(values) is bool:
        return bool_
    if type(values) is int:
        return int64
    return _default if type(values) is float else None


def result_type(dtypes_with_dims: list[DType], dtypes_without_dims: list[DType], numbers: list[Any]) -> DType:
    """The dtype of an operation between tensors with dimensions, tensors without, and Python numbers.

    Each of the three groups matters only if it is of a higher kind (bool < integer < float) than the groups before it.
    """
    of_numbers = [of_python(number) or _default for number in numbers]
    joined = [reduce(_join, group) for group in (dtypes_with_dims, dtypes_without_dims, of_numbers) if group]
    return max(joined, key=lambda dtype: KINDS[dtype.kind])  # the first of equals


def _join(a: DType, b: DType) -> DType:
    """The dtype of two tensors on a par: the float if only one is, else the smallest that holds both."""
    if is_floating(a) != is_floating(b):
        return a if is_floating(a) else b
    if a != b and a.itemsize == b.itemsize == 2 and is_floating(a):  # of float16 and bfloat16 neither holds the other
        return float32
    return np.promote_types(a, b)
