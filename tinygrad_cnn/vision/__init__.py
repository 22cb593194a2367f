"""Pictures: data sets, networks, transforms and files, with torchvision's names."""

from typing import Any

from . import datasets, io, models, ops, transforms, utils

__version__ = "0.28.0"  # torchvision's, whose names these are

__all__ = ["datasets", "io", "models", "ops", "transforms", "utils", "get_image_backend", "set_image_backend"]


def get_image_backend() -> str:
    """What opens pictures: `PIL`, which is Pillow."""
    return "PIL"


def set_image_backend(backend: Any) -> None:
    """Accepted, for "PIL".

    Raises:
        ValueError: for any other.
    """
    if backend != "PIL":
        raise ValueError(f"set_image_backend: pictures are opened with 'PIL'; got {backend!r}")
