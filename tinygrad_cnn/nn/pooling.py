"""Pooling layers: maxima, means and power means of windows."""

from collections.abc import Callable
from typing import Any, ClassVar

from ..tensor import Tensor
from . import functional as F
from .module import Module


class MaxPoolBase(Module):
    """A window, and whether positions are returned too."""

    function: ClassVar[Callable[..., Any]]

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
        """The maxima, and where they are if that is wanted."""
        window = (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        return type(self).function(input, *window, return_indices=self.return_indices)

    def extra_repr(self) -> str:
        """The window."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(MaxPoolBase):
    """`MaxPool2d` of sequences: (N, C, L) → (N, C, OL).

    >>> nn.MaxPool1d(2)(tg.tensor([[1.0, 3.0, 5.0, 7.0]]))
    tensor([[3., 7.]])
    """

    function = staticmethod(F.max_pool1d)


class MaxPool2d(MaxPoolBase):
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

    function = staticmethod(F.max_pool2d)


class MaxPool3d(MaxPoolBase):
    """`MaxPool2d` of volumes: (N, C, D, H, W) → (N, C, OD, OH, OW).

    >>> nn.MaxPool3d(2)(tg.ones(1, 2, 4, 4, 4)).shape
    (1, 2, 2, 2, 2)
    """

    function = staticmethod(F.max_pool3d)


class AvgPoolBase(Module):
    """A window, and what its mean is over."""

    function: ClassVar[Callable[..., Any]]

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
        """The means."""
        window = (self.kernel_size, self.stride, self.padding, self.ceil_mode)
        return type(self).function(input, *window, self.count_include_pad, self.divisor_override)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """The window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(AvgPoolBase):
    """`AvgPool2d` of sequences: (N, C, L) → (N, C, OL).

    >>> nn.AvgPool1d(2)(tg.tensor([[1.0, 3.0, 5.0, 7.0]]))
    tensor([[2., 6.]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(_single(kernel_size), _single(stride), _single(padding), ceil_mode, count_include_pad)

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        window = (self.kernel_size, self.stride, self.padding, self.ceil_mode)
        return F.avg_pool1d(input, *window, self.count_include_pad)


def _single(value: Any) -> Any:
    return (value,) if isinstance(value, int) else value


class AvgPool2d(AvgPoolBase):
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

    function = staticmethod(F.avg_pool2d)


class AvgPool3d(AvgPoolBase):
    """`AvgPool2d` of volumes: (N, C, D, H, W) → (N, C, OD, OH, OW).

    >>> nn.AvgPool3d(2)(tg.ones(1, 2, 4, 4, 4)).shape
    (1, 2, 2, 2, 2)
    """

    function = staticmethod(F.avg_pool3d)


class LPPoolBase(Module):
    """A window and a power."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """The power means, times the number of pixels to the power 1/p."""
        return type(self).function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(LPPoolBase):
    """`LPPool2d` of sequences: (N, C, L) → (N, C, OL).

    >>> nn.LPPool1d(2, 2)(tg.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """

    function = staticmethod(F.lp_pool1d)


class LPPool2d(LPPoolBase):
    """(Σ xᵖ)^(1/p) of each window: (N, C, H, W) → (N, C, OH, OW).

    >>> import tinygrad_cnn as tg
    >>> LPPool2d(2, 2)(tg.tensor([[[[3.0, 4.0], [0.0, 0.0]]]])).item()
    5.0
    """

    function = staticmethod(F.lp_pool2d)


class LPPool3d(LPPoolBase):
    """`LPPool2d` of volumes: (N, C, D, H, W) → (N, C, OD, OH, OW).

    >>> nn.LPPool3d(1, 2)(tg.ones(1, 1, 2, 2, 2)).flatten()
    tensor([8.])
    """

    function = staticmethod(F.lp_pool3d)


class AdaptiveAvgPoolBase(Module):
    """The size that is wanted."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return type(self).function(input, self.output_size)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(AdaptiveAvgPoolBase):
    """Means of windows chosen so that sequences get the wanted size; None keeps a size.

    >>> nn.AdaptiveAvgPool1d(2)(tg.tensor([[1.0, 3.0, 5.0, 7.0]]))
    tensor([[2., 6.]])
    """

    function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(AdaptiveAvgPoolBase):
    """Means of windows chosen so that images get the wanted size; None keeps a size.

    >>> import tinygrad_cnn as tg
    >>> AdaptiveAvgPool2d((5, None))(tg.zeros(1, 3, 8, 9)).shape
    (1, 3, 5, 9)
    """

    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(AdaptiveAvgPoolBase):
    """Means of windows chosen so that volumes get the wanted size; None keeps a size.

    >>> nn.AdaptiveAvgPool3d(1)(tg.ones(1, 2, 4, 4, 4)).shape
    (1, 2, 1, 1, 1)
    """

    function = staticmethod(F.adaptive_avg_pool3d)


class AdaptiveMaxPoolBase(Module):
    """The size that is wanted, and whether positions are returned too."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """The maxima, and where they are if that is wanted."""
        return type(self).function(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(AdaptiveMaxPoolBase):
    """Maxima of windows chosen so that sequences get the wanted size; None keeps a size.

    >>> nn.AdaptiveMaxPool1d(2)(tg.tensor([[1.0, 3.0, 5.0, 7.0]]))
    tensor([[3., 7.]])
    """

    function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(AdaptiveMaxPoolBase):
    """Maxima of windows chosen so that images get the wanted size; None keeps a size.

    >>> import tinygrad_cnn as tg
    >>> AdaptiveMaxPool2d((5, None))(tg.zeros(1, 3, 8, 9)).shape
    (1, 3, 5, 9)
    """

    function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(AdaptiveMaxPoolBase):
    """Maxima of windows chosen so that volumes get the wanted size; None keeps a size.

    >>> nn.AdaptiveMaxPool3d(1)(tg.ones(1, 2, 4, 4, 4)).shape
    (1, 2, 1, 1, 1)
    """

    function = staticmethod(F.adaptive_max_pool3d)


class FractionalMaxPoolBase(Module):
    """A window, and how many of them at random steps."""

    function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        if (output_size is None) == (output_ratio is None):
            raise ValueError(f"{kind}: give either output_size or output_ratio")
        ratios = output_ratio if isinstance(output_ratio, tuple | list) else (output_ratio,)
        if output_ratio is not None and not all(0 < ratio < 1 for ratio in ratios):
            raise ValueError(f"{kind}: output_ratio must lie between 0 and 1; got {output_ratio}")
        self.kernel_size = kernel_size
        self.output_size = output_size
        self.output_ratio = output_ratio
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input: Tensor) -> Any:
        """The maxima, and where they are if that is wanted."""
        sizes = (self.kernel_size, self.output_size, self.output_ratio)
        return type(self).function(input, *sizes, self.return_indices, _random_samples=self._random_samples)


class FractionalMaxPool2d(FractionalMaxPoolBase):
    """Maxima of windows at random steps; images shrink by a factor that is no integer. Graham 2014.

    >>> import tinygrad_cnn as tg
    >>> FractionalMaxPool2d(2, output_ratio=0.7)(tg.zeros(1, 3, 10, 20)).shape
    (1, 3, 7, 14)
    """

    function = staticmethod(F.fractional_max_pool2d)


class FractionalMaxPool3d(FractionalMaxPoolBase):
    """`FractionalMaxPool2d` of volumes: (N, C, D, H, W).

    >>> nn.FractionalMaxPool3d(2, output_size=4)(tg.ones(1, 1, 6, 6, 6)).shape
    (1, 1, 4, 4, 4)
    """

    function = staticmethod(F.fractional_max_pool3d)


__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
]
