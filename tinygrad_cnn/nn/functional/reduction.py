"""What all losses share: the reduction, with PyTorch's old names for it, and the check that two shapes are one."""

from ...autograd.modes import in_scope
from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor
from .checks import need_tensors


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that PyTorch's old `size_average` and `reduce` stand for, which otherwise is the one given."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is False:
        return "none"
    return "sum" if size_average is False else "mean"


def reduced(
    op: str, values: Tensor, reduction: str, size_average: bool | None = None, reduce: bool | None = None
) -> Tensor:
    """The mean or the sum of a loss's values, or all of them."""
    reduction = reduction_of(size_average, reduce, reduction)
    check_reduction(op, reduction)
    return values if reduction == "none" else values.mean() if reduction == "mean" else values.sum()


def check_reduction(op: str, reduction: str) -> None:
    """Raise for the name of no reduction."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{op}: reduction must be 'mean', 'sum' or 'none'; got {reduction!r}{in_scope()}")


def same_shape(op: str, input: Tensor, target: Tensor) -> None:
    """Raise unless prediction and target have one shape."""
    need_tensors(op, input=input, target=target)
    if input.shape != target.shape:
        raise ShapeError(
            f"{op}: prediction {tuple(input.shape)} and target {tuple(target.shape)} must have one shape; "
            f"broadcast on purpose with .expand_as(), or .squeeze() what is too much{in_scope()}"
        )


def weighted(op: str, values: Tensor, weight: Tensor | None) -> Tensor:
    """The values, each times its weight."""
    if weight is None:
        return values
    need_tensors(op, weight=weight)
    if weight.shape != values.shape:
        raise ArgumentError(
            f"{op}: weight must have the shape of the prediction, {tuple(values.shape)}; got "
            f"{tuple(weight.shape)}{in_scope()}"
        )
    return values * weight
