"""Normalisation."""

from typing import Any

from ... import ops
from ...autograd import repeated
from ...autograd.modes import in_scope
from ...errors import ShapeError
from ...tensor import Tensor
from .checks import need_tensors


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(variance + eps) · weight + bias for each channel of (N, C, …). Ioffe & Szegedy 2015.

    In training, mean and variance are those of the batch, and the running ones move towards them by `momentum` (the
    variance as Σ (x − mean)² / (n − 1)); otherwise the running ones are used. Images of 16 bits go with parameters and
    running statistics in float32, too.

    Raises:
        ValueError: in training with only one value per channel, whose variance says nothing.
        RuntimeError: for parameters that have not one value per channel.

    >>> import tinygrad_cnn as tg
    >>> batch_norm(tg.tensor([[1.0], [3.0]]), None, None, training=True).round()
    tensor([[-1.],
            [ 1.]])
    """
    need_tensors(
        "batch_norm", input=input, weight=weight, bias=bias, running_mean=running_mean, running_var=running_var
    )
    if input.shape == (0,):  # an empty batch, in PyTorch too
        return batch_norm(input[None], running_mean, running_var, weight, bias, training, momentum, eps)[0]
    if input.ndim < 2:
        raise ShapeError(f"batch_norm: expected (N, C, …); got shape {tuple(input.shape)}{in_scope()}")
    channels = input.shape[1]
    for name, values in (
        ("weight", weight),
        ("bias", bias),
        ("running_mean", running_mean),
        ("running_var", running_var),
    ):
        if values is not None and values.shape != (channels,):
            raise ShapeError(
                f"batch_norm: {name} {tuple(values.shape)} expects {values.numel()} channels, but x "
                f"{tuple(input.shape)} has {channels}{in_scope()}"
            )
    others = (weight, bias, running_mean, running_var)
    if input.dtype.itemsize == 2 and any(v is not None and v.dtype != input.dtype for v in others):
        wide = batch_norm(input.float(), running_mean, running_var, weight, bias, training, momentum, eps)
        return wide.to(input.dtype)
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError(
                f"batch_norm: without running_mean and running_var only training=True is possible{in_scope()}"
            )
        return ops.standardize_channels(input, running_mean, running_var, weight, bias, eps=eps)
    if eps <= 0:
        raise ValueError(f"batch_norm: eps must be positive in training; got {eps}{in_scope()}")
    count = input.numel() // max(channels, 1)
    if count == 1:
        raise ValueError(
            f"batch_norm: one value per channel (x {tuple(input.shape)}) has no variance to train with; "
            f"use a larger batch, or .eval(){in_scope()}"
        )
    out, (mean, invstd) = ops.batch_norm.with_residuals(input, weight, bias, eps=eps)
    if running_mean is not None and running_var is not None and count:
        _move(running_mean, running_var, mean, invstd, eps, count, momentum)
    return out


@repeated
def _move(
    running_mean: Tensor, running_var: Tensor, mean: Any, invstd: Any, eps: float, count: int, momentum: float
) -> None:
    """Move the running statistics towards those of a batch with `count` values per channel."""
    arrays = (running_mean.array, running_var.array, mean, invstd)
    running_mean.backend.update_running_statistics(*arrays, momentum=momentum, eps=eps, count=count)
    running_mean.storage.changed("batch_norm")
    running_var.storage.changed("batch_norm")


__all__ = ["batch_norm"]
