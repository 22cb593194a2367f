"""Pictures in folders, one folder per class."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..pil import image_module
from .vision import Transform, VisionDataset

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def has_file_allowed_extension(filename: str, extensions: str | tuple[str, ...]) -> bool:
    """Whether a name ends in one of these, in any case."""
    return filename.lower().endswith(extensions)


def is_image_file(filename: str) -> bool:
    """Whether a name ends as those of pictures do."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory: Any) -> tuple[list[str], dict[str, int]]:
    """The names of the folders in a folder, sorted, and the number of each.

    Raises:
        FileNotFoundError: when there are none.
    """
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"there are no folders in {directory}; each class has one, with its pictures")
    return classes, {name: number for number, name in enumerate(classes)}


def make_dataset(
    directory: Any,
    class_to_idx: dict[str, int] | None = None,
    extensions: str | tuple[str, ...] | None = None,
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
) -> list[tuple[str, int]]:
    """(path, class) of every file in the folders of the classes, and in folders inside of them, sorted.

    Args:
        extensions: how the names of files end that count.
        is_valid_file: says of a path whether it counts, in place of extensions.
        allow_empty: whether a class may have no files.

    Raises:
        ValueError: unless there is exactly one of extensions and is_valid_file.
        FileNotFoundError: for classes without files.
    """
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("make_dataset: give either extensions or is_valid_file")
    root = Path(directory).expanduser()
    class_to_idx = find_classes(root)[1] if class_to_idx is None else class_to_idx
    found: list[tuple[str, int]] = []
    empty: list[str] = []
    for name in sorted(class_to_idx):
        before = len(found)
        for folder, _, files in sorted(os.walk(root / name, followlinks=True)):
            for file in sorted(files):
                path = os.path.join(folder, file)
                if is_valid_file(path) if is_valid_file else has_file_allowed_extension(path, extensions or ()):
                    found.append((path, class_to_idx[name]))
        empty += [name] if len(found) == before else []
    if empty and not allow_empty:
        wanted = f"; files that count end in {extensions}" if extensions else ""
        raise FileNotFoundError(f"there is no file for {', '.join(empty)} in {root}{wanted}")
    return found


def pil_loader(path: Any) -> Any:
    """The picture in a file, as RGB."""
    with open(path, "rb") as file, image_module().open(file) as opened:
        return opened.convert("RGB")


default_loader = pil_loader


class DatasetFolder(VisionDataset):
    """Files in folders `root/class/….ext`: an item is what the loader makes of a file, and the number of its class.

    Args:
        root: the folder of the classes' folders.
        loader: makes an item of a path.
        extensions: how the names of files end that count.
        transform: applied to what the loader returns.
        target_transform: applied to the number of the class.
        is_valid_file: says of a path whether it counts, in place of extensions.
        allow_empty: whether a class may have no files.

    Attributes:
        classes: the names, sorted; class_to_idx: their numbers; samples: (path, class) of each; targets: the classes.

    >>> import pathlib, tempfile
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> (root / "cat").mkdir()
    >>> (root / "cat" / "1.txt").write_text("meow")
    4
    >>> DatasetFolder(root, lambda path: pathlib.Path(path).read_text(), extensions=(".txt",))[0]
    ('meow', 0)
    """

    def __init__(
        self,
        root: Any,
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if not Path(self.root).is_dir():
            raise FileNotFoundError(f"{type(self).__name__}: there is no folder {self.root}")
        self.loader = loader
        self.extensions = extensions
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.samples = self.make_dataset(self.root, self.class_to_idx, extensions, is_valid_file, allow_empty)
        self.targets = [target for _, target in self.samples]

    def find_classes(self, directory: Any) -> tuple[list[str], dict[str, int]]:
        """The classes and their numbers; a subclass may have others."""
        return find_classes(directory)

    @staticmethod
    def make_dataset(
        directory: Any,
        class_to_idx: dict[str, int],
        extensions: tuple[str, ...] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[tuple[str, int]]:
        """The files and their classes; a subclass may find others."""
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        return self.transformed(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Pictures in folders `root/class/….png`: an item is a PIL image, RGB, and the number of its class.

    `imgs` is another name for `samples`.

    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> (root / "cat").mkdir()
    >>> Image.new("L", (4, 4)).save(root / "cat" / "1.png")
    >>> pictures = ImageFolder(root)
    >>> pictures.classes, pictures[0][0].size, pictures[0][1]
    (['cat'], (4, 4), 0)
    """

    def __init__(
        self,
        root: Any,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        extensions = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(root, loader, extensions, transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples
