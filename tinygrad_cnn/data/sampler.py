"""Samplers: the order in which a loader reads a data set, as the numbers of items or of batches of items."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Generic, TypeVar

import numpy as np

from ..backend import RandomGenerator
from ..random import Generator, stream
from ..tensor import Tensor

T_co = TypeVar("T_co", covariant=True)


def drawing_from(caller: str, generator: Generator | None) -> RandomGenerator:
    """The stream of a generator; without one, the CPU's default stream, which `manual_seed` starts anew."""
    if generator is not None and not hasattr(generator, "stream"):
        raise TypeError(
            f"{caller}: generator must be a Generator; got {generator!r}; make one with Generator().manual_seed(n)"
        )
    return stream(generator)


def size_of(caller: str, dataset: Any) -> int:
    """The number of items.

    Raises:
        TypeError: when the data set does not say.
    """
    if not hasattr(dataset, "__len__"):
        raise TypeError(
            f"{caller}: {type(dataset).__name__} does not say how many items it has; give it a __len__ method"
        )
    return len(dataset)


def positive(caller: str, name: str, value: Any) -> int:
    """The value as an int of at least 1, or a ValueError."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(f"{caller}: {name} must be a positive integer; got {value!r}")
    return int(value)


class Sampler(Generic[T_co]):
    """An order of items: a subclass has `__iter__`, which gives their numbers, and usually `__len__`.

    >>> class Backwards(tg.utils.data.Sampler):
    ...     def __init__(self, data):
    ...         self.data = data
    ...
    ...     def __iter__(self):
    ...         return iter(range(len(self.data) - 1, -1, -1))
    >>> list(Backwards("abc"))
    [2, 1, 0]
    """

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__(); a Sampler needs one")


class SequentialSampler(Sampler[int]):
    """First to last.

    >>> list(tg.utils.data.SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def __len__(self) -> int:
        return size_of("SequentialSampler", self.data_source)


class RandomSampler(Sampler[int]):
    """Random order: every item once, or `num_samples` of them; with replacement, each draw from all items.

    Without replacement, more samples than items are several rounds through all of them. Each iteration draws anew from
    `generator`, else from the CPU's default one.

    >>> import tinygrad_cnn as tg
    >>> _ = tg.manual_seed(0)
    >>> sorted(RandomSampler("abcd"))
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"RandomSampler: replacement must be True or False; got {replacement!r}")
        if num_samples is not None:
            positive("RandomSampler", "num_samples", num_samples)
        self.data_source = data_source
        self.replacement = replacement
        self.generator = generator
        self._num_samples = num_samples

    @property
    def num_samples(self) -> int:
        """How many items one iteration gives."""
        return size_of("RandomSampler", self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        total, wanted = size_of("RandomSampler", self.data_source), self.num_samples
        if not total and wanted:
            raise ValueError(f"RandomSampler: can't draw {wanted} samples from no items")
        random = drawing_from("RandomSampler", self.generator)
        if self.replacement:
            return iter(random.integers(0, max(total, 1), (wanted,), np.int64).tolist())
        rounds = [random.permutation(total).tolist() for _ in range(0, wanted, max(total, 1))]
        return islice(chain.from_iterable(rounds), wanted)

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given item numbers in random order.

    >>> sorted(tg.utils.data.SubsetRandomSampler([4, 2, 7]))
    [2, 4, 7]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        order = drawing_from("SubsetRandomSampler", self.generator).permutation(len(self.indices)).tolist()
        return (self.indices[i] for i in order)

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Item i with a probability proportional to `weights[i]`.

    Without replacement it draws one item after the other, each time from those that are left, by the exponential race
    of Efraimidis and Spirakis (2006): item i arrives at a time drawn from an exponential distribution of rate
    `weights[i]`, and the first `num_samples` arrivals are taken.

    >>> import tinygrad_cnn as tg
    >>> sorted(WeightedRandomSampler([0, 1, 0, 1], 2, replacement=False, generator=tg.Generator().manual_seed(0)))
    [1, 3]
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"WeightedRandomSampler: replacement must be True or False; got {replacement!r}")
        self.num_samples = positive("WeightedRandomSampler", "num_samples", num_samples)
        values = weights.detach().cpu().numpy() if isinstance(weights, Tensor) else weights
        self.weights = np.asarray(values if hasattr(values, "__array__") else list(values), dtype=np.float64)
        if self.weights.ndim != 1:
            raise ValueError(
                f"WeightedRandomSampler: weights must be one number per item; got shape {self.weights.shape}"
            )
        for i in np.flatnonzero(~((self.weights >= 0) & np.isfinite(self.weights))):
            raise ValueError(
                f"WeightedRandomSampler: weights must be finite, not negative; weights[{i}] is {self.weights[i]}"
            )
        possible = int(np.count_nonzero(self.weights))
        if not possible or (not replacement and num_samples > possible):
            raise ValueError(
                f"WeightedRandomSampler: can't draw {num_samples} samples {'with' if replacement else 'without'} "
                f"replacement where {possible} of {len(self.weights)} weights are not 0"
            )
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        random = drawing_from("WeightedRandomSampler", self.generator)
        if self.replacement:
            edges = np.cumsum(self.weights)
            draws = np.asarray(random.uniform((self.num_samples,), np.float64).tolist()) * edges[-1]
            # "right": a draw on an edge belongs to the item after it, so an item of weight 0 is never hit; the minimum
            # is for draws that were rounded up to the last edge.
            found = np.searchsorted(edges, draws, side="right")
            return iter(np.minimum(found, np.flatnonzero(self.weights)[-1]).tolist())
        (candidates,) = np.nonzero(self.weights)
        uniform = np.asarray(random.uniform((candidates.size,), np.float64).tolist())
        arrivals = -np.log1p(-uniform) / self.weights[candidates]
        return iter(candidates[np.argsort(arrivals, kind="stable")[: self.num_samples]].tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """What another sampler gives, in lists of `batch_size`; the last may be shorter, unless `drop_last`.

    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        self.batch_size = positive("BatchSampler", "batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"BatchSampler: drop_last must be True or False; got {drop_last!r}")
        self.sampler = sampler
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        numbers = iter(self.sampler)
        while batch := list(islice(numbers, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        count = size_of("BatchSampler", self.sampler)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
