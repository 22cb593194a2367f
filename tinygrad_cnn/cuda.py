"""What programs ask about CUDA. There is no CUDA backend yet, and the answers say so."""

from .backend import Backend, backends

__all__ = ["device_count", "is_available", "manual_seed", "manual_seed_all"]


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
