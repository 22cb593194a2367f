"""Random numbers on a CUDA device: Philox, whose seed and position lie in the device's memory."""

from secrets import randbits
from typing import Any

import cupy
import numpy as np

from ..window import Ints
from .array import own
from .kernels import launch
from .memory import empty


class PhiloxGenerator:
    """A stream of random numbers on one device; `source/random.cu` says which.

    A draw takes as many blocks of four 32-bit words as it needs: one block for 4 floats or booleans, for 2 doubles or
    integers. So equal seeds and equal draws give equal numbers on every GPU.
    """

    def __init__(self, device: int) -> None:
        self.device = device
        self._state: Any = None
        self._start: tuple[int, int] = (randbits(63), 0)

    def seed(self, seed: int | None) -> int:
        """Start the stream anew; without a seed, from the operating system's entropy. Returns the seed."""
        seed = randbits(63) if seed is None else int(seed)
        self.set_state({"seed": seed % 2**64, "position": 0})
        return seed

    def get_state(self) -> dict[str, int]:
        """Where the stream is: its seed, and the number of the next block."""
        seed, position = self._start if self._state is None else map(int, self._state.get())
        return {"seed": seed, "position": position}

    def set_state(self, state: dict[str, int]) -> None:
        """Go on from where `get_state` was called."""
        self._start = (state["seed"], state["position"])
        if self._state is not None:  # in place: captured graphs know the address
            with cupy.cuda.Device(self.device):
                self._state.set(np.array(self._start, dtype=np.uint64))

    def position(self) -> Any:
        """The state as kernels take it: seed and next block, in the device's memory."""
        if self._state is None:
            with cupy.cuda.Device(self.device):
                self._state = own(cupy.asarray(np.array(self._start, dtype=np.uint64)))
        return self._state

    def advance(self, blocks: int) -> None:
        """Leave behind what a kernel has drawn."""
        launch("random", "advance", "float32", 1, self.position(), blocks, threads=1)

    def _draw(self, kernel: str, shape: Ints, dtype: Any, per_block: int, *arguments: Any) -> Any:
        out = empty(shape, dtype)
        if out.size:
            blocks = -(-out.size // per_block)
            launch("random", kernel, "float32", blocks, out, out.size, *arguments, self.position())
            self.advance(blocks)
        return out

    def _floats(self, kernel: str, shape: Ints, dtype: Any) -> Any:
        dtype = np.dtype(dtype)
        if dtype == np.float64:
            return self._draw(f"{kernel}_double", shape, dtype, 2)
        return self._draw(f"{kernel}_float", shape, np.dtype(np.float32), 4).astype(dtype, copy=False)

    def uniform(self, shape: Ints, dtype: Any) -> Any:
        """Values in [0, 1)."""
        return self._floats("uniform", shape, dtype)

    def normal(self, shape: Ints, dtype: Any) -> Any:
        """Values with mean 0 and variance 1."""
        return self._floats("normal", shape, dtype)

    def bernoulli(self, shape: Ints, p: float) -> Any:
        """True with probability p, exact to 2⁻³²."""
        return self._draw("bernoulli", shape, np.dtype(bool), 4, np.uint64(word_limit(p)))

    def integers(self, low: int, high: int, shape: Ints, dtype: Any) -> Any:
        """Integers in [low, high)."""
        width = np.uint64((int(high) - int(low)) % 2**64)
        drawn = self._draw("integers", shape, np.dtype(np.int64), 2, np.int64(low), width)
        return drawn.astype(np.dtype(dtype), copy=False)

    def permutation(self, n: int) -> Any:
        """The integers below n in random order."""
        return own(cupy.argsort(self.integers(0, 2**63 - 1, (n,), np.int64))).astype(np.int64, copy=False)

    def poisson(self, rates: Any) -> Any:
        """How many events happen, for each mean number of them; drawn on the CPU, from a seed of this stream."""
        seed = int(self.integers(0, 2**63 - 1, (1,), np.int64)[0])
        drawn = np.random.Generator(np.random.PCG64(seed)).poisson(rates.get())
        return own(cupy.asarray(drawn))


def word_limit(p: float) -> int:
    """Below which number a 32-bit word is, with probability p."""
    return min(max(round(p * 2**32), 0), 2**32)
