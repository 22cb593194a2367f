"""Tensors as text: what PyTorch prints, we print."""

from math import inf, nan
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.against_torch.agreement import normal

torch = pytest.importorskip("torch")

ARRAYS: dict[str, Any] = {
    "number": np.float32(1.5),
    "whole": np.array([1.0, 2.0], dtype="float32"),
    "mixed": np.array([0.5, -1.25, 3], dtype="float32"),
    "matrix": normal(3, 4).astype("float32"),
    "double": normal(2, 2),
    "small and large": np.array([1e-5, 1.0, 1e5], dtype="float32"),
    "large": np.array([1e9, 1.0], dtype="float32"),
    "not numbers": np.array([nan, inf, -inf, 1.5], dtype="float32"),
    "only nan": np.array([nan], dtype="float32"),
    "integers": np.array([[1, -20], [300, 4]]),
    "int32": np.array([1, 2], dtype="int32"),
    "booleans": np.array([True, False]),
    "empty": np.zeros(0, dtype="float32"),
    "empty matrix": np.zeros((0, 3), dtype="float32"),
    "empty integers": np.zeros(0, dtype="int64"),
    "image": normal(2, 2, 3, 3).astype("float32"),
    "long": np.arange(2000, dtype="float32"),
    "large matrix": normal(50, 60).astype("float32"),
    "long row": normal(40).astype("float32"),
    "zero": np.zeros((2, 2), dtype="float32"),
    "half": np.array([1.5, 2.25], dtype="float16"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_repr(name: str) -> None:
    ours, theirs = repr(tg.tensor(ARRAYS[name])), repr(torch.tensor(ARRAYS[name]))
    assert ours == theirs.replace("torch.", "")


def test_gradients_are_noted() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == repr(torch.tensor([1.0, 2.0], requires_grad=True)) == "tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], grad_fn=<Mul>)"
    assert repr(x.log_softmax(0)).endswith("grad_fn=<LogSoftmax>)")
