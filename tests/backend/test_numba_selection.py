"""Which kernels the CPU computes with: the environment, the switch, what happens without Numba, threads."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import backend as backend_floor
from tinygrad_cnn.backend import NumpyBackend, cpu, cpu_kernels, get_backend, winograd

ROOT = Path(__file__).parents[2]


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=False)


@pytest.fixture
def numba() -> Any:
    return pytest.importorskip("numba")


def test_a_block_ends_and_a_call_holds(numba: Any) -> None:
    before = get_backend("cpu")
    with cpu_kernels("numba"):
        chosen = get_backend("cpu")
        assert type(chosen).__name__ == "NumbaBackend"
        assert chosen.rng is cpu.rng
        assert backend_floor.backends() == (chosen,)
        assert backend_floor.backend_of(np.ones(1)) is chosen
        assert backend_floor.find_backend((1.0,)) is chosen
        with cpu_kernels("numpy"):
            assert type(get_backend("cpu")) is NumpyBackend
            cpu_kernels("numba")
            assert get_backend("cpu") is chosen
        assert get_backend("cpu") is chosen
    assert get_backend("cpu") is before


def test_a_block_that_fails_ends_too(numba: Any) -> None:
    before = get_backend("cpu")
    with pytest.raises(KeyError), cpu_kernels("numba"):
        raise KeyError
    assert get_backend("cpu") is before


def test_wrong_names() -> None:
    with pytest.raises(ValueError, match="must be 'numpy' or 'numba'; got 'fortran'"):
        cpu_kernels("fortran")
    done = python("import tinygrad_cnn", TGC_CPU_KERNELS="fortran")
    assert "TGC_CPU_KERNELS) must be 'numpy' or 'numba'; got 'fortran'" in done.stderr


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    before = get_backend("cpu")
    monkeypatch.setattr(backend_floor, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_cnn\[fast\]"'):
        cpu_kernels("numba")
    assert get_backend("cpu") is before


def test_the_environment_chooses_and_nothing_is_imported_early(numba: Any) -> None:
    code = "import sys, tinygrad_cnn as tg; print(type(tg.ones(1).backend).__name__, 'numba' in sys.modules)"
    assert python(code, TGC_CPU_KERNELS="numba").stdout.split() == ["NumbaBackend", "False"]
    assert python(code, TGC_CPU_KERNELS="numpy").stdout.split() == ["NumpyBackend", "False"]
    assert python(code, TGC_CPU_KERNELS="").stdout.split() == ["NumbaBackend", "False"]  # where it is installed


CONVOLVE = "import tinygrad_cnn as tg; tg.nn.functional.conv2d(tg.ones(1, 1, 4, 4), tg.ones(1, 1, 3, 3))"


def test_one_sentence_when_kernels_are_compiled(numba: Any, tmp_path: Path) -> None:
    variables = {"TGC_CPU_KERNELS": "numba", "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = python(CONVOLVE, **variables), python(CONVOLVE, **variables)
    assert first.stderr == "tinygrad_cnn: compiling CPU kernels; they are kept for the next run\n"
    assert second.stderr == ""


def test_winograd_can_be_forbidden() -> None:
    assert winograd.allowed
    with winograd(False):
        assert not winograd.allowed
        winograd(True)
        assert winograd.allowed
    assert winograd.allowed


def train() -> list[float]:
    generator = tg.Generator().manual_seed(1)
    x = tg.randn(16, 8, 20, 20, generator=generator)
    w = tg.randn(16, 8, 3, 3, generator=generator).requires_grad_(True)
    losses = []
    for _ in range(20):
        loss = (tg.nn.functional.conv2d(x, w, padding=1) ** 2).mean()
        (gradient,) = tg.autograd.grad(loss, w)
        w = (w - gradient).detach().requires_grad_(True)
        losses.append(loss.item())
    return losses


def test_two_threads_train_at_once(numba: Any) -> None:
    """Numba's thread pool aborts the process when two threads enter it."""
    with cpu_kernels("numba"):
        expected, found = train(), []
        threads = [Thread(target=lambda: found.append(train())) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [expected, expected]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_computes(numba: Any) -> None:
    done = python(f"import os\n{CONVOLVE}\npid = os.fork()\n{CONVOLVE}\nif pid: os.waitpid(pid, 0)\nprint('done')")
    assert done.stdout.split() == ["done", "done"]
