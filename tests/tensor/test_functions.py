"""The functions and the methods: every public name is there, and both are the same thing."""

import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import creation, dtypes, functions
from tinygrad_cnn.tensor import ValuesAndIndices

METHODS = [
    name
    for name in functions.__all__
    if getattr(tg.Tensor, name, 0) is getattr(getattr(functions, name), "__wrapped__", None)
]


def test_most_functions_are_methods() -> None:
    assert len(METHODS) > 80
    assert set(METHODS) <= set(dir(tg))


@pytest.mark.parametrize("name", [*functions.__all__, *creation.__all__])
def test_every_public_function_is_at_the_front_door_and_explained(name: str) -> None:
    assert callable(getattr(tg, name))
    assert getattr(tg, name).__doc__


def test_every_method_of_a_tensor_is_explained() -> None:
    methods = {name: value for name, value in vars(tg.Tensor).items() if not name.startswith("_")}
    for base in tg.Tensor.__mro__[1:-1]:
        methods |= {name: value for name, value in vars(base).items() if not name.startswith("_") and callable(value)}
    undocumented = [name for name, value in methods.items() if callable(value) and not value.__doc__]
    assert undocumented == []


def test_max_returns_names() -> None:
    found = tg.tensor([[1.0, 5.0], [7.0, 2.0]]).max(1)
    assert isinstance(found, ValuesAndIndices)
    assert (found.values.tolist(), found.indices.tolist()) == ([5, 7], [1, 0])


@pytest.mark.parametrize("value", [np.ones(2), [1.0, 2.0], 2.0, None])
@pytest.mark.parametrize("name", ["exp", "sum", "matmul", "add", "tile"])
def test_functions_refuse_what_is_no_tensor(name: str, value: Any) -> None:
    kind = type(value).__name__
    with pytest.raises(TypeError, match=rf"{name}: expected a tensor; got {kind}; make one with tensor\(\.\.\.\)"):
        getattr(tg, name)(value)


def test_functions_that_may_begin_with_a_number() -> None:
    x = tg.tensor([1.0, 4.0])
    assert tg.pow(2, x).tolist() == [2, 16]
    assert tg.add(1, x).tolist() == [2, 5]
    assert tg.sub(1, x).tolist() == [0, -3]
    assert tg.div(4, x).tolist() == [4, 1]
    assert tg.remainder(6, x).tolist() == [0, 2]
    assert tg.floor_divide(6, x).tolist() == [6, 1]
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        tg.floor_divide(6, tg.tensor([0]))


def test_functions_can_be_pickled_and_take_names() -> None:
    for name in METHODS:
        function = getattr(tg, name)
        assert pickle.loads(pickle.dumps(function)) is function
    assert tg.sum(input=tg.ones(2, 3), dim=1).tolist() == [3, 3]


def test_names_that_mean_the_same() -> None:
    pairs = [("multiply", "mul"), ("divide", "div"), ("subtract", "sub"), ("negative", "neg"), ("absolute", "abs")]
    pairs += [("concat", "cat"), ("concatenate", "cat"), ("true_divide", "div")]
    assert all(getattr(tg, other) is getattr(tg, name) for other, name in pairs)
    assert tg.Tensor.swapaxes is tg.Tensor.swapdims is tg.Tensor.transpose


def test_dtypes_are_numpys() -> None:
    assert tg.float32 == np.dtype("float32")
    assert (tg.half, tg.double, tg.short, tg.long) == (tg.float16, tg.float64, tg.int16, tg.int64)
    assert dtypes.as_dtype(int) == "int64"
    assert dtypes.as_dtype(bool) == "bool"
    assert dtypes.as_dtype("float16") == tg.float16


def test_functions_of_arrays_and_numbers() -> None:
    x = tg.tensor([1.0, 4.0])
    assert tg.where(x > 2, 1, 0).tolist() == [0, 1]
    assert tg.where(x > 2, x, np.zeros(2, dtype="float32")).tolist() == [0, 4]
    assert (2**x).tolist() == [2, 16]
    assert (2 - x).tolist() == [1, -2]
    assert (4 / x).tolist() == [4, 1]
    assert (9 // x).tolist() == [9, 2]
    assert (5 % x).tolist() == [0, 1]
    assert abs(-x).tolist() == (+x).tolist() == [1, 4]
    assert (~(x > 2)).tolist() == [True, False]
    assert ((x > 0) & (x < 2)).tolist() == [True, False]
    assert ((x > 2) | (x < 2)).tolist() == [True, True]
    assert ((x > 2) ^ True).tolist() == [True, False]
    assert (True & (x > 2)).tolist() == (False | (x > 2)).tolist() == (False ^ (x > 2)).tolist() == [False, True]
    assert [(x == 1).tolist(), (x != 1).tolist(), (x <= 1).tolist(), (x >= 4).tolist()] == [
        *([True, False], [False, True], [True, False], [False, True])
    ]


IN_PLACE = {
    "add_": (2,),
    "sub_": (2,),
    "mul_": (2,),
    "div_": (2,),
    "pow_": (2,),
    "neg_": (),
    "abs_": (),
    "exp_": (),
    "log_": (),
    "sqrt_": (),
    "tanh_": (),
    "sigmoid_": (),
    "relu_": (),
    "clamp_": (0.5, 1.5),
    "masked_fill_": (tg.tensor([True, False]), 7.0),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_forms(name: str) -> None:
    x = tg.tensor([1.0, 2.0])
    view = x.view(2, 1)
    expected = getattr(x, name.rstrip("_"))(*IN_PLACE[name])
    assert getattr(x, name)(*IN_PLACE[name]) is x
    assert x.tolist() == expected.tolist() == view.flatten().tolist()


def test_scaled_addition_in_place() -> None:
    x = tg.tensor([1.0, 2.0])
    assert x.add_(x, alpha=2).tolist() == [3, 6]
    assert x.sub_(1, alpha=3).tolist() == [0, 3]
    x /= 3
    x -= 1
    x *= 2
    assert x.tolist() == [-2, 0]
