"""Where recordings come from: the package puts its recorder in here, since pictures import nothing of it."""

from collections.abc import Callable
from typing import Any

_make: Callable[..., Any] | None = None


def use_recorder(make: Callable[..., Any]) -> None:
    """Tell the pictures how to record what happens in a block."""
    global _make  # noqa: PLW0603 - set once, when the package is imported
    _make = make


def record(*, values: bool = True, times: bool = True) -> Any:
    """A block whose operations are remembered, for pictures with numbers, times, source lines and errors.

    `draw_graph(run)` draws all that ran in it, `draw_graph(loss, run=run)` what led to a tensor. What ran without
    recording a graph is drawn greyed, with the reason. After an error the operation that failed is red.

    The recording keeps the graph alive as long as it is kept itself.

    Args:
        values: look at the numbers that each operation gives, and at the gradients of backward.
        times: take the time of each operation and of each gradient rule (not while a profile runs).

    Raises:
        RuntimeError: inside a function that is being compiled, or where there is no recorder.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn import viz
    >>> with viz.record(times=False) as run:
    ...     x = tg.tensor([1.0, 2.0], requires_grad=True)
    ...     y = (x.detach() * x).sum()
    >>> print(viz.draw_graph(run, show=("constants", "values")).text())
    2 ops
    output  = 5
    └─ sum  = 5
       └─ mul  [1  4]
          ├─ detached  constant  no gradient  [1  2]
          │  └─ leaf  input  [1  2]
          └─ leaf ↑
    """
    if _make is None:
        raise RuntimeError("record: there is no recorder; import tinygrad_cnn")
    return _make(values=values, times=times)


def can_record() -> bool:
    """Whether there is a recorder."""
    return _make is not None
