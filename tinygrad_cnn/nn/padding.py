"""Padding layers."""

from typing import Any

from ..autograd.modes import in_scope
from ..tensor import Tensor
from . import functional as F
from .convolution import per_dimension
from .module import Module


class PaddingBase(Module):
    """Widths, (before, after) for the last dimension and so on, and what the frame holds."""

    rank: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = per_dimension(type(self).__name__, "padding", padding, 2 * self.rank)

    def forward(self, input: Tensor) -> Tensor:
        """`functional.pad`

        Raises:
            ValueError: of a circular frame: for an input with another number of dimensions.
        """
        if self.mode == "circular" and input.ndim not in (self.rank + 1, self.rank + 2):
            raise ValueError(
                f"{type(self).__name__}: expected {self.rank + 1} or {self.rank + 2} dimensions; got shape "
                f"{tuple(input.shape)}{in_scope()}"
            )
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class ConstantPad1d(PaddingBase):
    """A frame of one value around the last 1 dimension.

    >>> nn.ConstantPad1d((1, 0), 7)(tg.tensor([[1, 2, 3]]))
    tensor([[7, 1, 2, 3]])
    """

    rank = 1

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """`functional.pad`"""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class ZeroPad1d(ConstantPad1d):
    """A frame of zeros around the last 1 dimension.

    >>> nn.ZeroPad1d((1, 0))(tg.tensor([[1, 2, 3]]))
    tensor([[0, 1, 2, 3]])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class ReflectionPad1d(PaddingBase):
    """A frame around the last 1 dimension that holds the inside, mirrored at the edge element.

    >>> nn.ReflectionPad1d(1)(tg.tensor([[1, 2, 3]]))
    tensor([[2, 1, 2, 3, 2]])
    """

    rank = 1
    mode = "reflect"


class ReplicationPad1d(PaddingBase):
    """A frame around the last 1 dimension that holds the edge element.

    >>> nn.ReplicationPad1d(1)(tg.tensor([[1, 2, 3]]))
    tensor([[1, 1, 2, 3, 3]])
    """

    rank = 1
    mode = "replicate"


class CircularPad1d(PaddingBase):
    """A frame around the last 1 dimension that holds the other end.

    >>> nn.CircularPad1d(1)(tg.tensor([[1, 2, 3]]))
    tensor([[3, 1, 2, 3, 1]])
    """

    rank = 1
    mode = "circular"


class ConstantPad2d(PaddingBase):
    """A frame of one value around the last 2 dimensions.

    >>> nn.ConstantPad2d(1, 7.0)(tg.ones(1, 2, 2)).shape
    (1, 4, 4)
    """

    rank = 2

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """`functional.pad`"""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class ZeroPad2d(ConstantPad2d):
    """A frame of zeros around the last 2 dimensions.

    >>> nn.ZeroPad2d(1)(tg.ones(1, 2, 2)).shape
    (1, 4, 4)
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class ReflectionPad2d(PaddingBase):
    """A frame around the last 2 dimensions that holds the inside, mirrored at the edge element.

    >>> nn.ReflectionPad2d(1)(tg.ones(1, 2, 2)).shape
    (1, 4, 4)
    """

    rank = 2
    mode = "reflect"


class ReplicationPad2d(PaddingBase):
    """A frame around the last 2 dimensions that holds the edge element.

    >>> nn.ReplicationPad2d(1)(tg.ones(1, 2, 2)).shape
    (1, 4, 4)
    """

    rank = 2
    mode = "replicate"


class CircularPad2d(PaddingBase):
    """A frame around the last 2 dimensions that holds the other end.

    >>> nn.CircularPad2d(1)(tg.ones(1, 1, 2, 2)).shape
    (1, 1, 4, 4)
    """

    rank = 2
    mode = "circular"


class ConstantPad3d(PaddingBase):
    """A frame of one value around the last 3 dimensions.

    >>> nn.ConstantPad3d(1, 7.0)(tg.ones(1, 2, 2, 2)).shape
    (1, 4, 4, 4)
    """

    rank = 3

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """`functional.pad`"""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class ZeroPad3d(ConstantPad3d):
    """A frame of zeros around the last 3 dimensions.

    >>> nn.ZeroPad3d(1)(tg.ones(1, 2, 2, 2)).shape
    (1, 4, 4, 4)
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class ReflectionPad3d(PaddingBase):
    """A frame around the last 3 dimensions that holds the inside, mirrored at the edge element.

    >>> nn.ReflectionPad3d(1)(tg.ones(1, 2, 2, 2)).shape
    (1, 4, 4, 4)
    """

    rank = 3
    mode = "reflect"


class ReplicationPad3d(PaddingBase):
    """A frame around the last 3 dimensions that holds the edge element.

    >>> nn.ReplicationPad3d(1)(tg.ones(1, 2, 2, 2)).shape
    (1, 4, 4, 4)
    """

    rank = 3
    mode = "replicate"


class CircularPad3d(PaddingBase):
    """A frame around the last 3 dimensions that holds the other end.

    >>> nn.CircularPad3d(1)(tg.ones(1, 1, 2, 2, 2)).shape
    (1, 1, 4, 4, 4)
    """

    rank = 3
    mode = "circular"


__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]
