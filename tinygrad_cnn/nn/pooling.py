"""Pooling layers."""

from typing import Any

from ..tensor import Tensor
from . import functional as F
from .module import Module


class MaxPool2d(Module):
    """The maximum of each window: (N, C, H, W) → (N, C, OH, OW), OH = (H + 2p − d(k − 1) − 1) // s + 1.

    Args:
        kernel_size, stride, padding, dilation: in pixels, one int or one for height and one for width; the stride
            defaults to the kernel size, and padding counts as −∞.
        return_indices: return, beside the maxima, where each is in the flattened image.
        ceil_mode: keep a last window that is only partly inside.

    >>> import tinygrad_cnn as tg
    >>> MaxPool2d(2)(tg.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """`functional.max_pool2d`"""
        window = (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        if self.return_indices:
            return F.max_pool2d(input, *window, return_indices=True)
        return F.max_pool2d(input, *window)

    def extra_repr(self) -> str:
        """The window."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class AvgPool2d(Module):
    """The mean of each window: (N, C, H, W) → (N, C, OH, OW), OH = (H + 2p − k) // s + 1.

    Args:
        kernel_size, stride, padding: in pixels, one int or one for height and one for width; the stride defaults to the
            kernel size.
        ceil_mode: keep a last window that is only partly inside.
        count_include_pad: padding counts as zeros among a window's pixels; otherwise it does not count at all.
        divisor_override: divide by this instead of the number of pixels.

    >>> import tinygrad_cnn as tg
    >>> AvgPool2d(2)(tg.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """`functional.avg_pool2d`"""
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        """The window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


__all__ = ["AvgPool2d", "MaxPool2d"]
