"""What classifiers of very many classes end with: a linear map and its loss in one, and a tree of clusters."""

import itertools
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ..autograd.modes import in_scope
from ..creation import empty, zeros
from ..errors import ArgumentError, ShapeError
from ..tensor import Tensor
from . import functional as F
from .containers import ModuleList, Sequential
from .linear import Linear
from .loss import WeightedLoss
from .module import Module


class LinearCrossEntropyLoss(WeightedLoss):
    """Cross entropy of a learned linear map: features (N, in_features) and class numbers (N).

    The other arguments are those of `CrossEntropyLoss`; `options`, which steer PyTorch's memory, have no effect.

    >>> import tinygrad_cnn as tg
    >>> LinearCrossEntropyLoss(4, 10)(tg.zeros(2, 4), tg.tensor([1, 2])).detach()
    tensor(2.3026)
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise ArgumentError(
                f"LinearCrossEntropyLoss: weight must have shape ({num_classes},); got {tuple(weight.shape)}"
            )
        if not 0 <= label_smoothing <= 1:
            raise ArgumentError(f"LinearCrossEntropyLoss: label_smoothing must lie in [0, 1]; got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        outputs = num_classes * prod(out_features)
        self.linear = Linear(in_features, outputs, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`functional.linear_cross_entropy`"""
        outputs = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*outputs, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(outputs),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
        )

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )


class ASMOutput(NamedTuple):
    """What `AdaptiveLogSoftmaxWithLoss` returns: each row's log-probability of its class, and the loss."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-softmax over very many classes of falling frequency, of which rare ones share clusters. Grave et al. 2017.

    Args:
        in_features, n_classes: I and how many classes.
        cutoffs: where the clusters begin.
        div_value: by which the features shrink from cluster to cluster.
        head_bias: whether the first map has a bias.

    >>> import tinygrad_cnn as tg
    >>> AdaptiveLogSoftmaxWithLoss(16, 20, [5, 10])(tg.zeros(3, 16), tg.tensor([0, 7, 19])).output.shape
    (3,)
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        ends = list(cutoffs)
        rising = all(a < b for a, b in itertools.pairwise(ends))
        if not ends or not rising or min(ends) <= 0 or max(ends) > n_classes - 1 or any(int(c) != c for c in ends):
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: cutoffs must be rising integers in [1, {n_classes - 1}]; got {ends}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*ends, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        place = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **place)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            hidden = int(in_features // div_value ** (i + 1))
            size = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(Linear(in_features, hidden, bias=False, **place), Linear(hidden, size, bias=False, **place))
            )

    def reset_parameters(self) -> None:
        """First values of all maps."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> ASMOutput:
        """Each row's log-probability of its class, and the mean of its negative.

        Raises:
            RuntimeError: for shapes that do not fit, or a label outside of [0, n_classes).
        """
        single = target.ndim == 0
        x, labels = (input.unsqueeze(0), target.unsqueeze(0)) if single else (input, target)
        if labels.ndim != 1 or x.ndim != 2 or x.shape[0] != labels.shape[0]:
            raise ShapeError(
                f"AdaptiveLogSoftmaxWithLoss: expected (N, features) and (N); got {tuple(input.shape)} and "
                f"{tuple(target.shape)}{in_scope()}"
            )
        if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < self.n_classes:
            raise ArgumentError(
                f"AdaptiveLogSoftmaxWithLoss: labels must lie in [0, {self.n_classes}); got "
                f"{labels.tolist()!r:.80}{in_scope()}"
            )
        head = F.log_softmax(self.head(x), dim=1)
        out = zeros(labels.shape[0], dtype=x.dtype, device=x.device)
        bounds = [0, *self.cutoffs]
        for i, (low, high) in enumerate(itertools.pairwise(bounds)):
            rows = ((labels >= low) & (labels < high)).nonzero().squeeze(1)
            if not rows.numel():
                continue
            scores, inside = head.index_select(0, rows), (labels.index_select(0, rows) - low).unsqueeze(1)
            if i == 0:
                found = scores.gather(1, inside).squeeze(1)
            else:
                of_cluster = F.log_softmax(self.tail[i - 1](x.index_select(0, rows)), dim=1)
                found = scores[:, self.shortlist_size + i - 1] + of_cluster.gather(1, inside).squeeze(1)
            out = out.index_copy(0, rows, found)
        return ASMOutput(out.squeeze(0) if single else out, (-out).mean())

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probability of every class: (N, in_features) → (N, n_classes)."""
        head = F.log_softmax(self.head(input), dim=1)
        out = empty(input.shape[0], self.n_classes, dtype=input.dtype, device=input.device)
        out[:, : self.shortlist_size] = head[:, : self.shortlist_size]
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:], strict=False)):
            of_cluster = F.log_softmax(self.tail[i](input), dim=1)
            out[:, low:high] = of_cluster + head[:, self.shortlist_size + i].unsqueeze(1)
        return out

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row."""
        return self.log_prob(input).argmax(dim=1)


__all__ = ["AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss"]
