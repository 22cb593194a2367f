"""NumPy's words for arguments: `axis` for `dim`, `keepdims` for `keepdim`, as PyTorch takes them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
WORDS = {"axis": "dim", "keepdims": "keepdim"}


def numpy_words(function: Callable[P, R]) -> Callable[P, R]:
    """The function, which now takes NumPy's words too.

    Raises:
        TypeError: when called with both.

    >>> import tinygrad_cnn as tg
    >>> tg.tensor([[1, 9], [8, 2]]).argmax(axis=1)
    tensor([1, 0])
    """

    @wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> R:
        if kwargs:
            for theirs, ours in WORDS.items():
                if theirs in kwargs:
                    if ours in kwargs:
                        raise TypeError(f"{function.__name__}: {theirs} and {ours} are the same; give one of them")
                    kwargs[ours] = kwargs.pop(theirs)
        return function(*args, **kwargs)

    return renamed
