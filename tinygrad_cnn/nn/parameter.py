"""Parameters, the tensors that a module learns; buffers; and both before they have a shape."""

from typing import Any, Self

from ..creation import empty
from ..tensor import Tensor


class Parameter(Tensor):
    """A tensor that a module finds in its attributes, and an optimizer changes.

    It shares the memory of `data`; unlike other tensors it may be given attributes of one's own.

    Raises:
        TypeError: if `data` is no tensor.
        RuntimeError: if a gradient is required of integers.

    >>> import tinygrad_cnn as tg
    >>> Parameter(tg.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    # No __slots__: programs mark parameters, as in `p.no_decay = True`.

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Self:
        if data is None:
            data = Tensor(0)
        if not isinstance(data, Tensor):
            raise TypeError(f"Parameter: expected a tensor; got {type(data).__name__}; wrap it with tensor(...)")
        values = data.detach()
        parameter = cls.from_array(values.array)
        parameter.storage = values.storage
        return parameter.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor that becomes a buffer of the module to whose attribute it is assigned.

    Args:
        data: the tensor whose memory it shares.
        persistent: whether it is in `state_dict()`.

    >>> from tinygrad_cnn import nn
    >>> import tinygrad_cnn as tg
    >>> module = nn.Module()
    >>> module.scale = Buffer(tg.ones(2))
    >>> list(module.state_dict())
    ['scale']
    """

    persistent: bool = True

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Self:
        values = Tensor(0) if data is None else data
        if not isinstance(values, Tensor):
            raise TypeError(f"Buffer: expected a tensor; got {type(data).__name__}; wrap it with tensor(...)")
        values = values.detach()
        buffer = cls.from_array(values.array)
        buffer.storage = values.storage
        buffer.persistent = persistent
        return buffer


class UninitializedTensor(Tensor):
    """What parameters and buffers without a shape share: they are empty until `materialize` gives them one."""

    cls_to_become: type[Tensor]

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary tensor of this shape, whose values mean nothing yet."""
        dtype, device = self.dtype if dtype is None else dtype, self.device if device is None else device
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        self.data = empty(tuple(shape), dtype=dtype, device=device)

    def detach(self) -> Self:
        """Itself: there is nothing to share."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(UninitializedTensor, Parameter):
    """A parameter that gets its shape when its module is first called.

    >>> weight = UninitializedParameter()
    >>> weight.materialize((2, 3))
    >>> type(weight).__name__, weight.shape
    ('Parameter', (2, 3))
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Self:
        return super().__new__(cls, empty(0, device=device, dtype=dtype), requires_grad)


class UninitializedBuffer(UninitializedTensor):
    """A buffer that gets its shape when its module is first called.

    >>> nn.UninitializedBuffer()
    <UninitializedBuffer>
    """

    cls_to_become = Buffer

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> Self:
        return cls.from_array(empty(0, device=device, dtype=dtype).array)


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer has no shape yet."""
    return isinstance(param, UninitializedTensor)


def zeroed_gradient(parameter: Tensor) -> Tensor | None:
    """A parameter's gradient made 0, in its own memory where that may be written to; None if it has none."""
    gradient: Tensor | None = parameter.grad
    if gradient is None:
        return None
    if gradient.node is None and gradient.array.flags.writeable:
        return gradient.zero_()
    return Tensor.from_array(parameter.backend.xp.zeros_like(parameter.array))


__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy", "zeroed_gradient"]
