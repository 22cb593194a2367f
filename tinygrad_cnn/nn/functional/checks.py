"""What every public function asks of its arguments first."""

from typing import Any

from ...autograd.modes import in_scope
from ...tensor import Tensor


def need_tensors(op: str, **values: Any) -> None:
    """Raise TypeError for an argument that is no tensor, by its name; None is taken for an argument left out."""
    for name, value in values.items():
        if not (value is None or isinstance(value, Tensor)):
            got = f"{type(value).__name__} {value!r:.60}"
            raise TypeError(f"{op}: {name} must be a tensor; got {got}; make one with tensor(...){in_scope()}")
