"""The tensor types of old programs, on the current CUDA device: `cuda.FloatTensor(2, 3)`."""

from ..tensor import legacy


class BoolTensor(legacy.BoolTensor):
    """A tensor of bools on the current CUDA device.

    >>> tg.cuda.BoolTensor([True, False])  # doctest: +SKIP
    """

    place = "cuda"


class ByteTensor(legacy.ByteTensor):
    """A uint8 tensor on the current CUDA device.

    >>> tg.cuda.ByteTensor([1, 2])  # doctest: +SKIP
    """

    place = "cuda"


class CharTensor(legacy.CharTensor):
    """An int8 tensor on the current CUDA device.

    >>> tg.cuda.CharTensor([1, 2])  # doctest: +SKIP
    """

    place = "cuda"


class ShortTensor(legacy.ShortTensor):
    """An int16 tensor on the current CUDA device.

    >>> tg.cuda.ShortTensor([1, 2])  # doctest: +SKIP
    """

    place = "cuda"


class IntTensor(legacy.IntTensor):
    """An int32 tensor on the current CUDA device.

    >>> tg.cuda.IntTensor([1, 2])  # doctest: +SKIP
    """

    place = "cuda"


class LongTensor(legacy.LongTensor):
    """An int64 tensor on the current CUDA device.

    >>> tg.cuda.LongTensor([1, 2])  # doctest: +SKIP
    """

    place = "cuda"


class HalfTensor(legacy.HalfTensor):
    """A float16 tensor on the current CUDA device.

    >>> tg.cuda.HalfTensor([1, 2])  # doctest: +SKIP
    """

    place = "cuda"


class FloatTensor(legacy.FloatTensor):
    """A float32 tensor on the current CUDA device, from sizes or values.

    Raises:
        RuntimeError: when there is none.

    >>> tg.cuda.FloatTensor([1, 2])  # doctest: +SKIP
    """

    place = "cuda"


class DoubleTensor(legacy.DoubleTensor):
    """A float64 tensor on the current CUDA device.

    >>> tg.cuda.DoubleTensor([1, 2])  # doctest: +SKIP
    """

    place = "cuda"
