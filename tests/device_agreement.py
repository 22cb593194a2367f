"""What the tests on a real device and on its stand-in share: an operation of the table there against the CPU."""

from copy import deepcopy
from typing import Any

import numpy as np

import tinygrad_cnn as tg
from tests.samples import Case, Row
from tinygrad_cnn import nn
from tinygrad_cnn.autograd import grad
from tinygrad_cnn.backend import Backend

TOLERANCE = {"float64": {"rtol": 1e-11, "atol": 1e-12}, "float32": {"rtol": 2e-4, "atol": 2e-5}}


# Operations whose results are determined up to the sign of each vector, which libraries choose as they like; and along
# which dimension a vector lies.
SIGNS = {"left_vectors": -2, "right_vectors": -2, "eigenvectors": -2, "qr_orthonormal": -2, "qr_triangular": -1}


def moved(value: Any, device: Backend) -> Any:
    """A parameter with its arrays on the device."""
    if isinstance(value, np.ndarray):
        return device.asarray(value)
    if type(value) in (tuple, list):
        return type(value)(moved(part, device) for part in value)
    return value


def inputs(case: Case, place: Any, dtype: str, layout: str = "C") -> list[Any]:
    """The inputs of a case as tensors, floats in a dtype; images channels last if wanted."""
    made: list[Any] = []
    for arg in case.args:
        if not isinstance(arg, np.ndarray):
            made.append(arg)
            continue
        floating = arg.dtype.kind == "f"
        x = tg.tensor(arg.astype(dtype) if floating else arg, device=place, requires_grad=floating)
        if layout == "channels last" and x.ndim == 4 and floating:
            lying = x.array.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)
            x = tg.Tensor.from_array(lying).requires_grad_()
        made.append(x)
    return made


def on_host(x: Any) -> Any:
    return x.numpy(force=True) if isinstance(x, tg.Tensor) else np.asarray(x)


def values_and_gradients(row: Row, case: Case, device: Backend | None, dtype: str, layout: str = "C") -> list[Any]:
    """The result of an operation and the gradients of its inputs, as arrays of the host."""
    place = None if device is None else device.name
    args = inputs(case, place, dtype, layout)
    params = {name: value if device is None else moved(value, device) for name, value in case.params.items()}
    if "target" in params and row.op.name == "transfer":
        return []  # it is about two backends, and tested with them
    out = row.call(*args, **params)
    assert out.backend.name == (device.name if device is not None else "cpu")
    if row.op.name in SIGNS:
        values, dim = on_host(out), SIGNS[row.op.name]
        largest = np.take_along_axis(values, np.expand_dims(np.abs(values).argmax(dim), dim), dim)
        out = out * tg.tensor(np.sign(largest), device=place)
    found = [out]
    if out.requires_grad:
        wanted = [x for x in args if isinstance(x, tg.Tensor) and x.requires_grad]
        weight = np.random.default_rng(5).standard_normal(tuple(out.shape)).astype(on_host(out).dtype)
        found += grad(out, wanted, tg.tensor(weight, device=place), materialize_grads=True)
    return found


def check(row: Row, case: Case, device: Backend, dtype: str, layout: str = "C") -> None:
    """The device's values and gradients are the CPU's, in its dtypes and shapes."""
    expected = values_and_gradients(row, case, None, dtype)
    for ours, theirs in zip(values_and_gradients(row, case, device, dtype, layout), expected, strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(on_host(ours), on_host(theirs), **TOLERANCE[dtype])


def check_layer(make: Any, shape: tuple[int, ...], device: Backend, dtype: str) -> None:
    """A layer's result, its gradients and its state after two steps of training and one of evaluation are the CPU's."""
    here = make(nn).to(dtype)
    there = deepcopy(here).to(device.name)
    rng = np.random.default_rng(3)
    for training in (True, True, False):
        x = rng.standard_normal(shape).astype(dtype)
        found = []
        for layer, place in ((here, "cpu"), (there, device.name)):
            layer.train(training)
            layer.zero_grad()
            given = tg.tensor(x, device=place, requires_grad=True)
            out = layer(given)
            outputs = list(out) if isinstance(out, tuple) else [out]
            weight = np.random.default_rng(4).standard_normal(tuple(outputs[0].shape)).astype(dtype)
            outputs[0].backward(tg.tensor(weight, device=place))
            made = [*outputs, given.grad, *(p.grad for p in layer.parameters()), *layer.state_dict().values()]
            assert {str(t.device) for t in made} == {place}
            found.append(made)
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_allclose(on_host(theirs), on_host(ours), **TOLERANCE[dtype])
