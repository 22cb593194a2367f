"""Convolution layers."""

from math import sqrt
from typing import Any

from ..creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def per_dimension(layer: str, name: str, value: Any, rank: int) -> tuple[int, ...]:
    """One int per spatial dimension, from an int or as many."""
    values = (value,) * rank if hasattr(value, "__index__") else tuple(value) if isinstance(value, tuple | list) else ()
    if len(values) != rank or not all(hasattr(v, "__index__") for v in values):
        raise ValueError(f"{layer}: {name} must be an int or {rank} of them; got {value!r}")
    return tuple(int(v) for v in values)


class ConvolutionBase(Module):
    """What convolutions of every rank share: the arguments, the parameters and their first values, the text."""

    rank: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        layer, rank = type(self).__name__, self.rank
        if groups <= 0:
            raise ValueError(f"{layer}: groups must be positive; got {groups}")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels < 0 or channels % groups:
                raise ValueError(f"{layer}: {name} must be divisible by groups; got {name}={channels}, groups={groups}")
        if padding_mode not in PADDING_MODES:
            raise ValueError(f"{layer}: padding_mode must be one of {', '.join(PADDING_MODES)}; got {padding_mode!r}")
        if padding_mode != "zeros":
            raise NotImplementedError(f"{layer}: padding_mode {padding_mode!r} is not there yet; pad with zeros")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = per_dimension(layer, "kernel_size", kernel_size, rank)
        self.stride = per_dimension(layer, "stride", stride, rank)
        self.dilation = per_dimension(layer, "dilation", dilation, rank)
        self.padding = padding if isinstance(padding, str) else per_dimension(layer, "padding", padding, rank)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"{layer}: padding must be numbers, 'same' or 'valid'; got {padding!r}")
            if padding == "same" and max(self.stride) > 1:
                raise ValueError(f"{layer}: padding='same' needs stride 1; got stride {self.stride}")
        self.transposed = False
        self.output_padding = (0,) * rank
        self.groups = groups
        self.padding_mode = padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, dtype=dtype, device=device))
        if bias:
            self.bias = Parameter(empty(out_channels, dtype=dtype, device=device))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights and biases spread evenly over ±1/√fan_in, with fan_in the number of values a window reads."""
        init.kaiming_uniform_(self.weight, a=sqrt(5))
        if self.bias is not None:
            fan_in, _ = init.fans(self.weight)
            if fan_in:
                bound = 1 / sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The arguments that are not the default."""
        parts = [str(self.in_channels), str(self.out_channels)]
        parts += [f"kernel_size={self.kernel_size}", f"stride={self.stride}"]
        if self.padding != (0,) * self.rank:
            parts.append(
                f"padding={self.padding!r}" if not isinstance(self.padding, str) else f"padding={self.padding}"
            )
        if self.dilation != (1,) * self.rank:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != (0,) * self.rank:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Conv2d(ConvolutionBase):
    """Cross-correlation of images with learned kernels: (N, C, H, W) → (N, O, OH, OW).

    OH = (H + 2p − d(KH − 1) − 1) // s + 1; an image without the batch dimension is taken too.

    Args:
        in_channels, out_channels: C and O.
        kernel_size, stride, padding, dilation: in pixels, one int or one for height and one for width; padding also
            "same" or "valid".
        groups: the channels fall into so many groups that do not see each other; C groups make a depthwise convolution.
        bias: whether a learned value is added per output channel.

    Attributes:
        weight: (O, C/groups, KH, KW).
        bias: (O), or None.

    >>> import tinygrad_cnn as tg
    >>> Conv2d(3, 16, kernel_size=3, padding=1)(tg.zeros(8, 3, 32, 32)).shape
    (8, 16, 32, 32)
    """

    rank = 2

    def forward(self, input: Tensor) -> Tensor:
        """`functional.conv2d` with the layer's kernels."""
        return F.conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


__all__ = ["Conv2d"]
