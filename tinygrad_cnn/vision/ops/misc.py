"""Convolution with normalisation and activation, and squeeze-and-excitation."""

from collections.abc import Callable

from ... import nn
from ...tensor import Tensor


class Conv2dNormActivation(nn.Sequential):
    """Convolution, normalisation, activation, each of the last two if there is one: (N, C, H, W) → (N, O, H/s, W/s).

    Args:
        padding: None for what keeps the size at stride 1: (k − 1)/2 · dilation.
        bias: None for a bias where nothing normalises.

    >>> import tinygrad_cnn as tg
    >>> Conv2dNormActivation(3, 8, kernel_size=5, stride=2)(tg.ones(1, 3, 8, 8)).shape
    (1, 8, 4, 4)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int | None = None,
        groups: int = 1,
        norm_layer: Callable[..., nn.Module] | None = nn.BatchNorm2d,
        activation_layer: Callable[..., nn.Module] | None = nn.ReLU,
        dilation: int = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        padding = (kernel_size - 1) // 2 * dilation if padding is None else padding
        bias = norm_layer is None if bias is None else bias
        layers: list[nn.Module] = [
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        ]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer() if inplace is None else activation_layer(inplace=inplace))
        super().__init__(*layers)
        self.out_channels = out_channels


class SqueezeExcitation(nn.Module):
    """Channels scaled by what the whole picture says of each: x · σ(W₂ δ(W₁ mean(x))) (Hu et al., 2018).

    >>> import tinygrad_cnn as tg
    >>> SqueezeExcitation(8, 2)(tg.ones(1, 8, 4, 4)).shape
    (1, 8, 4, 4)
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Callable[..., nn.Module] = nn.ReLU,
        scale_activation: Callable[..., nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, input: Tensor) -> Tensor:
        scale = self.fc2(self.activation(self.fc1(self.avgpool(input))))
        return input * self.scale_activation(scale)  # type: ignore[no-any-return]
