"""QMNIST and USPS, from small files of the real formats."""

import bz2
import gzip
import lzma

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.vision import datasets

pytest.importorskip("PIL.Image")


def idx(array):
    kind = {"u1": 8, "i4": 12}[array.dtype.str[1:]]
    header = bytes([0, 0, kind, array.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def test_qmnist(tmp_path):
    raw = tmp_path / "QMNIST" / "raw"
    raw.mkdir(parents=True)
    images = np.arange(3 * 784, dtype=np.uint8).reshape(3, 28, 28)
    labels = np.arange(24, dtype=np.int32).reshape(3, 8)
    (raw / "qmnist-train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    (raw / "qmnist-train-labels-idx2-int.gz").write_bytes(gzip.compress(idx(labels)))
    data = datasets.QMNIST(tmp_path)
    image, label = data[1]
    assert (np.asarray(image) == images[1]).all()
    assert (label, len(data)) == (8, 3)
    assert "Split: train" in repr(data)
    assert datasets.QMNIST(tmp_path, "train", compat=False)[2][1].tolist() == labels[2].tolist()
    (raw / "qmnist-test-images-idx3-ubyte").write_bytes(idx(np.zeros((10002, 28, 28), np.uint8)))
    (raw / "qmnist-test-labels-idx2-int").write_bytes(idx(np.zeros((10002, 8), np.int32)))
    assert [len(datasets.QMNIST(tmp_path, what)) for what in ("test", "test10k", "test50k")] == [10002, 10000, 2]
    assert len(datasets.QMNIST(tmp_path, train=False)) == 10002
    with pytest.raises(ValueError, match="QMNIST: what must be one of train, test, test10k, test50k, nist; got 'all'"):
        datasets.QMNIST(tmp_path, "all")
    with pytest.raises(RuntimeError, match="xnist-images-idx3-ubyte"):
        datasets.QMNIST(tmp_path, "nist")


def test_qmnist_unpacks_what_it_gets(tmp_path, monkeypatch):
    images, labels = np.ones((2, 28, 28), np.uint8), np.ones((2, 8), np.int32)

    def get(url, folder, md5):
        folder.mkdir(parents=True, exist_ok=True)
        content = idx(images if "images" in url else labels)
        (folder / url.rpartition("/")[2]).write_bytes((lzma if url.endswith("xz") else gzip).compress(content))

    monkeypatch.setattr("tinygrad_cnn.vision.datasets.digits_more.download_url", get)
    for what in ("nist", "train"):
        assert len(datasets.QMNIST(tmp_path, what, download=True)) == 2


def test_usps(tmp_path):
    lines = [f"{k} " + " ".join(f"{i + 1}:{v:.4f}" for i, v in enumerate(np.linspace(-1, 1, 256))) for k in (1, 10)]
    (tmp_path / "usps.bz2").write_bytes(bz2.compress("\n".join(lines).encode()))
    data = datasets.USPS(tmp_path)
    image, label = data[1]
    assert (np.asarray(image)[0, 0], np.asarray(image)[-1, -1], label, len(data)) == (0, 255, 9, 2)
    with pytest.raises(RuntimeError, match=r"usps\.t\.bz2"):
        datasets.USPS(tmp_path, train=False)
    (tmp_path / "usps.t.bz2").write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"usps\.t\.bz2 is damaged: .*; remove it and download it again"):
        datasets.USPS(tmp_path, train=False)


def test_decoding(tmp_path):
    from tinygrad_cnn.vision import io

    picture = (tg.arange(3 * 4 * 5).reshape(3, 4, 5) * 4).to(tg.uint8)
    content = io.encode_png(picture)
    assert tg.equal(io.decode_image(content), picture)
    io.write_file(tmp_path / "a.png", content)
    assert tg.equal(io.read_file(tmp_path / "a.png"), content)
    assert io.decode_image(str(tmp_path / "a.png"), "GRAY").shape == (1, 4, 5)
    assert io.decode_jpeg(io.encode_jpeg(picture, quality=90)).shape == (3, 4, 5)
    with pytest.raises(ValueError, match="mode must be one of UNCHANGED, GRAY, GRAY_ALPHA, RGB, RGB_ALPHA; got 'L'"):
        io.decode_image(content, "L")
