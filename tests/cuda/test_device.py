"""`tinygrad_cnn.cuda` with a device, and what it says without."""

import sys
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

import tinygrad_cnn as tg
from tests.cuda import fake_cupy, fake_device
from tinygrad_cnn.backend import cuda


def test_what_there_is(device: Any) -> None:
    assert tg.cuda.is_available()
    assert tg.cuda.why_not() is None
    assert tg.cuda.device_count() == 1
    assert tg.cuda.current_device() == 0
    assert tg.cuda.get_device_name() == "Stand-in"
    assert tg.cuda.get_device_capability("cuda:0") == (9, 0)
    assert "multi_processor_count=4" in repr(tg.cuda.get_device_properties(0))
    tg.cuda.set_device("cuda:0")
    tg.cuda.synchronize()
    with tg.cuda.device(0):
        assert str(tg.ones(1, device="cuda").device) == "cuda:0"
    with pytest.raises(ValueError, match="cuda: expected a CUDA device; got 'cpu'"):
        tg.cuda.synchronize("cpu")
    with pytest.raises(RuntimeError, match="there is 1 CUDA device"):
        tg.cuda.set_device(2)
    assert cuda.describe().startswith("ready\n  cuda:0 DeviceProperties(name='Stand-in'")


def test_streams_and_events(device: Any) -> None:
    stream, start, end = tg.cuda.Stream(), tg.cuda.Event(enable_timing=True), tg.cuda.Event(enable_timing=True)
    assert tg.cuda.current_stream() == tg.cuda.default_stream()
    start.record()
    with tg.cuda.stream(stream):
        assert tg.cuda.current_stream() == stream != tg.cuda.default_stream()
        tg.ones(2, device="cuda").sum()
        end.record(stream)
    stream.wait_stream(tg.cuda.current_stream())
    stream.synchronize()
    end.synchronize()
    assert stream.query()
    assert end.query()
    assert start.elapsed_time(end) >= 0
    with tg.cuda.stream(None):
        assert tg.cuda.current_stream() == tg.cuda.default_stream()


def test_memory_is_counted(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = fake_device.MemoryPool()
    monkeypatch.setattr(fake_device, "pool", pool)
    runtime = cuda.services()
    runtime.allocate(3 << 20)
    pool.used, pool.kept = 1 << 20, 5
    assert tg.cuda.memory_allocated() == 1 << 20
    assert tg.cuda.max_memory_allocated() == 3 << 20
    assert tg.cuda.memory_reserved() == (1 << 20) + 5
    tg.cuda.reset_peak_memory_stats()
    assert tg.cuda.max_memory_allocated() == 1 << 20
    assert "in tensors" in tg.cuda.memory_summary()
    assert tg.cuda.mem_get_info() == (1 << 30, 1 << 34)
    tg.cuda.empty_cache()
    assert pool.kept == 0


def test_no_memory_left_is_told(device: Any) -> None:
    message = r"cuda:0: no memory for 32.00 GiB: tensors hold .* are free. Use smaller batches, .*cuda.empty_cache\(\)"
    with pytest.raises(tg.cuda.OutOfMemoryError, match=message):
        cuda.services().allocate(1 << 35)


def test_a_seed_counts_from_before_the_first_use(device: Any) -> None:
    tg.manual_seed(5)
    a = tg.rand(3, device="cuda").tolist()
    tg.cuda.manual_seed(5)
    assert tg.rand(3, device="cuda").tolist() == a
    state = tg.cuda.get_rng_state()
    b = tg.rand(3, device="cuda").tolist()
    assert b != a
    tg.cuda.set_rng_state(state)
    assert tg.rand(3, device="cuda").tolist() == b
    cuda._opened.clear()
    tg.manual_seed(5)
    again = cuda.open_device("cuda")
    assert again is not device
    assert again.rng.uniform((3,), "float32").tolist() == a


# what is said where something is missing ------------------------------------------------------------------------------


def test_without_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert cuda.state().startswith('CuPy is not installed; pip install "tinygrad_cnn[cuda13]"')
    assert cuda.device_count() == 0


def test_a_cupy_that_does_not_start(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:  # undone before the fixture takes the stand-in away
        broken.setitem(sys.modules, "cupy", None)
        assert "CuPy is installed but does not start" in cuda.state()
        assert cuda.device_count() == 0


def test_without_a_driver(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def count() -> int:
        raise fake_device.CUDARuntimeError("cudaErrorInsufficientDriver")

    monkeypatch.setattr(fake_device.runtime, "getDeviceCount", count)
    assert "finds no usable GPU or driver (cudaErrorInsufficientDriver); install NVIDIA's driver" in cuda.state()
    assert cuda.device_count() == 0
    monkeypatch.setattr(fake_device.runtime, "getDeviceCount", lambda: 0)
    assert cuda.state().endswith("finds no GPU; CUDA_VISIBLE_DEVICES may hide it")


def test_without_headers(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(**_: Any) -> Any:
        raise RuntimeError("cuda_fp16.h: No such file or directory")

    monkeypatch.setattr(fake_cupy, "RawModule", compiled)
    assert "no kernel compiles there (cuda_fp16.h: No such file" in cuda.state()
    monkeypatch.setattr(fake_cupy, "RawModule", lambda **_: SimpleNamespace(get_function=lambda _: lambda *_: None))
    with pytest.raises(RuntimeError, match="a kernel ran and did nothing"):
        import_module(f"{cuda.__name__}.kernels").probe()
    assert "no kernel compiles there (a kernel ran and did nothing)" in cuda.state()


def test_who_asks_for_a_device_is_told_why_there_is_none(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_opened", {})
    monkeypatch.setattr(cuda, "_cupy_is_installed", lambda: False)
    cuda.missing.cache_clear()
    assert not tg.cuda.is_available()
    assert tg.cuda.memory_allocated() == 0
    tg.cuda.empty_cache()
    assert cuda.describe().startswith("CuPy is not installed")
    with pytest.raises(RuntimeError, match=r"CuPy is not installed; pip install \"tinygrad_cnn\[cuda13\]\""):
        cuda.open_device("cuda")
