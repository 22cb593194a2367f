import builtins
from zlib import crc32

import numpy as np
import pytest

from tinygrad_cnn.utils.data import DataLoader
from tinygrad_cnn.vision.datasets import Digits, load_digits_split


@pytest.fixture(scope="module")
def split():
    pytest.importorskip("sklearn")
    return load_digits_split()


def rows(images):
    return [image.tobytes() for image in images.numpy()]


def test_the_three_parts_hold_each_digit_once(split):
    from sklearn.datasets import load_digits

    pixels = (load_digits().data / 16).astype(np.float32)
    everything = sorted(each.tobytes() for each in pixels)
    assert sorted(rows(split.train[0]) + rows(split.validation[0]) + rows(split.test[0])) == everything
    assert [len(labels) for _, labels in split] == [1293, 144, 360]


@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_parts_are_stratified(split, part):
    """Each digit is there by its share, to less than one image."""
    everything = np.concatenate([labels.numpy() for _, labels in split])
    labels = getattr(split, part)[1].numpy()
    shares = np.bincount(everything) * len(labels) / len(everything)
    assert np.abs(np.bincount(labels) - shares).max() <= 1
    if part == "test":
        assert set(np.bincount(labels)) <= {35, 36, 37}


def test_the_split_is_the_same_everywhere(split):
    """The test accuracy that the project reports is about these images."""
    assert crc32(split.test[1].numpy().astype("<i8").tobytes()) == 3021064937
    assert split.test[1][:10].tolist() == [7, 6, 3, 7, 7, 3, 2, 8, 9, 3]


def test_images_and_labels(split):
    for images, labels in split:
        assert images.dtype == np.float32
        assert images.shape[1:] == (1, 8, 8)
        assert labels.dtype == np.int64
        assert images.numpy().min() == 0
        assert images.numpy().max() == 1


def test_digits_are_the_parts_of_the_split(split):
    train, test = Digits(), Digits(train=False)
    assert len(train) == 1437
    assert rows(test.data) == rows(split.test[0])
    assert sorted(rows(train.data)) == sorted(rows(split.train[0]) + rows(split.validation[0]))
    image, label = test[3]
    assert image.shape == (1, 8, 8)
    assert type(label) is int
    assert label == test.targets[3].item()
    assert repr(test) == "Digits(360 images of 8×8, train=False)"


def test_transforms():
    pytest.importorskip("sklearn")
    data = Digits(transform=lambda image: image * 2, target_transform=str)
    image, label = data[0]
    assert image.numpy().max() == 2
    assert label in Digits.classes


def test_another_seed_is_another_split(split):
    assert rows(load_digits_split(seed=1).test[0]) != rows(split.test[0])
    assert rows(load_digits_split(200).test[0]) == rows(split.test[0])


def test_digits_through_a_loader():
    pytest.importorskip("sklearn")
    images, labels = next(iter(DataLoader(Digits(), batch_size=64, shuffle=True)))
    assert images.shape == (64, 1, 8, 8)
    assert images.dtype == np.float32
    assert labels.dtype == np.int64


@pytest.mark.parametrize("size", [9, 1428])
def test_sizes_of_the_validation_part(size):
    pytest.importorskip("sklearn")
    with pytest.raises(ValueError, match=rf"validation_size must be from 10 \(one per digit\) to 1427; got {size}"):
        load_digits_split(size)


def test_without_scikit_learn(monkeypatch):
    original = builtins.__import__

    def without(name, *rest):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'scikit-learn: pip install "tinygrad_cnn\[vision\]"'):
        Digits()
