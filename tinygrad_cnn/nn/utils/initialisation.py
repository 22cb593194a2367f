"""Modules whose parameters get no first values."""

from typing import Any, TypeVar

from ..init import SKIPPED
from ..module import Module

M = TypeVar("M", bound=Module)


def skip_init(module_cls: type[M], *args: Any, **kwargs: Any) -> M:
    """A module whose parameters hold values that mean nothing, to be followed by loading or initialising them.

    No random numbers are drawn, so that large layers are made at once and the generator stays where it is.

    Raises:
        RuntimeError: for what is no class of modules.

    >>> from tinygrad_cnn import nn
    >>> skip_init(nn.Linear, 3, 2)
    Linear(in_features=3, out_features=2, bias=True)
    """
    given: Any = module_cls
    if not (isinstance(given, type) and issubclass(given, Module)):
        raise RuntimeError(f"skip_init: expected a class of modules; got {module_cls!r:.80}")
    token = SKIPPED.set(True)
    try:
        return module_cls(*args, **kwargs)
    finally:
        SKIPPED.reset(token)
