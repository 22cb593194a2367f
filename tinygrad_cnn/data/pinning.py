"""Batches in memory that a GPU reads by itself."""

from collections.abc import Mapping
from typing import Any

from ..tensor import Tensor
from .collate import of_type


def pin_memory(data: Any) -> Any:
    """A batch with its tensors pinned, in the containers that it had; what has a method `pin_memory` does it itself.

    >>> import tinygrad_cnn as tg
    >>> pin_memory({"x": tg.ones(2), "name": "two"})
    {'x': tensor([1., 1.]), 'name': 'two'}
    """
    if isinstance(data, Tensor):
        return data.pin_memory() if data.is_cpu else data
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, Mapping):
        return of_type(type(data), {key: pin_memory(value) for key, value in data.items()}, dict)
    if isinstance(data, tuple):
        values = [pin_memory(value) for value in data]
        return type(data)(*values) if hasattr(data, "_fields") else tuple(values)
    if isinstance(data, list):
        return of_type(type(data), [pin_memory(value) for value in data], list)
    return data
