"""MNIST and the sets made in its image, in the idx format of Yann LeCun's page."""

import gzip
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...io.download import download as fetch
from ...tensor import Tensor, as_tensor
from .utils import download_and_extract_archive, extract_archive, needed
from .vision import Transform, VisionDataset, picture

# What the third byte of an idx file says lies in it, the highest byte of each number first.
_KINDS = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Any) -> Any:
    """The array in an idx file, packed by gzip or not.

    The file holds two bytes of 0, the kind of its numbers, the number of dimensions, each size as a big-endian int32,
    and the numbers in row-major order.

    Raises:
        ValueError: for a file that is cut off, damaged or of another format.
    """
    file = Path(path)
    content = file.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, ValueError) as error:
            raise ValueError(f"{file} is damaged or cut off: {error}; remove it and download it again") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _KINDS:
        raise ValueError(f"{file} is not an idx file: it begins with {content[:8]!r}")
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    kind = np.dtype(_KINDS[content[2]])
    size = start + int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    if len(content) != size:
        raise ValueError(
            f"{file} is damaged: for shape {shape} it should have {size} bytes, and it has {len(content)}; "
            "remove it and download it again"
        )
    return np.frombuffer(content, kind, offset=start).reshape(shape).astype(kind.newbyteorder("="))


class MNIST(VisionDataset):
    """70,000 handwritten digits of 28×28 pixels (LeCun, Cortes and Burges), 60,000 of them for training.

    An item is a PIL image and its label, an int; `data` (N, 28, 28), uint8, and `targets` (N,), int64, are tensors of
    all of them. The files lie in `root/MNIST/raw`, as torchvision puts them, packed or not.

    Args:
        root: the folder that `MNIST/raw` is in.
        train: the training part or the test part.
        transform: applied to each image, such as `transforms.ToTensor()`.
        target_transform: applied to each label.
        download: get the files if they are not there. They are checked against their SHA-256 or MD5.

    Raises:
        RuntimeError: when files are missing; without a network too, with where to put them.
        ValueError: for files that are damaged.
        ImportError: for an item, without Pillow.

    >>> MNIST("data", train=True, download=True)[0]  # doctest: +SKIP
    (<PIL.Image.Image image mode=L size=28x28>, 5)
    """

    mirrors: Sequence[str] = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    )
    resources: Sequence[tuple[str, str]] = (
        ("train-images-idx3-ubyte.gz", "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ("train-labels-idx1-ubyte.gz", "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ("t10k-images-idx3-ubyte.gz", "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ("t10k-labels-idx1-ubyte.gz", "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    )
    classes: Sequence[str] = (
        *("0 - zero", "1 - one", "2 - two", "3 - three", "4 - four"),
        *("5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"),
    )

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
        images, labels = self._files()
        raw = Path(self.raw_folder)
        there = [raw / name for name in (images, labels)]
        # Programs of today unpack the files, others leave them packed: both are read.
        there = [path if path.is_file() else _packed(path) for path in there]
        if not all(path.is_file() for path in there):
            there = [raw / images, raw / labels]
            needed(type(self).__name__, there, download, self.download)
        pixels, targets = map(read_idx, there)
        if pixels.ndim != 3 or targets.shape[:1] != pixels.shape[:1]:
            raise ValueError(
                f"{there[0]} holds {pixels.shape} and {there[1]} {targets.shape}: they do not fit together"
            )
        self.data: Tensor = as_tensor(self._upright(pixels))
        self.targets: Tensor = as_tensor(targets.astype(np.int64))

    def _files(self) -> tuple[str, str]:
        """The names of the files of images and labels, unpacked."""
        part = "train" if self.train else "t10k"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def _upright(self, pixels: Any) -> Any:
        return pixels

    @property
    def raw_folder(self) -> str:
        """Where the files are."""
        return str(Path(self.root) / type(self).__name__ / "raw")

    @property
    def processed_folder(self) -> str:
        """Where old versions of torchvision put what they made of the files."""
        return str(Path(self.root) / type(self).__name__ / "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class."""
        return {name: label for label, name in enumerate(self.classes)}

    # The names of old programs.
    @property
    def train_data(self) -> Tensor:
        return self.data

    @property
    def train_labels(self) -> Tensor:
        return self.targets

    test_data, test_labels = train_data, train_labels

    def download(self) -> None:
        """Get the files, training and test, from the first mirror that has them, and unpack them."""
        for name, checksum in self.resources:
            packed = Path(self.raw_folder) / name
            fetch([mirror + name for mirror in self.mirrors], packed, checksum)
            extract_archive(packed)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(picture(self.data[index].numpy()), int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


class FashionMNIST(MNIST):
    """70,000 pictures of clothes, 28×28 pixels, in place of MNIST's digits (Xiao, Rasul and Vollgraf, 2017).

    >>> FashionMNIST("data", train=True, download=True)[0]  # doctest: +SKIP
    (<PIL.Image.Image image mode=L size=28x28>, 9)
    """

    mirrors = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "md5:25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "md5:bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "md5:bb300cfdad3c16e7a12a480ee83cd310"),
    )
    classes = (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )


class KMNIST(MNIST):
    """70,000 cursive Japanese characters of 10 kinds, 28×28 pixels (Clanuwat et al., 2018).

    >>> KMNIST("data", train=True, download=True)[0]  # doctest: +SKIP
    (<PIL.Image.Image image mode=L size=28x28>, 8)
    """

    mirrors = ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "md5:bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "md5:e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "md5:5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "md5:7320c461ea6c1c855c0b718fb2a4b134"),
    )
    classes = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


class EMNIST(MNIST):
    """Handwritten letters and digits, 28×28 pixels (Cohen et al., 2017).

    As in torchvision, images are as the files have them, lying on their side: `transpose` makes them upright.

    Args:
        split: "byclass", "bymerge", "balanced", "letters", "digits" or "mnist".

    >>> letters = EMNIST("data", split="letters", download=True)  # doctest: +SKIP
    """

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    # Letters whose capitals look alike have one class.
    _merged: ClassVar[set[str]] = set("cijklmopsuvwxyz")
    _all: ClassVar[list[str]] = sorted(string.digits + string.ascii_letters)
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": _all,
        "bymerge": sorted(set(_all) - _merged),
        "balanced": sorted(set(_all) - _merged),
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }

    def __init__(self, root: Any, split: str, **kwargs: Any) -> None:
        if split not in self.splits:
            raise ValueError(f"EMNIST: split must be one of {', '.join(self.splits)}; got {split!r}")
        self.split = split
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[split]

    def _files(self) -> tuple[str, str]:
        part = f"emnist-{self.split}-{'train' if self.train else 'test'}"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def download(self) -> None:
        """Get the archive of all splits, and unpack it."""
        raw = Path(self.raw_folder)
        download_and_extract_archive(self.url, raw, md5=self.md5)
        for packed in (raw / "gzip").glob("*.gz"):
            extract_archive(packed, raw)
