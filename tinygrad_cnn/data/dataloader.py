"""The loader: a data set, an order and a way to make batches, together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, Generic, TypeVar

import numpy as np

from ..random import Generator
from .collate import default_collate, default_convert
from .crew import Crew, Round, context_of
from .dataset import Dataset, IterableDataset
from .fetching import Fetcher
from .pinning import pin_memory
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, drawing_from, size_of

T_co = TypeVar("T_co", covariant=True)


class DataLoader(Generic[T_co]):
    """Iterates over a data set in batches.

    >>> import tinygrad_cnn as tg
    >>> from tinygrad_cnn.utils.data import DataLoader, TensorDataset
    >>> data = TensorDataset(tg.zeros(10, 1, 8, 8), tg.arange(10))
    >>> loader = DataLoader(data, batch_size=4, shuffle=True, generator=tg.Generator().manual_seed(0))
    >>> [images.shape for images, labels in loader]
    [(4, 1, 8, 8), (4, 1, 8, 8), (2, 1, 8, 8)]

    With `num_workers` > 0, so many processes make batches ahead of time, in the same order as without. The random
    numbers of `random`, `numpy.random` and of this package start in each from a seed of its own, which the loader draws
    from `generator` once per iteration: the same seed gives the same batches again. Each computes on one thread. Large
    batches come back in shared memory. An exception in a worker is raised here, of its own type, with the worker's
    traceback and a note of what it was making; a worker that is killed is a RuntimeError. `break`, Ctrl-C and the end
    of the program end the workers.

    Each worker has its own copy of a stream (`IterableDataset`), so that every item would come `num_workers` times:
    divide it in `__iter__` or in `worker_init_fn`, by `get_worker_info()`.

    Args:
        dataset: anything with `__getitem__` and `__len__`, or an `IterableDataset`.
        batch_size: items per batch; None for single items without a batch dimension.
        shuffle: a new random order in each iteration.
        sampler: the order of the items instead (a `Sampler`, or anything that can be iterated).
        batch_sampler: the lists of items that make the batches instead.
        num_workers: how many processes make batches ahead of time; 0 makes each when it is asked for.
        collate_fn: makes a batch of a list of items. Default: `default_collate`; without batches `default_convert`.
        pin_memory: put batches into pinned memory, where there is a GPU: `.to("cuda", non_blocking=True)` then does not
            wait, so that the next batch is made and copied while the GPU computes.
        drop_last: leave out the last batch if it is smaller.
        timeout: seconds to wait for a worker's batch; 0 for ever.
        worker_init_fn: called in each worker with its number before its first batch.
        multiprocessing_context: how processes are started: "fork" (the default on Linux), "spawn", "forkserver", or a
            context of `multiprocessing`. All but "fork" pickle the data set and the functions.
        generator: what the random order is drawn from. Default: the CPU's generator, which `manual_seed` starts anew.
        prefetch_factor: batches per worker made ahead of time. Default: 2.
        persistent_workers: keep the processes for the next iteration; their data sets and random numbers go on.
        pin_memory_device: accepted, as `pin_memory`.
        in_order: False gives batches as they are ready.

    Raises:
        ValueError: for arguments that contradict each other or are out of range.
        PicklingError: for a data set or function that can't be pickled, where processes are not forked.
    """

    def __init__(
        self,
        dataset: Dataset[T_co] | Sequence[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        if multiprocessing_context is not None:
            if not num_workers:
                raise ValueError("DataLoader: multiprocessing_context needs num_workers > 0, which are processes")
            context_of(multiprocessing_context)
        stream = isinstance(dataset, IterableDataset)
        if stream and (shuffle or sampler is not None or batch_sampler is not None):
            name = "shuffle=True" if shuffle else "a sampler" if sampler is not None else "a batch_sampler"
            raise ValueError(
                f"DataLoader: {type(dataset).__name__} is a stream, read in its own order; it can't have {name}"
            )
        if not stream and not hasattr(dataset, "__getitem__"):
            raise TypeError(
                f"DataLoader: {type(dataset).__name__} has no __getitem__; a stream of items must be an IterableDataset"
            )
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: sampler and shuffle=True both set the order; give one of them")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "DataLoader: batch_sampler sets the batches; leave out batch_size, shuffle, sampler and drop_last"
                )
            batch_size, drop_last = None, False
        elif batch_size is None:
            if drop_last:
                raise ValueError("DataLoader: drop_last=True needs batches; batch_size=None gives single items")
        elif isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1:
            raise ValueError(f"DataLoader: batch_size must be a positive integer or None; got {batch_size!r}")
        drawing_from("DataLoader", generator)

        if not stream and sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if not stream and batch_size is not None and sampler is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn or (
            default_convert if batch_size is None and batch_sampler is None else default_collate
        )
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = prefetch_factor if prefetch_factor is not None or not num_workers else 2
        self.persistent_workers = persistent_workers
        self.pin_memory_device = pin_memory_device
        self.in_order = in_order
        self._crew: Crew | None = None

    def __iter__(self) -> "LoaderIterator":
        # Drawn without workers too, so that the orders to come do not depend on their number.
        seed = int(drawing_from("DataLoader", self.generator).integers(0, 2**63 - 1, (), np.int64))
        return LoaderIterator(self, self._with_workers(seed) if self.num_workers else self._without_workers())

    def __len__(self) -> int:
        """How many batches one iteration gives."""
        if not isinstance(self.dataset, IterableDataset):
            return size_of("DataLoader", self.sampler if self.batch_sampler is None else self.batch_sampler)
        count = size_of("DataLoader", self.dataset)
        size = self.batch_size or 1
        return count // size if self.drop_last else -(-count // size)

    def _without_workers(self) -> Iterator[Any]:
        fetcher = Fetcher(*self._fetcher())
        for job in self._jobs():
            try:
                yield fetcher(job)
            except StopIteration:
                return

    def _with_workers(self, seed: int) -> Iterator[Any]:
        crew = self._crew
        if crew is None or not crew.hands:
            context, prefetch = context_of(self.multiprocessing_context), self.prefetch_factor or 2
            crew = Crew(context, prefetch, self._fetcher(), self.num_workers, seed, self.worker_init_fn)
            self._crew = crew if self.persistent_workers else None
        return Round(crew, self._jobs(), self.timeout, self.in_order, not self.persistent_workers)

    def _fetcher(self) -> tuple[Any, ...]:
        """What a `Fetcher` is made of."""
        return self.dataset, self.batch_size, self.batch_sampler is not None, self.drop_last, self.collate_fn

    def _jobs(self) -> Iterator[Any]:
        """For each batch the numbers of its items; without batches, the numbers of the items; for a stream, nothing."""
        jobs = self.sampler if self.batch_sampler is None else self.batch_sampler
        return repeat(None) if jobs is None else iter(jobs)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_crew": None}  # a copy has workers of its own


class LoaderIterator:
    """One iteration over a loader."""

    def __init__(self, loader: DataLoader[Any], batches: Iterator[Any]) -> None:
        self.loader = loader
        self.batches = batches

    def __iter__(self) -> "LoaderIterator":
        return self

    def __next__(self) -> Any:
        batch = next(self.batches)
        return pin_memory(batch) if self.loader.pin_memory else batch

    next = __next__  # old programs write loader_iterator.next()

    def __len__(self) -> int:
        return len(self.loader)


def _check_workers(num_workers: Any, timeout: float, prefetch_factor: Any, persistent_workers: bool) -> None:
    if isinstance(num_workers, bool) or not hasattr(num_workers, "__index__") or num_workers < 0:
        raise ValueError(f"DataLoader: num_workers must be an integer of at least 0; got {num_workers!r}")
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout must not be negative; got {timeout}")
    if not num_workers and prefetch_factor is not None:
        raise ValueError(
            f"DataLoader: prefetch_factor={prefetch_factor!r} needs num_workers > 0, who make batches ahead of time"
        )
    if prefetch_factor is not None and (not hasattr(prefetch_factor, "__index__") or prefetch_factor < 1):
        raise ValueError(f"DataLoader: prefetch_factor must be a positive integer; got {prefetch_factor!r}")
    if not num_workers and persistent_workers:
        raise ValueError("DataLoader: persistent_workers=True needs num_workers > 0")
