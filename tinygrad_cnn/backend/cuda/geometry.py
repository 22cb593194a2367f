"""Windows as kernels see them: `Geometry` of `source/windows.cu`, for images of one to three dimensions."""

from functools import lru_cache
from math import prod
from typing import Any

from ..window import Ints, Window
from .kernels import divisor, structure

MOST = 1 << 30  # values in one launch: kernels count in 32 bits


@lru_cache(maxsize=4096)
def geometry(window: Window, images: int, image: Ints, output: Ints, channels: int, pitch: int, first: int) -> Any:
    """The argument `Geometry` for `images` images of a size, of which `channels` of `pitch` channels are read."""
    ones, zeros = (1,) * (3 - window.rank), (0,) * (3 - window.rank)
    size, out, taps = (*ones, *image), (*ones, *output), (*ones, *window.size)
    before = tuple(a for a, _ in window.padding)
    words = (images, channels, pitch, first, *size, *out, *taps)
    words += (*ones, *window.stride, *zeros, *before, *ones, *window.dilation, *divisor(channels))
    for numbers in (size, out, taps):
        for n in numbers:
            words += divisor(n)
    return structure(words)


def parts(images: int, values_per_image: int, most: int = MOST) -> list[slice]:
    """The images of a batch in pieces of at most so many values, of one image at least."""
    step = max(1, min(images, most // max(values_per_image, 1)))
    return [slice(start, min(start + step, images)) for start in range(0, images, step)]


def values(channels: int, sizes: Ints) -> int:
    """How many values an image has."""
    return channels * prod(sizes)
