"""Backends by name, and tensors of two devices that meet: a second backend that lives in the same memory."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import backend as backend_floor
from tinygrad_cnn.backend import NumpyBackend, backend_of, backends, cpu, find_backend, get_backend
from tinygrad_cnn.errors import DeviceError


class FarArray(np.ndarray[Any, Any]):
    """An array of another device, which refuses to meet the CPU's, as CuPy's do."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        if any(type(x) is np.ndarray for x in inputs):
            raise TypeError("Unsupported type <class 'numpy.ndarray'>")
        near = [np.asarray(x) if isinstance(x, FarArray) else x for x in inputs]
        given = {"out": tuple(np.asarray(x) for x in out)} if out else {}
        result = getattr(ufunc, method)(*near, **given, **kwargs)
        return out[0] if out else np.asarray(result).view(FarArray)


class FarBackend(NumpyBackend):
    """A device whose arrays the CPU's never mix with."""

    name = "far:0"
    array_type = FarArray

    def asarray(self, values: Any, dtype: Any = None) -> Any:
        return np.asarray(values, dtype=dtype).view(FarArray)

    def to_numpy(self, x: Any) -> Any:
        return np.asarray(x)


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> FarBackend:
    backend = FarBackend()
    monkeypatch.setattr(backend_floor, "_backends", {"far:0": backend, "cpu": cpu})
    return backend


def test_backends_are_found_by_name_and_by_array() -> None:
    cpu = get_backend("cpu")  # NumPy's or Numba's kernels
    assert get_backend(tg.device("cpu")) is cpu
    assert backends() == (cpu,)
    assert backend_of(np.ones(1)) is cpu
    assert backend_of(1.0) is None
    assert find_backend((1.0, None)) is cpu
    with pytest.raises(DeviceError, match="device 'cuda:0' is not available; available: cpu"):
        get_backend("cuda:0")


def test_there_and_back(far: FarBackend) -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x.to("far:0")
    assert str(y.device) == "far:0"
    assert repr(y.detach()) == "tensor([1., 2.], device='far:0')"
    assert y.to("far:0") is y
    assert x.to("cpu") is x
    (y * y).cpu().sum().backward()
    assert x.grad.tolist() == [2, 4]
    assert isinstance(x.grad.array, np.ndarray)
    assert str(x.grad.device) == "cpu"


def test_devices_do_not_mix(far: FarBackend) -> None:
    x, y = tg.ones(2), tg.ones(3, 2).to("far:0")
    with pytest.raises(
        DeviceError, match=r"add: all tensors must be on one device; got \(2,\) on cpu, \(3, 2\) on far:0. Move"
    ):
        x + y
    with pytest.raises(DeviceError, match="matmul: all tensors must be on one device"):
        y @ x
    with pytest.raises(TypeError, match=r"x\[\.\.\.\] = y: x is on cpu and y on far:0; move y with \.to\('cpu'\)"):
        x[0] = y[0, 0]


def test_numpy_asks_for_the_cpu(far: FarBackend) -> None:
    y = tg.ones(2).to("far:0")
    with pytest.raises(TypeError, match=r"numpy: this tensor is on far:0; use \.cpu\(\)\.numpy\(\)"):
        y.numpy()
    assert type(y.numpy(force=True)) is np.ndarray
    x = tg.zeros(2)
    x.copy_(y)
    assert x.tolist() == [1, 1]


def test_what_is_like_a_far_tensor_is_far(far: FarBackend) -> None:
    y = tg.ones(2).to("far:0")
    assert str((y * 2).device) == "far:0"
    assert str(y.to(tg.float64).device) == "far:0"
    assert y.type_as(tg.ones(1, dtype=tg.float64)).dtype == "float64"


def test_an_array_of_no_backend() -> None:
    with pytest.raises(TypeError, match="no backend computes with"):
        _ = tg.Tensor.from_array([1.0]).backend


def test_devices() -> None:
    assert str(tg.device("cuda:1")) == "cuda:1"
    assert repr(tg.device("cuda", 1)) == "device(type='cuda', index=1)"
    assert repr(tg.device("cpu")) == "device(type='cpu')"
    assert tg.device(tg.device("cuda:1")) == tg.device("cuda", 1)
    assert len({tg.device("cpu"), tg.device("cpu"), tg.device("cuda")}) == 2
    assert tg.device("cpu") != "cpu"
