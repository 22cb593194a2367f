"""Data sets from small files of the real formats, served by a web server of this machine."""

import gzip
import hashlib
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.loopback import serving
from tinygrad_cnn.data import DataLoader
from tinygrad_cnn.vision import datasets, transforms
from tinygrad_cnn.vision.datasets.folder import make_dataset
from tinygrad_cnn.vision.datasets.mnist import read_idx
from tinygrad_cnn.vision.datasets.utils import check_integrity, download_url, extract_archive

image_module = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)


def idx(array):
    kind = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[array.dtype.str[1:]]
    header = bytes([0, 0, kind, array.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def digests(kind, content):
    return f"{kind}:{hashlib.new(kind, content).hexdigest()}"


# idx ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "f4", "f8"])
def test_idx_files(kind, tmp_path):
    array = (RNG.random((3, 4, 5)) * 100).astype(kind)
    for packed in (idx(array), gzip.compress(idx(array))):
        (tmp_path / "x").write_bytes(packed)
        read = read_idx(tmp_path / "x")
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:-1], r"is damaged: for shape \(3, 4\) it should have 24 bytes, and it has 23"),
        (lambda content: content + b"1", "is damaged"),
        (lambda content: content[:6], "is damaged"),
        (lambda content: b"\x01" + content[1:], "is not an idx file: it begins with"),
        (lambda content: b"<html>", "is not an idx file"),
        (lambda content: gzip.compress(content)[:-9], "is damaged or cut off: .*; remove it and download it again"),
    ],
)
def test_damaged_idx_files(change, message, tmp_path):
    (tmp_path / "x").write_bytes(change(idx(RNG.integers(0, 9, (3, 4), dtype=np.uint8))))
    with pytest.raises(ValueError, match=message):
        read_idx(tmp_path / "x")


# MNIST ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    """name → (content, images or labels) of the four files."""
    parts = {}
    for part, count in (("train", 12), ("t10k", 5)):
        images = RNG.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        parts[f"{part}-images-idx3-ubyte.gz"] = (gzip.compress(idx(images)), images)
        parts[f"{part}-labels-idx1-ubyte.gz"] = (gzip.compress(idx(labels)), labels)
    return parts


@pytest.fixture
def mnist(digits, monkeypatch):
    """A server of these files, and MNIST told of it."""
    with serving({name: content for name, (content, _) in digits.items()}) as server:
        for each in (datasets.MNIST, datasets.KMNIST):
            monkeypatch.setattr(each, "mirrors", ("http://127.0.0.1:1/", server.url()))
            checks = [(name, digests("sha256", content)) for name, (content, _) in digits.items()]
            monkeypatch.setattr(each, "resources", checks)
        yield server


def test_mnist_is_downloaded_once(mnist, digits, tmp_path):
    data = datasets.MNIST(tmp_path, train=True, download=True, transform=transforms.ToTensor())
    assert data.data.shape == (12, 28, 28)
    assert data.data.dtype == tg.uint8
    assert data.targets.dtype == tg.int64
    np.testing.assert_array_equal(data.data.numpy(), digits["train-images-idx3-ubyte.gz"][1])
    image, label = data[3]
    assert image.shape == (1, 28, 28)
    assert type(label) is int
    np.testing.assert_allclose(image.numpy()[0] * 255, data.data[3].numpy(), rtol=1e-5)
    asked = len(mnist.asked)
    assert len(datasets.MNIST(str(tmp_path), train=False, download=True)) == 5
    assert len(mnist.asked) == asked
    folder = tmp_path / "MNIST" / "raw"
    assert {each.name for each in folder.iterdir()} == {*digits, *(name[:-3] for name in digits)}
    assert repr(data) == (
        f"Dataset MNIST\n    Number of datapoints: 12\n    Root location: {tmp_path}\n    Split: Train\n"
        "    StandardTransform\n    Transform: ToTensor()"
    )
    assert data.class_to_idx["7 - seven"] == 7
    assert data.train_data is data.data
    assert data.test_labels is data.targets


def test_files_that_are_there_are_found_packed_or_not(digits, tmp_path):
    for packed in (True, False):
        raw = tmp_path / str(packed) / "KMNIST" / "raw"
        raw.mkdir(parents=True)
        for name, (content, _) in digits.items():
            path = raw / (name if packed else name[:-3])
            path.write_bytes(content if packed else gzip.decompress(content))
        data = datasets.KMNIST(tmp_path / str(packed), train=False)
        assert data[0][0].size == (28, 28)
        assert data[0][0].mode == "L"
        images, labels = next(iter(DataLoader(datasets.KMNIST(raw.parents[1], transform=transforms.ToTensor()), 4)))
        assert images.shape == (4, 1, 28, 28)
        assert labels.tolist() == [0, 1, 2, 3]


def test_mnist_is_missing(tmp_path):
    with pytest.raises(RuntimeError, match=r"MNIST: dataset not found. These files are missing:") as caught:
        datasets.MNIST(tmp_path)
    assert str(tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte") in str(caught.value)
    assert "download=True" in str(caught.value)


def test_mnist_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", ("http://127.0.0.1:1/",))
    with pytest.raises(RuntimeError, match=r"train-images-idx3-ubyte.gz could not be downloaded") as caught:
        datasets.MNIST(tmp_path, download=True)
    assert f"put it at {tmp_path / 'MNIST' / 'raw' / 'train-images-idx3-ubyte.gz'}" in str(caught.value)


def test_a_damaged_download_is_refused(mnist, tmp_path):
    name = "train-labels-idx1-ubyte.gz"
    mnist.files[name] = mnist.files[name][:-1] + b"?"
    with pytest.raises(RuntimeError, match="it gave other bytes: sha256:"):
        datasets.MNIST(tmp_path, download=True)
    assert not (tmp_path / "MNIST" / "raw" / name).exists()


def test_files_that_do_not_fit_together(digits, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((3, 28, 28), np.uint8)))
    (raw / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(2, np.uint8)))
    with pytest.raises(ValueError, match="they do not fit together"):
        datasets.MNIST(tmp_path)


def test_emnist(tmp_path, monkeypatch):
    images, labels = RNG.integers(0, 256, (4, 28, 28), dtype=np.uint8), np.array([1, 2, 26, 3], np.uint8)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        for part in ("train", "test"):
            zipped.writestr(f"gzip/emnist-letters-{part}-images-idx3-ubyte.gz", gzip.compress(idx(images)))
            zipped.writestr(f"gzip/emnist-letters-{part}-labels-idx1-ubyte.gz", gzip.compress(idx(labels)))
    with serving({"gzip.zip": archive.getvalue()}) as server:
        monkeypatch.setattr(datasets.EMNIST, "url", server.url("gzip.zip"))
        monkeypatch.setattr(datasets.EMNIST, "md5", hashlib.md5(archive.getvalue()).hexdigest())
        data = datasets.EMNIST(tmp_path, "letters", train=False, download=True)
    assert data.classes[data[2][1]] == "z"
    assert len(datasets.EMNIST.classes_split_dict["byclass"]) == 62
    assert len(datasets.EMNIST.classes_split_dict["balanced"]) == 47
    with pytest.raises(ValueError, match=r"EMNIST: split must be one of byclass, .*; got 'all'"):
        datasets.EMNIST(tmp_path, "all")


# CIFAR ----------------------------------------------------------------------------------------------------------------


def python2(batch):
    """The dict as Python 2 pickled it: protocol 2, with bytes for strings."""
    return pickle.dumps({key.encode(): value for key, value in batch.items()}, protocol=2)


def cifar_archive(folder, files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def pixels(count):
    return RNG.integers(0, 256, (count, 3072), dtype=np.uint8)


@pytest.mark.parametrize("write", [pickle.dumps, python2])
def test_cifar10(write, tmp_path, monkeypatch):
    batches = [{"data": pixels(2), "labels": [i, 9 - i]} for i in range(5)]
    names = ["airplane", *(f"class {i}" for i in range(1, 10))]
    files = {f"data_batch_{i}": write(batch) for i, batch in enumerate(batches, 1)}
    files["test_batch"] = write({"data": pixels(3), "labels": [1, 2, 3]})
    files["batches.meta"] = write({"label_names": names})
    archive = cifar_archive("cifar-10-batches-py", files)
    with serving({"cifar.tar.gz": archive}) as server:
        monkeypatch.setattr(datasets.CIFAR10, "url", server.url("cifar.tar.gz"))
        monkeypatch.setattr(datasets.CIFAR10, "sha256", hashlib.sha256(archive).hexdigest())
        data = datasets.CIFAR10(tmp_path, download=True)
        assert len(datasets.CIFAR10(tmp_path, train=False, download=True)) == 3
        assert len(server.asked) == 1
    assert data.data.shape == (10, 32, 32, 3)
    assert data.targets == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    image, label = data[4]
    assert (image.mode, image.size, label) == ("RGB", (32, 32), 2)
    np.testing.assert_array_equal(np.asarray(image).transpose(2, 0, 1).ravel(), batches[2]["data"][0])
    assert data.classes == names
    assert data.class_to_idx["airplane"] == 0
    to_tensor = datasets.CIFAR10(tmp_path, transform=transforms.ToTensor(), target_transform=lambda label: -label)
    assert to_tensor[1][0].shape == (3, 32, 32)
    assert to_tensor[1][1] == -9


def test_cifar_batches_as_python_2_wrote_them(tmp_path):
    """Strings of Python 2 have no coding; arrays in them come from `numpy.core.multiarray`."""
    content = (
        b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03(K\x06K\x09eU\x04dataq\x04cnumpy.core.multiarray\n_reconstruct\nq\x05"
        b"cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07(K\x01K\x02M\x00\x0c\x86cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01"
        b"\x87Rq\x09(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x00\x18\x00\x00"
        + bytes(range(256)) * 24
        + b"tbu."
    )
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "test_batch").write_bytes(content)
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list("0123456789")}, 2))
    data = datasets.CIFAR10(tmp_path, train=False)
    assert data.targets == [6, 9]
    assert data.data[0, 0, :5, 0].tolist() == [0, 1, 2, 3, 4]


def test_cifar100(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    (folder / "train").write_bytes(pickle.dumps({"data": pixels(2), "fine_labels": [99, 3], "coarse_labels": [1, 2]}))
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": [str(i) for i in range(100)]}))
    data = datasets.CIFAR100(tmp_path)
    assert data.targets == [99, 3]
    assert len(data.classes) == 100


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"data": pixels(2), "labels": [1]}), "does not hold as many pictures as labels"),
        (pickle.dumps({"labels": [1]}), "does not hold as many pictures as labels"),
        (pickle.dumps([1]), "holds no dict, but list"),
        (pickle.dumps({"data": pixels(2), "labels": [1, 2]})[:-9], "can't be read: the pickle is damaged"),
        (pickle.dumps({"data": Path("x")}), "can't be read: it asks for pathlib"),
    ],
)
def test_damaged_batches(content, message, tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "test_batch").write_bytes(content)
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": []}))
    with pytest.raises(ValueError, match=message):
        datasets.CIFAR10(tmp_path, train=False)


def test_cifar_is_missing(tmp_path):
    with pytest.raises(RuntimeError, match=r"CIFAR10: dataset not found. These files are missing:\n  .*data_batch_1"):
        datasets.CIFAR10(tmp_path)


# SVHN, STL-10 ---------------------------------------------------------------------------------------------------------


def test_svhn(tmp_path):
    scipy = pytest.importorskip("scipy.io")
    images = RNG.integers(0, 256, (32, 32, 3, 4), dtype=np.uint8)
    scipy.savemat(tmp_path / "test_32x32.mat", {"X": images, "y": np.array([[1], [10], [3], [9]], np.uint8)})
    data = datasets.SVHN(tmp_path, split="test")
    assert data.data.shape == (4, 3, 32, 32)
    assert data.labels.tolist() == [1, 0, 3, 9]
    np.testing.assert_array_equal(np.asarray(data[1][0]), images[:, :, :, 1])
    assert "Split: test" in repr(data)
    with pytest.raises(ValueError, match="SVHN: split must be 'train', 'test' or 'extra'; got 'all'"):
        datasets.SVHN(tmp_path, split="all")
    with pytest.raises(RuntimeError, match=r"SVHN: dataset not found. .*\n  .*train_32x32.mat"):
        datasets.SVHN(tmp_path)
    (tmp_path / "train_32x32.mat").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"train_32x32.mat can't be read"):
        datasets.SVHN(tmp_path)
    scipy.savemat(tmp_path / "train_32x32.mat", {"X": images})
    with pytest.raises(ValueError, match="does not hold X"):
        datasets.SVHN(tmp_path)


def test_stl10(tmp_path):
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    images = RNG.integers(0, 256, (4, 3, 96, 96), dtype=np.uint8)
    images.tofile(folder / "train_X.bin")
    np.array([1, 10, 3, 9], np.uint8).tofile(folder / "train_y.bin")
    images[:2].tofile(folder / "unlabeled_X.bin")
    (folder / "class_names.txt").write_text("airplane\nbird\n")
    (folder / "fold_indices.txt").write_text("\n".join(["3 1 "] * 10))
    data = datasets.STL10(tmp_path)
    assert data.labels.tolist() == [0, 9, 2, 8]
    np.testing.assert_array_equal(np.asarray(data[1][0]), images[1].transpose(2, 1, 0))
    assert data.classes == ["airplane", "bird"]
    assert datasets.STL10(tmp_path, "train+unlabeled").labels.tolist() == [0, 9, 2, 8, -1, -1]
    assert datasets.STL10(tmp_path, folds=0).labels.tolist() == [8, 9]
    with pytest.raises(ValueError, match="STL10: split must be one of train"):
        datasets.STL10(tmp_path, "all")
    with pytest.raises(ValueError, match="STL10: folds is None or from 0 to 9, for training; got 10"):
        datasets.STL10(tmp_path, folds=10)
    with pytest.raises(RuntimeError, match="STL10: dataset not found"):
        datasets.STL10(tmp_path, "test")
    (folder / "train_X.bin").write_bytes(b"123")
    with pytest.raises(ValueError, match="is cut off: 3 bytes are no whole number of pictures"):
        datasets.STL10(tmp_path)


# folders --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path):
    for name, colour in (("cat/1.png", "red"), ("cat/deep/2.JPG", "blue"), ("ant/3.bmp", "green"), ("ant/x.txt", None)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if colour is None:
            path.write_text("no picture")
        else:
            image_module.new("RGB", (5, 4), colour).save(path)
    return tmp_path


def test_image_folder(folders):
    data = datasets.ImageFolder(folders, transform=transforms.ToTensor())
    assert data.classes == ["ant", "cat"]
    assert data.class_to_idx == {"ant": 0, "cat": 1}
    assert [Path(path).name for path, _ in data.imgs] == ["3.bmp", "1.png", "2.JPG"]
    assert data.targets == [0, 1, 1]
    assert data.imgs is data.samples
    assert data[1][0].shape == (3, 4, 5)
    assert data[1][0][:, 0, 0].tolist() == [1, 0, 0]
    text = datasets.DatasetFolder(folders, lambda path: Path(path).read_text(), (".txt",), allow_empty=True)
    assert [text[i] for i in range(len(text))] == [("no picture", 0)]
    ours = datasets.ImageFolder(folders, is_valid_file=lambda path: "3" in Path(path).name, allow_empty=True)
    assert len(ours) == 1


def test_image_folder_refuses(folders, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file for cat in .*; files that count end in .*txt"):
        datasets.DatasetFolder(folders, str, (".txt",))
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
        datasets.ImageFolder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"there are no folders in .*; each class has one"):
        datasets.ImageFolder(folders / "ant")
    with pytest.raises(ValueError, match="give either extensions or is_valid_file"):
        make_dataset(folders)


# without files --------------------------------------------------------------------------------------------------------


def test_fake_data():
    data = datasets.FakeData(4, (3, 6, 7), 5, transforms.ToTensor())
    assert data[2][0].shape == (3, 6, 7)
    assert (data[2][0] == datasets.FakeData(4, (3, 6, 7), 5, transforms.ToTensor())[2][0]).all()
    assert not (data[1][0] == data[2][0]).all()
    assert {data[i][1] for i in range(4)} <= set(range(5))
    with pytest.raises(IndexError, match=r"FakeData: item 4 is outside \[0, 4\)"):
        data[4]


def test_photographs(monkeypatch):
    pytest.importorskip("sklearn")
    data = datasets.Photographs(transforms.ToTensor())
    assert data[0][0].shape == (3, 427, 640)
    assert data[1][1] == "flower"
    assert len(data) == len(data.names) >= 2
    with pytest.raises(ValueError, match=r"Photographs: there are china, flower, .*; got 'dog'"):
        data.open("dog")
    monkeypatch.setattr("tinygrad_cnn.vision.datasets.photographs.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="'cat' comes with scikit-image: pip install scikit-image"):
        data.open("cat")
    with pytest.raises(ImportError, match=r"come with scikit-learn: pip install"):
        datasets.Photographs()


def test_joint_transforms():
    class One(datasets.VisionDataset):
        def __getitem__(self, index):
            return self.transformed("picture", 1)

        def __len__(self):
            return 1

    assert One(transforms=lambda picture, target: (target, picture))[0] == (1, "picture")
    assert One(target_transform=str)[0] == ("picture", "1")
    with pytest.raises(ValueError, match="transforms takes picture and target; got transform or target_transform too"):
        One(transforms=str, transform=str)
    with pytest.raises(NotImplementedError, match="has no __getitem__"):
        datasets.VisionDataset()[0]
    with pytest.raises(NotImplementedError, match="has no __len__"):
        len(datasets.VisionDataset())


# archives -------------------------------------------------------------------------------------------------------------


def test_archives_stay_inside_of_the_folder(tmp_path):
    inside = tmp_path / "inside"
    for name in ("../out", "/tmp/out"):
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as zipped:
            zipped.writestr(name, "x")
        with pytest.raises(ValueError, match="which leads out of"):
            extract_archive(tmp_path / "bad.zip", inside)
    assert not (tmp_path / "out").exists()
    with tarfile.open(tmp_path / "links.tar", "w") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    extract_archive(tmp_path / "links.tar", inside)
    assert not (inside / "link").exists()


def test_kinds_of_archives(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"x"))
    extract_archive(tmp_path / "a.gz", remove_finished=True)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    with pytest.raises(ValueError, match=r"is none of .tar, .tar.gz"):
        extract_archive(tmp_path / "a")


def test_download_url(tmp_path):
    with serving({"x": b"abc"}) as server:
        download_url(server.url("x"), tmp_path)
    assert check_integrity(tmp_path / "x", hashlib.md5(b"abc").hexdigest())
    assert check_integrity(tmp_path / "x")
    assert not check_integrity(tmp_path / "x", "0" * 32)
