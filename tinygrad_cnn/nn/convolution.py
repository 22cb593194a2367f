"""Convolution layers."""

from math import sqrt
from typing import Any

from ..creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter
from .sizes import require_numbers

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def per_dimension(layer: str, name: str, value: Any, rank: int, *, alone: bool = False) -> tuple[int, ...]:
    """One int per spatial dimension, from an int or as many; with `alone`, a single one in a list stays alone."""
    values = (value,) * rank if hasattr(value, "__index__") else tuple(value) if isinstance(value, tuple | list) else ()
    fitting = len(values) == rank or (alone and len(values) == 1)
    if not fitting or not all(hasattr(v, "__index__") for v in values):
        raise ValueError(f"{layer}: {name} must be an int or {rank} of them; got {value!r}")
    return tuple(int(v) for v in values)


class ConvolutionBase(Module):
    """What convolutions of every rank share: the parameters and their first values, the text.

    A program's own class of convolution gives the arguments by their places, one number per dimension.
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: Any,
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        layer = type(self).__name__
        require_numbers(layer, in_channels=in_channels, out_channels=out_channels, groups=groups)
        if groups <= 0:
            raise ValueError(f"{layer}: groups must be positive; got {groups}")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels < 0 or channels % groups:
                raise ValueError(f"{layer}: {name} must be divisible by groups; got {name}={channels}, groups={groups}")
        if padding_mode not in PADDING_MODES:
            raise ValueError(f"{layer}: padding_mode must be one of {', '.join(PADDING_MODES)}; got {padding_mode!r}")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"{layer}: padding must be numbers, 'same' or 'valid'; got {padding!r}")
            if padding == "same" and max(stride) > 1:
                raise ValueError(f"{layer}: padding='same' needs stride 1; got stride {stride}")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        shape: tuple[int, ...] = (out_channels, in_channels // groups, *kernel_size)
        if transposed:
            shape = (in_channels, out_channels // groups, *kernel_size)
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

    @property
    def _reversed_padding_repeated_twice(self) -> list[int]:
        """PyTorch's name for the widths that `functional.pad` takes: the last dimension's first."""
        widths: list[int] = []
        for place, (size, dilation) in enumerate(zip(self.kernel_size, self._spread(self.dilation), strict=True)):
            total = dilation * (size - 1) if self.padding == "same" else 0
            before = total // 2 if isinstance(self.padding, str) else self._spread(self.padding)[place]
            widths = [before, total - before if isinstance(self.padding, str) else before, *widths]
        return widths

    def _spread(self, values: tuple[int, ...]) -> tuple[int, ...]:
        return values * len(self.kernel_size) if len(values) == 1 else values

    def framed(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input in the frame that `padding_mode` wants, and the zeros that are still to be padded."""
        if self.padding_mode == "zeros":
            return input, self.padding
        return F.pad(input, self._reversed_padding_repeated_twice, self.padding_mode), 0

    def extra_repr(self) -> str:
        """The arguments that are not the default."""
        parts = [str(self.in_channels), str(self.out_channels)]
        parts += [f"kernel_size={self.kernel_size}", f"stride={self.stride}"]
        if self.padding != (0,) * len(self.padding):
            parts.append(
                f"padding={self.padding!r}" if not isinstance(self.padding, str) else f"padding={self.padding}"
            )
        if self.dilation != (1,) * len(self.dilation):
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != (0,) * len(self.output_padding):
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Convolution(ConvolutionBase):
    """What `Conv1d`, `Conv2d` and `Conv3d` share: the order of the arguments."""

    rank: int

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
        layer, rank = type(self).__name__, self.rank
        super().__init__(
            in_channels,
            out_channels,
            per_dimension(layer, "kernel_size", kernel_size, rank),
            per_dimension(layer, "stride", stride, rank, alone=True),
            padding if isinstance(padding, str) else per_dimension(layer, "padding", padding, rank, alone=True),
            per_dimension(layer, "dilation", dilation, rank, alone=True),
            *(False, (0,) * rank, groups, bias, padding_mode, device, dtype),
        )

    def forward(self, input: Tensor) -> Tensor:
        """The convolution with the layer's kernels."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """PyTorch's name for the convolution with any kernels, for classes that make kernels of their own."""
        raise NotImplementedError


class Conv2d(Convolution):
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

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.padding_mode != "zeros":
            input, padding = self.framed(input)
            return F.conv2d(input, weight, bias, self.stride, padding, self.dilation, self.groups)
        return F.conv2d(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)


class Conv1d(Convolution):
    """`Conv2d` of sequences: (N, C, L) → (N, O, OL).

    >>> import tinygrad_cnn as tg
    >>> Conv1d(3, 16, 5, padding="same")(tg.zeros(8, 3, 100)).shape
    (8, 16, 100)
    """

    rank = 1

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.padding_mode != "zeros":
            input, padding = self.framed(input)
            return F.conv1d(input, weight, bias, self.stride, padding, self.dilation, self.groups)
        return F.conv1d(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)


class Conv3d(Convolution):
    """`Conv2d` of volumes: (N, C, D, H, W) → (N, O, OD, OH, OW).

    >>> import tinygrad_cnn as tg
    >>> Conv3d(1, 4, 3)(tg.zeros(2, 1, 5, 6, 7)).shape
    (2, 4, 3, 4, 5)
    """

    rank = 3

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.padding_mode != "zeros":
            input, padding = self.framed(input)
            return F.conv3d(input, weight, bias, self.stride, padding, self.dilation, self.groups)
        return F.conv3d(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)


class TransposedBase(ConvolutionBase):
    """What transposed convolutions share: `output_padding`, from the size that the result shall have."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'{type(self).__name__}: only "zeros" padding mode is possible; got {padding_mode!r}')
        super().__init__(
            *(in_channels, out_channels, kernel_size, stride, padding, dilation, transposed, output_padding),
            *(groups, bias, padding_mode, device, dtype),
        )

    def _output_padding(
        self,
        input: Tensor,
        output_size: Any,
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        kernel_size: tuple[int, ...],
        num_spatial_dims: int,
        dilation: tuple[int, ...] | None = None,
    ) -> tuple[int, ...]:
        """PyTorch's name for the `output_padding` that makes the result as large as wanted."""
        if output_size is None:
            return self.output_padding
        rank = num_spatial_dims
        sizes, shape = tuple(output_size)[-rank:], input.shape[-rank:]
        steps, pads, spreads = (self._spread(tuple(v)) for v in (stride, padding, dilation or (1,)))
        smallest = tuple(
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(shape, steps, pads, spreads, kernel_size, strict=True)
        )
        largest = tuple(n + s - 1 for n, s in zip(smallest, steps, strict=True))
        if len(sizes) != rank or any(
            not low <= n <= high for low, n, high in zip(smallest, sizes, largest, strict=True)
        ):
            raise ValueError(
                f"{type(self).__name__}: output_size must lie between {smallest} and {largest}; got {output_size}"
            )
        return tuple(n - low for n, low in zip(sizes, smallest, strict=True))


class TransposedConvolution(TransposedBase):
    """What `ConvTranspose1d`, `ConvTranspose2d` and `ConvTranspose3d` share: the order of the arguments."""

    rank: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        layer, rank = type(self).__name__, self.rank
        super().__init__(
            in_channels,
            out_channels,
            per_dimension(layer, "kernel_size", kernel_size, rank),
            per_dimension(layer, "stride", stride, rank, alone=True),
            per_dimension(layer, "padding", padding, rank, alone=True),
            per_dimension(layer, "dilation", dilation, rank, alone=True),
            True,
            per_dimension(layer, "output_padding", output_padding, rank, alone=True),
            *(groups, bias, padding_mode, device, dtype),
        )

    def more(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The `output_padding` that makes the result as large as wanted."""
        return self._output_padding(
            input, output_size, self.stride, self.padding, self.kernel_size, self.rank, self.dilation
        )


class ConvTranspose1d(TransposedConvolution):
    """`ConvTranspose2d` of sequences: (N, C, L) → (N, O, OL).

    >>> import tinygrad_cnn as tg
    >>> ConvTranspose1d(3, 2, 4, 2, 1)(tg.zeros(8, 3, 10)).shape
    (8, 2, 20)
    """

    rank = 1

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """`functional.conv_transpose1d` with the layer's kernels."""
        more = self.more(input, output_size)
        return F.conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )


class ConvTranspose2d(TransposedConvolution):
    """The adjoint of `Conv2d`, which makes images larger: (N, C, H, W) → (N, O, OH, OW).

    OH = (H − 1)s − 2p + d(k − 1) + output_padding + 1; `forward` takes an `output_size` instead of the last.

    Attributes:
        weight: (C, O/groups, KH, KW).
        bias: (O), or None.

    >>> import tinygrad_cnn as tg
    >>> ConvTranspose2d(3, 2, 4, 2, 1)(tg.zeros(8, 3, 16, 16)).shape
    (8, 2, 32, 32)
    """

    rank = 2

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """`functional.conv_transpose2d` with the layer's kernels."""
        more = self.more(input, output_size)
        return F.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )


class ConvTranspose3d(TransposedConvolution):
    """`ConvTranspose2d` of volumes: (N, C, D, H, W) → (N, O, OD, OH, OW).

    >>> import tinygrad_cnn as tg
    >>> ConvTranspose3d(1, 2, 2, 2)(tg.zeros(1, 1, 3, 4, 5)).shape
    (1, 2, 6, 8, 10)
    """

    rank = 3

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """`functional.conv_transpose3d` with the layer's kernels."""
        more = self.more(input, output_size)
        return F.conv_transpose3d(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )


__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
