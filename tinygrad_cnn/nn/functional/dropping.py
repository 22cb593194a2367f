"""Dropout: of values, of whole channels, and as self-normalising networks need it."""

from typing import Any

from ... import ops
from ...autograd.modes import in_scope
from ...errors import ShapeError
from ...tensor import Tensor
from .checks import need_tensors


def _probability(op: str, input: Tensor, p: float) -> None:
    need_tensors(op, input=input)
    if not 0 <= p <= 1:
        raise ValueError(f"{op}: p must lie in [0, 1]; got {p}{in_scope()}")


def _drop(op: str, input: Tensor, p: float, shape: tuple[int, ...], inplace: bool) -> Tensor:
    """Zeros with probability p, one draw for each element of `shape`."""
    if inplace:
        return input.in_place(f"{op}_", ops.dropout, input, p=p, shape=shape)
    return ops.dropout(input, p=p, shape=shape)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each value is 0 with probability p, else scaled by 1/(1 − p); otherwise x itself.

    Raises:
        ValueError: for p outside [0, 1].

    >>> import tinygrad_cnn as tg
    >>> dropout(tg.ones(3), p=0.9, training=False)
    tensor([1., 1., 1.])
    """
    _probability("dropout", input, p)
    if not training or p == 0:
        return input
    return _drop("dropout", input, p, input.shape, inplace)


def _channels(input: Tensor, channels: int = 2) -> tuple[int, ...]:
    """One draw for each of the first dimensions' elements."""
    return (*input.shape[:channels], *(1,) * (input.ndim - channels))


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels: (N, C, L) or (C, L), each of the sequences kept or dropped as one.

    Raises:
        RuntimeError: for another number of dimensions.

    >>> F.dropout1d(tg.ones(1, 2, 3), training=False).sum()
    tensor(6.)
    """
    _probability("dropout1d", input, p)
    if input.ndim not in (2, 3):
        raise ShapeError(f"dropout1d: expected (N, C, L) or (C, L); got shape {tuple(input.shape)}{in_scope()}")
    if not training or p == 0:
        return input
    return _drop("dropout1d", input, p, _channels(input, input.ndim - 1), inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels: (N, C, H, W), each of the N · C images kept or dropped as one.

    As in PyTorch, three dimensions are (N, C, L).

    >>> F.dropout2d(tg.ones(1, 2, 3, 3), training=False).sum()
    tensor(18.)
    """
    _probability("dropout2d", input, p)
    if not training or p == 0:
        return input
    return _drop("dropout2d", input, p, _channels(input, min(2, input.ndim)), inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels: (N, C, D, H, W) or (C, D, H, W), each volume kept or dropped as one.

    >>> F.dropout3d(tg.ones(1, 2, 3, 3, 3), training=False).sum()
    tensor(54.)
    """
    _probability("dropout3d", input, p)
    if not training or p == 0:
        return input
    return _drop("dropout3d", input, p, _channels(input, 1 if input.ndim == 4 else min(2, input.ndim)), inplace)


SATURATED = -1.7580993408473766  # what `selu` tends to for x → −∞: −scale · α


def _alpha(op: str, input: Tensor, p: float, shape: tuple[int, ...], training: bool, inplace: bool) -> Tensor:
    """Dropped values become selu's lower limit; then everything is scaled and shifted to mean 0 and variance 1."""
    _probability(op, input, p)
    if not training or p == 0:
        return input
    if p == 1:
        dropped: Any = input * 0.0
        return input.copy_(dropped) if inplace else dropped
    ones = Tensor.from_array(input.backend.xp.ones(shape, dtype=input.dtype))
    keep = ops.dropout(ones, p=p, shape=shape) * (1 - p)
    scale = ((SATURATED**2 * p + 1) * (1 - p)) ** -0.5
    source = input.clone() if inplace else input
    out: Any = (source * keep + SATURATED * (1 - keep)) * scale - scale * SATURATED * p
    return input.copy_(out) if inplace else out


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`dropout` that keeps mean 0 and variance 1 of what `selu` gives (Klambauer et al. 2017).

    Raises:
        ValueError: for p outside [0, 1].

    >>> import tinygrad_cnn as tg
    >>> alpha_dropout(tg.ones(2), p=0.9)
    tensor([1., 1.])
    """
    return _alpha("alpha_dropout", input, p, tuple(input.shape), training, inplace)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels (N, C, …).

    >>> F.feature_alpha_dropout(tg.ones(1, 2, 3), training=False).sum()
    tensor(6.)
    """
    if training and 0 < p <= 1 and input.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout: expected (N, C, …); got shape {tuple(input.shape)}{in_scope()}")
    return _alpha("feature_alpha_dropout", input, p, _channels(input, min(2, input.ndim)), training, inplace)


__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]
