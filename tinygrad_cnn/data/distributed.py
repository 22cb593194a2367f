"""The sampler that gives each of several processes its part of a data set."""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

from ..random import Generator
from .sampler import Sampler, drawing_from, positive, size_of


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th item from the `rank`-th on, of an order that is the same in all processes.

    So that all get the same number of items, the first ones come again at the end, or with `drop_last` the last ones
    are left out. The order depends on `seed` and the epoch; a program calls `set_epoch` before each, or all are alike.

    Args:
        dataset: what is divided.
        num_replicas: the number of processes. Default: `distributed.get_world_size()`, 1.
        rank: the number of this one. Default: `distributed.get_rank()`, 0.
        shuffle: whether the order is random.
        seed: what a random order depends on; the same in all processes.
        drop_last: see above.

    >>> [list(DistributedSampler("abcde", 2, rank, shuffle=False)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 0]]

    Raises:
        ValueError: for a rank outside [0, num_replicas), or without either of them and a process group.
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        from .. import distributed

        self.dataset = dataset
        self.num_replicas = positive(
            "DistributedSampler",
            "num_replicas",
            distributed.get_world_size() if num_replicas is None else num_replicas,
        )
        self.rank = distributed.get_rank() if rank is None else rank
        if not 0 <= self.rank < self.num_replicas:
            raise ValueError(
                f"DistributedSampler: rank must be in [0, num_replicas), here [0, {self.num_replicas}); got {rank}"
            )
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0
        size = size_of("DistributedSampler", dataset)
        self.num_samples = size // self.num_replicas if drop_last else -(-size // self.num_replicas)
        self.total_size = self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        size = size_of("DistributedSampler", self.dataset)
        order = list(range(size))
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            order = drawing_from("DistributedSampler", generator).permutation(size).tolist()
        return islice(cycle(order), self.rank, self.total_size, self.num_replicas)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Make the next order that of another epoch."""
        self.epoch = epoch
