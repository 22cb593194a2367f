"""The geometry of a sliding window: size, stride, padding, dilation and groups of a convolution or a pooling.

Everything here is about integers; no array is touched. Ranks 1, 2 and 3 are the same code. A network asks the same few
questions at every step, so the answers are kept: for small images they would cost as much as the arithmetic.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

from ..errors import ArgumentError, ShapeError

Ints = tuple[int, ...]

_kept = lru_cache(maxsize=4096)  # windows are few and small, so it does no harm that the cache holds them


@dataclass(frozen=True, slots=True)
class Window:
    """A window that slides over the last dimensions of an image.

    Attributes:
        size: window (kernel) size per spatial dimension.
        stride: step between neighbouring outputs.
        padding: (before, after) per dimension.
        dilation: distance between neighbouring taps of the window.
        groups: number of channel groups that do not see each other (convolution only).
        ceil_mode: keep a last, partial window (pooling only).
        op: the operation's name, for messages.
    """

    size: Ints
    stride: Ints
    padding: tuple[tuple[int, int], ...]
    dilation: Ints
    groups: int = 1
    ceil_mode: bool = False
    op: str = "window"

    @property
    def rank(self) -> int:
        """Number of spatial dimensions."""
        return len(self.size)

    @property
    def extent(self) -> Ints:
        """Pixels from the first to the last tap, d(k − 1) + 1."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.size, self.dilation, strict=True))

    @property
    def tap_count(self) -> int:
        """Number of pixels that one window reads."""
        return prod(self.size)

    @property
    def overlaps(self) -> bool:
        """Whether one pixel can belong to two windows."""
        return any(e > s for e, s in zip(self.extent, self.stride, strict=True))

    @_kept
    def output_size(self, image: Ints) -> Ints:
        """Size of the result for an image of this size: (H + p + p' − d(k − 1) − 1) // s + 1 per dimension.

        Raises:
            ShapeError: when not one window fits into the padded image.
        """
        result = []
        for size, extent, stride, (before, after) in zip(image, self.extent, self.stride, self.padding, strict=True):
            room = size + before + after - extent
            if self.ceil_mode:
                count = -(-room // stride) + 1
                if (count - 1) * stride >= size + before:
                    count -= 1  # the last window would start in the padding behind the image
            else:
                count = room // stride + 1
            result.append(count)
        if min(result) < 1:
            padded = tuple(n + a + b for n, (a, b) in zip(image, self.padding, strict=True))
            raise ShapeError(
                f"{self.op}: a window of {_show(self.extent)} pixels"
                + (f" (size {_show(self.size)}, dilation {_show(self.dilation)})" if max(self.dilation) > 1 else "")
                + f" does not fit into an image of {_show(image)}"
                + (f", {_show(padded)} with padding" if padded != tuple(image) else "")
            )
        return tuple(result)

    @_kept
    def pads(self, image: Ints) -> tuple[tuple[int, int], ...]:
        """Padding (before, after) with which every window lies inside, the partial ones of `ceil_mode` too."""
        needed = [
            (count - 1) * s + e for count, s, e in zip(self.output_size(image), self.stride, self.extent, strict=True)
        ]
        return tuple((a, max(b, n - size - a)) for (a, b), n, size in zip(self.padding, needed, image, strict=True))

    def taps(self) -> Iterator[Ints]:
        """The positions inside the window, row by row."""
        return product(*map(range, self.size))

    @_kept
    def slices(self, tap: Ints, output: Ints) -> tuple[slice, ...]:
        """Where all windows read their tap `tap` in the padded image: one strided slice per dimension."""
        return tuple(
            slice(t * d, t * d + s * (count - 1) + 1, s)
            for t, d, s, count in zip(tap, self.dilation, self.stride, output, strict=True)
        )

    def pixels_per_window(self, image: Sequence[int], *, include_padding: bool) -> list[list[int]]:
        """The pixels in each window, per dimension; padding counts if wanted, the excess of `ceil_mode` never."""
        counts = []
        for size, k, s, (before, after), count in zip(
            image, self.size, self.stride, self.padding, self.output_size(image), strict=True
        ):
            starts = [i * s - before for i in range(count)]
            low, high = (-before, size + after) if include_padding else (0, size)
            counts.append([min(start + k, high) - max(start, low) for start in starts])
        return counts


def _show(values: Sequence[int]) -> str:
    return " × ".join(map(str, values))


def _per_dimension(op: str, name: str, value: Any, rank: int, minimum: int) -> Ints:
    """An int, or one per dimension, as a tuple; checked."""
    values = (value,) * rank if isinstance(value, int) or hasattr(value, "__index__") else value
    fitting = isinstance(values, tuple | list) and all(hasattr(v, "__index__") for v in values)
    if not fitting or isinstance(value, bool):
        raise TypeError(f"{op}: {name} must be an int or {rank} of them; got {value!r}")
    if len(values) == 1:
        values = tuple(values) * rank
    if len(values) != rank:
        raise ArgumentError(f"{op}: {name} must be an int or {rank} of them; got {len(values)}: {value!r}")
    result = tuple(int(v) for v in values)
    if min(result) < minimum:
        raise ArgumentError(f"{op}: {name} must be at least {minimum}; got {value!r}")
    return result


def _padding(op: str, padding: object, size: Ints, stride: Ints, dilation: Ints) -> tuple[tuple[int, int], ...]:
    if padding == "valid":
        return ((0, 0),) * len(size)
    if padding == "same":
        if max(stride) > 1:
            raise ArgumentError(
                f"{op}: padding='same' needs stride 1; got stride {stride}. Give the padding as numbers instead"
            )
        totals = [d * (k - 1) for k, d in zip(size, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str):
        raise ArgumentError(f"{op}: padding must be an int, {len(size)} of them, 'same' or 'valid'; got {padding!r}")
    return tuple((p, p) for p in _per_dimension(op, "padding", padding, len(size), 0))


@lru_cache(maxsize=4096, typed=True)  # True and 1.0 equal 1, and are no sizes
def _convolution_window(op: str, size: Ints, stride: object, padding: object, dilation: object, groups: int) -> Window:
    rank = len(size)
    strides = _per_dimension(op, "stride", stride, rank, 1)
    dilations = _per_dimension(op, "dilation", dilation, rank, 1)
    if min(size) < 1:
        raise ShapeError(
            f"{op}: a kernel of {_show(size)} pixels has nothing to multiply; every size must be at least 1"
        )
    if not hasattr(groups, "__index__") or groups < 1:
        raise ArgumentError(f"{op}: groups must be a positive int; got {groups!r}")
    return Window(size, strides, _padding(op, padding, size, strides, dilations), dilations, int(groups), op=op)


def convolution_window(
    op: str, size: Sequence[int], stride: object, padding: object, dilation: object, groups: int
) -> Window:
    """The window of a convolution from PyTorch's arguments.

    Raises:
        TypeError, ValueError: for arguments that are no window, with the values.
    """
    return _convolution_window(op, tuple(size), *map(_hashable, (stride, padding, dilation)), groups)


@lru_cache(maxsize=4096, typed=True)  # True and 1.0 equal 1, and are no sizes
def _pooling_window(
    op: str, rank: int, size: object, stride: object, padding: object, dilation: object, ceil_mode: bool
) -> Window:
    sizes = _per_dimension(op, "kernel_size", size, rank, 1)
    strides = sizes if stride is None or stride == () else _per_dimension(op, "stride", stride, rank, 1)
    dilations = _per_dimension(op, "dilation", dilation, rank, 1)
    pads = _per_dimension(op, "padding", padding, rank, 0)
    if any(2 * p > k for p, k in zip(pads, sizes, strict=True)):
        raise ShapeError(
            f"{op}: window {sizes} with padding {pads} would hold only padding; padding may be at most half the window"
        )
    return Window(sizes, strides, tuple((p, p) for p in pads), dilations, ceil_mode=bool(ceil_mode), op=op)


def pooling_window(
    op: str,
    rank: int,
    size: object,
    stride: object = None,
    padding: object = 0,
    dilation: object = 1,
    ceil_mode: bool = False,
) -> Window:
    """The window of a pooling from PyTorch's arguments; the stride defaults to the size.

    Raises:
        TypeError, ValueError: for arguments that are no window, with the values.
    """
    return _pooling_window(op, rank, *map(_hashable, (size, stride, padding, dilation)), ceil_mode)


def _hashable(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
