"""How a method of the tensor becomes a function of it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from ..autograd.modes import in_scope
from ..errors import ArgumentError
from ..tensor import Tensor
from .out import OfATensor, keep

P = ParamSpec("P")
R = TypeVar("R")
NUMBER_FIRST = {
    "add",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "div",
    "float_power",
    "floor_divide",
    "mul",
    "pow",
    "remainder",
    "sub",
    "xlogy",
}

BETA_FIRST = {"addbmm", "addmm", "addmv", "addr", "baddbmm"}  # in PyTorch's old order: addmm(beta, x, alpha, m1, m2)
TENSORS_ONLY = {
    "atan2",
    "fmax",
    "fmin",
    "gcd",
    "hypot",
    "lcm",
    "ldexp",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "nextafter",
}


def of_a_tensor(
    method: Callable[Concatenate[Tensor, P], R], name: str = "", home: str = "functions"
) -> OfATensor[P, R]:
    """A method as a function that refuses arrays, which would come back as arrays and never have a gradient.

    Those of NUMBER_FIRST may begin with a number, as in `pow(2, x)`; those of TENSORS_ONLY take no number at all.
    Every one of them takes `out=`. `home` is the module in which the function is found by its name.
    """
    name = name or method.__name__

    @wraps(method)
    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        if name in BETA_FIRST and type(input) in {int, float} and args:
            input, args, kwargs["beta"] = args[0], args[1:], input
        if not isinstance(input, Tensor) and not (
            name in NUMBER_FIRST and type(input) in {bool, int, float} and args and isinstance(args[0], Tensor)
        ):
            raise TypeError(
                f"{name}: expected a tensor; got {type(input).__name__}; make one with tensor(...){in_scope()}"
            )
        if name in TENSORS_ONLY and args and not isinstance(args[0], Tensor):
            raise TypeError(f"{name}: expected two tensors; the second is {type(args[0]).__name__}{in_scope()}")
        if "out" in kwargs:
            out = kwargs.pop("out")
            result = method(input, *args, **kwargs)
            return result if out is None else keep(name, result, out, (input, *args, *kwargs.values()))
        return method(input, *args, **kwargs)

    function.__module__, function.__name__, function.__qualname__ = f"tinygrad_cnn.{home}", name, name
    return function


def tensor_list(op: str, tensors: Any) -> list[Tensor]:
    """The tensors of a sequence, at least one.

    Raises:
        ValueError: for none.
        TypeError: for something else among them, or one tensor, which is no sequence of them.
    """
    if isinstance(tensors, Tensor):
        raise TypeError(f"{op}: expected a sequence of tensors; got one tensor{in_scope()}")
    listed = list(tensors)
    if not listed:
        raise ArgumentError(f"{op}: expected at least one tensor; got none{in_scope()}")
    for i, value in enumerate(listed):
        if not isinstance(value, Tensor):
            raise TypeError(f"{op}: element {i} must be a tensor; got {type(value).__name__}{in_scope()}")
    return listed
