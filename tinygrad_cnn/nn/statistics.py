"""Normalisation by layer, group, instance and neighbourhood."""

from typing import Any

from ..autograd.modes import in_scope
from ..creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .normalization import NormBase
from .parameter import Parameter
from .sizes import normal_shape, require_numbers


class LayerNorm(Module):
    """(x − mean) / √(variance + eps) · weight + bias over the last dimensions. Ba et al. 2016.

    >>> import tinygrad_cnn as tg
    >>> LayerNorm(2)(tg.tensor([[1.0, 3.0]])).detach().round().tolist()
    [[-1.0, 1.0]]
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        shape = normal_shape(type(self).__name__, normalized_shape)
        self.normalized_shape = shape
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        place = {"dtype": dtype, "device": device}
        self.register_parameter("weight", Parameter(empty(shape, **place)) if elementwise_affine else None)
        self.register_parameter("bias", Parameter(empty(shape, **place)) if elementwise_affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights 1, biases 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """`functional.layer_norm`"""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class GroupNorm(Module):
    """Each group of channels of each image on its own, then weight and bias per channel. Wu & He 2018.

    >>> nn.GroupNorm(2, 4)(tg.ones(1, 4, 3)).shape
    (1, 4, 3)
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        require_numbers("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: num_channels must be divisible by num_groups; got {num_channels} and {num_groups}"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        place = {"dtype": dtype, "device": device}
        self.register_parameter("weight", Parameter(empty(num_channels, **place)) if affine else None)
        self.register_parameter("bias", Parameter(empty(num_channels, **place)) if affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights 1, biases 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """`functional.group_norm`"""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class InstanceNormBase(NormBase):
    """What instance normalisation of every rank shares: one image at a time, and by default nothing learned."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """`functional.instance_norm`

        Raises:
            ValueError: for an input with another number of dimensions.
        """
        if input.ndim not in self.dims:
            raise ValueError(
                f"{type(self).__name__}: expected {self.expects}; got shape {tuple(input.shape)}{in_scope()}"
            )
        batched = input.ndim == self.dims[-1]
        out = F.instance_norm(
            input if batched else input.unsqueeze(0),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return out if batched else out.squeeze(0)


class InstanceNorm1d(InstanceNormBase):
    """Mean 0 and variance 1 for each channel of each (N, C, L) on its own. Ulyanov et al. 2016.

    >>> nn.InstanceNorm1d(3)(tg.ones(1, 3, 4)).shape
    (1, 3, 4)
    """

    dims = (2, 3)
    expects = "(N, C, L) or (C, L)"


class InstanceNorm2d(InstanceNormBase):
    """Mean 0 and variance 1 for each channel of each (N, C, H, W) on its own. Ulyanov et al. 2016.

    >>> nn.InstanceNorm2d(3)(tg.ones(1, 3, 4, 4)).shape
    (1, 3, 4, 4)
    """

    dims = (3, 4)
    expects = "(N, C, H, W) or (C, H, W)"


class InstanceNorm3d(InstanceNormBase):
    """Mean 0 and variance 1 for each channel of each (N, C, D, H, W) on its own. Ulyanov et al. 2016.

    >>> nn.InstanceNorm3d(3)(tg.ones(1, 3, 4, 4, 4)).shape
    (1, 3, 4, 4, 4)
    """

    dims = (4, 5)
    expects = "(N, C, D, H, W) or (C, D, H, W)"


class LocalResponseNorm(Module):
    """x / (k + α · mean of squares of the `size` channels around)^β. Krizhevsky et al. 2012.

    >>> nn.LocalResponseNorm(3)(tg.ones(1, 3, 4)).shape
    (1, 3, 4)
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """`functional.local_response_norm`"""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class RMSNorm(Module):
    """x / √(mean of squares + eps) · weight over the last dimensions. Zhang & Sennrich 2019.

    eps is the dtype's smallest step from 1 by default.

    >>> import tinygrad_cnn as tg
    >>> RMSNorm(2)(tg.tensor([[3.0, 4.0]])).detach().square().mean().round()
    tensor(1.)
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        shape = normal_shape(type(self).__name__, normalized_shape)
        self.normalized_shape = shape
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(empty(shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """`functional.rms_norm`"""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class CrossMapLRN2d(LocalResponseNorm):
    """`LocalResponseNorm` of images, by its old name.

    >>> nn.CrossMapLRN2d(3)(tg.ones(1, 3, 2, 2)).shape
    (1, 3, 2, 2)
    """


__all__ = [
    "CrossMapLRN2d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]
