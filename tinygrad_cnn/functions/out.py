"""`out=`: a function's result kept in the memory of a tensor that exists already."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar, overload
from warnings import warn

from .. import ops
from ..autograd import is_grad_enabled, no_grad
from ..autograd.modes import in_scope
from ..dtypes import KINDS
from ..errors import DtypeError, GraphError
from ..tensor import Tensor

# Those that put values together one by one read an argument after they began to write: PyTorch refuses it as `out`.
APART = {"cat", "gather", "index_select", "kthvalue", "masked_select", "take"}
SAME_DTYPE = {"aminmax", "gather", "index_select", "masked_select", "multinomial", "take"}

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class WithOut(Protocol[P, R_co]):
    """A function that takes `out=`, too."""

    __name__: str

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, *args: Any, out: Any, **kwargs: Any) -> R_co: ...


class OfATensor(Protocol[P, R_co]):
    """A method as a function, which takes `out=`, too."""

    __name__: str

    @overload
    def __call__(self, input: Any, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, input: Any, *args: Any, out: Any, **kwargs: Any) -> R_co: ...


def with_out(function: Callable[P, R]) -> WithOut[P, R]:
    """The function with `out=`, a tensor or as many of them as there are results, in which the result is kept."""

    @wraps(function)
    def kept(*args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        result = function(*args, **kwargs)
        return result if out is None else keep(function.__name__, result, out, (*args, *kwargs.values()))

    return kept


def keep(op: str, result: Any, out: Any, arguments: tuple[Any, ...]) -> Any:
    """`out` with the values of a result, in its dtype; one of another shape is resized first.

    Raises:
        RuntimeError: where a gradient would get lost, for a dtype that can't hold the result, or memory that an
            argument uses too, unless `out` is that very argument.
        TypeError: for something else than a tensor, or another number of them than there are results.
    """
    if isinstance(result, tuple):
        if not isinstance(out, tuple | list) or len(out) != len(result):
            raise TypeError(f"{op}: out must be {len(result)} tensors; got {_kind(out)}{in_scope()}")
        pairs = list(zip(result, out, strict=True))
    else:
        pairs = [(result, out)]
    for value, place in pairs:
        if not isinstance(place, Tensor):
            raise TypeError(f"{op}: out must be a tensor; got {_kind(place)}{in_scope()}")
        if is_grad_enabled() and any(isinstance(x, Tensor) and x.requires_grad for x in (place, value, *arguments)):
            raise GraphError(
                f"{op}: a result that is kept in out= has no gradient, but one of the arguments requires grad; "
                f"leave out= away, or call it inside no_grad(){in_scope()}"
            )
        if place.device != value.device:
            raise GraphError(f"{op}: out is on {place.device}, the result on {value.device}{in_scope()}")
        _check_memory(op, place, arguments)
        if KINDS[value.dtype.kind] > KINDS[place.dtype.kind] or (op in SAME_DTYPE and value.dtype != place.dtype):
            raise DtypeError(
                f"{op}: a result of dtype {value.dtype} can't be kept in out= of dtype {place.dtype}{in_scope()}"
            )
    with no_grad():
        for value, place in pairs:
            if place.shape != value.shape:
                if place.numel():
                    warn(
                        f"{op}: out of shape {tuple(place.shape)} is resized to {tuple(value.shape)}, "
                        "and loses its values; give one of that shape, or an empty one",
                        stacklevel=3,
                    )
                place.resize_(tuple(value.shape))
            place.in_place(f"{op}(out=)", ops.copy, value)
    return type(result)(*out) if hasattr(result, "_fields") else tuple(out) if isinstance(result, tuple) else out


def _check_memory(op: str, place: Tensor, arguments: tuple[Any, ...]) -> None:
    """Raise where `out` overlaps itself or an argument, as far as it is plain: of dense memory."""
    array = place.array
    if any(n > 1 and not stride for n, stride in zip(array.shape, array.strides, strict=True)):
        raise GraphError(f"{op}: one element of out stands for several (after expand); give a .clone(){in_scope()}")
    for x in arguments:
        if isinstance(x, list | tuple):
            _check_memory(op, place, tuple(x))
        elif isinstance(x, Tensor):
            dense = x.array.flags.c_contiguous and array.flags.c_contiguous
            shared = x is place or (dense and place.backend.shares_memory(x.array, array))
            address = place.backend.address
            if shared and (op in APART or x.shape != place.shape or address(x.array) != address(array)):
                raise GraphError(
                    f"{op}: out shares memory with an argument, which would change while it is read; "
                    f"give out memory of its own{in_scope()}"
                )


def _kind(value: Any) -> str:
    return f"{len(value)} values" if isinstance(value, tuple | list) else type(value).__name__
