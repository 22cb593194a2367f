"""What autocast does to an operation: its inputs are cast to the dtype that its policy wants, before it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from .. import ops
from ..autograd import Leaf, Op
from ..autograd.modes import AUTOCAST, MODE
from ..dtypes import DType, float32, float64, is_floating
from ..ops.precision import LOW

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Precision:
    """What autocast is set to.

    Attributes:
        low: the low dtype of each type of device for which it is on.
        cast_parameters: what parameters were cast to, each with the number of writes it had seen by then; None if each
            use shall cast anew.
    """

    low: Mapping[str, DType]
    cast_parameters: dict[tuple[int, DType, str], tuple[Any, int, Any]] | None


def cast_inputs(op: Op, args: tuple[Any, ...], tensor: Any) -> tuple[Any, ...]:
    """The inputs of an operation in the dtype that its policy wants here."""
    wanted = _wanted(op.policy, tensor)
    return args if wanted is None else tuple([_in_dtype(arg, wanted) for arg in args])


def runs_in(policy: str) -> Callable[[F], F]:
    """Mark a function of several operations that autocast treats as one: its tensors are cast, and it runs as usual."""

    def decorate(function: F) -> F:
        @wraps(function)
        def cast_first(*args: Any, **kwargs: Any) -> Any:
            if AUTOCAST.get() is None:
                return function(*args, **kwargs)
            tensors = [value for value in (*args, *kwargs.values()) if hasattr(value, "__apply_op__")]
            wanted = _wanted(policy, tensors[0]) if tensors else None
            if wanted is None:
                return function(*args, **kwargs)
            args = tuple(_in_dtype(arg, wanted) for arg in args)
            kwargs = {name: _in_dtype(value, wanted) for name, value in kwargs.items()}
            token = AUTOCAST.set(None)
            try:
                return function(*args, **kwargs)
            finally:
                AUTOCAST.reset(token)

        return cast(F, cast_first)

    return decorate


def _wanted(policy: str, tensor: Any) -> DType | None:
    """The dtype for an operation on a tensor's device, None where autocast is off or leaves it alone."""
    low: DType | None = AUTOCAST.get().low.get(tensor.device.type)
    if low is None or policy == LOW:
        return low
    return float32.dtype if policy in tensor.backend.full_precision else None


def _in_dtype(value: Any, wanted: DType) -> Any:
    """A floating-point tensor in another dtype; float64 stays what it is."""
    if not hasattr(value, "__apply_op__") or value.dtype in (wanted, float64) or not is_floating(value.dtype):
        return value
    cache = AUTOCAST.get().cast_parameters
    if cache is None or not isinstance(value.node, Leaf):
        return ops.cast(value, dtype=wanted, source=value.dtype)
    key = (id(value), wanted, MODE.get())
    before, writes, result = cache.get(key, (None, -1, None))
    if before is not value or writes != value.storage.version:
        result = ops.cast(value, dtype=wanted, source=value.dtype)
        cache[key] = (value, value.storage.version, result)
    return result
