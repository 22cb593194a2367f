"""Operations on 16-bit floats: they compute in float32, and only what they give is rounded.

A sum of a thousand float16 or bfloat16 numbers that is rounded at each step is wrong in its first digits. So where a
backend only stores such a dtype, an operation is replaced by one that widens its inputs, computes, and rounds the
result once; its gradient rules do the same. What is saved for backward stays in 16 bits.

Products are another matter where a backend's own kernels sum them in float32: those take 16 bits as they are.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from .op import Op, Rule, sum_to

NARROW = "eE"  # NumPy's characters of float16 and bfloat16
WIDE = "float32"


@cache
def widened(op: Op) -> Op:
    """The operation that computes `op` in float32 where its inputs are of 16 bits."""
    return Widened(op)


class Widened(Op):
    """An operation around another."""

    def __init__(self, op: Op) -> None:
        self.__dict__.update(op.__dict__)
        self.forward = op.forward if op.exact else _around_forward(op)
        self.rules = tuple(rule and _around_rule(rule, op.only_products) for rule in op.rules)
        self.joint = op.joint and _around_rule(op.joint)
        self.dtypes, self.takes_16_bits = "any", True  # the dtypes are equal by now

    def fit(self, gradient: Any, shape: tuple[int, ...], name: str) -> Any:
        """Sum a gradient over the dimensions along which the input was broadcast, in float32."""
        return summed_to(gradient, shape) if self.broadcasts else super().fit(gradient, shape, name)


def summed_to(value: Any, shape: Any) -> Any:
    """`sum_to` in float32 at least, rounded once."""
    if tuple(value.shape) == tuple(shape):
        return value
    return _narrow(sum_to(_wide(value), shape=shape), value.dtype)


def is_narrow(value: Any) -> bool:
    """Whether an array or tensor is of 16-bit floats."""
    return hasattr(value, "shape") and value.dtype.char in NARROW


def _wide(value: Any) -> Any:
    """A 16-bit float array or tensor in float32, anything else as it is."""
    if not is_narrow(value):
        return value
    return value.to(dtype=WIDE) if hasattr(value, "__apply_op__") else value.astype(WIDE)


def _narrow(value: Any, dtype: Any) -> Any:
    """A float32 result in the dtype that was widened; positions and truth values as they are."""
    if isinstance(value, tuple | list):
        return type(value)(_narrow(part, dtype) for part in value)
    if not hasattr(value, "shape") or value.dtype != WIDE:
        return value
    return value.to(dtype=dtype) if hasattr(value, "__apply_op__") else value.astype(dtype)


def _around_forward(op: Op) -> Callable[..., Any]:
    @wraps(op.forward)
    def forward(backend: Any, *inputs: Any, **params: Any) -> Any:
        dtype = next(x.dtype for x in inputs if is_narrow(x))
        if op.only_products and _are_multiplied(inputs, dtype):
            return op.forward(backend, *inputs, **params)
        out = op.forward(backend, *map(_wide, inputs), **params)
        if op.residuals:  # what only the rules see keeps all its digits
            return _narrow(out[0], dtype), *out[1:]
        return _narrow(out, dtype)

    return forward


def _around_rule(rule_and_needs: Rule, products: bool = False) -> Rule:
    rule, needs = rule_and_needs

    @wraps(rule)
    def around(g: Any, *values: Any) -> Any:
        arrays = [value for value in values if hasattr(value, "dtype") and hasattr(value, "shape")]
        if products and _are_multiplied((g, *arrays), g.dtype):
            return rule(g, *values)
        return _narrow(rule(_wide(g), *map(_wide, values)), g.dtype)

    return around, needs


def _are_multiplied(inputs: Any, dtype: Any) -> bool:
    """Whether these are arrays of a 16-bit dtype that has products of its own, as the class of the first says."""
    if dtype.char not in getattr(inputs[0], "multiplied", ""):
        return False
    return all(x is None or (x.dtype == dtype and not hasattr(x, "__apply_op__")) for x in inputs)
