"""The memory of large arrays: it comes back, nobody else has it meanwhile, and no more is kept than the limit."""

import gc
import os
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_cnn.backend import memory
from tinygrad_cnn.backend.memory import ALIGNMENT, SMALL, Pool, empty, empty_cache, is_alone, kept_bytes, size_class

LARGE = (4, SMALL)  # float32 values


@pytest.fixture(autouse=True)
def _new_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    gc.collect()
    monkeypatch.setattr(memory, "_pool", Pool(1 << 26))
    yield
    gc.collect()


def place(x: Any) -> int:
    return int(x.__array_interface__["data"][0])


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", np.bool_, np.dtype("int16")])
@pytest.mark.parametrize("shape", [(3, 5), (SMALL, 7), (1, SMALL, 1), (0, SMALL), (), (5 * SMALL + 1,)])
def test_an_array_like_any_other(shape: tuple[int, ...], dtype: Any) -> None:
    x = empty(shape, dtype)
    assert type(x) is np.ndarray
    assert (x.shape, x.dtype) == (shape, np.dtype(dtype))
    assert x.flags.c_contiguous
    assert x.flags.writeable
    x[...] = 1
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(x)), np.ones(shape, dtype))
    assert np.from_dlpack(x).sum() == x.size or x.dtype == bool
    if x.nbytes >= SMALL:
        assert place(x) % ALIGNMENT == 0


def test_memory_comes_back_with_its_last_view() -> None:
    x = empty(LARGE)
    where, size = place(x), size_class(x.nbytes)
    view: Any = x[1:].T[::2]
    del x
    assert kept_bytes() == 0
    other = empty(LARGE)
    assert not np.shares_memory(view, other)
    view = memoryview(view)
    assert kept_bytes() == 0
    del view
    assert kept_bytes() == size
    assert place(empty(LARGE)) == where
    assert kept_bytes() == size


def test_sizes_that_differ_little_share() -> None:
    x = empty((1000, 1000))
    where = place(x)
    del x
    assert place(empty((999, 1001))) == where
    assert place(empty((900, 900), np.float64)) != where


@given(st.integers(1, 1 << 40))
def test_a_class_wastes_at_most_an_eighth(size: int) -> None:
    assert size <= size_class(size) <= size + max(size // 8, 64)
    assert size_class(size_class(size)) == size_class(size)


def test_the_limit_holds_and_what_was_long_unused_goes_first() -> None:
    pool = Pool(10 << 20)
    old, new = [pool.take(1 << 20) for _ in range(8)], [pool.take(3 << 20) for _ in range(3)]
    for taken in (*old, *new):
        pool.give(taken)
        assert pool.kept <= pool.limit
    assert pool.kept == 3 * (3 << 20) + (1 << 20)
    pool.give(pool.take(11 << 20))  # more than may be kept
    assert pool.kept == 10 << 20
    pool.set_limit(2 << 20)
    assert pool.kept <= 2 << 20
    pool.clear()
    assert pool.kept == 0
    assert pool.limit == 2 << 20


def test_a_limit_of_nothing() -> None:
    memory.set_kept_bytes(0)
    empty(LARGE)
    assert kept_bytes() == 0


def test_empty_cache() -> None:
    x = empty(LARGE)
    empty(LARGE)
    assert kept_bytes() > 0
    empty_cache()
    assert kept_bytes() == 0
    x[...] = 1  # what is in use stays
    assert x.sum() == x.size


def test_what_is_kept_is_given_back_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    empty(LARGE)
    fresh, calls = memory._fresh, []

    def short(size: int) -> Any:
        calls.append(kept_bytes())
        if kept_bytes():
            raise MemoryError
        return fresh(size)

    monkeypatch.setattr(memory, "_fresh", short)
    assert empty((9, SMALL)).shape == (9, SMALL)
    assert [bool(kept) for kept in calls] == [True, False]


def test_threads_never_share_live_memory() -> None:
    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        mine: list[tuple[Any, int]] = []
        for step in range(300):
            if len(mine) > 4:
                x, number = mine.pop(int(rng.integers(len(mine))))
                assert (x == number).all()
            x = empty((int(rng.integers(1, 4)), SMALL // 4))
            x[...] = number = seed * 1000 + step
            mine.append((x[:1], number))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    gc.collect()
    assert 0 < kept_bytes() <= memory._pool.limit
    assert kept_bytes() == sum(size * len(free) for size, free in memory._pool._free.items())


@pytest.mark.parametrize("make", [empty, np.empty])
def test_who_is_alone_with_its_memory(make: Any) -> None:
    x = make(LARGE)
    assert is_alone(x)
    whole = x.reshape(2, -1).T
    assert not is_alone(whole)  # x looks there too
    del x
    assert is_alone(whole)
    assert not is_alone(whole[:1])
    part, other = whole[:5], whole.T
    assert not is_alone(other)
    del whole, other
    assert not is_alone(part)  # a small piece would hold all of it
    assert not is_alone(np.broadcast_to(np.ones(1), 5))
    assert not is_alone(np.frombuffer(bytearray(8)))


def test_cycles_come_back_when_the_collector_finds_them() -> None:
    cycle: list[Any] = [empty(LARGE)]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert kept_bytes() > 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_goes_on() -> None:
    """Though a thread that it does not have holds the lock."""
    x = empty(LARGE)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with memory._pool._lock:
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    child = os.fork()
    if not child:
        try:
            del x
            empty(LARGE)[...] = 1
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0
