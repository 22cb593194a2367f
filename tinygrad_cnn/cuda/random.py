"""The random numbers of devices: seeds and states."""

from typing import Any

from ..backend import cuda as _floor
from ..random import state_as_tensor, state_of_tensor
from .opened import opened


def manual_seed_all(seed: int) -> None:
    """Start the random numbers of all CUDA devices anew; without one it does nothing, as in PyTorch.

    >>> tg.cuda.manual_seed_all(0)
    """
    _floor.seed_all(int(seed) % 2**64)


def manual_seed(seed: int) -> None:
    """Start the random numbers of the current device anew; before it is used, of all devices.

    >>> tg.cuda.manual_seed(0)
    """
    if _floor.opened():
        opened().rng.seed(int(seed) % 2**64)
    else:
        manual_seed_all(seed)


def get_rng_state(device: Any = None) -> Any:
    """Where the random numbers of a device are, as a tensor of bytes on the CPU.

    >>> state = tg.cuda.get_rng_state()  # doctest: +SKIP
    """
    return state_as_tensor(opened(device).rng.get_state())


def set_rng_state(new_state: Any, device: Any = None) -> None:
    """Go on from where `get_rng_state` was called.

    >>> tg.cuda.set_rng_state(state)  # doctest: +SKIP
    """
    opened(device).rng.set_state(state_of_tensor(new_state))


def get_rng_state_all() -> list[Any]:
    """Where the random numbers of all devices are; an empty list without one.

    >>> states = tg.cuda.get_rng_state_all()  # doctest: +SKIP
    """
    return [get_rng_state(i) for i in range(_floor.device_count())]


def set_rng_state_all(new_states: Any) -> None:
    """Go on from where `get_rng_state_all` was called.

    >>> tg.cuda.set_rng_state_all(states)  # doctest: +SKIP
    """
    for i, state in enumerate(new_states):
        set_rng_state(state, i)
