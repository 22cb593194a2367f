"""Losses that are negative logarithms of likelihoods: Poisson, Gaussian, Kullback and Leibler's, and of alignments."""

import itertools
from math import log, pi
from typing import Any
from warnings import warn

from ... import ops
from ...autograd import taken, unrecordable
from ...autograd.modes import in_scope
from ...errors import ArgumentError, ShapeError
from ...ops.precision import FULL
from ...tensor import Tensor
from ...tensor.precision import runs_in
from .checks import need_tensors
from .reduction import reduced, reduction_of


@runs_in(FULL)
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """y (ln y − x) of log-probabilities x and probabilities y: the divergence of the predicted distribution from y's.

    Args:
        input: log-probabilities.
        target: probabilities, or their logarithms if `log_target`.
        size_average, reduce, reduction: "batchmean" divides the sum by the size of the first dimension, which is the
            divergence of a batch; "mean" divides by the number of elements, and warns.
        log_target: whether the target is a logarithm.

    >>> import tinygrad_cnn as tg
    >>> kl_div(tg.tensor([[0.5, 0.5]]).log(), tg.tensor([[0.5, 0.5]]), reduction="batchmean")
    tensor(0.)
    """
    need_tensors("kl_div", input=input, target=target)
    old = size_average is not None or reduce is not None
    if reduction == "mean" and not old:
        warn("kl_div: reduction='mean' divides by the number of elements; 'batchmean' is the divergence", stacklevel=2)
    values = target.exp() * (target - input) if log_target else target.xlogy(target) - target * input
    if reduction == "batchmean" and not old:
        return values.sum() / input.shape[0] if input.ndim else values.sum()
    return reduced("kl_div", values, reduction, size_average, reduce)


@runs_in(FULL)
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """eˣ − yx, averaged: the negative log-likelihood of counts y with expectation eˣ, without the term ln y!.

    Args:
        input: the logarithm of the expectation, or it itself unless `log_input`: x − y ln(x + eps).
        target: counts.
        log_input: whether the input is a logarithm.
        full: add Stirling's approximation of ln y!, y ln y − y + ln(2πy)/2, where y > 1.
        size_average, reduce, reduction: of the values.
        eps: keeps the logarithm finite.

    >>> F.poisson_nll_loss(tg.tensor([0.0]), tg.tensor([2.0]))
    tensor(1.)
    """
    need_tensors("poisson_nll_loss", input=input, target=target)
    values = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        large = target.clamp_min(1)
        stirling = target * large.log() - target + 0.5 * (2 * pi * large).log()
        values = values + ops.where(target > 1, stirling, 0.0)
    return reduced("poisson_nll_loss", values, reduction, size_average, reduce)


@runs_in(FULL)
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """(ln v + (x − y)² / v) / 2, averaged: the negative log-likelihood of y with expectation x and variance v.

    Args:
        input: expectations.
        target: what came.
        var: variances of the input's shape, one for each row, or a number; those below eps count as eps.
        full: add ln(2π) / 2.
        eps: the least variance.
        reduction: of the values.

    Raises:
        ValueError: for a negative variance, or variances whose shape does not fit.

    >>> import tinygrad_cnn as tg
    >>> gaussian_nll_loss(tg.tensor([1.0]), tg.tensor([3.0]), tg.tensor([1.0]))
    tensor(2.)
    """
    op = "gaussian_nll_loss"
    need_tensors(op, input=input, target=target)
    if isinstance(var, int | float):
        var = Tensor.from_array(input.backend.xp.full(input.shape, var, dtype=input.dtype))
    need_tensors(op, var=var)
    taken(_check_variances, op, var.array, in_scope())
    if var.shape != input.shape:
        if tuple(var.shape) == tuple(input.shape[:-1]):
            var = var.unsqueeze(-1)
        elif var.ndim != input.ndim or sum(b for a, b in zip(input.shape, var.shape, strict=True) if a != b) != 1:
            raise ArgumentError(
                f"{op}: var must have the shape {tuple(input.shape)} of the input, or 1 in one of its dimensions; got "
                f"{tuple(var.shape)}{in_scope()}"
            )
    bounded = var + (var.detach().clamp_min(eps) - var.detach())  # as in PyTorch, the bound passes gradients on
    values = 0.5 * (bounded.log() + ops.square(input - target) / bounded)
    if full:
        values = values + 0.5 * log(2 * pi)
    return reduced(op, values, reduction)


def _check_variances(op: str, var: Any, scope: str) -> None:
    if var.size and bool((var < 0).any()):
        raise ArgumentError(f"{op}: a variance must not be negative; the least is {float(var.min())}{scope}")


@runs_in(FULL)
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """−ln of the probability of all alignments of frames with a shorter sequence of labels (Graves et al. 2006).

    As in PyTorch, the gradient supposes that the probabilities of a frame add up to 1: it is the formula's derivative
    plus eˣ, which makes no difference behind `log_softmax`.

    Args:
        log_probs: log-probabilities (T, N, C), or (T, C) of one sequence.
        targets: labels (N, S), or those of all sequences one after the other.
        input_lengths, target_lengths: how many frames and labels of each sequence count.
        blank: the class that stands for no label.
        reduction: "mean" divides each loss by its number of labels first.
        zero_infinity: 0 instead of ∞ for a sequence that is too short for its labels.

    Raises:
        RuntimeError: for lengths and shapes that do not fit.

    >>> F.ctc_loss(tg.zeros(4, 1, 3).log_softmax(2), tg.tensor([[1, 2]]), [4], [2])
    tensor(0.8432)
    """
    op = "ctc_loss"
    need_tensors(op, log_probs=log_probs, targets=targets)
    unrecordable(f"{op}: the alignments depend on the labels")
    single = log_probs.ndim == 2
    x = log_probs.unsqueeze(1) if single else log_probs
    if x.ndim != 3:
        raise ShapeError(f"{op}: expected log_probs (T, N, C); got shape {tuple(log_probs.shape)}{in_scope()}")
    if targets.dtype.kind not in "iu":
        raise ArgumentError(f"{op}: targets must be integers; got dtype {targets.dtype}{in_scope()}")
    frames, n, classes = x.shape
    if not 0 <= blank < classes:
        raise ArgumentError(f"{op}: blank must lie in [0, {classes}); got {blank}{in_scope()}")
    times, counts = _lengths(op, "input_lengths", input_lengths, n), _lengths(op, "target_lengths", target_lengths, n)
    if times and (max(times) > frames or min(times) < 0):
        raise ArgumentError(f"{op}: input_lengths must lie in [0, {frames}]; got {times}{in_scope()}")
    labels = _padded_labels(op, targets, counts, single, classes)
    xp = x.backend.xp
    most = labels.shape[1]
    states = xp.full((n, 2 * most + 1), blank, dtype="int64")  # a blank before, between and behind the labels
    states[:, 1::2] = labels
    jumps = xp.zeros(states.shape, dtype=bool)  # a blank between two labels that differ may be left out
    jumps[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    never = -1e30 if x.dtype.itemsize > 2 else -6e4  # stands for ln 0: differences of it are 0, and not NaN
    emitted = ops.gather_along(x, dim=2, index=xp.broadcast_to(states, (frames, *states.shape)))  # (T, N, states)
    start = xp.zeros(states.shape, dtype=bool)
    start[:, :2] = True
    alpha = ops.where(Tensor.from_array(start), emitted[0], never) if frames else emitted.sum(0)
    lasting = Tensor.from_array(xp.asarray(times)[:, None])
    leap = Tensor.from_array(jumps)
    for t in range(1, frames):
        by_one = ops.pad(alpha[:, :-1], pads=((0, 0), (1, 0)), value=never)
        by_two = ops.where(leap, ops.pad(alpha[:, :-2], pads=((0, 0), (2, 0)), value=never), never)
        reached = ops.concat(*(a.unsqueeze(0) for a in (alpha, by_one, by_two[:, : alpha.shape[1]])), dim=0)
        alpha = ops.where(lasting > t, (reached.logsumexp(0) + emitted[t]).clamp_min(never), alpha)
    ends = xp.stack([2 * xp.asarray(counts), xp.maximum(2 * xp.asarray(counts) - 1, 0)], axis=1)
    final = ops.gather_along(alpha, dim=1, index=ends)
    only = Tensor.from_array(xp.asarray(counts)[:, None] > xp.asarray([[-1, 0]]))
    losses = -ops.where(only, final, never).logsumexp(1)
    powers = x.exp()
    counted = Tensor.from_array(xp.arange(frames)[:, None] < xp.asarray(times))  # (T, N)
    losses = losses + ops.where(counted, (powers - powers.detach()).sum(2), 0.0).sum(0)  # 0, with the derivative eˣ
    impossible = losses > -0.5 * never
    losses = ops.where(impossible, 0.0 if zero_infinity else float("inf"), losses)
    if reduction_of(None, None, reduction) == "mean":
        divisors = xp.maximum(xp.asarray(counts, dtype=x.dtype), 1)
        return (losses / Tensor.from_array(divisors)).mean()
    return reduced(op, losses.squeeze(0) if single else losses, reduction)


def _lengths(op: str, name: str, lengths: Any, n: int) -> list[int]:
    values = lengths.reshape(-1).tolist() if isinstance(lengths, Tensor) else list(lengths)
    if any(not hasattr(v, "__index__") for v in values):
        raise ArgumentError(f"{op}: {name} must be integers; got {values!r:.80}{in_scope()}")
    if len(values) != n:
        raise ArgumentError(
            f"{op}: {name} must have one value for each of {n} sequences; got {len(values)}{in_scope()}"
        )
    return [int(v) for v in values]


def _padded_labels(op: str, targets: Tensor, counts: list[int], single: bool, classes: int) -> Any:
    """Labels (N, most of any), with 0 behind each row's last."""
    xp = targets.backend.xp
    most = max(counts, default=0)
    labels = xp.zeros((len(counts), most), dtype="int64")
    if targets.ndim == 2 or single:
        rows = targets.array.reshape(len(counts), -1)
        if most > rows.shape[1]:
            raise ArgumentError(f"{op}: {most} labels of shape {tuple(targets.shape)} are asked for{in_scope()}")
        parts = [row[:count] for row, count in zip(rows, counts, strict=True)]
    else:
        if targets.ndim != 1 or targets.numel() < sum(counts):
            raise ArgumentError(
                f"{op}: targets {tuple(targets.shape)} must be (N, S), or hold {sum(counts)} labels{in_scope()}"
            )
        ends = [sum(counts[:i]) for i in range(len(counts) + 1)]
        parts = [targets.array[a:b] for a, b in itertools.pairwise(ends)]
    for row, part in zip(labels, parts, strict=True):
        row[: len(part)] = part
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ArgumentError(f"{op}: labels must lie in [0, {classes}){in_scope()}")
    return labels


__all__ = ["ctc_loss", "gaussian_nll_loss", "kl_div", "poisson_nll_loss"]
