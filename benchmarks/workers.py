"""Contestants, each in a process of its own that waits for commands: so they can take turns.

Run as `python -m benchmarks.workers NAME`, a worker reads one JSON object per line and answers each with one.
"""

import json
import os
import resource
import select
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300  # seconds after which a silent worker is given up


@dataclass(frozen=True)
class Contestant:
    """Who takes part.

    Attributes:
        title: the column's head.
        packages: what must be installed.
        sections: the parts of the benchmark it takes part in.
        environment: variables of its process.
        device: where it computes.
    """

    title: str
    packages: tuple[str, ...] = ()
    sections: tuple[str, ...] = ("networks", "kernels", "overhead", "scaling")
    environment: dict[str, str] = field(default_factory=dict)
    device: str = "cpu"


CONTESTANTS = {
    "numpy": Contestant("ours, NumPy", environment={"TGC_CPU_KERNELS": "numpy"}),
    "numba": Contestant(
        "ours, Numba", ("numba", "tinygrad_cnn.backend.numba"), environment={"TGC_CPU_KERNELS": "numba"}
    ),
    "numba-compiled": Contestant(
        "ours, Numba, compiled",
        ("numba", "tinygrad_cnn.backend.numba"),
        ("networks",),
        environment={"TGC_CPU_KERNELS": "numba"},
    ),
    "torch": Contestant("PyTorch", ("torch",)),
    "torch-nhwc": Contestant("PyTorch, nhwc", ("torch",), ("networks", "kernels", "scaling")),
    "mygrad": Contestant("MyGrad", ("mygrad",), ("networks",)),
    "jax": Contestant("JAX", ("jax",), ("networks",)),
    "cuda": Contestant("ours, CUDA", ("cupy",), device="cuda"),
    "cuda-captured": Contestant("ours, CUDA, captured", ("cupy",), ("networks",), device="cuda"),
    "torch-cuda": Contestant("PyTorch, CUDA", ("torch",), device="cuda"),
    "torch-cuda-nhwc": Contestant("PyTorch, CUDA, nhwc", ("torch",), ("networks", "kernels", "scaling"), device="cuda"),
}
COMPILED = ("numba-compiled", "cuda-captured")  # whose training steps go through `compile`
REFERENCES = ("torch", "torch-nhwc", "torch-cuda", "torch-cuda-nhwc")  # ratios are to the better of these


def cores() -> int:
    """Physical cores this process may run on."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    seen = set()
    for cpu in allowed:
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
        try:
            seen.add(tuple((topology / name).read_text() for name in ("physical_package_id", "core_id")))
        except OSError:
            return len(allowed)
    return len(seen)


def with_threads(count: int) -> dict[str, str]:
    """The variables by which libraries are told how many threads to use."""
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM")
    return {f"{name}_NUM_THREADS": str(count) for name in names}


class WorkerError(Exception):
    """A worker answered with an error, or not at all."""


class Worker:
    """The near end of a contestant's process."""

    def __init__(self, name: str, threads: int, *, quick: bool = False) -> None:
        environment = {**os.environ, **with_threads(threads), **CONTESTANTS[name].environment}
        command = [sys.executable, "-m", "benchmarks.workers", name, *(["--quick"] if quick else [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment, text=True
        )

    def ask(self, **command: Any) -> Any:
        """Send a command and wait for its answer.

        Raises:
            WorkerError: with the worker's error, or what became of it.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            line = self.process.stdout.readline() if ready else ""
        except BrokenPipeError:
            line, ready = "", [self.process.stdout]
        if not ready:
            raise WorkerError(f"no answer within {PATIENCE} s")
        if not line:
            raise WorkerError(f"the process ended with code {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer["answer"]

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def missing_package(contestant: Contestant) -> str | None:
    """The first package that the contestant needs and that is not here."""
    for package in contestant.packages:
        try:
            if find_spec(package) is None:
                return package
        except ModuleNotFoundError:
            return package
    return None


# the far end


def peak_memory() -> float:
    """The most memory this process has had, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


class Stage:
    """Where one contestant performs one case at a time."""

    def __init__(self, name: str, *, quick: bool) -> None:
        from .cases import Bench, all_cases

        self.name = name
        self.cases = {(case.section, case.row): case for case in all_cases(quick=quick)}
        device = CONTESTANTS[name].device
        if name not in (*REFERENCES, "mygrad", "jax"):
            lib, compiled = import_module("tinygrad_cnn"), name in COMPILED
            self.bench = Bench(lib, channels_last=True, compiled=compiled, device=device)
        elif name in REFERENCES:
            self.bench = Bench(import_module("torch"), name.endswith("nhwc"), torch=True, device=device)
        self.wait: Callable[[], Any] = self.bench.lib.cuda.synchronize if device != "cpu" else lambda: None
        self.start = peak_memory()
        self.run: Callable[[Any], Any]
        self.before: Callable[[], Any] | None

    def versions(self) -> dict[str, str]:
        """Of everything that computes here, and the threads it uses."""
        found: dict[str, str] = {}
        for package in ("numpy", "numba", "cupy", "torch", "mygrad", "jax", "tinygrad_cnn"):
            if package in sys.modules or package == self.name:
                try:
                    found[package] = version(package)
                except PackageNotFoundError:
                    found[package] = str(getattr(sys.modules[package], "__version__", "unknown"))
        if CONTESTANTS[self.name].device != "cpu":
            found["GPU"] = self.bench.lib.cuda.get_device_name(0)
        if "torch" in sys.modules:
            found["threads"] = str(sys.modules["torch"].get_num_threads())
        elif find_spec("threadpoolctl"):
            pools = import_module("threadpoolctl").threadpool_info()
            known = [(p["internal_api"], p.get("architecture") or "", f"× {p['num_threads']}") for p in pools]
            found["threads"] = ", ".join(" ".join(part for part in pool if part) for pool in known)
        return found

    def _trainer(self, row: str) -> Any:
        if self.name in ("mygrad", "jax"):
            from . import peers

            return {"mygrad": peers.MyGrad, "jax": peers.Jax}[self.name](row)
        from .networks import NETWORKS, Training

        turned = self.bench.channels_last and self.bench.torch
        return Training(self.bench.lib, NETWORKS[row], channels_last=turned, device=self.bench.device)

    def check(self, row: str) -> list[float]:
        """A network's loss and the norm of its gradient, to be compared."""
        return list(self._trainer(row).check())

    def prepare(self, section: str, row: str) -> float:
        """Make a case ready; returns how long its first call took, in seconds: it may compile."""
        if self.name in ("mygrad", "jax"):
            trainer = self._trainer(row)
            self.run, self.before = (lambda _: trainer.step()), None
        else:
            self.run, self.before = self.cases[section, row].prepare(self.bench)
        first = self._once()
        for _ in range(4):  # a compiled step is recorded twice, and on a GPU replayed once and then captured
            self._once()
        return first

    def time(self, seconds: float, least: int) -> list[float]:
        """Call it for so long, but at least so often; the time of each call, in seconds."""
        end = perf_counter() + seconds
        times: list[float] = []
        while len(times) < least or perf_counter() < end:
            times.append(self._once())
        return times

    def memory(self) -> dict[str, float]:
        """Peak memory in MiB, and by how much it grew since everything was imported."""
        peak = peak_memory()
        return {"peak": peak, "grown": peak - self.start}

    def _once(self) -> float:
        argument = [self.before() if self.before else None]
        self.wait()
        start = perf_counter()
        self.run(argument.pop())  # the only reference: what it holds is freed on the clock
        self.wait()
        return perf_counter() - start


def serve(name: str, *, quick: bool) -> None:
    """Answer commands until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    stage: Stage | None = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if stage is None:
                stage = Stage(name, quick=quick)
            answer = {"answer": getattr(stage, command.pop("do"))(**command)}
        except Exception as error:  # it is shown in the table
            text = " ".join(str(error).split())
            answer = {"error": f"{type(error).__name__}: {text}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1], quick="--quick" in sys.argv)
