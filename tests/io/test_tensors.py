import builtins
import io
import json
import pickle
import zipfile

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.io import load_file, read_metadata, save_file

safetensors_numpy = pytest.importorskip("safetensors.numpy")

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def written(tensors, path):
    """The arrays as the safetensors package reads them."""
    save_file(tensors, path)
    return safetensors_numpy.load_file(path)


# what comes back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(2, 3), (), (0,), (3, 0, 2), (1, 1, 1)])
def test_every_dtype_and_shape(dtype, shape, path, rng):
    values = (rng.random(shape) * 100 - (0 if dtype == "uint8" else 50)).astype(dtype)
    there = written({"x": tg.as_tensor(values)}, path)["x"]
    back = load_file(path)["x"]
    for array in (there, back.numpy()):
        assert array.dtype == dtype
        assert array.shape == shape
        np.testing.assert_array_equal(array, values)


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.transpose(0, 3, 1, 2),
        lambda x: x[::2, 1:, ::-1],
        lambda x: np.broadcast_to(x[:1], x.shape),
        lambda x: np.asfortranarray(x),
        lambda x: x[..., 0],
        lambda x: x.astype(">f4"),
    ],
    ids=["channels last", "strided", "broadcast", "fortran", "column", "big endian"],
)
def test_any_order_in_memory(view, path, rng):
    array = view(rng.random((4, 5, 6, 3), dtype=np.float32))
    np.testing.assert_array_equal(written({"x": array}, path)["x"], array)
    np.testing.assert_array_equal(load_file(path)["x"].numpy(), array)


def test_unaligned_memory(path):
    raw = np.zeros(33, dtype=np.uint8)
    array = raw[1:].view(np.float32)
    array[:] = np.arange(8)
    np.testing.assert_array_equal(written({"x": array}, path)["x"], np.arange(8))


def test_a_tensor_that_an_operation_left_channels_last(path):
    out = tg.nn.functional.conv2d(tg.rand(2, 3, 6, 6), tg.rand(4, 3, 3, 3))
    array = written({"x": out}, path)["x"]
    np.testing.assert_array_equal(array, out.numpy())


def test_tensors_that_share_memory_are_each_written(path):
    x = tg.arange(6).reshape(2, 3)
    there = written({"whole": x, "again": x, "row": x[1], "turned": x.T}, path)
    assert {name: array.tolist() for name, array in there.items()} == {
        "whole": [[0, 1, 2], [3, 4, 5]],
        "again": [[0, 1, 2], [3, 4, 5]],
        "row": [3, 4, 5],
        "turned": [[0, 3], [1, 4], [2, 5]],
    }


def test_a_state_dict(path):
    weights = {"conv.weight": tg.rand(4, 1, 3, 3, requires_grad=True), "bn.num_batches_tracked": tg.tensor(7)}
    save_file(weights, path)
    back = load_file(path)
    assert set(back) == set(weights)
    assert back["bn.num_batches_tracked"].shape == ()
    assert back["bn.num_batches_tracked"].item() == 7
    assert not back["conv.weight"].requires_grad
    back["conv.weight"].add_(1)  # writable, and its own memory


def test_pytorch_reads_it(path):
    torch_files = pytest.importorskip("safetensors.torch")
    x = tg.rand(3, 4, 5)
    save_file({"x": x.permute(2, 0, 1), "n": tg.tensor(3)}, path)
    there = torch_files.load_file(path)
    np.testing.assert_array_equal(there["x"].numpy(), x.permute(2, 0, 1).numpy())
    assert there["n"].item() == 3


def test_pytorchs_files_are_read(path):
    torch = pytest.importorskip("torch")
    torch_files = pytest.importorskip("safetensors.torch")
    values = {"a": torch.randn(3, 4), "b": torch.randn(5).bfloat16(), "c": torch.zeros((), dtype=torch.int64)}
    torch_files.save_file(values, path)
    back = load_file(path)
    for name, value in values.items():
        np.testing.assert_array_equal(back[name].numpy(), value.float().numpy() if name == "b" else value.numpy())
    assert back["b"].dtype == tg.bfloat16
    save_file({"b": back["b"]}, path)
    assert torch.equal(torch_files.load_file(path)["b"], values["b"])
    assert back["c"].shape == ()


def test_metadata(path):
    save_file({"x": tg.ones(2)}, path, metadata={"seed": "3", "wörter": "ja"})
    assert read_metadata(path) == {"seed": "3", "wörter": "ja"}
    save_file({}, path)
    assert read_metadata(path) == {}
    assert load_file(path) == {}


def test_open_files():
    file = io.BytesIO()
    save_file({"x": tg.ones(2)}, file, {"a": "b"})
    file.seek(0)
    assert load_file(file)["x"].tolist() == [1.0, 1.0]
    file.seek(0)
    assert read_metadata(file) == {"a": "b"}


def test_paths_as_text_and_a_device(path):
    save_file({"x": tg.ones(2)}, str(path))
    assert str(load_file(str(path), device="cpu")["x"].device) == "cpu"
    with pytest.raises(RuntimeError, match="cuda:7"):
        load_file(path, device="cuda:7")


# what is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tensors", "metadata", "error", "message"),
    [
        ([tg.ones(1)], None, TypeError, "expected a dict of tensors by name; got list"),
        ({1: tg.ones(1)}, None, TypeError, "names must be strings; got 1"),
        ({"__metadata__": tg.ones(1)}, None, ValueError, "the name '__metadata__' is taken"),
        ({"x": [1.0]}, None, TypeError, "expected tensors; 'x' is of type list"),
        ({"x": np.array(["a"])}, None, TypeError, "'x' has dtype <U1, which tensors do not have"),
        ({"x": np.zeros(1, complex)}, None, TypeError, "'x' has dtype complex128"),
        ({"x": np.zeros(1, object)}, None, RuntimeError, "'x' has dtype object"),
        ({}, {"epoch": 3}, TypeError, "metadata must be strings by strings; got 'epoch': 3"),
    ],
)
def test_what_can_not_be_written(tensors, metadata, error, message, path):
    with pytest.raises(error, match=f"^save_file: {message}"):
        save_file(tensors, path, metadata)
    assert not list(path.parent.iterdir())


def npy():
    file = io.BytesIO()
    np.save(file, np.ones(2))
    return file.getvalue()


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"...")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty, not a safetensors file"),
        (zipped(), r"is not a safetensors file but a zip archive; what torch.save wrote is read by tinygrad_cnn.load"),
        (
            pickle.dumps({"x": 1}),
            "but a pickle; tinygrad_cnn.load reads those of old versions of torch.save, and no others",
        ),
        (npy(), "but an array of numpy.save; read it with numpy.load"),
        (b"\x89HDF\r\n\x1a\n....", "but an HDF5 file, as Keras writes"),
        (b"\x1f\x8b\x08....", "but compressed by gzip; unpack it first"),
        (b"version https://git-lfs.github.com/spec/v1\n", "but a Git LFS pointer .* git lfs pull"),
        (b"<!DOCTYPE html><html>", "but text in HTML or XML, perhaps an error page"),
        (b"hello", "is not a safetensors file: it begins with b'hello'"),
        (b"hello, world, how are you", "it begins with b'hello, world, ho'"),
        ((20).to_bytes(8, "little") + b'{"x": ', r"is cut off: its header takes 28 bytes, and the file has 14"),
        ((4).to_bytes(8, "little") + b"{oh}", "is not a sound safetensors file: its header can't be read"),
        ((8).to_bytes(8, "little") + b'{"x": 1}', "is not a sound safetensors file: its header can't be read"),
    ],
)
def test_files_of_other_kinds(content, message, path):
    path.write_bytes(content)
    for read in (load_file, read_metadata):
        with pytest.raises(ValueError, match=message) as caught:
            read(path)
        assert str(caught.value).startswith(str(path))


def test_every_way_of_cutting_a_file_off_is_noticed(path):
    save_file({"x": tg.ones(3), "y": tg.zeros(2, 2)}, path, {"a": "b"})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"cut off|empty|not a safetensors file"):
            load_file(path)


def test_damaged_headers(path):
    header = json.dumps({"x": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(ValueError, match="is not a sound safetensors file: "):
        load_file(path)


def test_dtypes_that_tensors_do_not_have(path):
    header = json.dumps({"x": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(TypeError, match=r"'x' has dtype F8_E4M3, which tensors do not have; convert it in PyTorch"):
        load_file(path)


def test_files_that_are_not_there(tmp_path):
    save_file({}, tmp_path / "model.safetensors")
    with pytest.raises(
        FileNotFoundError, match=r"there is no file .*modle.safetensors; beside it there is model.safetens"
    ):
        load_file(tmp_path / "modle.safetensors")
    with pytest.raises(FileNotFoundError, match=r"there is no file .*x.safetensors$"):
        load_file(tmp_path / "nowhere" / "x.safetensors")
    with pytest.raises(IsADirectoryError, match="is a folder; give the name of a file in it"):
        load_file(tmp_path)


def test_without_the_package(monkeypatch, path):
    original = builtins.__import__

    def without(name, *rest):
        if name.startswith("safetensors"):
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for use in (lambda: save_file({}, path), lambda: load_file(path)):
        with pytest.raises(ImportError, match=r'need the safetensors package: pip install "tinygrad_cnn\[io\]"'):
            use()
