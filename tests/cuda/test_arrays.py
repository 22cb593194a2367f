"""Arrays of a CUDA device: where they are, how they lie in memory, what does not mix."""

import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import backend as backends
from tinygrad_cnn.backend import cuda
from tinygrad_cnn.errors import DeviceError


def lies_channels_last(x: Any) -> bool:
    return bool(x.array.transpose(0, 2, 3, 1).flags.c_contiguous)


def test_there_and_back(device: Any) -> None:
    x = tg.randn(2, 3, requires_grad=True)
    y = x.cuda()
    assert y.is_cuda
    assert str(y.device) == "cuda:0"
    assert y.to("cuda") is y.to("cuda:0") is y.cuda() is y
    (y * y).sum().cpu().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy())
    assert repr(tg.ones(2, device="cuda")) == "tensor([1., 1.], device='cuda:0')"


@pytest.mark.parametrize("make", ["zeros", "ones", "empty", "rand", "randn"])
def test_creation(device: Any, make: str) -> None:
    made = getattr(tg, make)(2, 3, device="cuda")
    assert str(made.device) == "cuda:0"
    assert made.dtype == "float32"
    assert str(tg.zeros_like(made).device) == str(made.new_ones(3).device) == "cuda:0"


def test_devices_do_not_mix(device: Any) -> None:
    x, y = tg.ones(2), tg.ones(3, 2, device="cuda")
    with pytest.raises(
        DeviceError, match=r"add: all tensors must be on one device; got \(2,\) on cpu, \(3, 2\) on cud"
    ):
        x + y
    with pytest.raises(
        DeviceError, match=r"mul: all tensors must be on one device; got \(3, 2\) on cuda:0, \(2,\) on "
    ):
        y * x
    with pytest.raises(DeviceError, match="linear: all tensors must be on one device"):
        tg.nn.Linear(2, 2)(y)


def test_numpy_asks_for_the_cpu(device: Any) -> None:
    with pytest.raises(TypeError, match=r"numpy: this tensor is on cuda:0; use \.cpu\(\)\.numpy\(\)"):
        tg.ones(2, device="cuda").numpy()


def test_a_number_of_a_device_that_there_is_not(device: Any) -> None:
    with pytest.raises(RuntimeError, match=r"device 'cuda:3' is not available; .*there is 1 CUDA device$"):
        tg.ones(2, device="cuda:3")


def test_arrays_of_cupy_are_taken(device: Any) -> None:
    import cupy

    x = tg.as_tensor(cupy.ones((2, 3)))
    assert str(x.device) == "cuda:0"
    assert ((x + 1).sum()).item() == 12


@pytest.mark.parametrize("index", [5, -6])
def test_an_index_that_there_is_not_is_an_error(device: Any, index: int) -> None:
    x, where = tg.arange(5, device="cuda"), tg.tensor([0, index], device="cuda")
    assert x[tg.tensor([0, -5, 4], device="cuda")].tolist() == [0, 0, 4]
    for wrong in (lambda: x[where], lambda: x.clone().index_put_((where,), x[:2]), lambda: x.gather(0, where)):
        with pytest.raises(IndexError, match=r"out of bounds|outside"):
            wrong()


def test_operations_keep_channels_last(device: Any) -> None:
    x = tg.nn.functional.conv2d(tg.randn(2, 3, 6, 6, device="cuda"), tg.randn(4, 3, 3, 3, device="cuda"))
    assert lies_channels_last(x)
    scale = tg.randn(1, 4, 1, 1, device="cuda")
    for made in (x + 1, 2 * x, x * scale, -x, x.exp(), x.relu(), x.clamp(0, 1), x / (x * x + 1), x.double(), x > 0):
        assert lies_channels_last(made)
    for layer in (tg.nn.BatchNorm2d(4), tg.nn.MaxPool2d(2), tg.nn.AvgPool2d(2), tg.nn.Dropout(), tg.nn.SiLU()):
        assert lies_channels_last(layer.to("cuda")(x))
    assert x.flatten(1).shape == (2, 64)


def test_gradients_keep_channels_last(device: Any) -> None:
    x = tg.nn.functional.conv2d(tg.randn(2, 3, 6, 6, device="cuda"), tg.randn(4, 3, 3, 3, device="cuda"))
    x = x.detach().requires_grad_()
    x.relu().sigmoid().mul(3).sum().backward()
    assert x.grad.shape == x.shape


def test_writing_in_place(device: Any) -> None:
    x = tg.zeros(2, 3, device="cuda")
    x[0] = 1
    x[:, 1] += 2
    x.add_(1).t()[2].mul_(5)
    assert x.tolist() == [[2, 4, 10], [1, 3, 5]]
    with pytest.raises(RuntimeError, match="one element stands for several"):
        x[:1].expand(4, 3).add_(1)


def test_a_number_of_one_element(device: Any) -> None:
    x = tg.tensor([[3.0]], device="cuda")
    assert x.item() == float(x) == 3
    assert bool(x > 2)
    assert int(x.argmax()) == 0


def test_only_the_owner_of_memory_keeps_it(device: Any) -> None:
    x = tg.ones(3, device="cuda").array
    assert device.owns_memory(x)
    assert not device.owns_memory(x[1:])
    assert device.owns_memory(x + 1)


def test_memory_is_shared_by_dlpack(device: Any) -> None:
    x = tg.zeros(3, device="cuda")
    assert x.__dlpack_device__() == (2, 0)
    y = tg.from_dlpack(x.array)
    y += 2
    assert str(y.device) == "cuda:0"
    assert x.tolist() == [2, 2, 2]


def test_pickled_tensors_come_back_where_they_were(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x = tg.arange(3.0, device="cuda").requires_grad_()
    raw = pickle.dumps({"x": x, "layer": tg.nn.Linear(2, 1).cuda()})
    back = pickle.loads(raw)
    assert str(back["x"].device) == "cuda:0"
    assert back["x"].requires_grad
    assert back["x"].tolist() == [0, 1, 2]
    assert str(back["layer"].weight.device) == "cuda:0"
    with monkeypatch.context() as elsewhere:  # undone before the fixture takes the stand-in away
        elsewhere.setattr(cuda, "_opened", {})
        elsewhere.setattr(cuda, "missing", lambda: "there is no GPU")
        backends._backends.pop("cuda:0")
        back = pickle.loads(raw)
        assert str(back["x"].device) == str(back["layer"].weight.device) == "cpu"
        assert back["x"].tolist() == [0, 1, 2]


def test_arrays_one_after_the_other(device: Any) -> None:
    x, y = (tg.randn(2, n, 4, 3) for n in (3, 5))
    joined = tg.cat([x.cuda(), y.cuda()], dim=1)
    assert joined.tolist() == tg.cat([x, y], dim=1).tolist()
    images = tg.nn.functional.conv2d(tg.randn(2, 3, 6, 6, device="cuda"), tg.randn(4, 3, 3, 3, device="cuda"))
    joined = tg.cat([images, 2 * images], dim=1)
    assert lies_channels_last(joined)
    assert joined[:, 4].tolist() == (2 * images)[:, 0].tolist()
    assert tg.cat([tg.ones(2, device="cuda"), tg.ones(1, dtype=tg.int64, device="cuda")]).tolist() == [1, 1, 1]
    with pytest.raises(RuntimeError):
        tg.cat([x.cuda(), tg.ones(3, 3, device="cuda")])
    assert tg.stack([x.cuda(), x.cuda()], dim=-1).shape == (2, 3, 4, 3, 2)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_division_goes_by_the_exact_quotient(device: Any, dtype: str) -> None:
    """CuPy's floor of the rounded quotient is one too many for 1 // 0.1, and its remainder below 0."""
    x = np.array([1, -1, 0.3, 5.3, 100, -7.5, 3, -3, 0, -0.0, 1, -1, np.inf, 1, -1, 0, np.nan], dtype)
    y = np.array([0.1, 0.1, 0.1, -0.1, 3, 2.5, -2, 2, 2, 2, np.inf, np.inf, 2, 0, 0, 0, 1], dtype)
    with np.errstate(all="ignore"):
        for divide in (lambda a, b: a // b, lambda a, b: a % b):
            found = divide(device.asarray(x), device.asarray(y))
            assert found.dtype == dtype
            np.testing.assert_array_equal(found.get(), divide(x, y))
            np.testing.assert_array_equal(np.signbit(found.get()[:13]), np.signbit(divide(x, y)[:13]))
            np.testing.assert_array_equal(divide(device.asarray(x), 0.1).get(), divide(x, 0.1))
            np.testing.assert_array_equal(divide(1.0, device.asarray(y)).get(), divide(1.0, y))
    n = device.asarray(np.array([7, -7, 6]))
    assert (n // 2).tolist() == [3, -4, 3]
    assert (n % -4).tolist() == [-1, -3, -2]
