"""What programs ask about CUDA. There is no CUDA backend yet, and the answers say so."""

from .backend import Backend, backends
from .tensor import legacy

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "device_count",
    "is_available",
    "manual_seed",
    "manual_seed_all",
]


def _devices() -> list[Backend]:
    return [backend for backend in backends() if backend.name.startswith("cuda:")]


def device_count() -> int:
    """The number of CUDA devices that can be used here."""
    return len(_devices())


def is_available() -> bool:
    """Whether there is one: `device = "cuda" if cuda.is_available() else "cpu"` always names a device that works."""
    return device_count() > 0


def manual_seed(seed: int) -> None:
    """Seed the random numbers of the CUDA devices; without one it does nothing, as in PyTorch."""
    for backend in _devices():
        backend.rng.seed(seed)


manual_seed_all = manual_seed


class BoolTensor(legacy.BoolTensor):
    """A tensor of bools on the current CUDA device."""

    place = "cuda"


class ByteTensor(legacy.ByteTensor):
    """A uint8 tensor on the current CUDA device."""

    place = "cuda"


class CharTensor(legacy.CharTensor):
    """An int8 tensor on the current CUDA device."""

    place = "cuda"


class ShortTensor(legacy.ShortTensor):
    """An int16 tensor on the current CUDA device."""

    place = "cuda"


class IntTensor(legacy.IntTensor):
    """An int32 tensor on the current CUDA device."""

    place = "cuda"


class LongTensor(legacy.LongTensor):
    """An int64 tensor on the current CUDA device."""

    place = "cuda"


class HalfTensor(legacy.HalfTensor):
    """A float16 tensor on the current CUDA device."""

    place = "cuda"


class FloatTensor(legacy.FloatTensor):
    """A float32 tensor on the current CUDA device, from sizes or values.

    Raises:
        RuntimeError: when there is none.
    """

    place = "cuda"


class DoubleTensor(legacy.DoubleTensor):
    """A float64 tensor on the current CUDA device."""

    place = "cuda"
