"""TensorBoard's writer, by the package tensorboardX (`pip install tensorboardX`)."""

from typing import Any

__all__ = ["SummaryWriter"]  # noqa: F822 - it is found when it is asked for


def __getattr__(name: str) -> Any:
    """`SummaryWriter`; an ImportError without the package, as PyTorch's without tensorboard."""
    if name != "SummaryWriter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise ImportError("utils.tensorboard: SummaryWriter needs tensorboardX; pip install tensorboardX") from error
    return SummaryWriter
