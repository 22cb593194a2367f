"""Graphs of CUDA: their memory when they are gone, streams, and other threads."""

from threading import Thread
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.cuda import fake_device
from tinygrad_cnn.backend import cuda


def test_memory_of_graphs_that_are_gone_goes_back(device: Any) -> None:
    graph = device.new_graph()
    pool = graph.pool
    pool.kept, pool.used = 100, 8  # an array still lies there
    del graph
    device.new_graph()
    assert (pool.kept, pool.used) == (0, 8)
    pool.kept, pool.used = 8, 0
    tg.cuda.empty_cache()
    assert pool.kept == 0
    graph = device.new_graph()
    left = graph.pool
    left.kept, left.used = 100, 8
    del graph
    with pytest.raises(tg.cuda.OutOfMemoryError):
        cuda.services().allocate(1 << 40)
    assert left.kept == 0, "before there is no memory, what nobody needs is given back"
    pool.kept = 1
    tg.cuda.empty_cache()
    assert pool.kept == 1, "it is asked no more"


def test_what_comes_in_another_stream_waits_for_the_last_launch(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[Any] = []
    monkeypatch.setattr(fake_device.Stream, "wait_event", lambda stream, event: waiting.append(stream))
    graph, x, other = device.new_graph(), device.asarray(np.ones(3)), tg.cuda.Stream()
    with graph.capture():
        pass
    graph.launch()
    graph.fill(device.asarray(np.zeros(3)), x)
    assert waiting == []
    with tg.cuda.stream(other):
        graph.fill(device.asarray(np.zeros(3)), x)  # what the last launch may still read
        graph.launch()
    assert waiting == [other.stream]


def test_other_threads_may_copy_from_the_host_while_one_captures(device: Any) -> None:
    graph, seen = device.new_graph(), []

    def upload() -> None:
        fake_device.transfer(8)
        seen.append(True)

    with graph.capture():
        thread = Thread(target=upload)
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError, match="copied from the host"):
            fake_device.transfer(8)
    assert seen == [True]
