"""What a process that is started anew can import: the data sets of the tests of workers."""

import os
import random
import time

import numpy as np

import tinygrad_cnn as tg
from tinygrad_cnn.utils.data import Dataset, IterableDataset, get_worker_info


class Squares(Dataset):
    def __init__(self, count=10):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return index, float(index) ** 2


class Images(Squares):
    """Large enough for shared memory."""

    def __getitem__(self, index):
        return np.full((3, 64, 64), index, np.float32), index


class Failing(Squares):
    def __getitem__(self, index):
        if index == 6:
            raise KeyError("six")
        return super().__getitem__(index)


class Drawing(Squares):
    """Random numbers of all three kinds."""

    def __getitem__(self, index):
        return random.random(), float(np.random.rand()), tg.rand(()).item(), tg.initial_seed()  # noqa: NPY002


class Pid(Squares):
    def __getitem__(self, index):
        return os.getpid()


class Divided(IterableDataset):
    """A stream that its workers divide."""

    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, 10, step))


class Mortal(Squares):
    def __getitem__(self, index):
        if index == 3:
            os.kill(os.getpid(), 9)
        return index


class Slow(Squares):
    def __getitem__(self, index):
        time.sleep(20)
        return index


def first_item(batch):
    return batch[0]
