"""What programs ask and set: kinds of tensors and dtypes, defaults, switches."""

from typing import Any

from ..autograd.modes import in_scope
from ..dtypes import KINDS, OF_NUMPY, as_dtype, dtype
from ..dtypes import result_type as common_dtype
from ..errors import ArgumentError
from ..tensor import Tensor
from .wrap import of_a_tensor

get_device = of_a_tensor(Tensor.get_device)
is_complex = of_a_tensor(Tensor.is_complex)
is_conj = of_a_tensor(Tensor.is_conj)
is_inference = of_a_tensor(Tensor.is_inference)
is_neg = of_a_tensor(Tensor.is_neg)
is_nonzero = of_a_tensor(Tensor.is_nonzero)
is_same_size = of_a_tensor(Tensor.is_same_size)
is_signed = of_a_tensor(Tensor.is_signed)


def imag(input: Tensor) -> Tensor:
    """Refused, as in PyTorch: tensors hold real numbers.

    Raises:
        RuntimeError: always.

    >>> imag(tg.ones(1))
    Traceback (most recent call last):
    RuntimeError: imag: tensors hold real numbers, which have no imaginary part
    """
    return input.imag


def real(input: Tensor) -> Tensor:
    """Itself: tensors hold real numbers.

    >>> real(tg.ones(1))
    tensor([1.])
    """
    return input


def is_storage(obj: Any) -> bool:
    """Whether it is a storage, which is no type of its own here: no.

    >>> is_storage(tg.ones(1))
    False
    """
    return False


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype of an operation between two tensors or numbers.

    >>> import tinygrad_cnn as tg
    >>> result_type(tg.tensor([1, 2]), 1.0), result_type(tg.tensor([1.0]), tg.tensor(2, dtype=tg.int64))
    (tinygrad_cnn.float32, tinygrad_cnn.float32)
    """
    both = (tensor1, tensor2)
    tensors = [x for x in both if isinstance(x, Tensor)]
    numbers = [x for x in both if not isinstance(x, Tensor)]
    return OF_NUMPY[
        common_dtype([x.dtype for x in tensors if x.ndim], [x.dtype for x in tensors if not x.ndim], numbers)
    ]


def promote_types(type1: Any, type2: Any) -> dtype:
    """The dtype of an operation between tensors of two dtypes.

    >>> import tinygrad_cnn as tg
    >>> promote_types(tg.int64, tg.float16)
    tinygrad_cnn.float16
    """
    return OF_NUMPY[common_dtype([type1, type2], [], [])]


def can_cast(from_: Any, to: Any) -> bool:
    """Whether the promotion rules allow values of a dtype to be written to a tensor of another.

    >>> import tinygrad_cnn as tg
    >>> can_cast(tg.float64, tg.float32), can_cast(tg.float32, tg.int64)
    (True, False)
    """
    first, second = as_dtype(from_), as_dtype(to)
    negative = first.kind == "i" and second.kind == "u"
    return KINDS[first.kind] <= KINDS[second.kind] and not negative


def set_flush_denormal(mode: bool) -> bool:
    """Whether tiny numbers can be made 0: no, so nothing changes.

    >>> set_flush_denormal(True)
    False
    """
    return False


_precision = "highest"


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was called with, "highest" at first.

    >>> tg.get_float32_matmul_precision()
    'highest'
    """
    return _precision


def set_float32_matmul_precision(precision: str) -> None:
    """Remembered, and without effect: products of float32 matrices are computed in float32.

    Raises:
        RuntimeError: for another word than highest, high or medium.

    >>> set_float32_matmul_precision("high")
    >>> get_float32_matmul_precision()
    'high'
    >>> set_float32_matmul_precision("highest")
    """
    global _precision  # noqa: PLW0603 - a process-wide setting, as in PyTorch
    if precision not in ("highest", "high", "medium"):
        raise ArgumentError(
            f"set_float32_matmul_precision: expected 'highest', 'high' or 'medium'; got {precision!r}{in_scope()}"
        )
    _precision = precision


__all__ = [
    "can_cast",
    "get_device",
    "get_float32_matmul_precision",
    "imag",
    "is_complex",
    "is_conj",
    "is_inference",
    "is_neg",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_storage",
    "promote_types",
    "real",
    "result_type",
    "set_float32_matmul_precision",
    "set_flush_denormal",
]
