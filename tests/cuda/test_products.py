"""Matrix products through cuBLAS's interface, with a stand-in that reads memory as cuBLAS does."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.cuda import fake_cupy, fake_device
from tests.cuda.fake_blas import Blas
from tinygrad_cnn.backend import cuda
from tinygrad_cnn.backend.switches import cuda_switches


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((4, 3), (3, 5)),
        ((1, 3), (3, 1)),
        ((4, 1), (1, 5)),
        ((2, 4, 3), (2, 3, 5)),
        ((2, 4, 3), (3, 5)),
        ((4, 3), (2, 3, 5)),
        ((2, 1, 4, 3), (6, 3, 5)),
        ((2, 6, 4, 3), (2, 6, 3, 1)),
        ((0, 4, 3), (3, 5)),
        ((4, 0), (0, 5)),
    ],
)
def test_products(device: Any, blas: Blas, dtype: str, turned: Any, x: Any, y: Any) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(x).astype(dtype), rng.standard_normal(y).astype(dtype)
    A, B = (
        m.swapaxes(-1, -2).copy().swapaxes(-1, -2) if t else m
        for m, t in zip(map(device.asarray, (a, b)), turned, strict=True)
    )
    found = device.matmul(A, B)
    np.testing.assert_allclose(found.get(), a @ b, rtol=1e-5, atol=1e-6)
    assert found.dtype == dtype
    assert len(blas.computed) == bool(found.size and x[-1]), "it was CuPy who did it"


def test_strides_that_cublas_does_not_take(device: Any, blas: Blas) -> None:
    x = device.asarray(np.random.default_rng(0).standard_normal((8, 8)))
    for view in (x[::-1], x[:, ::-1], x[:, ::2], x[:1].repeat(4, axis=0)):
        np.testing.assert_allclose(device.matmul(view, x[: view.shape[1]]).get(), view.get() @ x.get()[: view.shape[1]])
    assert device.matmul(x[:, 0:1].transpose(1, 0), x).shape == (1, 8)


def test_a_layer_is_one_product(device: Any, blas: Blas) -> None:
    x, w, b = (np.random.default_rng(i).standard_normal(s) for i, s in enumerate([(2, 3, 4), (5, 4), (5,)]))
    np.testing.assert_allclose(device.linear(*map(device.asarray, (x, w, b))).get(), x @ w.T + b)
    assert len(blas.computed) == 1


def test_the_switch_for_tf32(device: Any, blas: Blas) -> None:
    x = device.asarray(np.ones((2, 2), "float32"))
    device.matmul(x, x)
    assert tg.backends.cuda.matmul is cuda_switches
    tg.backends.cuda.matmul.allow_tf32 = True
    try:
        device.matmul(x, x)
        device.matmul(x.astype("float64"), x.astype("float64"))
    finally:
        tg.backends.cuda.matmul.allow_tf32 = False
    assert list(blas.computed) == [68, 77, 70]


def test_a_product_that_fails_is_told(device: Any, blas: Blas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "cublasGemmEx", lambda *_: 13)
    x = device.asarray(np.ones((2, 2)))
    with pytest.raises(RuntimeError, match=r"cuBLAS: a product of 1 × \(2, 2\) and \(2, 2\) failed with status 13"):
        device.matmul(x, x)


def test_a_handle_has_its_stream_before_its_workspace(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting the stream gives up the workspace, and graphs need one that stays."""
    module, calls = sys.modules[f"{cuda.__name__}.cublas"], []
    library = SimpleNamespace(
        cublasCreate_v2=lambda *_: calls.append("create") or 0,
        cublasSetStream_v2=lambda *_: calls.append("stream") or 0,
        cublasSetWorkspace_v2=lambda *_: calls.append("workspace") or 0,
    )
    handle = module.Handle(library)
    assert calls == ["create"]
    for stream in (0, 0, 5, 0):
        assert handle.use(stream) is handle
    assert calls == ["create"] + 3 * ["stream", "workspace"]
    assert list(handle.workspaces) == [0, 5]
    for stream in range(100):
        handle.use(stream)
    assert len(handle.workspaces) == module.STREAMS
    module._handles.known[0] = handle
    workspace = handle.workspaces[handle.stream]
    assert module.take_workspace(handle.stream) is workspace, "a graph keeps that of its stream"
    assert handle.stream is None
    assert module.take_workspace(12345) is None
    module._handles.known.clear()
    assert fake_cupy.cuda is fake_device
