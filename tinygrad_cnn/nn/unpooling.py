"""The way back from maxima: layers that put values where the maxima of windows were."""

from collections.abc import Callable
from typing import Any, ClassVar

from ..tensor import Tensor
from . import functional as F
from .module import Module


class MaxUnpoolBase(Module):
    """The window of the pooling that is to be undone."""

    rank: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = self._each(kernel_size)
        self.stride = self._each(kernel_size if stride is None else stride)
        self.padding = self._each(padding)

    def _each(self, value: Any) -> Any:
        return (value,) * self.rank if isinstance(value, int) else value

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Any:
        """The image with the values at their places."""
        return type(self).function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        """The window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(MaxUnpoolBase):
    """`MaxUnpool2d` of sequences.

    >>> nn.MaxUnpool1d(2)(tg.tensor([[7.0]]), tg.tensor([[1]]))
    tensor([[0., 7.]])
    """

    rank = 1
    function = staticmethod(F.max_unpool1d)


class MaxUnpool2d(MaxUnpoolBase):
    """The values of `MaxPool2d(…, return_indices=True)` back at their places, zeros between.

    >>> import tinygrad_cnn as tg
    >>> out, places = MaxPool2d(2, return_indices=True)(tg.arange(4.0).reshape(1, 1, 2, 2))
    >>> MaxUnpool2d(2)(out, places).tolist()
    [[[[0.0, 0.0], [0.0, 3.0]]]]
    """

    rank = 2
    function = staticmethod(F.max_unpool2d)


class MaxUnpool3d(MaxUnpoolBase):
    """`MaxUnpool2d` of volumes.

    >>> nn.MaxUnpool3d(2)(tg.ones(1, 1, 1, 1), tg.zeros(1, 1, 1, 1, dtype=tg.int64)).sum()
    tensor(1.)
    """

    rank = 3
    function = staticmethod(F.max_unpool3d)


__all__ = ["MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"]
