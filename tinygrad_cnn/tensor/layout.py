"""Names for how values lie in memory, which programs pass about. Here the order is the engine's own affair."""

from typing import Any


class layout:  # noqa: N801 - PyTorch's name
    """How values are kept: `strided` is the only way here, one number per element, at regular distances.

    >>> import tinygrad_cnn as tg
    >>> tg.ones(2).layout
    strided
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> Any:
        return self.name  # the module's own, where it is unpickled


class memory_format(layout):  # noqa: N801
    """An order of the dimensions in memory, such as `channels_last`. It may be asked for, and changes no result.

    >>> import tinygrad_cnn as tg
    >>> tg.ones(1, 2, 3, 4).to(memory_format=tg.channels_last).shape
    (1, 2, 3, 4)
    """

    __slots__ = ()


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
preserve_format = memory_format("preserve_format")
