"""What definitions use of PyTorch's tracer of programs: the marks that they carry for it, which change nothing.

>>> import tinygrad_cnn as tg
>>> @tg.fx.wrap
... def double(x):
...     return 2 * x
>>> double(tg.ones(2))
tensor([2., 2.])
"""

from typing import Any, NoReturn, TypeVar

__all__ = ["Proxy", "symbolic_trace", "wrap"]

F = TypeVar("F")


class Proxy:
    """Stands in PyTorch for a value while a program is traced; here there is never one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("fx.Proxy: programs are not traced here; values are tensors")


def wrap(fn_or_name: F) -> F:
    """The function itself, or its name: in PyTorch, a mark that the tracer shall not look into it."""
    return fn_or_name


def symbolic_trace(root: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """PyTorch's graph of a module.

    Raises:
        NotImplementedError: always; `viz.draw_graph` shows the graph, and `compile` makes a step faster.
    """
    raise NotImplementedError(
        "fx.symbolic_trace: programs are not traced here; viz.draw_graph shows a model's graph, "
        "and compile makes a step faster"
    )
