"""The loss of detectors whose boxes are mostly background."""

from ...errors import ArgumentError
from ...nn import functional as F
from ...tensor import Tensor


def sigmoid_focal_loss(
    inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"
) -> Tensor:
    """α_t (1 − p_t)^γ · (−log p_t), with p_t the probability that logits give to targets of 0 and 1.

    Lin et al., "Focal Loss for Dense Object Detection", 2017.

    Args:
        alpha: the weight of targets of 1, and 1 − alpha that of 0; negative for none.
        gamma: how little what is right already counts.
        reduction: "none", "mean" or "sum".

    Raises:
        ValueError: for another reduction.

    >>> import tinygrad_cnn as tg
    >>> sigmoid_focal_loss(tg.zeros(2), tg.ones(2))
    tensor([0.0433, 0.0433])
    """
    if reduction not in {"none", "mean", "sum"}:
        raise ArgumentError(f"sigmoid_focal_loss: reduction must be 'none', 'mean' or 'sum'; got {reduction!r}")
    p = inputs.sigmoid()
    right = p * targets + (1 - p) * (1 - targets)
    loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none") * (1 - right) ** gamma
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()
