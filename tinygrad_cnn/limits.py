"""What numbers a dtype can hold."""

from typing import Any

import numpy as np

from .dtypes import as_dtype, get_default_dtype, is_floating


class finfo:  # noqa: N801 - PyTorch's name
    """The limits of a floating-point dtype, as Python numbers.

    Attributes:
        bits: of memory per number.
        eps: the distance from 1 to the next number.
        max, min: the largest and the smallest number.
        tiny, smallest_normal: the smallest positive number with all its digits.
        resolution: a decimal with which numbers can be told apart.
        dtype: its name.

    Raises:
        TypeError: for a dtype that is not floating-point.

    >>> finfo("float32").eps == 2**-23
    True
    """

    def __init__(self, type: Any = None) -> None:
        wanted = as_dtype(get_default_dtype() if type is None else type)
        if not is_floating(wanted):
            raise TypeError(f"finfo: expected a floating-point dtype; got {wanted}; use iinfo")
        if wanted.kind == "f":
            found = np.finfo(wanted)
        else:
            from ml_dtypes import finfo as found_by

            found = found_by(wanted)
        self.dtype, self.bits = str(wanted), int(found.bits)
        self.eps, self.max, self.min = float(found.eps), float(found.max), float(found.min)
        self.tiny = self.smallest_normal = float(found.smallest_normal)
        self.resolution = float(str(found.resolution))

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in names)}, dtype={self.dtype})"


class iinfo:  # noqa: N801 - PyTorch's name
    """The limits of an integer dtype.

    Attributes:
        bits: of memory per number.
        max, min: the largest and the smallest number.
        dtype: its name.

    Raises:
        TypeError: for a dtype that is no integer.

    >>> iinfo("uint8").max
    255
    """

    def __init__(self, type: Any) -> None:
        wanted = as_dtype(type)
        if wanted.kind not in "iu":
            raise TypeError(f"iinfo: expected an integer dtype; got {wanted}; use finfo")
        found = np.iinfo(wanted)
        self.dtype, self.bits, self.max, self.min = str(wanted), int(found.bits), int(found.max), int(found.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
