"""Timers with a clock of the test's own, and their tables."""

from collections.abc import Callable

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.utils import benchmark


def clock(step: float) -> Callable[[], float]:
    now = [0.0]

    def tick() -> float:
        now[0] += step
        return now[0]

    return tick


def test_one_block() -> None:
    ran: list[int] = []
    timer = benchmark.Timer("ran.append(n)", "n = 7", timer=clock(0.5), globals={"ran": ran}, label="Append")
    measured = timer.timeit(300)
    assert ran == [7] * 303  # three to warm up
    assert measured.times == [0.5 / 300]
    assert measured.median == measured.mean == pytest.approx(0.5 / 300)
    assert repr(measured).splitlines() == [
        *("Append", "setup: n = 7", "  Median: 1.67 ms", "  1 measurement, 300 runs per measurement, 1 thread"),
    ]


def test_blocks_until_there_is_enough() -> None:
    seen: list[tuple[int, float]] = []
    measured = benchmark.Timer(timer=clock(0.25)).blocked_autorange(lambda *block: seen.append(block), min_run_time=1)
    assert seen == [(1, 0.25)] * 4
    assert measured.raw_times == [0.25] * 4
    assert measured.iqr == 0
    assert "  IQR:    0.00 ns" in repr(measured)
    steady = benchmark.Timer(timer=clock(0.25)).adaptive_autorange(min_run_time=0.5)
    assert len(steady.times) == 4


def test_blocks_grow_and_threads_come_back() -> None:
    before = tg.get_num_threads()
    now = [0.0]  # which the code itself moves on
    timer = benchmark.Timer("now[0] += 1 / 1024", timer=lambda: now[0], globals={"now": now}, num_threads=2)
    measured = timer.blocked_autorange(min_run_time=1)
    assert measured.number_per_run == 10
    assert set(measured.times) == {1 / 1024}
    assert sum(measured.raw_times) >= 1
    assert tg.get_num_threads() == before


def test_a_table() -> None:
    def result(seconds: float, row: str, column: str, threads: int = 1) -> benchmark.Measurement:
        return benchmark.Measurement(
            1, [seconds], "s", label="Product", sub_label=row, description=column, num_threads=threads
        )

    table = benchmark.Compare([result(1.5, "2 x 2", "mul"), result(2e-3, "2 x 2", "bmm")])
    assert str(table).splitlines() == ["Product     |   mul    |    bmm", "2 x 2       |  1.50 s  |  2.00 ms"]
    table.extend_results([result(1.234e-8, "3 x 3", "mul", 4)])
    table.trim_significant_figures()
    table.colorize()
    table.highlight_warnings()
    assert str(table).splitlines()[1:] == [
        "2 x 2 (1 threads)     |  1.5 s  |  2 ms",
        "3 x 3 (4 threads)     |  12 ns  |",
    ]


def test_only_code_as_text() -> None:
    with pytest.raises(ValueError, match="Timer: stmt must be Python code as a string; got function"):
        benchmark.Timer(lambda: 3)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError, match="Timer: only Python code is timed here"):
        benchmark.Timer("x;", language="c++")
