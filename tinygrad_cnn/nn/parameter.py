"""Parameters: the tensors that a module learns."""

from typing import Any, Self

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


def zeroed_gradient(parameter: Tensor) -> Tensor | None:
    """A parameter's gradient made 0, in its own memory where that may be written to; None if it has none."""
    gradient: Tensor | None = parameter.grad
    if gradient is None:
        return None
    if gradient.node is None and gradient.array.flags.writeable:
        return gradient.zero_()
    return Tensor.from_array(parameter.backend.xp.zeros_like(parameter.array))


__all__ = ["Parameter", "zeroed_gradient"]
