"""Photographs that come with scikit-learn and scikit-image: nothing is downloaded."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .folder import pil_loader
from .vision import Transform, VisionDataset

# Where each lies in the package that brings it.
_FILES = {
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "astronaut": ("skimage", "data/astronaut.png"),
    "brick": ("skimage", "data/brick.png"),
    "camera": ("skimage", "data/camera.png"),
    "cat": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "coins": ("skimage", "data/coins.png"),
    "grass": ("skimage", "data/grass.png"),
    "moon": ("skimage", "data/moon.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
}


class Photographs(VisionDataset):
    """Two photographs of scikit-learn (a temple in China, a flower), and nine of scikit-image where it is installed.

    An item is a PIL image, RGB, and its name. `Photographs.open("china")` is one of them.

    >>> photographs = Photographs()
    >>> photographs.names[:2], photographs[0][0].size
    (['china', 'flower'], (640, 427))

    Raises:
        ImportError: without scikit-learn or Pillow.
    """

    def __init__(self, transform: Transform | None = None) -> None:
        super().__init__(None, transform=transform)
        self.names = [name for name in _FILES if _path(name) is not None]
        if not self.names:
            raise ImportError('the photographs come with scikit-learn: pip install "tinygrad_cnn[vision]"')

    @staticmethod
    def open(name: str) -> Any:
        """The photograph of this name.

        Raises:
            ValueError: for a name that none has.
            ImportError: without the package that brings it.
        """
        if name not in _FILES:
            raise ValueError(f"Photographs: there are {', '.join(_FILES)}; got {name!r}")
        path = _path(name)
        if path is None:
            package = {"sklearn": "scikit-learn", "skimage": "scikit-image"}[_FILES[name][0]]
            raise ImportError(f"the photograph {name!r} comes with {package}: pip install {package}")
        return pil_loader(path)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(self.open(self.names[index]), self.names[index])

    def __len__(self) -> int:
        return len(self.names)


def _path(name: str) -> Path | None:
    """The file of a photograph; the package that brings it is not imported."""
    package, inside = _FILES[name]
    found = find_spec(package)
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / inside
    return path if path.is_file() else None
