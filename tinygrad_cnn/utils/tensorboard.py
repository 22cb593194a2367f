"""TensorBoard's writer, by the package tensorboardX (`pip install tensorboardX`), which gets arrays for tensors."""

from functools import cache, wraps
from typing import Any

from ..tensor import Tensor

__all__ = ["SummaryWriter"]  # noqa: F822 - it is found when it is asked for


def __getattr__(name: str) -> Any:
    """`SummaryWriter`; an ImportError without the package, as PyTorch's without tensorboard."""
    if name != "SummaryWriter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise ImportError("utils.tensorboard: SummaryWriter needs tensorboardX; pip install tensorboardX") from error
    return _taking_tensors(SummaryWriter)


@cache
def _taking_tensors(writer: Any) -> Any:
    """The writer's class with methods that turn tensors into arrays."""
    methods = {name: _of_arrays(getattr(writer, name)) for name in dir(writer) if name.startswith("add_")}
    return type("SummaryWriter", (writer,), {**methods, "add_graph": add_graph, "__module__": __name__})


def _of_arrays(method: Any) -> Any:
    @wraps(method)
    def with_arrays(*args: Any, **kwargs: Any) -> Any:
        return method(*map(_array, args), **{name: _array(value) for name, value in kwargs.items()})

    return with_arrays


def _array(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.numpy(force=True)
    if isinstance(value, dict):
        return {key: _array(item) for key, item in value.items()}
    return type(value)(map(_array, value)) if type(value) in (list, tuple) else value


def add_graph(writer: Any, model: Any, input_to_model: Any = None, *args: Any, **kwargs: Any) -> None:
    """Nothing: graphs are not written to TensorBoard; `viz.draw_graph` draws them."""
