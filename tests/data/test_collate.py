from collections import OrderedDict, namedtuple
from types import MappingProxyType

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.utils.data import default_collate, default_convert

Point = namedtuple("Point", "x y")


def plain(value):
    """A batch of ours or PyTorch's with each tensor as (dtype, values)."""
    if hasattr(value, "tolist"):
        return str(value.dtype).removeprefix("torch."), value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return (
        type(value)(*map(plain, value))
        if hasattr(value, "_fields")
        else [plain(item) for item in value]
        if isinstance(value, list)
        else value
    )


@pytest.mark.parametrize(
    "batch",
    [
        [1, 2],
        [1.5, 2.0],
        [True, False],
        [np.float32(1), np.float32(2)],
        [np.float64(1), np.float64(2)],
        [np.int32(1), np.int32(2)],
        [np.bool_(True), np.bool_(False)],
        [np.zeros((2, 3), dtype=np.float32)] * 2,
        [np.array(3, dtype=np.uint8)] * 2,
        [np.zeros((0, 2))] * 3,
        ["a", "b"],
        [b"a", b"b"],
        [(1, 2.0, "x"), (3, 4.0, "y")],
        [[1, (2, 3)], [4, (5, 6)]],
        [{"x": 1, "y": [2.0]}, {"x": 3, "y": [4.0]}],
        [Point(1, 2.0), Point(3, 4.0)],
        [(), ()],
        [{"x": 1}, {"x": 2, "only here": 3}],
    ],
    ids=lambda batch: str(batch)[:30],
)
def test_batches_are_those_of_pytorch(batch):
    torch_data = pytest.importorskip("torch.utils.data")
    assert plain(default_collate(batch)) == plain(torch_data.default_collate(batch))


@pytest.mark.parametrize(
    ("batch", "dtype"), [([1, 2], "int64"), ([1.0], "float64"), ([True], "bool"), ([np.float32(1)], "float32")]
)
def test_dtypes_of_numbers(batch, dtype):
    assert default_collate(batch).dtype == np.dtype(dtype)


def test_tensors_are_stacked_and_copied():
    rows = tg.rand(3, 4)
    batch = default_collate([rows[2], rows[0]])
    np.testing.assert_array_equal(batch.numpy(), rows.numpy()[[2, 0]])
    assert batch.dtype == np.float32
    batch.zero_()
    assert rows.numpy().any()


def test_gradients_flow_through_a_batch():
    x = tg.ones(2, requires_grad=True)
    default_collate([x, x * 3]).sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]


def test_tensors_of_two_dtypes():
    assert default_collate([tg.zeros(2), tg.zeros(2, dtype=tg.float64)]).dtype == np.float64


def test_mappings_and_sequences_keep_their_type():
    assert type(default_collate([OrderedDict(a=1)])) is OrderedDict
    assert type(default_collate([MappingProxyType({"a": 1})])) is MappingProxyType
    assert default_collate([range(2), range(2)])[1].tolist() == [1, 1]
    assert default_collate([Point(1, 2)])._fields == ("x", "y")


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ([], ValueError, "can't make a batch of no items"),
        ([None], TypeError, r"item 0 is of type NoneType; give the DataLoader a collate_fn"),
        ([(1, {2})], TypeError, r"item 0\[1\] is of type set"),
        ([np.array(["a"])], TypeError, r"item 0 is of type ndarray of <U1"),
        ([tg.zeros(2), tg.zeros(3)], ValueError, r"item 1 has shape \(3,\), but item 0 has \(2,\); tensors in a batch"),
        ([tg.zeros(2), tg.zeros(3)], RuntimeError, "one shape"),
        ([{"x": np.zeros(2)}, {"x": np.zeros(3)}], ValueError, r"item 1\['x'\] has shape \(3,\), but item 0\['x'\]"),
        ([tg.zeros(2), 3], TypeError, "item 0 is a tensor, but item 1 is of type int"),
        ([1, None], TypeError, "item 0 is a number, but item 1 is of type NoneType"),
        ([(1, 2), (3,)], ValueError, "item 0 has 2 values, but item 1 has 1$"),
        ([(1, 2), 3], ValueError, "item 0 has 2 values, but item 1 is of type int"),
        ([{"a": 1}, {"b": 1}], ValueError, r"item 0 has the keys \['a'\], but item 1 has \['b'\]"),
        ([{"a": 1}, 1], ValueError, r"item 0 has the keys \['a'\], but item 1 is of type int"),
    ],
)
def test_refused(batch, error, message):
    with pytest.raises(error, match=message):
        default_collate(batch)


def test_an_image_is_refused_with_the_fix():
    image = pytest.importorskip("PIL.Image")
    with pytest.raises(TypeError, match=r"item 0 is of type Image; .*transform=ToTensor\(\)"):
        default_collate([image.new("L", (2, 2))])


def test_convert():
    converted = default_convert({"x": np.arange(2), "y": (np.float32(1), "a"), "z": Point([1], None), "t": tg.ones(1)})
    assert converted["x"].tolist() == [0, 1]
    assert converted["y"][0].dtype == np.float32
    assert converted["y"][1] == "a"
    assert converted["z"] == Point([1], None)
    assert converted["t"].tolist() == [1.0]
