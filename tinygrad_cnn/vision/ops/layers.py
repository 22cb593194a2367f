"""Layers that networks for pictures share: frozen normalisation, dense layers in a row, a permutation."""

from collections.abc import Callable, Sequence
from typing import Any

from ... import nn
from ...creation import ones, zeros
from ...tensor import Tensor


class FrozenBatchNorm2d(nn.Module):
    """Batch normalisation whose statistics and scales stay what they are: (N, C, H, W) → (N, C, H, W).

    >>> import tinygrad_cnn as tg
    >>> FrozenBatchNorm2d(3, eps=0)(tg.ones(1, 3, 2, 2)).flatten()[:2]
    tensor([1., 1.])
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", ones(num_features))
        self.register_buffer("bias", zeros(num_features))
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any) -> None:
        state_dict.pop(f"{prefix}num_batches_tracked", None)  # of the layer that it was, before it was frozen
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, x: Tensor) -> Tensor:
        """(x − mean) / √(var + ε) · weight + bias, as one scale and one shift."""
        scale = (self.weight * (self.running_var + self.eps).rsqrt()).reshape(1, -1, 1, 1)
        return x * scale + (self.bias.reshape(1, -1, 1, 1) - self.running_mean.reshape(1, -1, 1, 1) * scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.weight)}, eps={self.eps})"


class MLP(nn.Sequential):
    """Linear maps with an activation, and a normalisation if wanted, between them: (…, in_channels) → (…, last size).

    Args:
        hidden_channels: the sizes of all outputs, the last one's too.
        inplace: of activations and dropout; None for layers that are not asked.

    >>> import tinygrad_cnn as tg
    >>> MLP(4, [8, 2])(tg.ones(3, 4)).shape
    (3, 2)
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: Sequence[int],
        norm_layer: Callable[..., nn.Module] | None = None,
        activation_layer: Callable[..., nn.Module] | None = nn.ReLU,
        inplace: bool | None = None,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        params = {} if inplace is None else {"inplace": inplace}
        layers: list[nn.Module] = []
        *inner, last = hidden_channels
        for size in inner:
            layers.append(nn.Linear(in_channels, size, bias=bias))
            if norm_layer is not None:
                layers.append(norm_layer(size))
            if activation_layer is not None:
                layers.append(activation_layer(**params))
            layers.append(nn.Dropout(dropout, **params))
            in_channels = size
        super().__init__(*layers, nn.Linear(in_channels, last, bias=bias), nn.Dropout(dropout, **params))


class Permute(nn.Module):
    """The dimensions in another order.

    >>> import tinygrad_cnn as tg
    >>> Permute([0, 2, 3, 1])(tg.ones(1, 3, 4, 5)).shape
    (1, 4, 5, 3)
    """

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        """A view."""
        return x.permute(list(self.dims))
