"""Workers of a loader: processes."""

import gc
import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path
from pickle import PicklingError

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.data.spawned import Divided, Drawing, Failing, Images, Mortal, Pid, Slow, Squares, first_item
from tinygrad_cnn.utils.data import DataLoader, IterableDataset, TensorDataset, get_worker_info

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="data sets of these tests live in the test")


def numbers(loader):
    return [batch[0].tolist() for batch in loader]


def seeded(seed=0):
    return tg.Generator().manual_seed(seed)


@pytest.fixture(autouse=True)
def _no_worker_stays():
    yield
    gc.collect()
    assert not active_children()


# batches --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_batches_in_order(count):
    assert numbers(DataLoader(Squares(), 4, num_workers=count)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert numbers(DataLoader(Squares(), 4, drop_last=True, num_workers=count)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert list(DataLoader(Squares(3), None, num_workers=count)) == [[0, 0.0], [1, 1.0], [2, 4.0]]
    assert list(DataLoader([], 2, num_workers=count)) == []


def test_large_batches_keep_their_values_and_belong_to_the_caller():
    batches = list(DataLoader(Images(40), 3, num_workers=2, prefetch_factor=1))
    for i, (images, labels) in enumerate(batches):
        assert images.dtype == tg.float32
        assert labels.tolist() == list(range(3 * i, min(3 * i + 3, 40)))
        np.testing.assert_array_equal(images.numpy()[:, 2, 5, 7], labels.numpy())
        images.add_(1)  # writable, and nobody else's memory
    assert [images[0, 0, 0, 0].item() for images, _ in batches] == list(range(1, 41, 3))


def test_batches_grow():
    class Growing(Squares):
        def __getitem__(self, index):
            return np.full((index + 1) * 20000, index, np.float32)

    for i, batch in enumerate(DataLoader(Growing(12), None, num_workers=2)):
        assert batch.shape == ((i + 1) * 20000,)
        assert batch.min() == batch.max() == i


def test_whatever_pickle_copies_can_be_a_batch():
    data = [{"name": "a" * 100_000, "x": tg.ones(2, requires_grad=True), "y": [None, 3]}]
    (batch,) = DataLoader(data, None, collate_fn=lambda item: item, num_workers=1)
    assert batch["name"] == "a" * 100_000
    assert batch["x"].requires_grad
    assert batch["y"] == [None, 3]


def test_a_tensor_data_set():
    data = TensorDataset(tg.rand(10, 2, 3), tg.arange(10))
    pairs = zip(DataLoader(data, 3, num_workers=2), DataLoader(data, 3), strict=True)
    assert all((a == b).all() for ours, theirs in pairs for a, b in zip(ours, theirs, strict=True))


def test_workers_are_other_processes_and_work_at_the_same_time():
    pids = [batch.tolist()[0] for batch in DataLoader(Pid(4), 1, num_workers=2)]
    assert pids[0] == pids[2] != pids[1] == pids[3]
    assert os.getpid() not in pids


def test_batches_as_they_are_ready():
    class Sleepy(Squares):
        def __getitem__(self, index):
            time.sleep(0.5 * (index == 0))
            return index

    ready = [batch.item() for batch in DataLoader(Sleepy(9), num_workers=2, in_order=False)]
    assert sorted(ready) == list(range(9))
    assert ready[0] != 0


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_ways_to_start_processes(method):
    loader = DataLoader(Images(5), 2, num_workers=1, multiprocessing_context=method)
    assert [labels.tolist() for _, labels in loader] == [[0, 1], [2, 3], [4]]
    with pytest.raises(PicklingError, match=f"started by '{method}' .*Define functions and classes at the top"):
        list(DataLoader(Squares(), num_workers=1, multiprocessing_context=method, collate_fn=lambda batch: batch))


# random numbers -------------------------------------------------------------------------------------------------------


def test_orders_do_not_depend_on_the_number_of_workers():
    def orders(count):
        tg.manual_seed(11)
        loader = DataLoader(Squares(), 4, shuffle=True, num_workers=count)
        return [numbers(loader) for _ in range(2)]

    assert orders(0) == orders(1) == orders(3)


def test_random_numbers_repeat_from_a_seed_and_differ_between_workers_and_iterations():
    def draws(seed):
        loader = DataLoader(Drawing(4), None, num_workers=2, generator=seeded(seed))
        return [list(loader), list(loader)]

    first, second = draws(0)
    assert draws(0) == [first, second]
    assert draws(1) != [first, second]
    drawn = [number for items in (first, second) for item in items for number in item[:3]]
    assert len(set(drawn)) == len(drawn)
    assert first[1][3] == first[0][3] + 1 == first[2][3] + 1  # the seed of worker 1, and of worker 0


# streams --------------------------------------------------------------------------------------------------------------


def test_each_worker_reads_its_own_copy_of_a_stream():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(range(5))

    assert numbers_of(DataLoader(Stream(), 2, num_workers=2)) == [[0, 1], [0, 1], [2, 3], [2, 3], [4], [4]]
    assert numbers_of(DataLoader(Divided(), 2, num_workers=2)) == [[0, 2], [1, 3], [4, 6], [5, 7], [8], [9]]
    assert numbers_of(DataLoader(Divided(), 2, num_workers=3, drop_last=True)) == [[0, 3], [1, 4], [2, 5], [6, 9]]
    assert numbers_of(DataLoader(Divided(), None, num_workers=4)) == list(range(10))


def numbers_of(loader):
    return [batch.tolist() if hasattr(batch, "tolist") else batch for batch in loader]


def test_worker_init_fn_can_divide_a_stream():
    class Range(IterableDataset):
        numbers = range(8)

        def __iter__(self):
            return iter(self.numbers)

    def divide(worker):
        info = get_worker_info()
        assert info.id == worker
        info.dataset.numbers = info.dataset.numbers[worker :: info.num_workers]

    assert numbers_of(DataLoader(Range(), 2, num_workers=2, worker_init_fn=divide)) == [[0, 2], [1, 3], [4, 6], [5, 7]]


# life and death -------------------------------------------------------------------------------------------------------


def test_worker_info():
    class Info(Squares):
        def __getitem__(self, index):
            info = get_worker_info()
            return info.id, info.num_workers, info.seed, info.dataset is self, tg.get_num_threads()

    loader = DataLoader(Info(4), num_workers=2, generator=seeded(), collate_fn=first_item)
    infos = list(loader)
    assert [info[0] for info in infos] == [0, 1, 0, 1]
    assert all(info[1] == 2 and info[3] and info[4] == 1 for info in infos)
    assert infos[1][2] == infos[0][2] + 1
    assert get_worker_info() is None


def test_persistent_workers():
    loader = DataLoader(Pid(6), 1, num_workers=2, persistent_workers=True)
    first = [batch.item() for batch in loader]
    for _ in loader:
        break  # what is left of this iteration does not turn up in the next
    old = iter(loader)
    next(old)
    assert [batch.item() for batch in loader] == first
    with pytest.raises(RuntimeError, match="its workers are persistent, and have begun a new iteration"):
        next(old)
    assert len(active_children()) == 2
    stream = DataLoader(Divided(), 2, num_workers=2, persistent_workers=True)
    assert numbers_of(stream) == numbers_of(stream) == [[0, 2], [1, 3], [4, 6], [5, 7], [8], [9]]


def test_a_workers_exception_arrives_whole_and_in_its_place():
    batches = iter(DataLoader(Failing(), 2, num_workers=2))
    assert [next(batches)[0].tolist() for _ in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(KeyError, match="six") as caught:
        next(batches)
    assert caught.value.__notes__ == ["raised in DataLoader worker 1, making batch 3 of the items [6, 7]"]
    assert "in __getitem__" in str(caught.value.__cause__)
    assert 'raise KeyError("six")' in str(caught.value.__cause__)
    assert next(batches)[0].tolist() == [8, 9]  # the others go on
    with pytest.raises(StopIteration):
        next(batches)


def test_exceptions_and_batches_that_cannot_be_pickled():
    class LocalError(Exception):
        pass

    class Raising(Squares):
        def __getitem__(self, index):
            if index:
                return lambda: index
            raise LocalError("here")

    batches = iter(DataLoader(Raising(), None, num_workers=1, collate_fn=lambda item: item))
    with pytest.raises(RuntimeError, match="LocalError: here"):
        next(batches)
    with pytest.raises((AttributeError, PicklingError), match="local") as caught:
        next(batches)
    assert caught.value.__notes__[0] == "a batch that a worker makes must be something that pickle can copy"


def test_exceptions_of_streams_samplers_and_init_arrive():
    class Broken(IterableDataset):
        def __iter__(self):
            yield from range(4)
            raise OSError("the disk is gone")

    def order():
        yield from (0, 1)
        raise LookupError("no more")

    def init(worker):
        raise RuntimeError(f"worker {worker} has no camera")

    for loader, error in (
        (DataLoader(Broken(), 2, num_workers=1), OSError),
        (DataLoader(Squares(), 1, sampler=order(), num_workers=2), LookupError),
    ):
        batches = iter(loader)
        assert len([next(batches), next(batches)]) == 2
        with pytest.raises(error):
            next(batches)
    with pytest.raises(RuntimeError, match="worker 0 has no camera") as caught:
        list(DataLoader(Squares(), 1, num_workers=1, worker_init_fn=init))
    assert caught.value.__notes__ == ["raised by worker_init_fn in DataLoader worker 0"]


def test_a_worker_that_is_killed_is_an_error():
    batches = iter(DataLoader(Mortal(), num_workers=2))
    assert [next(batches).item() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(RuntimeError, match=r"worker 1 \(process \d+\) was ended by SIGKILL; the machine may be out of"):
        next(batches)
    assert not active_children()


def test_timeout():
    batches = iter(DataLoader(Slow(), num_workers=1, timeout=0.05))
    batches.batches.crew.patience = 0.1
    with pytest.raises(RuntimeError, match=r"^DataLoader: no batch was ready after the timeout of 0.05 s$"):
        next(batches)


def test_stopping_early_ends_the_workers():
    for _ in DataLoader(Squares(1000), 1, num_workers=2):
        break
    gc.collect()
    assert not active_children()


def test_a_worker_has_no_workers():
    class Nested(Squares):
        def __getitem__(self, index):
            return list(DataLoader(Squares(), num_workers=1))

    with pytest.raises(RuntimeError, match="a worker process can't have workers itself"):
        list(DataLoader(Nested(), num_workers=1))


LEFT_OPEN = """
from tinygrad_cnn.utils.data import DataLoader
batches = iter(DataLoader(list(range(1000)), num_workers=2))
print(next(batches))
"""
INTERRUPTED = """
import time
from tinygrad_cnn.utils.data import DataLoader
from tests.data.spawned import Squares
class Slow(Squares):
    def __getitem__(self, index):
        time.sleep(0.05)
        return index
try:
    for batch in DataLoader(Slow(1000), num_workers=2):
        if not batch.item():
            print("ready", flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""


def start(program):
    command = [sys.executable, "-c", program]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )


def test_a_program_ends_though_an_iteration_was_left_open():
    out, err = start(LEFT_OPEN).communicate(timeout=60)
    assert (out, err) == ("tensor([0])\n", "")


def test_ctrl_c_ends_all_quietly():
    program = start(INTERRUPTED)
    assert program.stdout.readline() == "ready\n"
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to the workers too
    out, err = program.communicate(timeout=60)
    assert (out, err) == ("interrupted\n", "")
