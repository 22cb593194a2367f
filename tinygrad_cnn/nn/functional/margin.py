"""Losses that ask for a margin: of a ranking, of classes, of embeddings."""

from collections.abc import Callable
from typing import Any

from ... import ops
from ...autograd import taken
from ...autograd.modes import in_scope
from ...errors import ArgumentError, DtypeError, ShapeError
from ...ops.precision import FULL
from ...tensor import Tensor
from ...tensor.precision import runs_in
from .checks import need_tensors
from .distance import pairwise_distance
from .rectifiers import logsigmoid
from .reduction import check_reduction, reduced, same_shape


def _above_zero(x: Any) -> Any:
    """max(x, 0), with the derivative 1 at 0, as in PyTorch's losses."""
    return ops.where(x >= 0, x, 0.0)


@runs_in(FULL)
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin − y(x₁ − x₂)), averaged: with y = 1 x₁ shall be the larger by the margin, with y = −1 x₂.

    >>> import tinygrad_cnn as tg
    >>> margin_ranking_loss(tg.tensor([1.0]), tg.tensor([3.0]), tg.tensor([1.0]))
    tensor(2.)
    """
    need_tensors("margin_ranking_loss", input1=input1, input2=input2, target=target)
    if not input1.ndim == input2.ndim == target.ndim:
        shapes = f"{tuple(input1.shape)}, {tuple(input2.shape)} and {tuple(target.shape)}"
        raise ShapeError(
            f"margin_ranking_loss: the three tensors must have as many dimensions; got {shapes}{in_scope()}"
        )
    values = _above_zero(margin - target * (input1 - input2))
    return reduced("margin_ranking_loss", values, reduction, size_average, reduce)


@runs_in(FULL)
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x where y = 1, max(0, margin − x) where y = −1, averaged: x is a distance of two that are alike or not.

    >>> import tinygrad_cnn as tg
    >>> hinge_embedding_loss(tg.tensor([0.5, 0.2]), tg.tensor([1, -1]), reduction="none")
    tensor([0.5000, 0.8000])
    """
    need_tensors("hinge_embedding_loss", input=input, target=target)
    apart = ops.where(target == 1, 0.0, _above_zero(margin - input))
    values = apart + ops.where(target == -1, 0.0, input)
    return reduced("hinge_embedding_loss", values, reduction, size_average, reduce)


@runs_in(FULL)
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 − cos(x₁, x₂) where y = 1, max(0, cos(x₁, x₂) − margin) where y = −1, averaged.

    Two vectors (D) and a target (), or (N, D), (N, D) and (N).

    Raises:
        RuntimeError: for other shapes.

    >>> import tinygrad_cnn as tg
    >>> cosine_embedding_loss(tg.ones(1, 3), tg.ones(1, 3), tg.tensor([1])).abs().round()
    tensor(0.)
    """
    need_tensors("cosine_embedding_loss", input1=input1, input2=input2, target=target)
    if target.ndim > 1 or not input1.ndim == input2.ndim == target.ndim + 1:
        shapes = f"{tuple(input1.shape)}, {tuple(input2.shape)} and {tuple(target.shape)}"
        raise ShapeError(
            f"cosine_embedding_loss: expected (N, D), (N, D) and (N), or (D), (D) and (); got {shapes}{in_scope()}"
        )
    tiny = 1e-12
    squares = (ops.square(input1).sum(-1) + tiny) * (ops.square(input2).sum(-1) + tiny)
    cosine = (input1 * input2).sum(-1) / squares.sqrt()
    alike = ops.where(target == 1, 1 - cosine, 0.0)
    apart = ops.where(target == -1, _above_zero(cosine - margin), 0.0)
    return reduced("cosine_embedding_loss", alike + apart, reduction, size_average, reduce)


@runs_in(FULL)
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """ln(1 + e^(−yx)), averaged, with y = ±1.

    >>> F.soft_margin_loss(tg.tensor([0.0]), tg.tensor([1.0]))
    tensor(0.6931)
    """
    same_shape("soft_margin_loss", input, target)
    return reduced("soft_margin_loss", ops.softplus(-target * input, beta=1.0), reduction, size_average, reduce)


@runs_in(FULL)
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−y ln σ(x) − (1 − y) ln σ(−x), times the weights, averaged over the classes (the last dimension).

    >>> F.multilabel_soft_margin_loss(tg.zeros(1, 2), tg.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    need_tensors("multilabel_soft_margin_loss", input=input, target=target, weight=weight)
    values = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    values = values if weight is None else values * weight
    return reduced("multilabel_soft_margin_loss", values.mean(-1), reduction, size_average, reduce)


def _rows(op: str, input: Tensor) -> Tensor:
    if input.ndim > 2 or 0 in input.shape[1:] or input.numel() == 0:
        raise ShapeError(f"{op}: expected scores (N, C) or (C); got shape {tuple(input.shape)}{in_scope()}")
    return input if input.ndim == 2 else input.reshape(1, input.numel())


@runs_in(FULL)
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ over the other classes j of max(0, margin − x[y] + x[j])ᵖ / C, times the class's weight, averaged.

    Scores (N, C) and class numbers (N), or (C) and ().

    Raises:
        ValueError: for p other than 1 and 2.
        RuntimeError: for shapes that do not fit, or a label outside of [0, C).

    >>> import tinygrad_cnn as tg
    >>> multi_margin_loss(tg.tensor([[0.1, 0.2, 0.4, 0.8]]), tg.tensor([3]))
    tensor(0.3250)
    """
    op = "multi_margin_loss"
    need_tensors(op, input=input, target=target, weight=weight)
    check_reduction(op, reduction)
    if p not in (1, 2):
        raise ArgumentError(f"{op}: p must be 1 or 2; got {p}{in_scope()}")
    scores = _rows(op, input)
    n, classes = scores.shape
    if target.ndim > 1 or target.numel() != n:
        raise ShapeError(f"{op}: scores {tuple(input.shape)} need {n} labels; got {tuple(target.shape)}{in_scope()}")
    if weight is not None and weight.shape != (classes,):
        raise ArgumentError(f"{op}: weight must have shape ({classes},); got {tuple(weight.shape)}{in_scope()}")
    labels = taken(_labels_in_range, op, target.array, classes, in_scope())
    right = ops.gather_along(scores, dim=1, index=labels)
    values = _above_zero(margin - right + scores) ** p
    if weight is not None:
        values = values * weight[Tensor.from_array(labels)]
    others = Tensor.from_array(taken(_others, scores.backend, labels, classes))
    sums = ops.where(others, values, 0.0).sum(1) / classes
    return reduced(op, sums if input.ndim == 2 else sums.squeeze(0), reduction, size_average, reduce)


def _labels_in_range(op: str, labels: Any, classes: int, scope: str) -> Any:
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"{op}: class numbers must be integers; got dtype {labels.dtype}{scope}")
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ArgumentError(f"{op}: labels must lie in [0, {classes}); got {labels.reshape(-1).tolist()!r:.80}{scope}")
    return labels.reshape(-1, 1).astype("int64")


def _others(backend: Any, labels: Any, classes: int) -> Any:
    return backend.xp.arange(classes) != labels


@runs_in(FULL)
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ max(0, 1 − x[y] + x[i]) / C over the classes y that are there and those i that are not, averaged.

    Scores and class numbers (N, C), or both (C): of each row of numbers those before the first −1 count.

    Raises:
        RuntimeError: for shapes that do not fit, or a label outside of [−1, C).

    >>> import tinygrad_cnn as tg
    >>> multilabel_margin_loss(tg.tensor([[0.1, 0.2, 0.4, 0.8]]), tg.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """
    op = "multilabel_margin_loss"
    same_shape(op, input, target)
    check_reduction(op, reduction)
    if input.numel() == 0 and input.ndim == 2 and input.shape[1]:
        return reduced(op, input.sum(1), reduction, size_average, reduce)
    scores = _rows(op, input)
    classes = scores.shape[1]
    labels, counted, absent = taken(_label_sets, op, scores.backend.xp, target.array, classes, in_scope())
    right = ops.gather_along(scores, dim=1, index=labels)  # (N, C)
    gaps = _above_zero(1 - right.unsqueeze(2) + scores.unsqueeze(1))  # (N, labels, classes)
    matter = Tensor.from_array(counted[:, :, None] & absent[:, None, :])
    sums = ops.where(matter, gaps, 0.0).sum((1, 2)) / classes
    return reduced(op, sums if input.ndim == 2 else sums.squeeze(0), reduction, size_average, reduce)


def _label_sets(op: str, xp: Any, target: Any, classes: int, scope: str) -> tuple[Any, Any, Any]:
    """Labels with 0 for those that do not count, which count, and which classes are in none."""
    rows = target.reshape(-1, classes)
    if rows.dtype.kind not in "iu":
        raise DtypeError(f"{op}: class numbers must be integers; got dtype {rows.dtype}{scope}")
    if rows.size and (rows.min() < -1 or rows.max() >= classes):
        raise ArgumentError(f"{op}: labels must lie in [−1, {classes}); got {rows.reshape(-1).tolist()!r:.80}{scope}")
    counted = xp.cumsum(rows == -1, axis=1) == 0
    labels = xp.where(counted, rows, 0).astype("int64")
    present = ((labels[:, :, None] == xp.arange(classes)) & counted[:, :, None]).any(1)
    return labels, counted, ~present


@runs_in(FULL)
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin + d(a, p) − d(a, n)), averaged, with d the `pairwise_distance` (Balntas et al. 2016).

    Args:
        anchor, positive, negative: (N, D) or (D).
        margin: by how much the negative shall be farther than the positive.
        p, eps: of the distance.
        swap: take d(p, n) where it is less than d(a, n).
        size_average, reduce, reduction: of the values.

    >>> import tinygrad_cnn as tg
    >>> triplet_margin_loss(tg.zeros(1, 2), tg.zeros(1, 2), tg.tensor([[3.0, 4.0]]), margin=6.0).round()
    tensor(1.)
    """
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss: margin must be positive; got {margin}{in_scope()}")

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return pairwise_distance(a, b, p, eps)

    values = _triplet("triplet_margin_loss", anchor, positive, negative, distance, margin, swap)
    return reduced("triplet_margin_loss", values, reduction, size_average, reduce)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of one's own: a function of two tensors.

    >>> F.triplet_margin_with_distance_loss(tg.zeros(1, 2), tg.zeros(1, 2), tg.ones(1, 2)).shape
    ()
    """
    op = "triplet_margin_with_distance_loss"
    if margin <= 0:
        raise ValueError(f"{op}: margin must be positive; got {margin}{in_scope()}")
    values = _triplet(op, anchor, positive, negative, distance_function or pairwise_distance, margin, swap)
    return reduced(op, values, reduction)


def _triplet(
    op: str,
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
) -> Tensor:
    need_tensors(op, anchor=anchor, positive=positive, negative=negative)
    if not anchor.ndim == positive.ndim == negative.ndim:
        shapes = f"{tuple(anchor.shape)}, {tuple(positive.shape)} and {tuple(negative.shape)}"
        raise ShapeError(f"{op}: the three tensors must have as many dimensions; got {shapes}{in_scope()}")
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return _above_zero(margin + near - far)  # type: ignore[no-any-return]


__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]
