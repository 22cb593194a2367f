"""What tests of compiled kernels share."""

from collections.abc import Iterator

import pytest

from tinygrad_cnn.backend import Backend, cpu_kernels, get_backend


@pytest.fixture(params=["one thread", "all threads"])
def _threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether kernels take all threads, whatever their size."""
    compile = pytest.importorskip("tinygrad_cnn.backend.numba.compile")
    monkeypatch.setattr(compile, "LAUNCH", -1 if request.param == "all threads" else 1e9)


@pytest.fixture
def numba() -> Iterator[Backend]:
    with cpu_kernels("numba"):
        yield get_backend("cpu")
