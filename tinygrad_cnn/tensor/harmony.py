"""Arguments that do not match at once: mixed dtypes, mixed devices, plain arrays; and the message when they cannot."""

import re
from typing import Any

from ..autograd import Op
from ..autograd.modes import in_scope
from ..backend import backend_of
from ..dtypes import get_default_dtype, is_floating, result_type, wrapped
from ..errors import ArgumentError, DeviceError, DtypeError, ShapeError
from ..ops import cast

# What compares takes a number as it is; in PyTorch a number outside the dtype wraps around here too.
EXACT = {"eq", "ne", "lt", "le", "gt", "ge"}


def harmonize(op: Op, args: tuple[Any, ...], some_tensor: Any) -> tuple[Any, ...]:
    """The arguments as tensors and numbers of one dtype, by PyTorch's rules; the same tuple if they are so already.

    Raises:
        TypeError: for an argument that is neither tensor nor number, or unequal dtypes where an op wants equal ones.
        DeviceError: for tensors of two devices.
    """
    values = [_as_operand(op, arg, some_tensor) for arg in args]
    tensors = [value for value in values if hasattr(value, "__apply_op__")]
    if mixed := _two_devices(op, [tensor.array for tensor in tensors]):
        raise mixed

    chosen = range(len(values)) if op.variadic else op.promoted
    operands = [values[i] for i in chosen if i < len(values) and values[i] is not None]
    tensors = [value for value in operands if hasattr(value, "__apply_op__")]
    if op.dtypes == "equal":
        if len({tensor.dtype for tensor in tensors}) > 1:
            names = [op.inputs[i] for i in chosen if i < len(values) and values[i] is not None]
            kinds = ", ".join(f"{name} {tensor.dtype}" for name, tensor in zip(names, tensors, strict=False))
            raise DtypeError(
                f"{op.name}: all inputs must have one dtype; got {kinds}. Convert with .to(dtype){in_scope()}"
            )
        common = tensors[0].dtype
    else:
        numbers = [value for value in operands if not hasattr(value, "__apply_op__")]
        common = result_type([t.dtype for t in tensors if t.ndim], [t.dtype for t in tensors if not t.ndim], numbers)
        if op.dtypes == "float" and not is_floating(common):
            common = get_default_dtype()
    for i in chosen:
        if i < len(values) and hasattr(values[i], "__apply_op__") and values[i].dtype != common:
            values[i] = cast(values[i], dtype=common, source=values[i].dtype)
        elif i < len(values) and type(values[i]) is int and op.name not in EXACT:
            values[i] = wrapped(values[i], common)
    return args if all(value is arg for value, arg in zip(values, args, strict=True)) else tuple(values)


def _as_operand(op: Op, arg: Any, some_tensor: Any) -> Any:
    """A tensor for a plain array, a Python number for a NumPy one."""
    if arg is None or type(arg) in (bool, int, float) or hasattr(arg, "__apply_op__"):
        return arg
    if backend_of(arg) is not None:
        return some_tensor.plain.from_array(arg)
    if hasattr(arg, "item") and hasattr(arg, "dtype"):
        return arg.item()
    raise TypeError(
        f"{op.name}: expected tensors or numbers; got {type(arg).__name__} {arg!r:.60}; "
        f"make a tensor of it with tensor(...){in_scope()}"
    )


def _two_devices(op: Op, arrays: list[Any]) -> DeviceError | None:
    """The error that arrays of several backends are."""
    known = [(array, backend) for array in arrays if (backend := backend_of(array)) is not None]
    if len({backend.name for _, backend in known}) < 2:
        return None
    places = ", ".join(f"{tuple(array.shape)} on {backend.name}" for array, backend in known)
    return DeviceError(
        f"{op.name}: all tensors must be on one device; got {places}. Move them with .to(device){in_scope()}"
    )


def explain(op: Op, arrays: list[Any], params: dict[str, Any], error: Exception) -> Exception:
    """What went wrong inside an operation, in the caller's terms."""
    if mixed := _two_devices(op, arrays):  # with equal dtypes nobody has looked yet
        return mixed
    if op.broadcasts and any(array is None for array in arrays):
        return TypeError(f"{op.name}: expected tensors or numbers; got NoneType{in_scope()}")
    shapes = [tuple(array.shape) for array in arrays if hasattr(array, "shape")]
    if op.broadcasts and len(shapes) > 1 and isinstance(error, ValueError):
        for back in range(1, max(map(len, shapes)) + 1):
            sizes = {shape[-back] for shape in shapes if len(shape) >= back} - {1}
            if len(sizes) > 1:
                listed = " and ".join(map(str, shapes))
                return ShapeError(
                    f"{op.name}: shapes {listed} do not broadcast: counted from the end, dimension {back} has sizes "
                    f"{' and '.join(map(str, sorted(sizes)))}, which must be equal or 1{in_scope()}"
                )
    message = str(error)
    # NumPy's TypeError is about dtypes that a function does not know, its ValueError about values.
    kinds: tuple[type[Exception], ...] = (ShapeError, DtypeError, IndexError)
    kind = next(
        (k for k in kinds if isinstance(error, k)), DtypeError if isinstance(error, TypeError) else ArgumentError
    )
    # A window's message names the public function already.
    named = message.startswith(f"{op.name}: ") or (isinstance(error, ShapeError) and re.match(r"\w+: ", message))
    if not named:
        message = f"{op.name}: {message}"
    return kind(message if message.endswith(in_scope()) else message + in_scope())
