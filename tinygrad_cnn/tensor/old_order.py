"""Factors before the tensors, as PyTorch had them until version 1.5: `x.add_(2, y)` for `x.add_(y, alpha=2)`.

Many optimizers that people have written themselves still say it so.
"""

from collections.abc import Callable
from functools import wraps
from numbers import Number
from typing import Any, ParamSpec, TypeVar

from .base import TensorBase

P = ParamSpec("P")
R = TypeVar("R")


def factors_may_come_first(tensors: int, *factors: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a method of so many tensors take the arguments with these names in front of them too.

    >>> tg.ones(2).add(3, tg.ones(2)), tg.ones(1).addcdiv(10, tg.ones(1), tg.ones(1))
    (tensor([4., 4.]), tensor([11.]))
    """

    def with_old_order(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def either(*args: P.args, **kwargs: P.kwargs) -> R:
            if len(args) <= tensors + 1:
                return method(*args, **kwargs)
            first: tuple[Any, ...] = args[1:-tensors]
            free = [name for name in factors if name not in kwargs]
            if len(first) > len(free) or not all(map(_is_number, first)):
                return method(*args, **kwargs)  # which says what it takes
            called: Any = method
            return called(args[0], *args[-tensors:], **kwargs, **dict(zip(free, first, strict=False)))  # type: ignore[no-any-return]

        return either

    return with_old_order


def _is_number(x: Any) -> bool:
    return isinstance(x, Number) or (isinstance(x, TensorBase) and x.ndim == 0)
