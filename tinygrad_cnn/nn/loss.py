"""Losses as modules.

`reduction` is "mean", "sum" or "none"; `size_average` and `reduce` are PyTorch's old names for it.
"""

from ..errors import ArgumentError
from ..tensor import Tensor
from . import functional as F
from .module import Module


class Loss(Module):
    """A reduction."""

    reduction: str
    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        if reduction not in self.reductions:
            first, last = ", ".join(map(repr, self.reductions[:-1])), self.reductions[-1]
            raise ValueError(f"{type(self).__name__}: reduction must be {first} or {last!r}; got {reduction!r}")
        self.reduction = reduction


class WeightedLoss(Loss):
    """A loss with factors, which move with the module and are part of its state."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class CrossEntropyLoss(WeightedLoss):
    """−ln softmax(x)[target]: scores (N, C, …) with class numbers (N, …), or probabilities of the scores' shape.

    Args:
        weight: one factor per class; the mean is over the weights.
        ignore_index: rows with this label count for nothing.
        label_smoothing: the share of the target that is spread evenly over all classes.

    >>> import tinygrad_cnn as tg
    >>> CrossEntropyLoss()(tg.tensor([[0.0, 0.0]]), tg.tensor([1]))
    tensor(0.6931)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if not 0 <= label_smoothing <= 1:
            raise ArgumentError(f"CrossEntropyLoss: label_smoothing must lie in [0, 1]; got {label_smoothing}")
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`functional.cross_entropy`"""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(WeightedLoss):
    """−x[target] of log-probabilities (N, C, …) and class numbers (N, …); arguments as of `CrossEntropyLoss`.

    >>> import tinygrad_cnn as tg
    >>> NLLLoss()(tg.tensor([[-0.5, -1.0]]), tg.tensor([1]))
    tensor(1.)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`functional.nll_loss`"""
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class NLLLoss2d(NLLLoss):
    """`NLLLoss` of images of classes, by its old name.

    >>> nn.NLLLoss2d()(tg.zeros(1, 2, 1, 1), tg.zeros(1, 1, 1).long()) == 0
    tensor(True)
    """


class MSELoss(Loss):
    """(x − y)²; the shapes must be equal.

    >>> import tinygrad_cnn as tg
    >>> MSELoss()(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 4.0]))
    tensor(2.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`functional.mse_loss`"""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """|x − y|; the shapes must be equal.

    >>> import tinygrad_cnn as tg
    >>> L1Loss()(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 4.0]))
    tensor(1.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`functional.l1_loss`"""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """(x − y)² / 2β where |x − y| < β, |x − y| − β/2 beyond. Girshick 2015.

    >>> import tinygrad_cnn as tg
    >>> SmoothL1Loss()(tg.tensor([0.5, 2.0]), tg.tensor([0.0, 0.0]))
    tensor(0.8125)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`functional.smooth_l1_loss`"""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class BCELoss(WeightedLoss):
    """−y ln p − (1 − y) ln(1 − p) of probabilities; logarithms are cut off at −100.

    >>> import tinygrad_cnn as tg
    >>> BCELoss()(tg.tensor([0.5]), tg.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`functional.binary_cross_entropy`"""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
    """`BCELoss` of sigmoid(x), without its overflow.

    Args:
        weight: a factor per element.
        pos_weight: a factor for the positive targets, per class.

    >>> import tinygrad_cnn as tg
    >>> BCEWithLogitsLoss()(tg.tensor([0.0]), tg.tensor([1.0]))
    tensor(0.6931)
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`functional.binary_cross_entropy_with_logits`"""
        return F.binary_cross_entropy_with_logits(
            input, target, weight=self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "NLLLoss2d",
    "SmoothL1Loss",
]
