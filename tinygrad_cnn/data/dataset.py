"""Data sets: things with numbered items, or streams of items, and what can be made of them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from math import floor, isclose
from operator import index
from typing import Any, Generic, Protocol, TypeVar
from warnings import warn

from ..errors import ShapeError
from ..random import Generator
from ..tensor import Tensor
from .sampler import drawing_from, size_of

T_co = TypeVar("T_co", covariant=True)
Item = TypeVar("Item")


class Indexed(Protocol[T_co]):
    """What has items by number: a data set, a list."""

    def __getitem__(self, index: Any, /) -> T_co:
        """One item."""


class Dataset(Generic[T_co]):
    """Numbered items: a subclass has `__getitem__(index)`, and `__len__` for all who need to know how many there are.

    A subclass may have `__getitems__(indices)` too, which gives the list of several items at once; a loader then calls
    it once per batch.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 4
    ...
    ...     def __getitem__(self, index):
    ...         return index**2
    >>> Squares()[3], len(Squares() + Squares())
    (9, 8)
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__(index); a Dataset needs one")

    def __add__(self, other: "Dataset[Any]") -> "ConcatDataset":
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """A stream of items: a subclass has `__iter__`. It is read in its own order, never shuffled.

    >>> class Count(tg.utils.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(3))
    >>> [batch.tolist() for batch in tg.utils.data.DataLoader(Count(), batch_size=2)]
    [[0, 1], [2]]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__(); an IterableDataset needs one")

    def __add__(self, other: Dataset[Any]) -> "ChainDataset":  # type: ignore[override] # a stream stays a stream
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors side by side: item i holds row i of each.

    A loader fetches a batch of it by one index operation per tensor.

    >>> import tinygrad_cnn as tg
    >>> data = TensorDataset(tg.zeros(10, 1, 8, 8), tg.arange(10))
    >>> image, label = data[3]
    >>> image.shape, label
    ((1, 8, 8), tensor(3))

    Raises:
        ValueError: for tensors with different numbers of rows.
        TypeError: for anything but tensors.
    """

    def __init__(self, *tensors: Tensor) -> None:
        _check_rows(tensors)
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


def _check_rows(tensors: tuple[Any, ...]) -> None:
    if not tensors:
        raise TypeError("TensorDataset: expected at least one tensor; got none")
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            hint = "; wrap it with as_tensor(...)" if hasattr(tensor, "__array__") or isinstance(tensor, list) else ""
            raise TypeError(f"TensorDataset: expected tensors; argument {i} is of type {type(tensor).__name__}{hint}")
    if any(not tensor.ndim or len(tensor) != len(tensors[0]) for tensor in tensors):
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        raise ShapeError(f"TensorDataset: the tensors must have the same number of rows; got shapes {shapes}")


class StackDataset(Dataset[Any]):
    """Data sets side by side: item i is a tuple of their items i; of data sets with names, a dict.

    >>> StackDataset("abc", [7, 8, 9])[1], StackDataset(letter="abc", number=[7, 8, 9])[2]
    (('b', 8), {'letter': 'c', 'number': 9})

    Raises:
        ValueError: for data sets of different lengths, or both with and without names.
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError(
                "StackDataset: expected data sets, all with names or all without; got " + ("both" if args else "none")
            )
        self.datasets = args or kwargs
        lengths = [size_of("StackDataset", each) for each in self._all()]
        if len(set(lengths)) > 1:
            raise ValueError(f"StackDataset: the data sets must have the same length; got lengths {lengths}")

    def _all(self) -> list[Any]:
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def _together(self, values: Iterable[Any]) -> Any:
        return dict(zip(self.datasets, values, strict=True)) if isinstance(self.datasets, dict) else tuple(values)

    def __getitem__(self, index: Any) -> Any:
        return self._together(each[index] for each in self._all())

    def __getitems__(self, indices: list[int]) -> list[Any]:
        columns = [items(each, indices) for each in self._all()]
        return [self._together(values) for values in zip(*columns, strict=True)]

    def __len__(self) -> int:
        return len(self._all()[0])


class Subset(Dataset[T_co]):
    """The items of another data set that `indices` lists, in that order.

    >>> list(Subset("abcdef", [5, 0, 3]))
    ['f', 'a', 'd']
    """

    def __init__(self, dataset: "Indexed[T_co]", indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        return items(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset[Any]):
    """Data sets one after the other.

    >>> both = ConcatDataset(["abc", "de"])
    >>> len(both), both[3], both[-5]
    (5, 'd', 'a')
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: expected at least one data set; got none")
        for each in self.datasets:
            if isinstance(each, IterableDataset):
                raise TypeError(
                    f"ConcatDataset: {type(each).__name__} is a stream, which has no numbered items; use ChainDataset"
                )
        self.cumulative_sizes = list(accumulate(size_of("ConcatDataset", each) for each in self.datasets))

    def __getitem__(self, index: Any) -> Any:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"ConcatDataset: index {index} is outside the {len(self)} items")
        which = bisect_right(self.cumulative_sizes, place)
        return self.datasets[which][place - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset[Any]):
    """Streams one after the other.

    >>> class Count(tg.utils.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(2))
    >>> list(tg.utils.data.ChainDataset([Count(), Count()]))
    [0, 1, 0, 1]
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.datasets)

    def __len__(self) -> int:
        return sum(size_of("ChainDataset", each) for each in self.datasets)


def random_split(
    dataset: Indexed[Item], lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset[Item]]:
    """Subsets without common items, of these lengths or, if they add up to 1, these fractions.

    A fraction is rounded down, and the items that are left over go to the first subsets, one each.

    >>> import tinygrad_cnn as tg
    >>> train, test = random_split(range(11), [0.8, 0.2], generator=tg.Generator().manual_seed(0))
    >>> len(train), len(test), sorted([*train, *test]) == list(range(11))
    (9, 2, True)

    Raises:
        ValueError: for lengths that do not add up to the length of the data set.
    """
    total = size_of("random_split", dataset)
    wanted = list(lengths)
    if any(length < 0 for length in wanted):
        raise ValueError(f"random_split: lengths must not be negative; got {wanted}")
    if isclose(sum(wanted), 1):
        counts = [floor(total * fraction) for fraction in wanted]
        for i in range(total - sum(counts)):
            counts[i % len(counts)] += 1
        for fraction, count in zip(wanted, counts, strict=True):
            if not count:
                warn(
                    f"random_split: the fraction {fraction} of {total} items is none; its subset is empty", stacklevel=2
                )
    else:
        counts = [int(length) for length in wanted]
        if sum(counts) != total or counts != wanted:
            raise ValueError(
                f"random_split: lengths {wanted} add up to {sum(wanted)}, but the data set has {total} items; "
                "give lengths that add up to that, or fractions that add up to 1"
            )
    order = drawing_from("random_split", generator).permutation(total).tolist()
    ends = list(accumulate(counts))
    return [Subset(dataset, order[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def items(dataset: Any, indices: list[int]) -> list[Any]:
    """Several items, at once if the data set can."""
    several = getattr(dataset, "__getitems__", None)
    return several(indices) if several is not None else [dataset[i] for i in indices]


def rows(dataset: Any, indices: Sequence[Any]) -> list[Tensor] | None:
    """What collating these items would give, taken by one index operation per tensor; None if that needs the items."""
    while type(dataset) is Subset:
        dataset, indices = dataset.dataset, [dataset.indices[i] for i in indices]
    if not isinstance(dataset, TensorDataset) or type(dataset).__getitem__ is not TensorDataset.__getitem__:
        return None
    places = [index(i) if hasattr(i, "__index__") else None for i in indices]
    return None if None in places else [tensor[places] for tensor in dataset.tensors]
