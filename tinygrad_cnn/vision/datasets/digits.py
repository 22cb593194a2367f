"""The handwritten digits that come with scikit-learn."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...data import Dataset
from ...tensor import Tensor, as_tensor

TEST_SIZE = 360

Images = np.ndarray[Any, np.dtype[np.float32]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


class DigitsSplit(NamedTuple):
    """The handwritten digits in three parts, each (images (N, 1, 8, 8), labels (N,)).

    >>> load_digits_split().train[0].shape[1:]
    (1, 8, 8)
    """

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


class Digits(Dataset[tuple[Any, Any]]):
    """The 1,797 handwritten digits of 8×8 pixels that scikit-learn holds: nothing is downloaded.

    They are the test part of the UCI set "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998). An
    item is an image (1, 8, 8), float32 in [0, 1], and its label, an int; `data` and `targets` are tensors of all of
    them.

    The split is stratified: 360 test images, of each digit its share of the whole, which is 35 to 37; 1,437 for
    training. It is `sklearn.model_selection.train_test_split(..., test_size=360, stratify=labels, random_state=seed)`,
    so the same in every run.

    Args:
        train: the training part or the test part.
        transform: applied to each image.
        target_transform: applied to each label.
        seed: of the split; another seed gives another one.

    >>> train, test = Digits(train=True), Digits(train=False)
    >>> len(train), len(test), train[0][0].shape
    (1437, 360, (1, 8, 8))

    Raises:
        ImportError: without scikit-learn.
    """

    classes = tuple("0123456789")

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        seed: int = 0,
    ) -> None:
        images, labels = _split_off(TEST_SIZE, *_all_digits(), seed)[0 if train else 1]
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        self.data: Tensor = as_tensor(images)
        self.targets: Tensor = as_tensor(labels)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = self.data[index]
        label: Any = int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"Digits({len(self)} images of 8×8, train={self.train})"


def load_digits_split(validation_size: int = 144, seed: int = 0) -> DigitsSplit:
    """The digits as tensors to train, to choose and to test with; the test part is that of `Digits`.

    Args:
        validation_size: how many images of the training part are set aside, stratified, to decide when to stop.
        seed: of both splits.

    >>> train, validation, test = load_digits_split()
    >>> [images.shape for images, labels in (train, validation, test)]
    [(1293, 1, 8, 8), (144, 1, 8, 8), (360, 1, 8, 8)]

    Raises:
        ImportError: without scikit-learn.
        ValueError: for a size that leaves less than one image per digit on either side.
    """
    rest, test = _split_off(TEST_SIZE, *_all_digits(), seed)
    if not 10 <= validation_size <= len(rest[1]) - 10:
        raise ValueError(
            f"load_digits_split: validation_size must be from 10 (one per digit) to {len(rest[1]) - 10}; "
            f"got {validation_size}"
        )
    train, validation = _split_off(validation_size, *rest, seed)
    return DigitsSplit(*((as_tensor(images), as_tensor(labels)) for images, labels in (train, validation, test)))


def _all_digits() -> tuple[Images, Labels]:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError('the digits come with scikit-learn: pip install "tinygrad_cnn[vision]"') from None
    pixels, labels = load_digits(return_X_y=True)  # pixels from 0 to 16
    return (pixels.reshape(-1, 1, 8, 8) / 16).astype(np.float32), labels.astype(np.int64)


def _split_off(
    count: int, images: Images, labels: Labels, seed: int
) -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
    """(the rest, `count` of them), each digit by its share."""
    from sklearn.model_selection import train_test_split

    rest, part = train_test_split(np.arange(len(labels)), test_size=count, stratify=labels, random_state=seed)
    return (images[rest], labels[rest]), (images[part], labels[part])
