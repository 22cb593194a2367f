"""STL-10, in the binary files of Stanford's page."""

from pathlib import Path
from typing import Any

import numpy as np

from .utils import download_and_extract_archive, needed
from .vision import Transform, VisionDataset, picture

_SIDE = 96


class STL10(VisionDataset):
    """Colour pictures of 96×96 pixels in 10 classes, few of them labelled (Coates, Ng and Lee, 2011).

    An item is a PIL image and its label, −1 where there is none; `data` (N, 3, 96, 96), uint8, and `labels` (N,),
    int64, are arrays of all of them. The files lie in `root/stl10_binary`.

    Args:
        root: the folder that `stl10_binary` is in.
        split: "train" (5,000 pictures), "test" (8,000), "unlabeled" (100,000) or "train+unlabeled".
        folds: 0 to 9 for one of the ten parts of the training set, of 1,000 pictures each, that results are given for.
        transform: applied to each picture.
        target_transform: applied to each label.
        download: get the archive if the files are not there. It is checked against its MD5.

    Raises:
        RuntimeError: when files are missing; without a network too, with where to put them.
        ValueError: for another split or fold, or files that are damaged.

    >>> pictures = STL10("data", split="unlabeled", download=True)  # doctest: +SKIP
    """

    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self,
        root: Any,
        split: str = "train",
        folds: int | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.splits:
            raise ValueError(f"STL10: split must be one of {', '.join(self.splits)}; got {split!r}")
        if folds is not None and (folds not in range(10) or split == "test"):
            raise ValueError(f"STL10: folds is None or from 0 to 9, for training; got {folds!r} for {split!r}")
        self.split = split
        self.folds = folds
        folder = Path(self.root) / self.base_folder
        parts = split.split("+")
        files = [
            folder / f"{part}_{which}.bin" for part in parts for which in "Xy" if (part, which) != ("unlabeled", "y")
        ]
        names = folder / "class_names.txt"
        index = folder / "fold_indices.txt"
        needed("STL10", [*files, *([index] if folds is not None else [])], download, self.download)
        pixels, labels = [], []
        for part in parts:
            images = _images(folder / f"{part}_X.bin")
            known = (
                np.fromfile(folder / f"{part}_y.bin", np.uint8).astype(np.int64) - 1 if part != "unlabeled" else None
            )
            known = np.full(len(images), -1, np.int64) if known is None else known
            if len(known) != len(images):
                raise ValueError(f"{folder}: {part} has {len(images)} pictures and {len(known)} labels")
            if part == "train" and folds is not None:
                chosen = np.array(index.read_text().splitlines()[folds].split(), dtype=np.int64)
                images, known = images[chosen], known[chosen]
            pixels.append(images)
            labels.append(known)
        self.data: Any = np.concatenate(pixels)
        self.labels: Any = np.concatenate(labels)
        self.classes = names.read_text().split() if names.is_file() else []

    def download(self) -> None:
        """Get the archive and unpack it."""
        download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.md5)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(picture(self.data[index].transpose(1, 2, 0)), int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


def _images(path: Path) -> Any:
    """Bytes by picture, channel, column and row, as (N, 3, H, W)."""
    values = np.fromfile(path, np.uint8)
    if values.size % (3 * _SIDE * _SIDE):
        raise ValueError(f"{path} is cut off: {values.size} bytes are no whole number of pictures; download it again")
    return values.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 1, 3, 2)
