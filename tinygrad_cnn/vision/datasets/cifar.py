"""CIFAR-10 and CIFAR-100, in the Python pickles of Alex Krizhevsky's page, read without running any of their code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...io.pickles import PLAIN, Reader, UnsafePickleError
from .utils import download_and_extract_archive, needed
from .vision import Transform, VisionDataset, picture


def read_batch(path: Path) -> dict[str, Any]:
    """The dict in a pickle of the archive.

    Raises:
        ValueError: for a file that is cut off, damaged or of another format.
    """
    try:
        with path.open("rb") as file:
            read = Reader(file, PLAIN, encoding="latin1").next()
    except UnsafePickleError as error:
        raise ValueError(f"{path} can't be read: {error}; remove it and download it again") from None
    if not isinstance(read, dict):
        raise ValueError(f"{path} holds no dict, but {type(read).__name__}; remove it and download it again")
    return {key.decode() if isinstance(key, bytes) else key: value for key, value in read.items()}


class CIFAR10(VisionDataset):
    """60,000 colour pictures of 32×32 pixels in 10 classes (Krizhevsky, 2009), 50,000 of them for training.

    An item is a PIL image and its label, an int; `data` is an array (N, 32, 32, 3), uint8, and `targets` a list. The
    files lie in `root/cifar-10-batches-py`, as torchvision puts them. The archive is checked against its SHA-256 when
    it is downloaded; files that are there already are read as they are.

    Args:
        root: the folder that `cifar-10-batches-py` is in.
        train: the training part or the test part.
        transform: applied to each picture.
        target_transform: applied to each label.
        download: get the archive if the files are not there.

    Raises:
        RuntimeError: when files are missing; without a network too, with where to put them.
        ValueError: for files that are damaged.
        ImportError: for an item, without Pillow.

    >>> CIFAR10("data", train=True, download=True)[0]  # doctest: +SKIP
    (<PIL.Image.Image image mode=RGB size=32x32>, 6)
    """

    base_folder = "cifar-10-batches-py"
    url: str | Sequence[str] = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    sha256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    train_list: Sequence[str] = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
    test_list: Sequence[str] = ("test_batch",)
    meta_file, meta_key, label_key = "batches.meta", "label_names", "labels"

    def __init__(
        self,
        root: Any,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        folder = Path(self.root) / self.base_folder
        files = [folder / name for name in (self.train_list if train else self.test_list)]
        needed(type(self).__name__, [*files, folder / self.meta_file], download, self.download)
        rows: list[Any] = []
        self.targets: list[int] = []
        for path in files:
            batch = read_batch(path)
            if not {"data", self.label_key} <= set(batch) or len(batch["data"]) != len(batch[self.label_key]):
                raise ValueError(f"{path} does not hold as many pictures as labels; remove it and download it again")
            rows.append(np.asarray(batch["data"]).view(np.ndarray))
            self.targets += map(int, batch[self.label_key])
        self.data: Any = np.concatenate(rows).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        self.classes: list[str] = list(read_batch(folder / self.meta_file)[self.meta_key])
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}

    # The names of old programs.
    @property
    def train_data(self) -> Any:
        return self.data

    @property
    def train_labels(self) -> Any:
        return self.targets

    test_data, test_labels = train_data, train_labels

    def download(self) -> None:
        """Get the archive and unpack it."""
        download_and_extract_archive(self.url, self.root, filename=self.filename, sha256=self.sha256)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(picture(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


class CIFAR100(CIFAR10):
    """The same in 100 classes, "fine" ones; the files lie in `root/cifar-100-python`.

    >>> CIFAR100("data", train=True, download=True)[0]  # doctest: +SKIP
    (<PIL.Image.Image image mode=RGB size=32x32>, 19)
    """

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    sha256 = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"
    train_list = ("train",)
    test_list = ("test",)
    meta_file, meta_key, label_key = "meta", "fine_label_names", "fine_labels"
