"""Out of the engine and back: numbers, NumPy, dtypes, copies, pickles, views of memory."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn.errors import GraphError, ShapeError


def test_numbers() -> None:
    x = tg.tensor([[1.5]])
    assert (x.item(), float(x), int(x), bool(x)) == (1.5, 1.5, 1, True)
    assert [10, 20, 30][tg.tensor(1)] == 20
    assert list(range(5))[tg.tensor(1) : tg.tensor([3])] == [1, 2]
    assert tg.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert isinstance(tg.tensor(True).item(), bool)
    assert f"{tg.tensor(1.23456):.2f}" == "1.23"
    assert f"{tg.tensor([1.0])}" == "tensor([1.])"
    assert tg.tensor(2.0, requires_grad=True).item() == 2


def test_iteration_and_containment() -> None:
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    rows = list(x)
    assert len(x) == len(rows) == 2
    (rows[1] * 10).sum().backward()
    assert x.grad.tolist() == [[0, 0], [10, 10]]
    assert 3.0 in x
    assert tg.tensor(4.0) in x
    assert 5 not in x
    a, b = tg.tensor([1, 2])
    assert (a.item(), b.item()) == (1, 2)


def test_tensors_are_told_apart_by_identity() -> None:
    x, y = tg.ones(2), tg.ones(2)
    assert len({x, y, x}) == 2
    assert {x: 1}[x] == 1
    assert (x == y).tolist() == [True, True]


def test_numpy_needs_a_tensor_without_gradient() -> None:
    x = tg.ones(2, requires_grad=True)
    message = r"numpy: this tensor requires grad, and an array has no gradient; use .detach\(\).numpy\(\)"
    for f in (x.numpy, lambda: np.asarray(x), lambda: np.sin(x.numpy()), lambda: (x * 2).numpy()):
        with pytest.raises(GraphError, match=message):
            f()
    assert x.detach().numpy().tolist() == [1, 1]
    assert x.numpy(force=True).tolist() == [1, 1]


def test_numpy_where_nothing_is_recorded():
    x = tg.ones(2, requires_grad=True)
    with tg.no_grad():
        assert x.numpy().tolist() == [1, 1]


def test_masked_arrays_of_numpy_take_tensors_for_plain_values():
    assert np.ma.ravel(tg.arange(3.0)).tolist() == [0, 1, 2]  # as matplotlib's scatter does


def test_asarray() -> None:
    x = tg.ones(2)
    assert np.asarray(x).dtype == "float32"
    assert np.asarray(x, dtype="float64").dtype == "float64"
    assert np.shares_memory(np.asarray(x), x.array)
    assert not np.shares_memory(np.array(x, copy=True), x.array)
    assert np.concatenate([x.numpy(), x.numpy()]).shape == (4,)


ARRAY = np.array([2.0, 3.0])


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: ARRAY * x, [2, 3]),
        (lambda x: x * ARRAY, [2, 3]),
        (lambda x: ARRAY + x, [1, 1]),
        (lambda x: ARRAY - x, [-1, -1]),
        (lambda x: ARRAY / x, [-2, -3]),
        (lambda x: ARRAY**x, [2 * np.log(2), 3 * np.log(3)]),
        (lambda x: np.eye(2) @ x, [1, 1]),
        (lambda x: x @ np.eye(2), [1, 1]),
        (lambda x: np.float64(2) * x, [2, 2]),
        (lambda x: x / np.float64(2), [0.5, 0.5]),
        (lambda x: np.int64(2) * x, [2, 2]),
    ],
)
def test_arrays_meet_tensors_and_keep_the_gradient(f: Any, slope: list[float]) -> None:
    x = tg.ones(2, dtype=tg.float64, requires_grad=True)
    out = f(x)
    assert isinstance(out, tg.Tensor)
    out.sum().backward()
    assert x.grad.tolist() == pytest.approx(slope)


def test_numpy_scalars_do_not_widen() -> None:
    x = tg.ones(2)
    scalars = (np.float64(2), np.float32(2), np.int64(2), np.bool_(True))
    assert [str((s * x).dtype) for s in scalars] == ["float32"] * 4
    assert [str((x + s).dtype) for s in scalars] == ["float32"] * 4
    assert (x * np.ones(2)).dtype == "float64"  # an array is a tensor with dimensions


def test_casts() -> None:
    x = tg.tensor([1.7, -2.3, 0.0])
    methods = {"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32"}
    methods |= {"short": "int16", "char": "int8", "bool": "bool"}
    for method, dtype in methods.items():
        assert getattr(x, method)().dtype == dtype
    assert tg.tensor([3.0]).byte().dtype == "uint8"
    assert x.long().tolist() == [1, -2, 0]
    assert x.bool().tolist() == [True, True, False]
    assert x.float() is x
    assert x.to(tg.float32) is x
    assert x.to(copy=True) is not x
    assert x.to(tg.ones(1, dtype=tg.float64)).dtype == "float64"
    assert x.to("cpu", tg.float64).dtype == "float64"
    assert x.type(tg.int32).dtype == x.type_as(tg.tensor([1], dtype=tg.int32)).dtype == "int32"
    assert x.is_floating_point()
    assert not x.is_cuda


def test_gradients_through_casts() -> None:
    x = tg.ones(2, requires_grad=True)
    (x.double() * 3).sum().backward()
    assert x.grad.dtype == "float32"
    assert x.grad.tolist() == [3, 3]
    assert not x.long().requires_grad
    y = tg.ones(2, dtype=tg.float64, requires_grad=True)
    (x + y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == ("float32", "float64")


def test_sizes() -> None:
    x = tg.ones(2, 3, dtype=tg.float64)
    assert (x.size(), x.size(-1), x.dim(), x.ndimension(), x.numel(), x.nelement()) == ((2, 3), 3, 2, 2, 6, 6)
    assert (x.element_size(), x.nbytes, x.stride(), x.stride(0)) == (8, 48, (3, 1), 3)
    assert x.data_ptr() == x.array.ctypes.data


def test_the_result_of_a_convolution_is_contiguous_to_its_user() -> None:
    """Inside, its channels may lie last; a view still works, and shares memory."""
    out = F.conv2d(tg.randn(2, 3, 5, 5), tg.randn(4, 3, 3, 3))
    values = out.array.copy()
    assert out.is_contiguous()
    assert out.contiguous() is out
    assert out.stride() == (36, 9, 3, 1)
    rows = out.view(2, -1)
    np.testing.assert_array_equal(rows.array, values.reshape(2, -1))
    rows[0, 0] = 100
    assert out[0, 0, 0, 0].item() == 100
    out.zero_()
    assert rows.sum().item() == 0


@pytest.mark.parametrize("access", ["numpy", "detach", "data", "clone", "view", "t", "grad"])
def test_memory_order_never_shows(access: str) -> None:
    x, w = tg.randn(2, 3, 5, 5, requires_grad=True), tg.randn(4, 3, 3, 3)
    out = F.conv2d(x.detach(), w)
    values = out.array.copy()
    found = {
        "numpy": lambda: out.numpy(),
        "detach": lambda: out.detach().array,
        "data": lambda: out.data.array,
        "clone": lambda: out.clone().view(-1).view(out.shape).array,
        "view": lambda: out.view(-1).view(out.shape).array,
        "t": lambda: out.permute(3, 2, 1, 0).permute(3, 2, 1, 0).array,
        "grad": lambda: out.array,
    }[access]()
    np.testing.assert_array_equal(found, values)
    if access not in ("grad", "clone"):
        assert found.flags.c_contiguous
        assert np.shares_memory(found, out.array)
    F.conv2d(x, w).sum().backward()
    assert x.grad.view(2, -1).shape == (2, 75)


def test_views_that_are_not_contiguous() -> None:
    x = tg.arange(6).reshape(2, 3)
    t = x.t()
    assert not t.is_contiguous()
    assert t.stride() == (1, 3)
    assert t.contiguous().tolist() == t.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert t.contiguous().is_contiguous()
    with pytest.raises(ShapeError, match="would need the values of this tensor"):
        t.view(6)
    assert t.reshape(6).tolist() == [0, 3, 1, 4, 2, 5]
    assert x.view(tg.float64).shape == (2, 3)


def test_copies() -> None:
    x = tg.ones(2, requires_grad=True)
    (x * 3).sum().backward()
    y = copy.deepcopy(x)
    assert y.requires_grad
    assert y.grad.tolist() == [3, 3]
    with tg.no_grad():
        y += 1
        y.grad += 1
    assert (x.tolist(), x.grad.tolist()) == ([1, 1], [3, 3])
    with pytest.raises(GraphError, match="deepcopy: only tensors that were not computed can be copied"):
        copy.deepcopy(x * 2)
    shared = copy.deepcopy([x, x])
    assert shared[0] is shared[1]


def test_pickles() -> None:
    x = tg.tensor([[1.0, 2.0]], dtype=tg.float64, requires_grad=True)
    y = pickle.loads(pickle.dumps(x))
    assert (y.tolist(), y.dtype, y.requires_grad, type(y)) == ([[1, 2]], x.dtype, True, tg.Tensor)
    computed = pickle.loads(pickle.dumps(x * 2))
    assert (computed.tolist(), computed.requires_grad, computed.is_leaf) == ([[2, 4]], True, True)
    parameter = tg.nn.Parameter(x)
    parameter.no_decay = ["yes"]
    for copied in (pickle.loads(pickle.dumps(parameter)), copy.deepcopy(parameter)):
        assert type(copied) is tg.nn.Parameter
        assert copied.no_decay == ["yes"]
        assert copied.no_decay is not parameter.no_decay


def test_data() -> None:
    x = tg.ones(2, requires_grad=True)
    x.data.mul_(5)
    assert x.tolist() == [5, 5]
    x.data = tg.zeros(3)
    assert (x.shape, x.requires_grad, x.is_leaf) == ((3,), True, True)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_functions_of_tensors() -> None:
    x = tg.tensor([[0.0, 2.0], [3.0, 0.0]])
    assert [part.tolist() for part in tg.where(x > 0)] == [[0, 1], [1, 0]]
    assert tg.nonzero(x).tolist() == [[0, 1], [1, 0]]
    assert [part.tolist() for part in tg.nonzero(x, as_tuple=True)] == [[0, 1], [1, 0]]
    assert tg.allclose(x, x + 1e-9)
    assert tg.isclose(x, x + tg.tensor([0.0, 1.0])).tolist() == [[True, False], [True, False]]
    assert tg.equal(x, x.clone())
    assert not tg.equal(x, x[:1])
    assert tg.is_tensor(x)
    assert not tg.is_tensor(1)
