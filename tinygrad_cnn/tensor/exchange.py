"""Other array libraries: NumPy's functions called with tensors, and memory shared by DLPack."""

from typing import Any

import numpy as np

from .base import TensorBase

# NumPy's names of methods that have another name here.
_METHODS = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "bitwise_invert": "bitwise_not",
    "equal": "eq",
    "fabs": "abs",
    "greater": "gt",
    "greater_equal": "ge",
    "invert": "bitwise_not",
    "less": "lt",
    "less_equal": "le",
    "multiply": "mul",
    "negative": "neg",
    "not_equal": "ne",
    "power": "pow",
    "rint": "round",
    "subtract": "sub",
    "true_divide": "div",
    "divide": "div",
}


# NumPy's reductions, and NumPy's words for their arguments with those of tensors.
_REDUCTIONS = {"sum": "sum", "mean": "mean", "prod": "prod", "max": "amax", "amax": "amax", "min": "amin"}
_REDUCTIONS |= {"amin": "amin", "std": "std", "var": "var"}
_WORDS = {"axis": "dim", "keepdims": "keepdim", "ddof": "correction"}
_OF_THE_SHAPE = {"shape", "ndim", "size"}  # they look at no values, so there is no gradient to lose


class ExchangeMethods(TensorBase):
    """The protocols by which NumPy and others ask."""

    __slots__ = ()
    __array_priority__ = 1000  # before NumPy's own operators

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's `np.sin(tensor)`, `array * tensor`: the tensor's own method of that name, so gradients are kept.

        What tensors have no method for is left to NumPy and made a tensor again, unless a gradient would be lost.

        Raises:
            TypeError: for a function without a method here on a tensor that requires grad, and for results written
                into an array (`out=`, `array += tensor`) if a tensor requires grad.
        """
        if method == "__call__" and not kwargs and len(inputs) <= 2:
            first, *rest = (x if isinstance(x, TensorBase) else _as_tensor(x, self) for x in inputs)
            found = getattr(type(self), _METHODS.get(ufunc.__name__, ufunc.__name__), None)
            if found is not None and first is not None and None not in [type(x) for x in rest]:
                return found(first, *rest)
        outputs = kwargs.get("out", ())
        if any(isinstance(x, TensorBase) and x.node is not None for x in (*inputs, *outputs)):
            how = "into an array" if outputs else f"by its method {method}" if method != "__call__" else "on tensors"
            raise TypeError(
                f"numpy.{ufunc.__name__} {how}: one of the tensors requires grad, which would be lost; use a tensor "
                "operation, or .detach() it first"
            )
        if outputs:
            kwargs["out"] = tuple(np.asarray(x) if isinstance(x, TensorBase) else x for x in outputs)
        arrays = [np.asarray(x) if isinstance(x, TensorBase) else x for x in inputs]
        result = getattr(ufunc, method)(*arrays, **kwargs)
        return (outputs[0] if len(outputs) == 1 else outputs) if outputs else _wrapped(self, result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's `np.sum(tensor, axis=0)` and other reductions: the tensor's own, so gradients are kept.

        Any other function gets arrays and gives arrays; a tensor that requires grad refuses to become one.
        """
        name = function.__name__
        method = _REDUCTIONS.get(name)
        if method is not None and args and isinstance(args[0], TensorBase) and len(args) <= 2:
            asked = dict(kwargs, axis=args[1]) if len(args) == 2 else dict(kwargs)
            if name in {"std", "var"}:
                asked.setdefault("ddof", 0)
            if asked.get("axis", None) is None and not asked.get("keepdims"):
                asked.pop("axis", None)
            if method == "prod" and isinstance(asked.get("axis"), tuple):
                method = None
            elif asked.keys() <= _WORDS.keys():
                return getattr(args[0], method)(**{_WORDS[word]: value for word, value in asked.items()})
        change = _bare if name in _OF_THE_SHAPE else _as_array
        return function(*change(args), **change(kwargs))

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """The memory as a DLPack capsule, for `np.from_dlpack`, `torch.from_dlpack` and others.

        Raises:
            BufferError: for a tensor that requires grad, which another library would lose.
        """
        if self.node is not None:
            raise BufferError("__dlpack__: this tensor requires grad, and another library would lose it; use .detach()")
        self.settle()
        self.storage.shared = True
        options = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return self.array.__dlpack__(**{name: value for name, value in options.items() if value is not None})

    def __dlpack_device__(self) -> Any:
        """The kind of device and its number, in DLPack's numbers."""
        return self.array.__dlpack_device__()


def _as_tensor(x: Any, like: TensorBase) -> Any:
    """An operand as a method takes it: Python's numbers as they are, arrays as tensors, None for what is neither."""
    if isinstance(x, bool | int | float):
        return x
    if isinstance(x, like.backend.array_type):
        return like.plain.from_array(x)
    return x.item() if hasattr(x, "item") and hasattr(x, "dtype") and not getattr(x, "shape", ()) else None


def _as_array(value: Any) -> Any:
    """A nest with arrays in place of tensors."""
    if isinstance(value, TensorBase):
        return np.asarray(value)
    if type(value) in (list, tuple):
        return type(value)(map(_as_array, value))
    return {name: _as_array(item) for name, item in value.items()} if type(value) is dict else value


def _bare(args: Any) -> Any:
    return tuple(x.array if isinstance(x, TensorBase) else x for x in args) if isinstance(args, tuple) else args


def _wrapped(like: TensorBase, result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(_wrapped(like, part) for part in result)
    return like.plain.from_array(like.backend.asarray(result))
