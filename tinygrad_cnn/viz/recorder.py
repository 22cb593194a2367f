"""Where recordings come from: from beside this folder, when one is asked for; else pictures need nothing from there."""

from importlib import import_module
from typing import Any


def _maker() -> Any:
    """The class of recordings, None where there is none."""
    try:
        return import_module("..recording", __package__).Recording
    except ImportError:
        return None


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
    if (make := _maker()) is None:
        raise RuntimeError("record: there is no recorder; import tinygrad_cnn")
    return make(values=values, times=times)


def can_record() -> bool:
    """Whether there is a recorder."""
    return _maker() is not None
