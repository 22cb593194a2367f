"""Arguments given by their names: what PyTorch calls them, we call them."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg

torch = pytest.importorskip("torch")

CALLS = [
    "lib.dot(v, tensor=v)",
    "lib.mm(m, mat2=m)",
    "lib.bmm(b, mat2=b)",
    "lib.mv(m, vec=v)",
    "lib.outer(v, vec2=v)",
    "lib.addmm(input=v, mat1=m, mat2=m)",
    "lib.baddbmm(input=b, batch1=b, batch2=b, beta=0.5)",
    "lib.matmul(input=m, other=m)",
    "lib.einsum(m, [0, 1], m, [1, 2], [0, 2])",
    "lib.einsum(b, [..., 1, 0], m, [1, 2])",
    "lib.einsum(m, [1, 0])",
    "lib.max(m, other=m.t())",
    "m.min(other=m.t())",
    "lib.broadcast_to(v, size=(2, 3))",
    "lib.permute(m, dims=(1, 0))",
    "m.permute(dims=[1, 0])",
    "m.expand(size=(2, 3, 3))",
    "m.view(size=(9,))",
    "m.view(dtype=lib.int32)",
    "m.reshape(shape=(9,))",
    "lib.reshape(m, shape=(9,))",
    "m.repeat(repeats=(2, 1))",
    "lib.tile(m, dims=(2, 1))",
    "m.sum_to_size(size=(1, 3))",
    "m.new_zeros(size=(2, 2))",
    "m.new_ones(size=(2,), dtype=lib.int64)",
    "m.new_empty(size=(0, 2))",
    "m.new_full(size=(2,), fill_value=3)",
    "lib.split(m, split_size_or_sections=1, dim=1)[2]",
    "lib.split(tensor=m, split_size_or_sections=[1, 2])[1]",
    "lib.chunk(input=m, chunks=3, dim=1)[0]",
    "lib.flip(m, dims=(0,))",
    "lib.roll(m, shifts=1, dims=0)",
    "lib.where(condition=m > 0, input=m, other=v)",
    "lib.transpose(input=m, dim0=0, dim1=1)",
    "lib.cdist(x1=m, x2=m, p=2)",
    "lib.lerp(input=m, end=v, weight=0.5)",
    "m.unfold(dimension=0, size=2, step=1)",
    "m.movedim(source=0, destination=1)",
    "m.addcdiv(tensor1=m, tensor2=m, value=0.1)",
    "lib.tensordot(m, m, dims=([1], [0]))",
]


def called(lib: Any, call: str) -> Any:
    rng = np.random.default_rng(0)
    values = {name: rng.standard_normal(shape) for name, shape in (("v", 3), ("m", (3, 3)), ("b", (3, 3, 3)))}
    tensors = {name: lib.tensor(x.astype("float32")) for name, x in values.items()}
    return eval(call, {"lib": lib, **tensors})


@pytest.mark.parametrize("call", CALLS)
def test_a_call(call: str) -> None:
    ours, theirs = called(tg, call), called(torch, call)
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    assert tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("m.permute(order=(1, 0))", r"permute\(\) got an unexpected keyword argument 'order'"),
        ("m.permute(1, 0, dims=(1, 0))", r"permute\(\) got several values for argument 'dims'"),
        ("m.view(9, dtype=lib.int32)", r"view\(\) got several values for argument 'dtype'"),
        ("m.new_zeros(2, shape=(2, 2))", r"new_zeros\(\) got an unexpected keyword argument 'shape'"),
    ],
)
def test_other_names_are_refused(call: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        called(tg, call)
    with pytest.raises(TypeError):
        called(torch, call)


def test_numbers_of_dimensions_in_einsum() -> None:
    with pytest.raises(RuntimeError, match="einsum: dimensions have numbers from 0 to 51; got 52"):
        tg.einsum(tg.ones(2), [52])
