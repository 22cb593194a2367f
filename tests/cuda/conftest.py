"""A CUDA device for tests that have none: the backend over the stand-in for CuPy."""

import ctypes
import sys
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cuda import fake_cupy
from tests.cuda.fake_blas import Blas
from tests.cuda.fake_kernels import COMPILER
from tinygrad_cnn import backend as backends
from tinygrad_cnn.backend import cuda


def _cuda_modules() -> list[str]:
    ours = f"{cuda.__name__}."
    return [name for name in sys.modules if name.partition(".")[0] == "cupy" or name.startswith(ours)]


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The backend of `cuda:0`, which is not there."""
    if COMPILER is None:
        pytest.skip("no C++ compiler to run the kernels with")
    before = {name: sys.modules.pop(name) for name in _cuda_modules()}
    sys.modules["cupy"] = fake_cupy
    sys.modules.update(_loaded)
    monkeypatch.setattr(cuda, "_opened", {})
    monkeypatch.setattr(cuda, "_cupy_is_installed", lambda: True)
    monkeypatch.setattr(cuda, "_seed", None)
    cuda.missing.cache_clear()
    known = dict(backends._backends)
    for name in ("cublas", "cudnn"):  # they would take the addresses for a device's
        monkeypatch.setattr(import_module(f"{cuda.__name__}.{name}"), "library", lambda: None)
    try:
        yield backends.get_backend("cuda")
    finally:
        _loaded.update((name, sys.modules[name]) for name in _cuda_modules() if name != "cupy")
        for name in _cuda_modules():
            del sys.modules[name]
        sys.modules.update(before)
        cuda.missing.cache_clear()
        backends._backends.clear()
        backends._backends.update(known)


@pytest.fixture
def blas(device: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """cuBLAS, which is not there."""
    module, made = sys.modules[f"{cuda.__name__}.cublas"], Blas()
    numbers = {kind: (kind(1), kind(0)) for kind in (ctypes.c_float, ctypes.c_double)}
    handle = SimpleNamespace(blas=made, pointer=None, numbers=numbers)
    monkeypatch.setattr(module, "library", lambda: made)
    monkeypatch.setattr(module, "_handle", lambda *_: handle)
    return made


_loaded: dict[str, Any] = {}  # the backend's modules as they were imported over the stand-in, from test to test
