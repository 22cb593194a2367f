"""Threads: who is told their number, when, and by what; and the same bits for any number of them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.backend import threads

ROOT = Path(__file__).parents[2]
VARIABLES = [f"{name}_NUM_THREADS" for name in ("NUMBA", "OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM")]


def python(code: str, **environment: str) -> str:
    """What a program prints in a process with these variables, and without others about threads."""
    variables = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    variables |= {"PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def _restored() -> Iterator[None]:
    before, asked = threads.get_num_threads(), threads._asked
    yield
    tg.use_deterministic_algorithms(False)
    tg.set_num_threads(before)
    threads._asked = asked


def blas_threads() -> set[int]:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    return {library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.usefixtures("_restored")
def test_one_number_for_kernels_and_blas() -> None:
    for n in (1, 2):
        tg.set_num_threads(n)
        assert tg.get_num_threads() == min(n, threads._most)
        assert blas_threads() <= {min(n, os.cpu_count() or 1), n}


@pytest.mark.usefixtures("_restored")
def test_more_than_there_are_is_all_there_are() -> None:
    tg.set_num_threads(10**6)
    assert tg.get_num_threads() == threads._most


INFO = """
from threadpoolctl import threadpool_info
def blas():  # of NumPy; Numba imports SciPy, which may bring one of its own
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return next((library for library in found if "numpy" in library["filepath"]), found[0])["num_threads"]
import numpy
before = blas()
import tinygrad_cnn as tg
assert blas() == before, "import changed BLAS"
"""


def test_the_environment_is_respected_and_import_changes_nothing() -> None:
    pytest.importorskip("threadpoolctl")
    shown = INFO + "print(tg.get_num_threads())"
    assert python(shown, NUMBA_NUM_THREADS="3") == "3"
    assert python(shown, OMP_NUM_THREADS="1,4") == "1"
    assert python(shown, OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="2") == "2"
    assert python(shown) == python(shown, OMP_NUM_THREADS="nonsense") == str(threads.cores())


@pytest.mark.parametrize("loaded", [True, False])
def test_a_number_holds_whether_numba_is_loaded_or_not(loaded: bool) -> None:
    pytest.importorskip("numba")
    pytest.importorskip("threadpoolctl")
    code = f"""
import sys
use = lambda: tg.nn.functional.conv2d(tg.ones(2, 8, 20, 20), tg.ones(8, 8, 3, 3))
if {loaded}: use()
assert ("numba" in sys.modules) is {loaded}
tg.set_num_threads(1)
use()
from tinygrad_cnn.backend.numba import compile
compile.LAUNCH = -1
parallel = []
import numba
numba.set_num_threads = lambda n: parallel.append(n)
use()
print(tg.get_num_threads(), blas(), parallel)
tg.set_num_threads(2)
use()
print(tg.get_num_threads(), parallel)
"""
    first, second = python(INFO + code, NUMBA_NUM_THREADS="2", TGC_CPU_KERNELS="numba").splitlines()
    assert first == "1 1 []"
    assert second == "2 [2]"


@pytest.mark.usefixtures("_restored")
def test_without_threadpoolctl_a_warning_says_what_is_not_governed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match=r"set_num_threads: NumPy's BLAS keeps its number .*tinygrad_cnn\[fast\]"):
        tg.set_num_threads(1)
    assert tg.get_num_threads() == 1
    with pytest.raises(RuntimeError, match="use_deterministic_algorithms: NumPy's BLAS cannot be held to one thread"):
        tg.use_deterministic_algorithms(True)
    assert not tg.are_deterministic_algorithms_enabled()
    with pytest.warns(UserWarning, match="cannot be held to one thread"):
        tg.use_deterministic_algorithms(True, warn_only=True)
    assert tg.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("function", [tg.set_num_threads, tg.set_num_interop_threads])
@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        (0, ValueError, "must be at least 1; got 0"),
        (-2, ValueError, "must be at least 1; got -2"),
        ("2", TypeError, "expected an integer; got str '2'"),
        (2.0, TypeError, "expected an integer; got float 2.0"),
        (True, TypeError, "expected an integer; got bool True"),
    ],
)
def test_wrong_numbers(function: Any, wrong: Any, kind: type[Exception], message: str) -> None:
    before = tg.get_num_threads()
    with pytest.raises(kind, match=f"{function.__name__}: .*{message}"):
        function(wrong)
    assert tg.get_num_threads() == before


def test_operations_run_one_after_another() -> None:
    tg.set_num_interop_threads(4)
    assert tg.get_num_interop_threads() == 1


@pytest.mark.usefixtures("_restored")
def test_the_switch_of_determinism() -> None:
    pytest.importorskip("threadpoolctl")
    tg.set_num_threads(2)
    assert not tg.are_deterministic_algorithms_enabled()
    tg.use_deterministic_algorithms(True)
    assert tg.are_deterministic_algorithms_enabled()
    assert not tg.is_deterministic_algorithms_warn_only_enabled()
    assert blas_threads() == {1}
    tg.set_num_threads(2)
    assert blas_threads() == {1}
    tg.use_deterministic_algorithms(False)
    assert blas_threads() <= {2, os.cpu_count()}
    assert not tg.are_deterministic_algorithms_enabled()
    for mode, number in (("warn", 1), (2, 2), ("default", 0)):
        tg.set_deterministic_debug_mode(mode)
        assert tg.get_deterministic_debug_mode() == number
        assert tg.is_deterministic_algorithms_warn_only_enabled() is (number == 1)


def test_wrong_modes_of_determinism() -> None:
    with pytest.raises(TypeError, match="mode must be True or False; got 1"):
        tg.use_deterministic_algorithms(1)  # type: ignore[arg-type]
    for wrong in (3, "off", True):
        with pytest.raises(ValueError, match=f"set_deterministic_debug_mode: .*got {wrong!r}"):
            tg.set_deterministic_debug_mode(wrong)


TRAINING = """
import hashlib
import tinygrad_cnn as tg
from tinygrad_cnn import nn
tg.use_deterministic_algorithms(True)
tg.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
    nn.Conv2d(16, 24, 3), nn.ReLU(), nn.Flatten(), nn.Linear(24 * 100, 64), nn.Dropout(0.5), nn.Linear(64, 10),
)
optimizer = tg.optim.Adam(model.parameters())
images, labels = tg.randn(64, 1, 24, 24), tg.arange(64) % 10
for _ in range(3):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()
state = b"".join(parameter.detach().numpy().tobytes() for parameter in model.parameters())
print(hashlib.sha256(state).hexdigest())
"""


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_training_gives_the_same_bits_for_any_number_of_threads(kernels: str) -> None:
    pytest.importorskip("threadpoolctl")
    if kernels == "numba":
        pytest.importorskip("numba")
    found = {
        python(TRAINING, TGC_CPU_KERNELS=kernels, **dict.fromkeys(VARIABLES, threads)) for threads in ("1", "2", "4")
    }
    assert len(found) == 1


def test_two_python_threads_train_at_once() -> None:
    def train(seed: int) -> list[float]:
        generator = tg.Generator().manual_seed(seed)
        x = tg.randn(16, 8, 20, 20, generator=generator)
        model = tg.nn.Sequential(tg.nn.Conv2d(8, 16, 3), tg.nn.ReLU(), tg.nn.MaxPool2d(2), tg.nn.Flatten())
        model.append(tg.nn.Linear(16 * 81, 5))
        with tg.no_grad():
            for parameter in model.parameters():
                parameter.copy_(tg.randn(*parameter.shape, generator=generator) / 10)
        optimizer, losses = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), []
        for _ in range(5):
            optimizer.zero_grad()
            loss = tg.nn.functional.cross_entropy(model(x), tg.arange(16) % 5)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    expected = [train(seed) for seed in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            assert list(pool.map(train, range(2))) == expected
