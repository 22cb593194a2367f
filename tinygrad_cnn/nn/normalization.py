"""Normalisation layers."""

from typing import Any

from ..autograd import repeated
from ..autograd.modes import in_scope
from ..creation import empty, ones, tensor, zeros
from ..dtypes import int64
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class NormBase(Module):
    """What batch and instance normalisation share: the parameters and the running statistics."""

    _version = 2  # version 1 did not count batches

    dims: tuple[int, ...]  # how many dimensions an input may have
    expects: str  # the same in words
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        place = {"dtype": dtype, "device": device}
        self.register_parameter("weight", Parameter(empty(num_features, **place)) if affine else None)
        self.register_parameter("bias", Parameter(empty(num_features, **place)) if affine and bias else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **place) if tracked else None)
        self.register_buffer("running_var", ones(num_features, **place) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=int64, device=device) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches that were seen: mean 0, variance 1."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weights 1, biases 0, no batches seen."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        key = f"{prefix}num_batches_tracked"
        old = local_metadata.get("version") is None or local_metadata["version"] < 2
        if old and self.num_batches_tracked is not None and key not in state_dict:
            state_dict[key] = self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class BatchNormBase(NormBase):
    """What batch normalisation of every rank shares."""

    def forward(self, input: Tensor) -> Tensor:
        """`functional.batch_norm`, with the running statistics moved in training.

        Raises:
            ValueError: for an input with another number of dimensions.
        """
        if input.ndim not in self.dims:
            raise ValueError(
                f"{type(self).__name__}: expected {self.expects}; got shape {tuple(input.shape)}{in_scope()}"
            )
        momentum = self.momentum
        tracked = self.num_batches_tracked
        if self.training and self.track_running_stats and tracked is not None:
            _count(tracked)
            if momentum is None:  # the average over all batches so far
                momentum = 1 / tracked.item()
        mean, var = self.running_mean, self.running_var
        if self.training and not self.track_running_stats:
            mean = var = None
        return F.batch_norm(
            input,
            mean,
            var,
            self.weight,
            self.bias,
            self.training or (mean is None and var is None),
            0.0 if momentum is None else momentum,
            self.eps,
        )


@repeated
def _count(tracked: Tensor) -> None:
    array = tracked.array
    array += 1
    tracked.storage.changed("batch_norm")


class BatchNorm1d(BatchNormBase):
    """(x − mean) / √(variance + eps) · weight + bias for each feature of (N, C) or channel of (N, C, L).

    Ioffe & Szegedy 2015.

    Args:
        num_features: C.
        eps: keeps the root away from 0.
        momentum: how far the running statistics move towards each batch's; None for the average over all batches.
        affine: whether weight and bias are learned.
        track_running_stats: whether statistics are kept for `eval()`; otherwise those of the batch are used there too.

    >>> import tinygrad_cnn as tg
    >>> BatchNorm1d(1)(tg.tensor([[1.0], [3.0]])).detach().round()
    tensor([[-1.],
            [ 1.]])
    """

    dims = (2, 3)
    expects = "(N, C) or (N, C, L)"


class BatchNorm2d(BatchNormBase):
    """`BatchNorm1d` for each channel of images (N, C, H, W).

    >>> import tinygrad_cnn as tg
    >>> layer = BatchNorm2d(3)
    >>> layer(tg.ones(8, 3, 4, 4)).shape, layer.running_mean
    ((8, 3, 4, 4), tensor([0.1000, 0.1000, 0.1000]))
    """

    dims = (4,)
    expects = "images (N, C, H, W)"


class BatchNorm3d(BatchNormBase):
    """`BatchNorm2d` of volumes (N, C, D, H, W).

    >>> nn.BatchNorm3d(3)(tg.ones(2, 3, 2, 2, 2)).shape
    (2, 3, 2, 2, 2)
    """

    dims = (5,)
    expects = "volumes (N, C, D, H, W)"


class SyncBatchNorm(BatchNormBase):
    """Batch normalisation for every rank; in PyTorch over the parts of a batch that several processes have.

    Here each process takes the statistics of its own part.

    >>> nn.SyncBatchNorm(3)(tg.ones(2, 3)).shape
    (2, 3)
    """

    dims = tuple(range(2, 9))
    expects = "(N, C, …)"

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module with every `BatchNorm…` in it replaced by one of this class, with the same tensors.

        >>> from tinygrad_cnn import nn
        >>> SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm2d(3)))[0].num_features
        3
        """
        out = module
        if isinstance(module, BatchNormBase):
            out = cls(
                *(module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats),
                process_group,
                bias=module.bias is not None,
            )
            out._parameters.update(module._parameters)
            out._buffers.update(module._buffers)
            out.training = module.training
        for name, child in module.named_children():
            out.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return out


__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"]
