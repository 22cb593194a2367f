"""Every test starts from the same random numbers, and its BLAS uses few threads: the workers share the cores."""

import os
from collections.abc import Iterator
from importlib.util import find_spec

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
os.environ.setdefault("MKL_NUM_THREADS", "2")
os.environ.setdefault("NUMBA_NUM_THREADS", "2")

import numpy as np
import pytest
from hypothesis import settings

import tinygrad_cnn as tg

# mypy reads the first, and the others are run by the tests beside them, as programs for PyTorch.
collect_ignore = ["typing", "programs/definitions", "programs/training"]

settings.register_profile("tests", max_examples=50, deadline=None, derandomize=True)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    tg.manual_seed(0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def deterministic() -> Iterator[None]:
    """Inside the test, results do not depend on the number of threads; that number is put back afterwards."""
    pytest.importorskip("threadpoolctl")
    before = tg.get_num_threads()
    tg.use_deterministic_algorithms(True)
    yield
    tg.use_deterministic_algorithms(False)
    tg.set_num_threads(before)


def pytest_report_header() -> str | None:
    return None if find_spec("torch") else "PyTorch is not installed: the tests that ask for its opinion are left out"
