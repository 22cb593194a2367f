"""Random numbers: one default generator per device, and generators of one's own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import randbits
from typing import Any

import numpy as np

from .backend import RandomGenerator, backends, cpu, seed_all
from .errors import GraphError
from .tensor import Tensor, backend_for, device

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
    "stream",
]


class Generator:
    """A stream of random numbers of its own, for functions that take `generator=`.

    >>> import tinygrad_cnn as tg
    >>> first = tg.rand(2, generator=tg.Generator().manual_seed(7))
    >>> second = tg.rand(2, generator=tg.Generator().manual_seed(7))
    >>> bool((first == second).all())
    True
    """

    _seed: int

    def __init__(self, device: Any = "cpu") -> None:
        backend = backend_for(device)
        self.stream: RandomGenerator = backend.new_generator()
        self.place = backend.name
        self.seed()

    @property
    def device(self) -> device:
        """Where the numbers are made."""
        return device(self.place)

    def manual_seed(self, seed: int) -> "Generator":
        """Start the stream anew from a seed; returns the generator."""
        self._seed = self.stream.seed(_checked(seed))
        return self

    def seed(self) -> int:
        """Start the stream anew from the operating system's entropy; returns the seed."""
        self._seed = self.stream.seed(randbits(64))
        return self._seed

    def initial_seed(self) -> int:
        """The seed the stream started from."""
        return self._seed

    def get_state(self) -> Tensor:
        """Where the stream is, as a tensor of bytes."""
        return state_as_tensor(self.stream.get_state())

    def set_state(self, new_state: Tensor) -> "Generator":
        """Go on from where `get_state` was called.

        Raises:
            TypeError: for something else than a tensor of bytes.
            RuntimeError: for bytes that are no state of such a stream.
        """
        self.stream.set_state(state_of_tensor(new_state))
        return self

    def clone_state(self) -> "Generator":
        """Another generator, whose stream is at the same place."""
        other = Generator(self.place)
        other._seed = self._seed
        return other.set_state(self.get_state())


class _Default(Generator):
    """The CPU's default generator."""

    def __init__(self) -> None:
        self.stream = cpu.rng
        self.place = cpu.name
        self.seed()  # with one that initial_seed can tell, and manual_seed take


default_generator = _Default()


def _checked(seed: Any) -> int:
    if not hasattr(seed, "__index__"):
        raise TypeError(f"manual_seed: the seed must be an int; got {seed!r}")
    return int(seed) % 2**64  # negative seeds are allowed, as in PyTorch


def manual_seed(seed: int) -> Generator:
    """Make all random numbers from here on repeatable, on every device. Returns the CPU's generator.

    >>> import tinygrad_cnn as tg
    >>> _ = tg.manual_seed(0)
    >>> a = tg.randn(3)
    >>> _ = tg.manual_seed(0)
    >>> b = tg.randn(3)
    >>> bool((a == b).all())
    True
    """
    seed_all(_checked(seed))
    default_generator._seed = _checked(seed)
    return default_generator


def seed() -> int:
    """Start all random numbers anew from the operating system's entropy; returns the seed.

    >>> tg.seed() == tg.initial_seed()
    True
    """
    return manual_seed(randbits(64)).initial_seed()


def initial_seed() -> int:
    """The seed that the random numbers started from: `manual_seed`'s, or the one drawn at import.

    >>> _ = tg.manual_seed(7)
    >>> tg.initial_seed()
    7
    """
    return default_generator.initial_seed()


def state_as_tensor(state: Any) -> Tensor:
    """The state of a stream as bytes."""
    return Tensor.from_array(np.frombuffer(json.dumps(state).encode(), np.uint8).copy())


def state_of_tensor(state: Any) -> Any:
    """What `state_as_tensor` made bytes of."""
    if not isinstance(state, Tensor) or state.numpy(force=True).dtype != np.uint8:
        raise TypeError(
            "set_rng_state: expected a tensor of bytes, as get_rng_state gives; "
            f"got {getattr(state, 'dtype', type(state).__name__)}"
        )
    try:
        return json.loads(state.numpy(force=True).tobytes())
    except ValueError:
        raise GraphError(
            f"set_rng_state: these {state.numel()} bytes are no state of a stream of this engine; "
            "a state that PyTorch saved means nothing here"
        ) from None


def get_rng_state() -> Tensor:
    """Where the CPU's random numbers are, as a tensor of bytes.

    >>> state = tg.get_rng_state()
    >>> first = tg.rand(2)
    >>> tg.set_rng_state(state)
    >>> tg.rand(2).equal(first)
    True
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Go on from where `get_rng_state` was called.

    Raises:
        TypeError: for something else than a tensor of bytes.
        RuntimeError: for bytes that are no state of such a stream.

    >>> state = tg.get_rng_state()
    >>> first = tg.rand(2)
    >>> tg.set_rng_state(state)
    >>> tg.rand(2).equal(first)
    True
    """
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, device_type: str = "cuda") -> Iterator[None]:
    """Within it random numbers leave no trace: behind it they go on as if none had been drawn, on every device.

    Args:
        devices: without effect; all devices are taken back.
        enabled: False for a block that changes nothing.

    >>> import tinygrad_cnn as tg
    >>> _ = tg.manual_seed(0)
    >>> with fork_rng():
    ...     a = tg.rand(2)
    >>> bool((a == tg.rand(2)).all())
    True
    """
    kept = [(backend, backend.rng.get_state()) for backend in backends()] if enabled else []
    try:
        yield
    finally:
        for backend, state in kept:
            backend.rng.set_state(state)


def stream(generator: Generator | None, like: Tensor | None = None, place: Any = None) -> RandomGenerator:
    """The stream to draw from: the generator's, else the default one of the tensor's or the named device.

    >>> stream(tg.Generator().manual_seed(0)).uniform((2,), "float32").shape
    (2,)
    """
    if generator is not None:
        return generator.stream
    return like.backend.rng if like is not None else backend_for(place).rng
