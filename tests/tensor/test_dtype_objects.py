"""What a tensor's dtype answers, and that NumPy takes it for its own."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cnn as tg

NAMES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


@pytest.mark.parametrize("name", NAMES)
def test_numpy_takes_it_and_is_equal_to_it(name: str) -> None:
    dtype, numpys = getattr(tg, name), np.dtype(name)
    assert dtype == numpys
    assert numpys == dtype
    assert hash(dtype) == hash(numpys)
    assert numpys in {dtype: 1}
    assert np.zeros(2, dtype).dtype is numpys
    assert np.ones(2).astype(dtype).dtype is numpys
    assert np.promote_types(dtype, "bool") == numpys
    assert np.can_cast(dtype, dtype)
    assert dtype.itemsize == numpys.itemsize
    assert str(dtype) == name


@pytest.mark.parametrize("name", NAMES)
def test_one_object_for_each(name: str) -> None:
    dtype = getattr(tg, name)
    for same in (
        tg.dtype(name),
        tg.dtype(np.dtype(name)),
        tg.zeros(1, dtype=name).dtype,
        copy.deepcopy(dtype),
        pickle.loads(pickle.dumps(dtype)),
    ):
        assert same is dtype
    assert all(dtype != other for other in NAMES if other != name)


def test_its_attributes_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    for name in (*NAMES, "bfloat16"):
        ours, theirs = tg.dtype(name), getattr(torch, name)
        for question in ("is_floating_point", "is_signed", "is_complex", "itemsize"):
            assert getattr(ours, question) == getattr(theirs, question), (name, question)
        assert ours.to_real() is ours


def test_what_is_no_dtype_is_named() -> None:
    with pytest.raises(TypeError, match="'complex64' is not a dtype of tensors"):
        tg.dtype("complex64")
    assert tg.float32 != "float64"
    assert tg.float32 != 3
    assert tg.float32 is not None


def test_it_survives_a_checkpoint(tmp_path: Path) -> None:
    tg.save({"dtype": tg.float64}, tmp_path / "kept")
    assert tg.load(tmp_path / "kept")["dtype"] is tg.float64


def test_weights_are_averaged_as_programs_do() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(2, 2), tg.nn.BatchNorm1d(2))
    averaged = {
        name: 0.9 * value if value.dtype.is_floating_point else value for name, value in model.state_dict().items()
    }
    assert averaged["1.num_batches_tracked"].dtype is tg.int64
    assert averaged["0.weight"].dtype is tg.float32
