"""From a job to a batch: what a loader does itself without workers, and each of its workers with them."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from .collate import default_collate
from .dataset import IterableDataset, items, rows


class Fetcher:
    """Makes batches of a data set's items, or of the next items of a stream.

    Args:
        dataset: what is read; the stream, if it is one, is begun now.
        batch_size: items per batch of a stream, None for single items.
        batched: whether a job is a list of item numbers, rather than one number.
        drop_last: leave out a stream's last batch if it is smaller.
        collate_fn: makes the batch.
    """

    def __init__(
        self, dataset: Any, batch_size: int | None, batched: bool, drop_last: bool, collate_fn: Callable[[Any], Any]
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.batched = batched
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self.stream: Iterator[Any] | None = iter(dataset) if isinstance(dataset, IterableDataset) else None

    def __call__(self, job: Any) -> Any:
        """The batch (or without batches the item) of a job; of a stream the next one.

        Raises:
            StopIteration: at the end of a stream.
        """
        if self.stream is not None:
            return self._next(self.stream)
        if not self.batched:
            return self.collate_fn(self.dataset[job])
        if self.collate_fn is default_collate and (batch := rows(self.dataset, job)) is not None:
            return batch
        return self.collate_fn(items(self.dataset, list(job)))

    def _next(self, stream: Iterator[Any]) -> Any:
        if self.batch_size is None:
            return self.collate_fn(next(stream))
        batch = list(islice(stream, self.batch_size))
        if not batch or (self.drop_last and len(batch) < self.batch_size):
            raise StopIteration
        return self.collate_fn(batch)
