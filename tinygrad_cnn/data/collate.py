"""From a list of items to a batch: what belongs together becomes one tensor with a dimension more."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..functions import stack
from ..tensor import Tensor, as_tensor


def default_collate(batch: Sequence[Any]) -> Any:
    """A batch of items, as PyTorch makes it.

    Tensors and NumPy arrays are stacked; NumPy numbers keep their dtype, an int becomes int64, a float float64, a bool
    bool; strings and bytes stay as they are. Mappings, named tuples, tuples and lists are collated field by field and
    keep their type, except that a tuple becomes a list.

    >>> images, labels = default_collate([(np.zeros((1, 8, 8)), 3), (np.ones((1, 8, 8)), 5)])
    >>> images.shape, labels
    ((2, 1, 8, 8), tensor([3, 5]))

    Raises:
        ValueError: for items of unequal shape, length or keys (also a RuntimeError, PyTorch's type).
        TypeError: for values that are none of these.
    """
    if not batch:
        raise ValueError("default_collate: can't make a batch of no items")
    return _collated(batch, "")


def _collated(batch: Sequence[Any], field: str) -> Any:
    first = batch[0]
    if isinstance(first, Tensor):
        return _stacked(batch, field)
    if isinstance(first, np.ndarray | np.generic) and first.dtype.kind in "biuf":
        return _stacked([as_tensor(np.asarray(value)) for value in batch], field)
    if isinstance(first, int | float):
        # The first item decides, as in PyTorch; a None or a string among numbers is reported with its place.
        return _numbers(batch, field)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _mapping(batch, field)
    if isinstance(first, Sequence):
        return _sequence(batch, field)
    kind = type(first).__name__
    if isinstance(first, np.ndarray | np.generic):
        kind += f" of {first.dtype}"
    hint = "give the DataLoader a collate_fn that knows what to do with it"
    if type(first).__module__.startswith("PIL."):
        hint = "turn images into tensors with the data set's transform=ToTensor()"
    raise TypeError(
        "default_collate: a batch can hold tensors, NumPy arrays, numbers, strings, dicts, tuples and lists; "
        f"item 0{field} is of type {kind}; {hint}"
    )


def _numbers(batch: Sequence[Any], field: str) -> Tensor:
    for i, value in enumerate(batch):
        if not isinstance(value, int | float):
            raise TypeError(
                f"default_collate: item 0{field} is a number, but item {i}{field} is of type {type(value).__name__}"
            )
    if any(isinstance(value, float) for value in batch):
        return as_tensor(np.asarray(batch, dtype=np.float64))
    return as_tensor(np.asarray(batch, dtype=np.bool_ if all(isinstance(value, bool) for value in batch) else np.int64))


def _stacked(batch: Sequence[Any], field: str) -> Tensor:
    first = batch[0]
    for i, value in enumerate(batch):
        if not isinstance(value, Tensor):
            raise TypeError(
                f"default_collate: item 0{field} is a tensor, but item {i}{field} is of type {type(value).__name__}"
            )
        if value.shape != first.shape:
            raise ShapeError(
                f"default_collate: item {i}{field} has shape {tuple(value.shape)}, but item 0{field} has "
                f"{tuple(first.shape)}; tensors in a batch must have one shape"
            )
    if all(value.node is None and value.dtype == first.dtype for value in batch):
        return Tensor.from_array(first.backend.xp.stack([value.array for value in batch]))
    return stack(batch)


def _mapping(batch: Sequence[Any], field: str) -> Any:
    first = batch[0]
    for i, value in enumerate(batch):
        if (
            not isinstance(value, Mapping) or not first.keys() <= value.keys()
        ):  # keys that only later items have are left out
            got = f"has {list(value)}" if isinstance(value, Mapping) else f"is of type {type(value).__name__}"
            raise ShapeError(f"default_collate: item 0{field} has the keys {list(first)}, but item {i}{field} {got}")
    columns = {key: _collated([value[key] for value in batch], f"{field}[{key!r}]") for key in first}
    return of_type(type(first), columns, dict)


def _sequence(batch: Sequence[Any], field: str) -> Any:
    first = batch[0]
    for i, value in enumerate(batch):
        if not isinstance(value, Sequence) or len(value) != len(first):
            got = f"has {len(value)}" if isinstance(value, Sequence) else f"is of type {type(value).__name__}"
            raise ShapeError(f"default_collate: item 0{field} has {len(first)} values, but item {i}{field} {got}")
    columns = [_collated(values, f"{field}[{i}]") for i, values in enumerate(zip(*batch, strict=True))]
    if isinstance(first, tuple):
        return type(first)(*columns) if hasattr(first, "_fields") else columns
    return of_type(type(first), columns, list)


def of_type(kind: Callable[[Any], Any], columns: Any, fallback: type) -> Any:
    """The columns in a container of this kind, or a plain one if it can't be made from them."""
    try:
        return kind(columns)
    except TypeError:
        return fallback(columns)


def default_convert(data: Any) -> Any:
    """One item of a loader without batches: NumPy arrays and numbers become tensors, everywhere in it; the rest stays
    as it is.

    >>> default_convert({"x": np.arange(3), "name": "three"})
    {'x': tensor([0, 1, 2]), 'name': 'three'}
    """
    if isinstance(data, np.ndarray | np.generic) and data.dtype.kind in "biuf":
        return as_tensor(np.asarray(data))
    if isinstance(data, str | bytes | Tensor):
        return data
    if isinstance(data, Mapping):
        return of_type(type(data), {key: default_convert(value) for key, value in data.items()}, dict)
    if isinstance(data, tuple):
        values = [default_convert(value) for value in data]
        return type(data)(*values) if hasattr(data, "_fields") else values
    if isinstance(data, Sequence):
        return of_type(type(data), [default_convert(value) for value in data], list)
    return data
