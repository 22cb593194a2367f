"""What data sets of pictures share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...data import Dataset
from ..pil import image_module

Transform = Callable[[Any], Any]


class StandardTransform:
    """One transform for pictures and one for what goes with them.

    >>> StandardTransform(str.upper, lambda label: label + 1)("a", 2)
    ('A', 3)
    """

    def __init__(self, transform: Transform | None = None, target_transform: Transform | None = None) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        parts = (("Transform", self.transform), ("Target transform", self.target_transform))
        indented = [f"{name}: {what!r}".replace("\n", "\n" + " " * (len(name) + 2)) for name, what in parts if what]
        return "\n".join(["StandardTransform", *indented])


class VisionDataset(Dataset[tuple[Any, Any]]):
    """A data set whose items are a picture and what goes with it; a subclass has `__getitem__` and `__len__`.

    Args:
        root: the folder of its files.
        transforms: applied to (picture, target), which it returns; in place of the two that follow.
        transform: applied to each picture.
        target_transform: applied to each target.

    >>> class Squares(VisionDataset):
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, index):
    ...         return index**2, index
    >>> Squares("data")[2]
    (4, 2)
    """

    def __init__(
        self,
        root: Any = None,
        transforms: Callable[..., Any] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        if transforms is not None and (transform is not None or target_transform is not None):
            raise ValueError(
                f"{type(self).__name__}: transforms takes picture and target; got transform or target_transform too"
            )
        self.root: Any = str(Path(root).expanduser()) if isinstance(root, str | Path) else root
        self.transform = transform
        self.target_transform = target_transform
        if transforms is None and (transform is not None or target_transform is not None):
            transforms = StandardTransform(transform, target_transform)
        self.transforms = transforms

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__(); a data set needs one")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no __len__(); a data set needs one")

    def transformed(self, picture: Any, target: Any) -> tuple[Any, Any]:
        """An item, after the transforms."""
        # The two attributes, not what was made of them: programs set them later.
        if self.transforms is not None and not isinstance(self.transforms, StandardTransform):
            return self.transforms(picture, target)  # type: ignore[no-any-return]
        return StandardTransform(self.transform, self.target_transform)(picture, target)

    def extra_repr(self) -> str:
        """More lines for `repr`."""
        return ""

    def __repr__(self) -> str:
        lines = [f"Number of datapoints: {len(self)}"]
        lines += [f"Root location: {self.root}"] if self.root is not None else []
        lines += self.extra_repr().splitlines()
        lines += repr(self.transforms).splitlines() if self.transforms is not None else []
        return "\n    ".join([f"Dataset {type(self).__name__}", *lines])


def picture(array: Any) -> Any:
    """A PIL image of bytes (H, W) or (H, W, 3).

    Raises:
        ImportError: without Pillow.
    """
    return image_module().fromarray(np.ascontiguousarray(array))
