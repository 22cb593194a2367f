"""Digits beside MNIST: where it came from, and those of the post office."""

import bz2
import lzma
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .mnist import MNIST
from .utils import download_url, extract_archive, needed
from .vision import Transform, VisionDataset, picture

_HOME = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"


class QMNIST(MNIST):
    """MNIST made anew from NIST's files, with all 60,000 test digits and who wrote each (Yadav and Bottou, 2019).

    Args:
        root: the folder that `QMNIST/raw` is in.
        what: "train", "test", "test10k" (which match MNIST's test part), "test50k" (the others) or "nist" (all digits
            of NIST); by default what `train` says.
        compat: whether a target is a label; else eight numbers: label, NIST's series, writer, and more.
        train: the training part or the test part.
        kwargs: `transform`, `target_transform` and `download`, as for `MNIST`.

    Raises:
        ValueError: for another part.

    >>> QMNIST("data", train=False, download=True)[0]  # doctest: +SKIP
    """

    parts: ClassVar[dict[str, tuple[tuple[str, str], tuple[str, str]]]] = {
        "train": (
            ("qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
            ("qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
        ),
        "test": (
            ("qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
            ("qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
        ),
        "nist": (
            ("xnist-images-idx3-ubyte.xz", "7f124b3b8ab81486c9d8c2749c17f834"),
            ("xnist-labels-idx2-int.xz", "5ed0e788978e45d4a8bd4b7caec3d79d"),
        ),
    }
    _chosen: ClassVar[dict[str, tuple[str, slice]]] = {
        "train": ("train", slice(None)),
        "test": ("test", slice(None)),
        "test10k": ("test", slice(0, 10000)),
        "test50k": ("test", slice(10000, None)),
        "nist": ("nist", slice(None)),
    }

    def __init__(
        self, root: Any, what: str | None = None, compat: bool = True, train: bool = True, **kwargs: Any
    ) -> None:
        self.what = ("train" if train else "test") if what is None else what
        if self.what not in self._chosen:
            raise ValueError(f"QMNIST: what must be one of {', '.join(self._chosen)}; got {what!r}")
        self.compat = compat
        super().__init__(root, train, **kwargs)
        part = self._chosen[self.what][1]
        self.data, self.targets = self.data[part], self.targets[part]

    def _files(self) -> tuple[str, str]:
        images, labels = (Path(name).stem for name, _ in self.parts[self._chosen[self.what][0]])
        return images, labels

    def download(self) -> None:
        """Get the files of the part, and unpack them."""
        raw = Path(self.raw_folder)
        for name, md5 in self.parts[self._chosen[self.what][0]]:
            download_url(_HOME + name, raw, md5=md5)
            if name.endswith(".xz"):
                (raw / name).with_suffix("").write_bytes(lzma.decompress((raw / name).read_bytes()))
            else:
                extract_archive(raw / name)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        target = self.targets[index]
        return self.transformed(picture(self.data[index].numpy()), int(target[0]) if self.compat else target)

    def extra_repr(self) -> str:
        return f"Split: {self.what}"


class USPS(VisionDataset):
    """9,298 digits of 16×16 pixels from envelopes (Hull, 1994), 7,291 of them for training.

    An item is a PIL image and its label; `data` (N, 16, 16), uint8, and `targets` are all of them.

    Args:
        root: the folder that `usps.bz2` and `usps.t.bz2` are in.
        train: the training part or the test part.
        transform: applied to each image.
        target_transform: applied to each label.
        download: get the file if it is not there. It is checked against its MD5.

    Raises:
        RuntimeError: when the file is missing; without a network too, with where to put it.
        ValueError: for a file that is damaged.

    >>> USPS("data", download=True)[0]  # doctest: +SKIP
    """

    url = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/"
    split_list: ClassVar[dict[str, tuple[str, str]]] = {
        "train": ("usps.bz2", "ec16c51db3855ca6c91edd34d0e9b197"),
        "test": ("usps.t.bz2", "8ea070ee2aca1ac39742fdd1ef5ed118"),
    }

    def __init__(
        self,
        root: Any,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        name, md5 = self.split_list["train" if train else "test"]
        path = Path(self.root) / name
        needed("USPS", [path], download, lambda: download_url(self.url + name, self.root, md5=md5))
        try:
            lines = [line.split() for line in bz2.decompress(path.read_bytes()).decode().splitlines()]
            values = np.array([[part.partition(":")[2] for part in line[1:]] for line in lines], dtype=np.float32)
            self.data = ((values.reshape(-1, 16, 16) + 1) / 2 * 255).astype(np.uint8)
            self.targets = [int(line[0]) - 1 for line in lines]
        except (OSError, EOFError, ValueError, IndexError) as error:
            raise ValueError(f"{path} is damaged: {error}; remove it and download it again") from None

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(picture(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)
