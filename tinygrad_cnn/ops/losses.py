"""Losses that deserve an operation of their own."""

from typing import Any

from ..autograd import op
from .activations import softmax
from .reductions import sum_
from .shape import reshape


@op(x=lambda g, x, target: softmax_cross_entropy_grad(g / max(len(target), 1), x, target=target))
def cross_entropy(backend: Any, x: Any, *, target: Any) -> Any:
    """The mean of −ln softmax(x)[target] over the rows: scores (N, C), class numbers (N) → (); NaN for no rows."""
    return backend.cross_entropy(x, target)


@op(x=lambda g, x, target: softmax_cross_entropy_grad(g, x, target=target))
def softmax_cross_entropy(backend: Any, x: Any, *, target: Any) -> Any:
    """−ln softmax(x)[target] for each row: scores (N, C), class numbers (N) → (N).

    Log-softmax and the choice of the target in one: the derivative, softmax(x) − one-hot(target), needs neither.
    """
    return backend.softmax_cross_entropy(x, target)


def _second_y_grad(g: Any, x: Any, target: Any, y_shape: Any) -> Any:
    shares = g * add_at_target(softmax(x, dim=1), target=target, value=-1)
    return sum_(shares, dim=(1,) if y_shape else (0, 1), keepdim=False)


def _second_x_grad(g: Any, y: Any, x: Any) -> Any:
    share, scaled = softmax(x, dim=1), g * reshape(y, shape=(-1, 1))
    return share * (scaled - sum_(scaled * share, dim=(1,), keepdim=True))


@op(y=_second_y_grad, x=_second_x_grad)
def softmax_cross_entropy_grad(backend: Any, y: Any, x: Any, *, target: Any) -> Any:
    """y · (softmax(x) − one-hot(target)), row by row: the gradient in x when y, (N) or one (), is the output's."""
    return backend.softmax_cross_entropy_grad(y, x, target)


@op(x=lambda g: g)
def add_at_target(backend: Any, x: Any, *, target: Any, value: float) -> Any:
    """Each row with `value` added at its target."""
    out = x.copy()
    out[backend.xp.arange(len(target)), target] += value
    return out
