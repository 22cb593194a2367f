"""Turns and ratios: every contestant runs for a moment, then the next, and round again.

What is kept of a turn is the median of its calls, so that ratios can be taken turn by turn: a slow
minute slows both sides.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log
from statistics import median, quantiles
from typing import Any

from .cases import Case
from .workers import CONTESTANTS, REFERENCES, ROOT, Worker, WorkerError, missing_package

SETTINGS = ("OPENBLAS_", "MKL_", "ONEDNN_", "DNNL_", "KMP_", "GOMP_", "OMP_", "NUMBA_", "MALLOC_")

Say = Callable[[str], None]
Results = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """How long to measure.

    Attributes:
        rounds: turns per contestant.
        turn: seconds per turn, of at least `least` calls.
        threads: for every contestant.
    """

    rounds: int = 7
    turn: float = 0.4
    least: int = 3
    threads: int = 1
    quick: bool = False


def measure(cases: Iterable[Case], names: list[str], options: Options, say: Say) -> Results:
    """Run the cases; returns section → row → contestant → what was found (or its error)."""
    results: Results = {}
    workers: dict[str, Worker] = {}
    section = ""
    try:
        for case in cases:
            # Peak memory never falls, so each network gets fresh processes; the small cases share them.
            if case.section != section or case.section == "networks":
                _close(workers)
                section = case.section
            row = results.setdefault(case.section, {}).setdefault(case.row, {})
            playing = [name for name in names if case.section in CONTESTANTS[name].sections]
            row.update(_measure_row(case, playing, workers, options, say))
    finally:
        _close(workers)
    return results


def _close(workers: dict[str, Worker]) -> None:
    for worker in workers.values():
        worker.close()
    workers.clear()


def _measure_row(case: Case, names: list[str], workers: dict[str, Worker], options: Options, say: Say) -> Results:
    found: Results = {name: {"times": []} for name in names}
    alive = list(names)

    def attempt(name: str, act: Callable[[Worker], None]) -> None:
        """Let a contestant do something; if it fails, it drops out of this row, and its process is replaced."""
        try:
            if name not in workers:
                workers[name] = Worker(name, options.threads, quick=options.quick)
            act(workers[name])
        except WorkerError as error:
            found[name] = {"error": str(error)}
            alive.remove(name)
            workers.pop(name).close()

    def get_ready(name: str) -> Callable[[Worker], None]:
        def act(worker: Worker) -> None:
            if case.section == "networks":
                found[name]["check"] = worker.ask(do="check", row=case.row)
            found[name]["first"] = worker.ask(do="prepare", section=case.section, row=case.row)

        return act

    def take_turn(name: str) -> Callable[[Worker], None]:
        def act(worker: Worker) -> None:
            times = worker.ask(do="time", seconds=options.turn, least=options.least)
            found[name]["times"].append(median(times) / case.work)

        return act

    def remember(name: str) -> Callable[[Worker], None]:
        return lambda worker: found[name].update(memory=worker.ask(do="memory"))

    for name in names:
        say(f"{case.section}: {case.row}: {name}: starting")
        attempt(name, get_ready(name))
    for number in range(options.rounds):
        say(f"{case.section}: {case.row}: round {number + 1} of {options.rounds}")
        for name in list(alive):
            attempt(name, take_turn(name))
    for name in list(alive):
        attempt(name, remember(name))
    return found


# what the numbers say


def typical(result: Results | None) -> float | None:
    """The median over the turns, in seconds; None where there is none."""
    return median(result["times"]) if result and result.get("times") else None


def reference(row: Results) -> str | None:
    """The faster of PyTorch's layouts in this row."""
    times = {name: typical(row.get(name)) for name in REFERENCES}
    known = {name: time for name, time in times.items() if time is not None}
    return min(known, key=known.__getitem__) if known else None


def ratio(row: Results, name: str) -> tuple[float, float, float] | None:
    """Time relative to the reference, turn by turn: the median of the ratios and their quartiles."""
    other = reference(row)
    if other is None or not row.get(name, {}).get("times"):
        return None
    pairs = [a / b for a, b in zip(row[name]["times"], row[other]["times"], strict=True)]
    low, middle, high = quantiles(pairs, n=4, method="inclusive") if len(pairs) > 1 else pairs * 3
    return middle, low, high


def exponent(points: list[tuple[int, float]]) -> float | None:
    """The p of time ∝ sizeᵖ that fits best (least squares over the logarithms)."""
    if len(points) < 2:
        return None
    xs, ys = [log(size) for size, _ in points], [log(time) for _, time in points]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def deviations(row: Results, name: str) -> list[float] | None:
    """Relative differences of loss and gradient from PyTorch's (or, without it, from the first contestant's)."""
    known = [n for n in (*REFERENCES, *row) if row.get(n, {}).get("check")]
    if not known or known[0] == name or not row.get(name, {}).get("check"):
        return None
    pairs = zip(row[name]["check"], row[known[0]]["check"], strict=True)
    return [abs(a - b) / max(abs(b), 1e-12) for a, b in pairs]


# import times and surroundings

_IMPORT = "from time import perf_counter as t; start = t(); import {}; print(t() - start)"


def import_times(rounds: int, say: Say) -> Results:
    """Seconds that `import` takes in a new interpreter, in turn: row → times, or its error."""
    found: Results = {name: {"times": []} for name in ("numpy", "tinygrad_cnn", "torch")}
    for number in range(rounds + 1):
        say(f"imports: round {number} of {rounds}")
        for name in list(found):
            command = [sys.executable, "-c", _IMPORT.format(name)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                found[name] = {"error": (done.stderr.strip().splitlines() or ["failed"])[-1]}
            elif number and "times" in found[name]:  # the first time also compiles and fills the disk cache
                found[name]["times"].append(float(done.stdout))
    return found


def choose(wanted: list[str] | None, device: str, say: Say) -> tuple[list[str], dict[str, str]]:
    """Those of a device's contestants that can run here, and why the others cannot."""
    playing, absent = [], {}
    for name, contestant in CONTESTANTS.items():
        if contestant.device != device or (wanted and name not in wanted):
            continue
        if missing := missing_package(contestant):
            absent[name] = f"{missing} is not here"
            say(f"{contestant.title}: left out, {missing} is not here")
        else:
            playing.append(name)
    return playing, absent


def surroundings(names: list[str], options: Options) -> Results:
    """Where and with what this was measured."""
    versions = {}
    for name in names:
        worker = Worker(name, options.threads, quick=options.quick)
        try:
            versions[name] = worker.ask(do="versions")
        except WorkerError as error:
            versions[name] = {"error": str(error)}
        finally:
            worker.close()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "threads": options.threads,
        "rounds": options.rounds,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "commit": _commit(),
        # Such variables hold BLAS back, or speed it up, on one side only.
        "settings": {key: value for key, value in os.environ.items() if key.startswith(SETTINGS)},
        "versions": versions,
    }


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        return (
            subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
        )
    except OSError:
        return "unknown"
