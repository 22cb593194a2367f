"""What happens to tensors that are saved for backward: hooks that pack and unpack them."""

from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import Token
from typing import Any, Self

from .autograd import no_grad
from .autograd.packing import PACKING, Packing
from .errors import GraphError
from .tensor import Tensor

__all__ = ["disable_saved_tensors_hooks", "increment_version", "save_on_cpu", "saved_tensors_hooks"]

Pack = Callable[[Tensor], Any]
Unpack = Callable[[Any], Tensor]


class _Block(ContextDecorator):
    """A block in which saved values are packed in one way."""

    def __init__(self, packing: Packing) -> None:
        self._packing = packing
        self._tokens: list[Token[Packing | None]] = []

    def __enter__(self) -> Self:
        outside = PACKING.get()
        if isinstance(outside, _Disabled):
            raise GraphError(outside.message)
        self._tokens.append(PACKING.set(self._packing))
        return self

    def __exit__(self, *exception: object) -> None:
        PACKING.reset(self._tokens.pop())


class saved_tensors_hooks(_Block):  # noqa: N801 - PyTorch's name
    """Inside, whatever an operation saves for backward goes through `pack_hook`, and comes back by `unpack_hook`.

    Of nested blocks the innermost counts. The hooks get and give tensors without history; what is kept in between may
    be anything: a file name, a smaller dtype, a place on another device. `unpack_hook` is called once for each visit of
    a node. Besides inputs and outputs, an operation may save other arrays, such as the positions of maxima.

    Args:
        pack_hook: takes the tensor that shall be saved.
        unpack_hook: takes what that returned, and gives a tensor of the same shape and dtype.

    Raises:
        TypeError: in backward, where `unpack_hook` gives no tensor.

    >>> import tinygrad_cnn as tg
    >>> x, packed = tg.tensor([1.0, 2.0], requires_grad=True), []
    >>> def pack(tensor):
    ...     packed.append(tuple(tensor.shape))
    ...     return tensor.half()
    >>> with saved_tensors_hooks(pack, lambda half: half.float()):
    ...     y = x.exp().sum()
    >>> packed
    [(2,)]
    >>> y.backward()
    >>> x.grad
    tensor([2.7188, 7.3906])
    """

    def __init__(self, pack_hook: Pack, unpack_hook: Unpack) -> None:
        super().__init__(_through_tensors(pack_hook, unpack_hook))
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook


def _through_tensors(pack_hook: Pack, unpack_hook: Unpack) -> Packing:
    def pack(array: Any) -> Any:
        with no_grad():
            return pack_hook(Tensor.from_array(array))

    def unpack(content: Any) -> Any:
        with no_grad():
            tensor = unpack_hook(content)
        if not isinstance(tensor, Tensor):
            raise TypeError(f"saved_tensors_hooks: unpack_hook must give a tensor; got {type(tensor).__name__}")
        return tensor.array

    return Packing(pack, unpack)


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 - PyTorch's name
    """Inside, what is saved for backward is kept in the CPU's memory, and copied back when it is needed.

    Args:
        pin_memory: accepted; memory is not pinned.
        device_type: accepted.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([3.0], requires_grad=True)
    >>> with save_on_cpu():
    ...     y = x * x
    >>> y.backward()
    >>> x.grad
    tensor([6.])
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: (tensor.device, tensor.cpu()), lambda kept: kept[1].to(kept[0]))


class _Disabled(Packing):
    """No packing, and none to be asked for."""

    __slots__ = ("message",)

    def __init__(self, message: str) -> None:
        super().__init__(lambda array: array, lambda array: array)
        self.message = message


class disable_saved_tensors_hooks(_Block):  # noqa: N801 - PyTorch's name
    """Inside, `saved_tensors_hooks` (and what is built on it) is an error with this message.

    >>> with disable_saved_tensors_hooks("not here"):
    ...     with save_on_cpu():
    ...         pass
    Traceback (most recent call last):
    tinygrad_cnn.errors.GraphError: not here
    """

    def __init__(self, error_message: str) -> None:
        super().__init__(_Disabled(error_message))

    def __enter__(self) -> Self:
        self._tokens.append(PACKING.set(self._packing))
        return self


def increment_version(tensor: Any) -> None:
    """Tell autograd that the memory of a tensor (or of several) was written to by other means, such as NumPy.

    What was saved before counts as changed in place from then on.

    >>> import tinygrad_cnn as tg
    >>> x = tg.ones(2)
    >>> increment_version(x)
    >>> x._version
    1
    """
    for each in [tensor] if isinstance(tensor, Tensor) else tensor:
        each.storage.changed("increment_version")
