"""`view` with sizes and with dtypes, the dtypes of lists, names of dtypes, new tensors like another, products."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.errors import DeviceError, GraphError, ShapeError


@pytest.mark.parametrize("size", [np.int64(6), np.prod((2, 3)), tg.tensor(6), np.int64(-1)])
def test_sizes_of_every_kind(size: Any) -> None:
    x = tg.ones(2, 3)
    assert (x.view(size).shape, x.view(size).dtype) == ((6,), "float32")


@pytest.mark.parametrize("dtype", [tg.int32, np.int32, "int32"])
def test_a_view_as_another_dtype_shares_memory(dtype: Any) -> None:
    x = tg.ones(2, requires_grad=True)
    y = x * 1
    bits = y.view(dtype)
    assert bits.tolist() == [0x3F800000] * 2
    squared = y * y
    bits.zero_()
    assert y.tolist() == [0, 0]
    with pytest.raises(GraphError, match="changed it in place"):
        squared.sum().backward()
    fresh = tg.ones(2)
    bits = fresh.view(tg.int32)
    fresh.zero_()
    assert bits.tolist() == [0, 0]


def test_a_view_as_the_same_dtype_has_a_gradient() -> None:
    x = tg.ones(2, requires_grad=True)
    (x.view(tg.float32) * 3).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_views_that_cannot_be() -> None:
    with pytest.raises(ShapeError, match=r"view: the bytes of this float32 tensor of shape \(3,\) can't be read as fl"):
        tg.ones(3).view(tg.float64)
    with pytest.raises(ShapeError, match=r"view: only one size may be −1; got \(-1, -1\)"):
        tg.ones(3).view(-1, -1)


def test_unsigned_integers_without_a_dtype_of_ours() -> None:
    for dtype in ("uint16", "uint32", "uint64"):
        with pytest.raises(TypeError, match=f"tensor: values of dtype {dtype} are not numbers that a tensor can hold"):
            tg.as_tensor(np.ones(2, dtype=dtype))
        with pytest.raises(TypeError, match="is not a dtype of tensors"):
            tg.ones(2).to(np.dtype(dtype))


def test_names_of_old_programs() -> None:
    x = tg.ones(2)
    assert x.type("torch.LongTensor").dtype == "int64"
    assert x.type("torch.DoubleTensor").dtype == x.type("torch.float64").dtype == "float64"


def test_new_tensors_like_another() -> None:
    x = tg.ones(2, dtype=tg.float64)
    assert (x.new_zeros(1, 2).tolist(), x.new_ones((2,)).tolist()) == ([[0, 0]], [1, 1])
    assert x.new_zeros(1).dtype == x.new_empty(3).dtype == x.new_full((2,), 3).dtype == "float64"
    assert x.new_full((2,), tg.tensor(3)).tolist() == [3, 3]
    assert (x.new_tensor([1, 2]).dtype, x.new_zeros(1, dtype=tg.int64).dtype) == (x.dtype, "int64")
    assert x.new_ones(2, requires_grad=True).requires_grad


def test_text_of_numbers() -> None:
    assert f"{tg.tensor(2.5)} {tg.tensor(3)} {tg.tensor(2.5):.2f}" == "2.5 3 2.50"
    assert f"{tg.nn.Parameter(tg.tensor(1.0))}".startswith("Parameter containing")


def test_messages_name_what_was_called() -> None:
    with pytest.raises(TypeError, match="add: expected tensors or numbers; got NoneType"):
        tg.ones(2) + None
    with pytest.raises(TypeError, match="mul: expected tensors or numbers; got NoneType"):
        tg.tensor([1]) * None
    with pytest.raises(ShapeError, match=r"dot: \(2,\) @ \(3,\): the vectors have 2 and 3 elements"):
        tg.dot(tg.ones(2), tg.ones(3))
    with pytest.raises(ShapeError, match=r"copy_: a tensor of shape \(3,\) can't be expanded to \(2,\)"):
        tg.ones(2).copy_(tg.ones(3))
    with pytest.raises(DeviceError, match="device: 'foo' is not a device; there are 'cpu' and 'cuda'"):
        tg.device("foo")
    for f, kind in ((bool, RuntimeError), (float, ValueError), (int, ValueError), (tg.Tensor.item, RuntimeError)):
        with pytest.raises(kind) as caught:
            f(tg.ones(2))
        assert not isinstance(caught.value, GraphError)


def test_the_gradient_of_a_large_product_takes_little_memory() -> None:
    for value in (1.0, 0.0):
        x = tg.ones(8000)
        x[7] = value
        x.requires_grad_()
        tracemalloc.start()
        x.prod().backward()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5e6
        assert x.grad.sum() == (8000 if value else 1)


def test_integers_wrap_around() -> None:
    x = tg.tensor([1, 2], dtype=tg.uint8)
    for found, expected in (
        (x * -1, [255, 254]),
        (-1 + x, [0, 1]),
        (x - 300, [213, 214]),
        (x & -2, [0, 2]),
        (tg.tensor([-1, 300], dtype=tg.uint8), [255, 44]),
        (tg.full((2,), -1, dtype=tg.uint8), [255, 255]),
        (x.clone().fill_(-1), [255, 255]),
        (x.masked_fill(x == 1, -1), [255, 2]),
    ):
        assert (found.tolist(), found.dtype) == (expected, tg.uint8)
    far = tg.tensor([1000, -1000])  # whose numbers Python makes anew each time
    assert tg.where(far > 0, far, int("-1001")).tolist() == [1000, -1001]
    assert (far + int("70000")).tolist() == [71000, 69000]
    assert (x > -1).all()  # what compares takes a number as it is; PyTorch's wraps around here too
    with pytest.raises(OverflowError):
        tg.tensor([2**64])


def test_the_class_of_tensors_is_a_type_of_theirs():
    x = tg.arange(2)
    assert x.type(tg.Tensor).dtype == tg.float32
    assert x.double().type("torch.Tensor").type() == "torch.FloatTensor"
