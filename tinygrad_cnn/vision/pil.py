"""The door to Pillow, which is loaded when it is first needed."""

import sys
from typing import Any


def image_module() -> Any:
    """`PIL.Image`.

    Raises:
        ImportError: without Pillow, with how to get it.
    """
    try:
        import PIL.Image
    except ImportError:
        raise ImportError('pictures are opened and made with Pillow: pip install "tinygrad_cnn[vision]"') from None
    return PIL.Image


def is_pil(picture: Any) -> bool:
    """Whether this is a PIL image; if PIL was never imported, there are none."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(picture, module.Image)
