"""Docstrings of the forms that are made of methods, such as `sin_`: with the method's own example as that form."""

from collections.abc import Callable
from inspect import cleandoc
from typing import Any


def documented(form: str, method: Callable[..., Any], summary: str, example: str = "") -> str:
    """A docstring for a form of a method: a summary, and the method's example with calls of the form in it.

    Args:
        example: takes the place of the method's, where a form gives something else.

    >>> documented("neg_", tg.Tensor.neg, "`neg`, in place.").splitlines()
    ['`neg`, in place.', '', '>>> tg.tensor([1, -2]).neg_()', 'tensor([-1,  2])']
    """
    if not example:
        _, mark, rest = cleandoc(method.__doc__ or "").partition(">>> ")
        example = (mark + rest).replace(f".{method.__name__}(", f".{form}(")
    return f"{summary}\n\n{example}".rstrip()
