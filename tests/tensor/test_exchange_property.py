"""Memory shared with NumPy: every shape, dtype and stride."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import tinygrad_cnn as tg
from tinygrad_cnn.dtypes import DTYPES


@st.composite
def arrays(draw: Any) -> Any:
    """Arrays with gaps, steps backwards and permuted dimensions."""
    shape = draw(npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    array = draw(npst.arrays(draw(st.sampled_from(DTYPES)), shape))
    array = array.transpose(draw(st.permutations(range(array.ndim))))
    steps = tuple(slice(None, None, draw(st.sampled_from([1, 1, 2, -1]))) for _ in range(array.ndim))
    return array[steps] if steps else array


def equal(a: Any, b: Any) -> bool:
    return (
        a.shape == tuple(b.shape)
        and a.dtype == b.dtype
        and np.array_equal(a, np.asarray(b), equal_nan=a.dtype.kind == "f")
    )


@given(arrays())
def test_from_and_to_dlpack(array: Any) -> None:
    x = tg.from_dlpack(array)
    assert equal(array, x)
    assert np.shares_memory(x.array, array) == bool(array.size)
    back = np.from_dlpack(x)
    assert equal(back, x)
    assert back.flags.writeable
    if array.size:
        x.fill_(1)
        assert (array == 1).all()
        assert (back == 1).all()


@given(arrays())
def test_numpys_functions_on_tensors(array: Any) -> None:
    x = tg.from_dlpack(array)
    with np.errstate(all="ignore"):
        for f in (np.add, np.multiply, np.maximum, np.less, np.equal):
            found = f(array, x)
            assert isinstance(found, tg.Tensor)
            assert equal(f(array, array), found), f
        if array.dtype.kind == "f":
            assert np.multiply(array, x.detach().requires_grad_()).requires_grad


@given(arrays())
def test_sizes(array: Any) -> None:
    shape = tg.from_dlpack(array).shape
    assert shape == array.shape
    assert shape.numel() == array.size
    assert shape[1:].numel() == int(np.prod(array.shape[1:], dtype=int))
