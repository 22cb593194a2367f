"""What the table of operations is made of: rows, cases, and inputs that keep away from kinks."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np

from tinygrad_cnn import ops
from tinygrad_cnn.autograd import Op

Array = Any


@dataclass(frozen=True)
class Case:
    """One call: arrays, Python numbers or None for the inputs, and the parameters."""

    args: tuple[Any, ...]
    params: dict[str, Any]


@dataclass(frozen=True)
class Error:
    """One call that must fail, and how."""

    args: tuple[Any, ...]
    params: dict[str, Any]
    kind: type[Exception]
    match: str


@dataclass(frozen=True)
class Row:
    """What is known about one operation.

    Attributes:
        call: what to differentiate, where that is more than `op(*args, **params)`.
        adjoint: for an operation that is linear in its first input, the adjoint: a function of a value like the output,
            the other inputs and the parameters.
    """

    op: Op
    reference: Callable[..., Array]
    cases: tuple[Case, ...]
    errors: tuple[Error, ...]
    call: Callable[..., Any]
    adjoint: Callable[..., Any] | None


def _all_ops() -> dict[str, Op]:
    modules = [ops, *(import_module(f"{ops.__name__}.{found.name}") for found in iter_modules(ops.__path__))]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Op)]
    return {op.name: op for op in found}


OPS = _all_ops()
SAMPLES: dict[str, Row] = {}


def case(*args: Any, **params: Any) -> Case:
    return Case(args, params)


def error(kind: type[Exception], match: str, *args: Any, **params: Any) -> Error:
    return Error(args, params, kind, match)


def row(
    name: str,
    reference: Callable[..., Array],
    *cases: Case,
    errors: tuple[Error, ...] = (),
    call: Callable[..., Any] | None = None,
    adjoint: Callable[..., Any] | None = None,
) -> None:
    assert name not in SAMPLES, f"two rows for {name}"
    SAMPLES[name] = Row(OPS[name], reference, cases, errors, call or OPS[name], adjoint)


# inputs ---------------------------------------------------------------------------------------------------------------

_rng = np.random.default_rng(20240607)


def some(*shape: int, near: tuple[float, ...] = (0.23, 0.34, 0.71, 0.78, 1.27, 1.36, 1.72, 2.24, 2.37)) -> Array:
    """Values on both sides of 0, not close to it, to integers or to their halves."""
    values = _rng.choice(near, size=shape)
    return np.asarray((values + _rng.uniform(-0.02, 0.02, size=shape)) * _rng.choice([-1, 1], size=shape))


def positive(*shape: int) -> Array:
    return np.asarray(np.abs(some(*shape)))


def small(*shape: int) -> Array:
    """Values in (−0.9, 0.9)."""
    return np.asarray(some(*shape) / 3)


def distinct(*shape: int) -> Array:
    """Values no two of which are closer than 0.2."""
    count = math.prod(shape)
    return np.asarray((_rng.permutation(count).reshape(shape) - count / 2 + 0.3) * 0.25)


def integers(*shape: int) -> Array:
    return np.asarray(_rng.integers(-4, 5, size=shape))


def booleans(*shape: int) -> Array:
    return np.asarray(_rng.random(shape) < 0.5)
