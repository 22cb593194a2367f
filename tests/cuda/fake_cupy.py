"""A stand-in for CuPy over NumPy, as strict as CuPy is on a device.

- It has the names that CuPy has (`names.json`), and its functions the arguments.
- Nothing moves between the host and the device unasked; arrays of both do not mix.
- Results have CuPy's own class (views that of their source), are row-major, and have 0 dimensions, not none.
- `flags` says nothing about writing, indices that name no place wrap around, ufuncs have few methods.
- Kernels are compiled by a C++ compiler and run: see `fake_kernels.py`.
- While a stream captures nothing is computed: new arrays hold NaN, what waits for the device and what copies from the
  host is refused, and so is all that CuPy refuses then. A graph does it all in its order, on the same memory.
"""

import ctypes
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.cuda import fake_device
from tests.cuda.fake_device import capture
from tests.cuda.fake_kernels import RawModule

NAMES = json.loads((Path(__file__).parent / "names.json").read_text(encoding="utf-8"))
__version__ = NAMES["version"]

# Functions whose results look into the memory of their first argument.
VIEWS = {
    *(
        "reshape",
        "transpose",
        "permute_dims",
        "moveaxis",
        "swapaxes",
        "broadcast_to",
        "squeeze",
        "expand_dims",
        "ravel",
    ),
    *("diagonal", "asarray", "flip", "atleast_1d", "as_strided", "sliding_window_view", "real", "matrix_transpose"),
}
FROM_HOST = {"array", "asarray", "ascontiguousarray"}
DIRECT = {"dtype", "finfo", "iinfo", "inf", "nan", "pi", "e", "newaxis", "isscalar", "result_type", "broadcast_shapes"}


class Flags:
    """What CuPy tells about an array's memory."""

    def __init__(self, a: Any, owner: bool) -> None:
        self.c_contiguous, self.f_contiguous, self.owndata = a.flags.c_contiguous, a.flags.f_contiguous, owner
        self.forc = a.flags.forc


class MemoryPointer:
    """Where an array begins."""

    device_id = 0

    def __init__(self, array: "ndarray") -> None:
        self.array, self.ptr = array, array._a.ctypes.data

    def copy_from_device_async(self, source: "MemoryPointer", size: int, stream: Any = None) -> None:
        assert size <= min(self.array.nbytes, source.array.nbytes)
        to, since = self, source
        capture.do(lambda: (ctypes.memmove(to.ptr, since.ptr, size), to.array, since.array)[0])

    def copy_from_host_async(self, address: int, size: int, stream: Any = None) -> None:
        assert size <= self.array.nbytes
        assert not capture.now
        ctypes.memmove(self.ptr, address, size)


class ndarray:  # noqa: N801
    """An array on the device."""

    __array_priority__ = 100
    __module__ = "cupy"

    def __init__(self, shape: Any, dtype: Any = float, memptr: Any = None, strides: Any = None) -> None:
        assert memptr is None
        assert strides is None
        self._a, self.base = np.empty(shape, dtype), None
        if self._a.dtype.kind == "f":
            self._a.fill(np.nan)  # what a kernel leaves out is seen
        if capture.now:
            capture.memory.append(self._a)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __array_function__(self, function: Any, *args: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} was called with an array of the device")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        assert method == "__call__"
        return globals()["__getattr__"](ufunc.__name__)(*inputs, **kwargs)

    dtype = property(lambda self: self._a.dtype)
    shape = property(lambda self: self._a.shape)
    strides = property(lambda self: self._a.strides)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    itemsize = property(lambda self: self._a.itemsize)
    nbytes = property(lambda self: self._a.nbytes)
    flags = property(lambda self: Flags(self._a, self.base is None))
    device = property(lambda self: SimpleNamespace(id=0))
    data = property(lambda self: MemoryPointer(self))
    T = property(lambda self: seen(self._a.T, self))
    mT = property(lambda self: seen(self._a.mT, self))  # noqa: N815

    def __dlpack_device__(self) -> Any:
        return 2, 0

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self

    def get(self) -> Any:
        return np.array(read(self), order="C")

    def set(self, values: Any) -> None:
        capture.forbid("set")
        self._a[...] = values

    def item(self) -> Any:
        return read(self).item()

    def tolist(self) -> Any:
        return read(self).tolist()

    def fill(self, value: Any) -> None:
        capture.do(lambda: self._a.fill(host(value)))

    def view(self, kind: Any = None) -> Any:
        if isinstance(kind, type) and issubclass(kind, ndarray):
            return seen(self._a, self, kind)
        return seen(self._a.view(kind), self)

    def transpose(self, *dims: Any) -> Any:
        return seen(self._a.transpose(*dims), self)

    def swapaxes(self, a: int, b: int) -> Any:
        return seen(self._a.swapaxes(a, b), self)

    def squeeze(self, axis: Any = None) -> Any:
        return seen(self._a.squeeze(axis), self)

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        out = self._a.reshape(*shape, order=order)
        if not out.size or np.shares_memory(out, self._a):
            return seen(out, self)
        return computed(lambda: self._a.reshape(*shape, order=order))

    def ravel(self, order: str = "C") -> Any:
        return self.reshape(-1, order=order)

    def copy(self, order: str = "C") -> Any:
        return computed(lambda: self._a.copy(order=order), ordered=True)

    def astype(self, dtype: Any, order: str = "K", copy: bool = True) -> Any:
        if not copy and self._a.dtype == dtype:
            return self
        return computed(lambda: self._a.astype(dtype, order=order), ordered=True)

    def __len__(self) -> int:
        return len(self._a)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        return float(read(self))

    def __int__(self) -> int:
        return int(read(self))

    def __bool__(self) -> bool:
        return bool(read(self))

    def __str__(self) -> str:
        return str(read(self))

    def __format__(self, spec: str) -> str:
        return format(self._a, spec)

    def __repr__(self) -> str:
        return f"fake {self._a!r}"

    def __getitem__(self, key: Any) -> Any:
        if any(getattr(part, "dtype", None) == "bool" for part in (key if isinstance(key, tuple) else (key,))):
            capture.forbid("an index by a mask")
        out = self._a[wrapped(self._a.shape, host(key))]
        if isinstance(out, np.ndarray) and out.size and np.shares_memory(out, self._a):
            return seen(out, self)
        if not isinstance(out, np.ndarray):  # one element: a view, in CuPy
            basic = not any(isinstance(part, ndarray) for part in (key if isinstance(key, tuple) else (key,)))
            if basic:
                return seen(self._a[(*(key if isinstance(key, tuple) else (key,)), ...)], self)
        return computed(lambda: self._a[wrapped(self._a.shape, host(key))])

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, np.ndarray) and value.ndim:
            raise TypeError("cannot assign a NumPy array to an array of the device")
        capture.do(lambda: self._a.__setitem__(wrapped(self._a.shape, host(key)), host(value)))


def _operator(name: str) -> Any:
    in_place = name.startswith("__i") and name != "__invert__"

    def call(self: Any, *others: Any) -> Any:
        for x in others:
            if isinstance(x, np.ndarray):
                raise TypeError(f"Unsupported type {type(x)}")
            if not isinstance(x, ndarray | int | float | bool | np.generic):
                return NotImplemented
        if name == "__matmul__":
            refused("matmul")
        if in_place:
            capture.do(lambda: getattr(self._a, name)(*map(host, others)))
            return self
        if getattr(self._a, name)(*map(host, others)) is NotImplemented:
            return NotImplemented
        return computed(lambda: getattr(self._a, name)(*map(host, others)))

    return call


_BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"]
for _name in (
    *(form + name for name in _BINARY for form in ("", "r", "i") if form + name != "imatmul"),
    *("eq", "ne", "lt", "le", "gt", "ge", "neg", "abs", "invert"),
):
    setattr(ndarray, f"__{_name}__", _operator(f"__{_name}__"))


def _method(name: str) -> Any:
    return lambda self, *args, **kwargs: lift(getattr(self._a, name), name)(*args, **kwargs)


for _name in NAMES["ndarray"]:
    if not _name.startswith("_") and _name not in vars(ndarray) and callable(getattr(np.ndarray, _name, None)):
        setattr(ndarray, _name, _method(_name))


def host(value: Any) -> Any:
    """What NumPy computes with."""
    if isinstance(value, ndarray):
        return value._a
    if type(value) in (list, tuple):
        return type(value)(map(host, value))
    return value


def wrapped(shape: Any, key: Any) -> Any:
    """Integer arrays of an index as CuPy sees them: modulo the size."""
    parts = key if isinstance(key, tuple) else (key,)
    if not any(isinstance(part, np.ndarray) and part.dtype.kind in "iu" for part in parts):
        return key
    takes = [0 if p is None or p is Ellipsis else p.ndim if getattr(p, "dtype", None) == "bool" else 1 for p in parts]
    made, dim = [], 0
    for part, taken in zip(parts, takes, strict=True):
        integers = isinstance(part, np.ndarray) and part.dtype.kind in "iu"
        made.append(part % max(shape[dim], 1) if integers else part)
        dim += len(shape) - sum(takes) if part is Ellipsis else taken
    return tuple(made)


def seen(a: Any, source: Any, kind: Any = None) -> Any:
    """A view: it has the class of its source."""
    out = object.__new__(kind or type(source))
    out._a, out.base = a, source if source.base is None else source.base
    return out


def fresh(value: Any, ordered: bool = False) -> Any:
    """A new array of CuPy's own class, in row-major order."""
    if isinstance(value, tuple):
        made = [fresh(v) if isinstance(v, np.ndarray | np.generic) else v for v in value]
        return type(value)(*made) if hasattr(value, "_fields") else tuple(made)
    if isinstance(value, list):
        return [fresh(v) for v in value]
    if not isinstance(value, np.ndarray | np.generic):
        return value
    out = object.__new__(ndarray)
    out._a, out.base = np.array(value, order="K" if ordered else "C"), None
    if capture.now:
        capture.memory.append(out._a)
    return out


def read(x: ndarray) -> Any:
    """The values, which the host waits for."""
    capture.forbid("values are read")
    return x._a


def refused(name: str) -> None:
    """What CuPy itself refuses in a capture: cuBLAS and the like."""
    if capture.now:
        capture.broken = name
        raise NotImplementedError(f"{name}: calling a library is not supported during stream capture")


def computed(compute: Any, ordered: bool = False) -> Any:
    """A new array of what is computed now, or in a capture each time a graph is launched."""
    out = fresh(compute(), ordered)
    if capture.now:
        for part in out if isinstance(out, tuple | list) else (out,):
            if isinstance(part, ndarray) and part._a.dtype.kind == "f":
                part._a.fill(np.nan)
        capture.work.append(lambda: refill(out, compute()))
    return out


def refill(out: Any, values: Any) -> None:
    if isinstance(out, ndarray):
        out._a[...] = values
    elif isinstance(out, tuple | list):
        for part, value in zip(out, values, strict=True):
            refill(part, value)


# What calls cuBLAS, cuSOLVER, or sorts by Thrust, which waits.
NOT_CAPTURED = {"matmul", "dot", "vdot", "inner", "tensordot", "einsum", "sort", "argsort", "unique", "nonzero"}


def lift(function: Any, name: str, known: Any = None) -> Any:
    """A function of NumPy that takes and gives arrays of the device."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if unknown := set(kwargs) - set(known if known is not None else kwargs):
            raise TypeError(f"cupy.{name}: no argument {unknown}")
        if name not in FROM_HOST:
            for x in (*args, *kwargs.values()):
                for part in x if type(x) in (list, tuple) else (x,):
                    if isinstance(part, np.ndarray):
                        raise TypeError(f"cupy.{name}: an array of the host was given")
        if name in NOT_CAPTURED or getattr(function, "__module__", "") == "numpy.linalg":
            refused(name)

        def compute() -> Any:
            return function(*host(args), **{word: host(value) for word, value in kwargs.items()})

        if kwargs.get("out") is not None:
            capture.do(compute)
            return kwargs["out"]
        out = compute()
        if name in FROM_HOST and not isinstance(args[0], ndarray) and getattr(out, "ndim", 0):
            fake_device.transfer(out.nbytes)
        source = args[0] if args and isinstance(args[0], ndarray) else None
        if source is not None and name in VIEWS and isinstance(out, np.ndarray) and np.may_share_memory(out, source._a):
            if name == "diagonal":
                out.flags.writeable = True
            return seen(out, source) if out is not source._a else source
        return computed(compute) if capture.now else fresh(out)

    call.__name__ = name
    return call


class ufunc:  # noqa: N801
    """An elementwise function; its methods are those that CuPy has for this one."""

    def __init__(self, name: str) -> None:
        self.name, self._function = f"cupy_{name}", getattr(np, name)
        self._call = lift(self._function, name, {"out", "dtype", "casting"})
        self.nin, self.nout = getattr(self._function, "nin", 1), getattr(self._function, "nout", 1)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(
            f"{self.name}.{name} is not to be relied on: it adds in no certain order, or is not there"
        )


class _Place:
    """A module of CuPy."""

    def __init__(self, path: str, module: Any) -> None:
        self._path, self._module = path, module

    def __getattr__(self, name: str) -> Any:
        return found(self._path, self._module, name)


def found(path: str, module: Any, name: str) -> Any:
    known = NAMES[path]
    if name not in known:
        raise AttributeError(f"{path} has no attribute {name!r}")
    value = getattr(module, name)
    if name in DIRECT or isinstance(value, type) or not callable(value):
        return value
    return ufunc(name) if known[name] == "ufunc" else lift(value, name, known[name])


def get_default_memory_pool() -> Any:
    return fake_device.pool


def from_dlpack(x: Any) -> Any:
    exported = x.__dlpack__()
    return seen(exported._a, exported, ndarray)


def get_default_pinned_memory_pool() -> Any:
    return fake_device.pinned


def asnumpy(x: Any) -> Any:
    return x.get() if isinstance(x, ndarray) else np.asarray(x)


def copyto(out: Any, values: Any) -> None:
    out[...] = values


def may_share_memory(a: Any, b: Any) -> bool:
    return bool(np.may_share_memory(a._a, b._a))


def argsort(x: Any, axis: int = -1, kind: Any = None) -> Any:
    refused("argsort")
    return fresh(np.argsort(x._a, axis, kind="stable"))


def sort(x: Any, axis: int = -1, kind: Any = None) -> Any:
    refused("sort")
    return fresh(np.sort(x._a, axis, kind="stable"))


cuda = fake_device
linalg = _Place("linalg", np.linalg)
lib = SimpleNamespace(stride_tricks=_Place("lib.stride_tricks", np.lib.stride_tricks))

__all__ = ["RawModule", "ndarray", "ufunc"]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return found("cupy", np, name)
