"""How tensors in shared memory are sent to other processes: with the memory, not with the values."""

from multiprocessing.reduction import ForkingPickler
from typing import Any

from ..autograd import Leaf
from ..backend.shared import array_at, memory_of, place_in
from .base import TensorBase


def pass_on_with_memory(kind: type[TensorBase]) -> None:
    """Let tensors of this class, and of those made of it, be sent with their memory where it is shared.

    Pickles to files and deep copies hold the values as before.
    """
    ForkingPickler.register(kind, _reduced)
    for derived in kind.__subclasses__():
        pass_on_with_memory(derived)


def _reduced(tensor: TensorBase) -> Any:
    memory = memory_of(tensor.array)
    if memory is None:
        return tensor.__reduce__()
    place = place_in(memory, tensor.array)
    return _rebuild, (type(tensor), memory, place, tensor.node is not None), getattr(tensor, "__dict__", None) or None


def _rebuild(cls: type[TensorBase], memory: Any, place: tuple[Any, ...], requires_grad: bool) -> TensorBase:
    tensor = cls.from_array(array_at(memory, *place))
    tensor.storage.shared = True
    tensor.node = Leaf(tensor) if requires_grad else None
    pass_on_with_memory(cls.plain)
    return tensor
