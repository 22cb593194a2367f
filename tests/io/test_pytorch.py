"""Files of PyTorch's `torch.save`, and pickles that would like to do something else."""

import argparse
import io
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.io import load, load_file
from tinygrad_cnn.io.pickles import PLAIN, Known, Reader, UnsafePickleError


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def written(torch, value, **how):
    file = io.BytesIO()
    torch.save(value, file, **how)
    return file.getvalue()


FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


@FORMATS
def test_a_checkpoint(zipped, torch):
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    adam = torch.optim.Adam(net.parameters())
    net(torch.rand(2, 3, 8, 8)).sum().backward()
    adam.step()
    best = np.float64(0.5)
    checkpoint = {
        "epoch": 3,
        "model": net.state_dict(),
        "optimizer": adam.state_dict(),
        "best": best,
        "history": [(1, 2.5)],
    }
    back = load(io.BytesIO(written(torch, checkpoint, _use_new_zipfile_serialization=zipped)))
    assert (back["epoch"], back["best"], back["history"]) == (3, 0.5, [(1, 2.5)])
    assert type(back["model"]) is OrderedDict
    for key, value in net.state_dict().items():
        assert back["model"][key].dtype.name in str(value.dtype)
        np.testing.assert_array_equal(back["model"][key].numpy(), value.numpy())
    assert back["optimizer"]["param_groups"][0]["betas"] == (0.9, 0.999)
    step = back["optimizer"]["state"][0]
    np.testing.assert_array_equal(step["exp_avg"].numpy(), adam.state_dict()["state"][0]["exp_avg"].numpy())
    ours = tg.nn.Sequential(tg.nn.Conv2d(3, 4, 3), tg.nn.BatchNorm2d(4))
    ours.load_state_dict(back["model"])
    mine = tg.optim.Adam(ours.parameters())
    mine.load_state_dict(back["optimizer"])
    ours.eval()
    net.eval()
    x = np.random.default_rng(0).random((2, 3, 8, 8), dtype=np.float32)
    np.testing.assert_allclose(
        ours(tg.tensor(x)).detach().numpy(), net(torch.from_numpy(x)).detach().numpy(), rtol=1e-4, atol=1e-5
    )


@FORMATS
def test_tensors_of_every_kind(zipped, torch):
    base = torch.arange(24.0).reshape(4, 6)
    tensors = {
        **{str(kind): torch.tensor([0, 1, 2]).to(kind) for kind in (torch.bool, torch.uint8, torch.int8, torch.int16)},
        **{str(kind): torch.tensor([0, 1, 2]).to(kind) for kind in (torch.int32, torch.int64, torch.float16)},
        "double": torch.rand(3, dtype=torch.float64),
        "transposed": base.t(),
        "part": base[1:3, ::2],
        "expanded": torch.ones(1, 3).expand(4, 3),
        "scalar": torch.tensor(7),
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "bfloat16": torch.tensor([0.5, -3.0]).bfloat16(),
    }
    back = load(io.BytesIO(written(torch, tensors, _use_new_zipfile_serialization=zipped)))
    for name, tensor in tensors.items():
        mine = back[name]
        expected = (tensor.float() if name == "bfloat16" else tensor).detach().numpy()
        np.testing.assert_array_equal(
            mine.detach().float().numpy() if name == "bfloat16" else mine.detach().numpy(), expected
        )
        assert mine.dtype == expected.dtype or (name == "bfloat16" and mine.dtype.name == "bfloat16")
        assert mine.is_contiguous()
        assert mine.requires_grad == tensor.requires_grad
    back["transposed"].zero_()  # memory of its own
    assert back["part"].numpy().any()


@FORMATS
def test_what_lies_beside_tensors(zipped, torch):
    shared = torch.ones(2)
    values = {
        "args": argparse.Namespace(lr=0.1, sizes=[1, 2]),
        "array": np.arange(6.0).reshape(2, 3).T,
        "words": np.array(["a", "bc"]),
        "dtype": torch.float32,
        "device": torch.device("cpu"),
        "size": torch.Size([1, 2]),
        "set": {1, 2},
        "tied": (shared, [shared]),
        "version": torch.__version__,
    }
    back = load(io.BytesIO(written(torch, values, _use_new_zipfile_serialization=zipped)))
    assert vars(back["args"]) == {"lr": 0.1, "sizes": [1, 2]}
    assert back["array"].tolist() == values["array"].tolist()
    assert type(back["array"]) is np.ndarray
    assert back["words"].tolist() == ["a", "bc"]
    assert back["dtype"] == tg.float32
    assert back["device"] == tg.device("cpu")
    assert (back["size"], back["set"]) == ((1, 2), {1, 2})
    assert back["tied"][0] is back["tied"][1][0]
    assert back["version"] == str(torch.__version__)


def test_old_state_without_counts_of_batches(torch):
    """Files of before PyTorch 0.4.1 lack `num_batches_tracked` and the versions of modules."""
    state = {key: value for key, value in torch.nn.BatchNorm2d(3).state_dict().items() if "num" not in key}
    tg.nn.BatchNorm2d(3).load_state_dict(load(io.BytesIO(written(torch, state))))


def test_a_path_and_a_device(torch, tmp_path):
    torch.save({"x": torch.ones(2)}, tmp_path / "m.pth")
    for place in (None, "cpu", tg.device("cpu"), lambda storage, location: storage):
        assert load(tmp_path / "m.pth", map_location=place)["x"].tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"m.pth is not a safetensors file but a zip archive; .*tinygrad_cnn.load"):
        load_file(tmp_path / "m.pth")


@FORMATS
def test_a_whole_module_is_refused(zipped, torch):
    content = written(torch, torch.nn.Linear(2, 2), _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=r"asks for torch.nn.modules.linear.Linear, .* save the state_dict\(\)"):
        load(io.BytesIO(content))


@FORMATS
def test_every_way_of_cutting_a_file_off_is_noticed(zipped, torch):
    content = written(torch, {"x": torch.arange(5), "y": [1]}, _use_new_zipfile_serialization=zipped)
    for length in range(1, len(content), 7):
        with pytest.raises(ValueError, match=r"can't be read|not a safetensors file|cut off"):
            load(io.BytesIO(content[:length]))


# hostile files --------------------------------------------------------------------------------------------------------


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def archive(content, **entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("archive/data.pkl", content)
        for name, value in entries.items():
            zipped.writestr(f"archive/{name}", value)
    return file.getvalue()


HOSTILE = [os.system, eval, exec, getattr, print, __import__, open, os.remove, io.open, pickle.loads, np.load, map]


@pytest.mark.parametrize("function", HOSTILE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_function_is_called(function, protocol, tmp_path):
    mark = tmp_path / "mark"
    content = pickle.dumps({"x": [Calls(function, f"touch {mark}")]}, protocol)
    for file in (archive(content), content):
        with pytest.raises(ValueError, match=r"asks for|not a safetensors file"):
            load(io.BytesIO(file))
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        # BUILD with slots on what is allowed: a function, a class, an instance.
        b"ccollections\nOrderedDict\n(N}S'x'\nI1\nstb.",
        b"ctorch._utils\n_rebuild_tensor_v2\n(N}S'_make'\nI1\nstb.",
        b"ctorch._utils\n_rebuild_tensor_v2\n}S'__doc__'\nI1\nsb.",
        b"cnumpy\ndtype\n(S'O'\nI0\nI1\ntR.",
        b"ctorch._utils\n_rebuild_tensor_v2\n(I1\nI0\n(I1\nt(I1\ntI00\nNtR.",
        b"cargparse\nNamespace.__init__\n.",
        b"ctorch\nFloatStorage\n(I1\ntR.",
        b"(S'storage'\nI1\nI2\nS'cpu'\nI5\ntQ.",
        b"cbuiltins\nset\n(I5\ntR.",
        b"\x80\x02X\xff\xff\xff\xff.",
        b"",
    ],
)
def test_nothing_can_be_changed_or_misused(content):
    before = Known.__call__, OrderedDict.__dict__.keys()
    with pytest.raises(ValueError, match=r"load: this file can't be read: "):
        load(io.BytesIO(archive(content)))
    assert before == (Known.__call__, OrderedDict.__dict__.keys())


def test_tensors_stay_inside_of_their_storage(torch):
    x = torch.arange(4.0)
    content = written(torch, {"x": x})
    with zipfile.ZipFile(io.BytesIO(content)) as good:
        names = {name: good.read(name) for name in good.namelist()}
    pickled = next(name for name in names if name.endswith("data.pkl"))
    # K\x04 is the size of the storage and of the tensor; make the tensor longer.
    at = names[pickled].rindex(b"K\x04\x85")
    names[pickled] = names[pickled][:at] + b"K\x09\x85" + names[pickled][at + 3 :]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bad:
        for name, value in names.items():
            bad.writestr(name, value)
    with pytest.raises(ValueError, match=r"a tensor \(9,\) reaches out of its storage of 4 numbers"):
        load(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"x": 1}), "it is a pickle that torch.save did not write, and other pickles are never read"),
        (archive(pickle.dumps(1), **{"constants.pkl": b""}), "it is a TorchScript program"),
        (archive(b"")[:-30], "the archive is damaged or cut off"),
        (
            pickle.dumps(0x1950A86A20F9469CFC6C) + pickle.dumps(7) + pickle.dumps({}),
            "version 7 of the format is unknown",
        ),
    ],
    ids=["a pickle", "TorchScript", "cut off", "version 7"],  # an archive holds the time, which is no name
)
def test_other_pickles_and_archives(content, message):
    with pytest.raises(ValueError, match=f"load: this file can't be read: .*{message}"):
        load(io.BytesIO(content))


def test_an_archive_of_something_else():
    file = io.BytesIO()
    np.savez(file, x=np.ones(2))
    with pytest.raises(ValueError, match=r"it is a zip archive that torch.save did not write"):
        load(io.BytesIO(file.getvalue()))


def test_a_reader_without_storages():
    with pytest.raises(UnsafePickleError, match="refers to something outside of it"):
        Reader(io.BytesIO(b"Pabc\n."), PLAIN).next()
    with pytest.raises(UnsafePickleError, match="bytes in the coding rot13"):
        Reader(io.BytesIO(b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR."), PLAIN).next()
    assert Reader(io.BytesIO(pickle.dumps(b"ab\xff", 2)), PLAIN).next() == b"ab\xff"
