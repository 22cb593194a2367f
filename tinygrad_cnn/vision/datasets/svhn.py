"""SVHN, house numbers, in the MATLAB files of Stanford's page."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .utils import download_url, needed
from .vision import Transform, VisionDataset, picture


class SVHN(VisionDataset):
    """Digits of 32×32 pixels cut from photographs of house numbers (Netzer et al., 2011).

    An item is a PIL image and its label, an int; `data` (N, 3, 32, 32), uint8, and `labels` (N,), int64, are arrays of
    all of them. The files lie in `root`. The digit 0, which they call 10, has the label 0.

    Args:
        root: the folder of the files.
        split: "train" (73,257 pictures), "test" (26,032) or "extra" (531,131).
        transform: applied to each picture.
        target_transform: applied to each label.
        download: get the file if it is not there. It is checked against its MD5.

    Raises:
        RuntimeError: when the file is missing; without a network too, with where to put it.
        ValueError: for another split, or a file that is damaged.
        ImportError: without SciPy, which reads MATLAB's files.

    >>> numbers = SVHN("data", split="train", download=True)  # doctest: +SKIP
    """

    url = "http://ufldl.stanford.edu/housenumbers/"
    split_list: ClassVar[dict[str, tuple[str, str]]] = {
        "train": ("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
        "test": ("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
        "extra": ("extra_32x32.mat", "a93ce644f1a588dc4d68dda5feec44a7"),
    }
    classes = tuple("0123456789")

    def __init__(
        self,
        root: Any,
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.split_list:
            raise ValueError(f"SVHN: split must be 'train', 'test' or 'extra'; got {split!r}")
        self.split = split
        self.filename, self.file_md5 = self.split_list[split]
        path = Path(self.root) / self.filename
        needed("SVHN", [path], download, self.download)
        read = _read_mat(path)
        pixels, labels = read.get("X"), read.get("y")
        if pixels is None or labels is None or pixels.shape[:3] != (32, 32, 3) or labels.size != pixels.shape[3]:
            raise ValueError(f"{path} does not hold X (32, 32, 3, N) and y (N, 1); remove it and download it again")
        self.data: Any = np.ascontiguousarray(pixels.transpose(3, 2, 0, 1))
        self.labels: Any = labels.astype(np.int64).ravel() % 10

    def download(self) -> None:
        """Get the file of this split."""
        download_url(self.url + self.filename, self.root, self.filename, self.file_md5)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(picture(self.data[index].transpose(1, 2, 0)), int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


def _read_mat(path: Path) -> dict[str, Any]:
    try:
        from scipy.io import loadmat
    except ImportError:
        raise ImportError(
            'SVHN is in MATLAB\'s format, which SciPy reads: pip install "tinygrad_cnn[vision]"'
        ) from None
    try:
        return dict(loadmat(path))
    except Exception as error:  # SciPy says what it stumbled on in many ways
        raise ValueError(f"{path} can't be read: {error}; remove it and download it again") from None
