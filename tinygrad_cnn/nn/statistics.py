"""Normalisation by layer, group, instance and neighbourhood, and the embedding table."""

from typing import Any

from ..autograd.modes import in_scope
from ..creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .normalization import BatchNormBase
from .parameter import Parameter


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
        shape = (normalized_shape,) if hasattr(normalized_shape, "__index__") else tuple(normalized_shape)
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
    """Each group of channels of each image on its own, then weight and bias per channel. Wu & He 2018."""

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


class InstanceNormBase(BatchNormBase):
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
    """Mean 0 and variance 1 for each channel of each (N, C, L) on its own. Ulyanov et al. 2016."""

    dims = (2, 3)
    expects = "(N, C, L) or (C, L)"


class InstanceNorm2d(InstanceNormBase):
    """Mean 0 and variance 1 for each channel of each (N, C, H, W) on its own. Ulyanov et al. 2016."""

    dims = (3, 4)
    expects = "(N, C, H, W) or (C, H, W)"


class InstanceNorm3d(InstanceNormBase):
    """Mean 0 and variance 1 for each channel of each (N, C, D, H, W) on its own. Ulyanov et al. 2016."""

    dims = (4, 5)
    expects = "(N, C, D, H, W) or (C, D, H, W)"


class BatchNorm3d(BatchNormBase):
    """`BatchNorm2d` of volumes (N, C, D, H, W)."""

    dims = (5,)
    expects = "volumes (N, C, D, H, W)"


class LocalResponseNorm(Module):
    """x / (k + α · mean of squares of the `size` channels around)^β. Krizhevsky et al. 2012."""

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


class Embedding(Module):
    """A learned table, looked up by row numbers: (…) → (…, embedding_dim); max_norm, scale_grad_by_freq aren't offered.

    >>> import tinygrad_cnn as tg
    >>> Embedding(10, 3)(tg.tensor([[1, 2]])).shape
    (1, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx must be one of {num_embeddings} rows; got {padding_idx}")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        table = empty(num_embeddings, embedding_dim, dtype=dtype, device=device) if _weight is None else _weight
        self.weight = Parameter(table, requires_grad=not _freeze)
        if _weight is None:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Normal numbers; zeros in the padding's row."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None, **options: Any
    ) -> "Embedding":
        """A layer around a table (rows, features) that is there already; not learned further by default."""
        rows, features = embeddings.shape
        return cls(rows, features, padding_idx, _weight=embeddings, _freeze=freeze, **options)

    def forward(self, input: Tensor) -> Tensor:
        """`functional.embedding`"""
        return F.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)

    def extra_repr(self) -> str:
        """The sizes."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


__all__ = [
    "BatchNorm3d",
    "Embedding",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
]
