"""Tensors from and for other libraries, and the names by which old programs know them."""

from typing import Any

from . import backend
from .tensor import Tensor, as_tensor
from .tensor.legacy import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
    set_default_tensor_type,
    type_name,
)
from .tensor.size import Size

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "Size",
    "from_dlpack",
    "set_default_tensor_type",
    "to_dlpack",
    "typename",
]


def typename(obj: Any) -> str:
    """The type of a tensor, such as `torch.FloatTensor`; of anything else the name of its class.

    >>> import tinygrad_cnn as tg
    >>> typename(tg.ones(2)), typename(tg.nn.ReLU()), typename(3)
    ('torch.FloatTensor', 'tinygrad_cnn.nn.activation.ReLU', 'int')
    """
    if isinstance(obj, Tensor):
        return type_name(obj)
    kind = type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


class _Capsule:
    """A DLPack capsule as something that has one."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # a bare capsule does not say: taken to be on the CPU


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor that shares the memory of an array of NumPy, PyTorch or any library that knows DLPack.

    Args:
        ext_tensor: what has `__dlpack__`, or a capsule as `utils.dlpack.to_dlpack` makes them.

    Raises:
        TypeError: for something else, or values of a dtype that tensors do not have.
        RuntimeError: for memory on a device that there is no backend for.

    >>> import numpy as np
    >>> array = np.zeros(2)
    >>> x = from_dlpack(array)
    >>> array[0] = 1
    >>> x
    tensor([1., 0.], dtype=float64)
    """
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(f"from_dlpack: expected an array with __dlpack__; got {type(ext_tensor).__name__}")
    try:
        array = backend.from_dlpack(ext_tensor)
    except BufferError as error:
        raise RuntimeError(f"from_dlpack: NumPy can't use this memory: {error}") from error
    tensor = as_tensor(array, device=backend.find_backend((array,)).name)
    tensor.storage.shared = True
    return tensor


def to_dlpack(tensor: Tensor) -> Any:
    """The memory of a tensor as a DLPack capsule, which can be taken up once.

    Raises:
        BufferError: for a tensor that requires grad.

    >>> import tinygrad_cnn as tg
    >>> from_dlpack(to_dlpack(tg.ones(2)))
    tensor([1., 1.])
    """
    return tensor.__dlpack__()
