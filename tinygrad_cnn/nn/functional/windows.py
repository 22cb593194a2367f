"""Windows from the arguments of layers; an error says in which layer."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from ... import backend
from ...autograd.modes import in_scope

P = ParamSpec("P")


def _located(make: Callable[P, backend.Window]) -> Callable[P, backend.Window]:
    @wraps(make)
    def window(*args: P.args, **kwargs: P.kwargs) -> backend.Window:
        try:
            return make(*args, **kwargs)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{error}{in_scope()}") from None

    return window


convolution_window = _located(backend.convolution_window)
pooling_window = _located(backend.pooling_window)
