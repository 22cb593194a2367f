"""Losses. `reduction` is "mean", "sum" or "none"; `size_average` and `reduce` are PyTorch's old names for it."""

from typing import Any

from ... import ops
from ...autograd import taken, unrecordable
from ...autograd.modes import in_scope
from ...backend import find_backend
from ...dtypes import int64, is_floating
from ...errors import ArgumentError, DtypeError, ShapeError
from ...ops.precision import FULL
from ...tensor import Tensor
from ...tensor.precision import runs_in
from .checks import need_tensors
from .reduction import reduced, reduction_of, same_shape, weighted


@runs_in(FULL)
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(x − y)², averaged, over the weights if there are some. Shapes must be equal: PyTorch would warn and broadcast.

    >>> import tinygrad_cnn as tg
    >>> mse_loss(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 4.0]))
    tensor(2.)
    """
    same_shape("mse_loss", input, target)
    return _averaged("mse_loss", ops.square(ops.sub(input, target)), weight, reduction, size_average, reduce)


def _averaged(
    op: str, values: Tensor, weight: Tensor | None, reduction: str, size_average: bool | None, reduce: bool | None
) -> Tensor:
    """Reduced; the mean is over the weights, where there are some."""
    reduction = reduction_of(size_average, reduce, reduction)
    if weight is not None and reduction == "mean":
        return weighted(op, values, weight).sum() / weight.sum()
    return reduced(op, weighted(op, values, weight), reduction)


@runs_in(FULL)
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|x − y|, averaged, over the weights if there are some.

    >>> F.l1_loss(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 2.0]))
    tensor(1.)
    """
    same_shape("l1_loss", input, target)
    return _averaged("l1_loss", ops.abs_(ops.sub(input, target)), weight, reduction, size_average, reduce)


@runs_in(FULL)
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """(x − y)² / 2β where |x − y| < β, |x − y| − β/2 beyond (Girshick 2015).

    >>> F.smooth_l1_loss(tg.tensor([0.5, 3.0]), tg.tensor([0.0, 0.0]))
    tensor(1.3125)
    """
    same_shape("smooth_l1_loss", input, target)
    if beta < 0:
        raise ArgumentError(f"smooth_l1_loss: beta must not be negative; got {beta}{in_scope()}")
    distance = ops.abs_(ops.sub(input, target))
    if beta == 0:
        return reduced("smooth_l1_loss", distance, reduction, size_average, reduce)
    values = ops.where(distance < beta, ops.square(distance) * (0.5 / beta), distance - 0.5 * beta)
    return reduced("smooth_l1_loss", values, reduction, size_average, reduce)


@runs_in(FULL)
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """(x − y)² / 2 where |x − y| < δ, δ(|x − y| − δ/2) beyond (Huber 1964), times the weights.

    >>> import tinygrad_cnn as tg
    >>> huber_loss(tg.tensor([0.5, 3.0]), tg.tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    same_shape("huber_loss", input, target)
    if delta <= 0:
        raise ArgumentError(f"huber_loss: delta must be positive; got {delta}{in_scope()}")
    distance = ops.abs_(ops.sub(input, target))
    values = ops.where(distance < delta, ops.square(distance) * 0.5, (distance - 0.5 * delta) * delta)
    return reduced("huber_loss", weighted("huber_loss", values, weight), reduction)


@runs_in(FULL)
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−y ln p − (1 − y) ln(1 − p) for probabilities p; logarithms are cut off at −100, as in PyTorch.

    >>> F.binary_cross_entropy(tg.tensor([0.5]), tg.tensor([1.0]))
    tensor(0.6931)
    """
    same_shape("binary_cross_entropy", input, target)
    taken(_check_probabilities, input.array, in_scope())
    values = -(target * input.log().clamp(min=-100) + (1 - target) * (1 - input).log().clamp(min=-100))
    values = values if weight is None else values * weight
    return reduced("binary_cross_entropy", values, reduction, size_average, reduce)


@runs_in(FULL)
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of sigmoid(x), without its overflow.

    >>> F.binary_cross_entropy_with_logits(tg.tensor([0.0]), tg.tensor([1.0]))
    tensor(0.6931)
    """
    same_shape("binary_cross_entropy_with_logits", input, target)
    positive, negative = ops.softplus(-input, beta=1.0), ops.softplus(input, beta=1.0)  # −ln σ(x), −ln(1 − σ(x))
    values = target * positive * (1 if pos_weight is None else pos_weight) + (1 - target) * negative
    values = values if weight is None else values * weight
    return reduced("binary_cross_entropy_with_logits", values, reduction, size_average, reduce)


def _labels(op: str, target: Tensor, classes: int, ignore_index: int | None) -> Any:
    """Class numbers as int64, checked, with 0 for those to be ignored; and where those are (None if nowhere)."""
    if target.dtype.kind not in "iu":
        raise DtypeError(
            f"{op}: class numbers must be integers; got dtype {target.dtype}. Convert with .long(){in_scope()}"
        )
    return taken(_checked_labels, op, target.array, classes, ignore_index, in_scope(), varies=True)


def _checked_labels(op: str, target: Any, classes: int, ignore_index: int | None, scope: str) -> tuple[Any, Any]:
    labels, backend = target.astype(int64), find_backend((target,))
    if backend.all_below(labels, classes):
        ignored = labels == ignore_index if ignore_index is not None and 0 <= ignore_index < classes else None
        return labels, ignored if ignored is not None and ignored.any() else None
    ignored = labels == ignore_index
    if (bad := (labels.view("uint64") >= classes) & ~ignored).any():
        place = tuple(int(i[0]) for i in bad.nonzero())
        where = place[0] if len(place) == 1 else place
        raise IndexError(
            f"{op}: label {int(labels[place])} at position {where} is outside [0, {classes}), the classes there "
            f"are{scope}"
        )
    labels[ignored] = 0
    return labels, ignored


def _check_probabilities(x: Any, scope: str) -> None:
    if x.size and not bool(((x >= 0) & (x <= 1)).all()):
        raise ValueError(
            "binary_cross_entropy: probabilities must lie in [0, 1]; "
            f"for scores use binary_cross_entropy_with_logits{scope}"
        )


def _flat(labels: Any) -> Any:
    return labels.reshape(-1)


def _column(labels: Any) -> Any:
    return labels[:, None]


def _class_first_to_last(op: str, input: Tensor, target_shape: tuple[int, ...]) -> Tensor:
    """Scores (N, C, d…) → (N·d…, C), after a check that the target is (N, d…)."""
    if input.ndim == 0 or (input.ndim == 1 and target_shape != ()):
        raise ShapeError(f"{op}: scores {tuple(input.shape)} and target {target_shape} do not fit{in_scope()}")
    if input.ndim == 1:
        return input.unsqueeze(0)
    expected = (input.array.shape[0], *input.array.shape[2:])
    if target_shape != expected:
        hint = ""
        if target_shape == tuple(input.shape):
            hint = "; one-hot rows become class numbers with .argmax(1), probabilities with .float()"
        elif target_shape == (expected[0], 1, *expected[1:]):
            hint = "; use .squeeze(1)"
        raise ShapeError(
            f"{op}: scores (N, C, …) = {tuple(input.shape)} need class numbers of shape {expected}; "
            f"got {target_shape}{hint}{in_scope()}"
        )
    return input if input.ndim == 2 else input.movedim(1, -1).reshape(-1, input.shape[1])


def _weighted(
    op: str, losses: Tensor, labels: Any, ignored: Any, weight: Tensor | None, shape: tuple[int, ...], reduction: str
) -> Tensor:
    """Losses per row, weighted by class, without the ignored rows, and reduced; the mean is over the weights."""
    if weight is None and ignored is None:
        return reduced(op, losses if reduction != "none" else losses.reshape(shape), reduction)
    unrecordable(f"{op}: the mean is over the weights of these labels")
    xp = losses.backend.xp
    factors = xp.ones(labels.shape, dtype=losses.dtype) if weight is None else weight.array[labels]
    if ignored is not None:
        factors = xp.where(ignored, 0, factors)
    shares = losses * Tensor.from_array(factors)
    if reduction == "mean":
        total = shares.sum()
        return total / float(factors.sum()) if factors.sum() else total + float("nan")
    return reduced(op, shares if reduction != "none" else shares.reshape(shape), reduction)


@runs_in(FULL)
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """−ln softmax(x)[target], averaged: scores (N, C, …) with class numbers (N, …), or probabilities (N, C, …).

    Args:
        weight: one factor per class; the mean is over the weights.
        ignore_index: rows with this label count for nothing.
        label_smoothing: the share ε of the target that is spread evenly over all classes (Szegedy et al. 2016).
        size_average, reduce: PyTorch's old names for a reduction.

    Raises:
        IndexError: for a label outside of [0, C), with its position.
        RuntimeError: for shapes that do not fit; TypeError for labels that are no integers.

    >>> import tinygrad_cnn as tg
    >>> cross_entropy(tg.tensor([[0.0, 0.0]]), tg.tensor([1]))
    tensor(0.6931)
    """
    need_tensors("cross_entropy", input=input, target=target, weight=weight)
    reduction = reduction_of(size_average, reduce, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"cross_entropy: label_smoothing must lie in [0, 1]; got {label_smoothing}{in_scope()}")
    if weight is not None and input.ndim and weight.shape != (input.shape[min(1, input.ndim - 1)],):
        raise ShapeError(
            f"cross_entropy: weight must have one value per class of scores {tuple(input.shape)}; got "
            f"{tuple(weight.shape)}{in_scope()}"
        )
    if is_floating(target.dtype) and target.ndim == input.ndim:
        if ignore_index >= 0:
            raise ArgumentError(f"cross_entropy: probabilities take no ignore_index; got {ignore_index}{in_scope()}")
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    scores = _class_first_to_last("cross_entropy", input, target.array.shape)
    labels, ignored = _labels("cross_entropy", target, scores.array.shape[1], ignore_index)
    if labels.ndim != 1:
        labels = taken(_flat, labels)
    if reduction == "mean" and weight is None and ignored is None and not label_smoothing:
        return ops.cross_entropy(scores, target=labels)
    ignored = None if ignored is None else ignored.reshape(-1)
    losses = ops.softmax_cross_entropy(scores, target=labels)
    main = _weighted("cross_entropy", losses, labels, ignored, weight, target.array.shape, reduction)
    if not label_smoothing:
        return main
    logs = ops.log_softmax(scores, dim=1)
    spread = -(logs if weight is None else logs * weight).mean(1)
    if weight is not None and reduction == "mean":  # the weights are in `spread` already; only the divisor is missing
        kept = labels if ignored is None else labels[~ignored]
        rows = spread if ignored is None else spread * Tensor.from_array((~ignored).astype(spread.dtype))
        even = rows.sum() / float(weight.array[kept].sum())
    else:
        even = _weighted("cross_entropy", spread, labels, ignored, None, tuple(target.shape), reduction)
    return main * (1 - label_smoothing) + even * label_smoothing


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float
) -> Tensor:
    """Cross entropy with a probability for each class."""
    same_shape("cross_entropy", input, target)
    dim = 0 if input.ndim == 1 else 1
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[dim]
    logs = ops.log_softmax(input, dim=dim)
    if weight is not None:
        logs = logs * weight.reshape(-1, *(1,) * (input.ndim - dim - 1))
    losses = -(logs * target).sum(dim)
    return losses.sum() / max(losses.numel(), 1) if reduction == "mean" else reduced("cross_entropy", losses, reduction)


@runs_in(FULL)
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−x[target], averaged: log-probabilities (N, C, …) and class numbers (N, …); options as for `cross_entropy`.

    >>> F.nll_loss(tg.tensor([[-1.0, -2.0]]), tg.tensor([1]))
    tensor(2.)
    """
    need_tensors("nll_loss", input=input, target=target, weight=weight)
    reduction = reduction_of(size_average, reduce, reduction)
    if weight is not None and input.ndim and weight.shape != (input.shape[min(1, input.ndim - 1)],):
        raise ShapeError(
            f"nll_loss: weight must have one value per class of x {tuple(input.shape)}; got "
            f"{tuple(weight.shape)}{in_scope()}"
        )
    scores = _class_first_to_last("nll_loss", input, tuple(target.shape))
    labels, ignored = _labels("nll_loss", target, scores.shape[1], ignore_index)
    labels = taken(_flat, labels)
    picked = ops.gather_along(scores, dim=1, index=taken(_column, labels))
    losses = -picked.reshape(-1)
    return _weighted(
        "nll_loss",
        losses,
        labels,
        None if ignored is None else ignored.reshape(-1),
        weight,
        tuple(target.shape),
        reduction,
    )


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """`cross_entropy` of a linear map: features (N, I), its matrix (C, I) and class numbers (N).

    With a matrix (C, d…, I) the scores are (N, C, d…). `options`, which steer PyTorch's memory, have no effect.

    Raises:
        RuntimeError: for shapes that do not fit.

    >>> F.linear_cross_entropy(tg.ones(1, 2), tg.zeros(4, 2), tg.tensor([3]))
    tensor(1.3863)
    """
    op = "linear_cross_entropy"
    need_tensors(op, input=input, linear_weight=linear_weight, target=target, linear_bias=linear_bias, weight=weight)
    if input.ndim not in (1, 2) or linear_weight.ndim < 2 or input.shape[-1] != linear_weight.shape[-1]:
        raise ShapeError(
            f"{op}: features (N, I) and a matrix (C, …, I) don't fit: {tuple(input.shape)} and "
            f"{tuple(linear_weight.shape)}{in_scope()}"
        )
    outputs = tuple(linear_weight.shape[:-1])
    if linear_bias is not None and tuple(linear_bias.shape) != outputs:
        raise ShapeError(f"{op}: linear_bias must have shape {outputs}; got {tuple(linear_bias.shape)}{in_scope()}")
    if len(outputs) > 1 and input.ndim == 1:
        raise ShapeError(f"{op}: a matrix {tuple(linear_weight.shape)} needs features (N, I){in_scope()}")
    if target.ndim == input.ndim - 1 + len(outputs) and is_floating(target.dtype) and ignore_index is not None:
        raise ArgumentError(f"{op}: probabilities take no ignore_index{in_scope()}")
    flat = linear_weight.reshape(-1, linear_weight.shape[-1])
    scores = ops.linear(input, flat, None if linear_bias is None else linear_bias.reshape(-1))
    return cross_entropy(
        scores.reshape(*input.shape[:-1], *outputs),
        target,
        weight,
        ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers (…) → (…, classes) with 1 at the class, int64; as many classes as needed by default.

    >>> import tinygrad_cnn as tg
    >>> one_hot(tg.tensor([1, 0]))
    tensor([[0, 1],
            [1, 0]])
    """
    need_tensors("one_hot", tensor=tensor)
    if num_classes == -1:
        unrecordable("one_hot: the largest value says how many classes there are; give num_classes")
    classes = int(tensor.array.max(initial=0)) + 1 if num_classes == -1 else num_classes
    checked, _ = _labels("one_hot", tensor, classes, None)
    return Tensor.from_array(taken(_rows_of_one, tensor.backend, checked, classes))


def _rows_of_one(backend: Any, labels: Any, classes: int) -> Any:
    return (labels[..., None] == backend.xp.arange(classes)).astype(int64)


__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "l1_loss",
    "linear_cross_entropy",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "smooth_l1_loss",
]
