"""A recording holds no more arrays than the eager call does."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import tinygrad_cnn as tg

MEGABYTE = 1 << 20


def peak(call: Callable[[], Any]) -> float:
    """The most memory that a call takes, in MiB."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()


def chain(x: Any) -> Any:
    """Twenty results of the size of x, of which two are needed at a time."""
    for _ in range(20):
        x = x + 1
    return x.sum()


def test_intermediate_results_are_let_go_while_a_call_is_recorded_and_replayed() -> None:
    x = tg.ones(MEGABYTE // 8, dtype=tg.float64)  # of 1 MiB
    compiled = tg.compile(chain, fullgraph=True)
    eager = peak(lambda: chain(x))
    assert eager < 3
    for _ in range(4):
        assert peak(lambda: compiled(x)) < eager + 1
    assert compiled._recordings[0].replayed == 2
