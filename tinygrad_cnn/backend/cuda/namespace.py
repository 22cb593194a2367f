"""CuPy's functions under NumPy's names, as the operations of the table call them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import cupy

from .array import Array, in_order, in_rows, inverse, memory_order, own
from .checks import outside
from .kernels import integer_type, launch, type_name
from .memory import empty

# Functions of CuPy that are elementwise without being ufuncs.
ELEMENTWISE = {"where", "clip", "round", "around", "nan_to_num", "sinc", "isclose", "i0", "fix", "real_if_close"}


class Ufunc:
    """An elementwise function whose results keep the memory order; with the methods of NumPy's that CuPy lacks."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, *operands: Any, **options: Any) -> Any:
        return in_order(self.function, *operands, **options)

    def at(self, target: Any, places: Any, values: Any) -> None:
        """target[p] ← target[p] ∘ v for each place and its value, one after the other in their order.

        CuPy's own adds in no certain order, so that sums differ from run to run, and multiplies not at all.
        """
        values = own(cupy.broadcast_to(cupy.asarray(values, dtype=target.dtype), places.shape)).reshape(-1)
        places = places.reshape(-1).astype("int64")
        if not places.size:
            return
        places = cupy.where(places < 0, places + target.size, places)
        order = cupy.argsort(places, kind="stable")
        kind = _stored(target)
        operands = (target.view(kind), places[order], order, cupy.ascontiguousarray(values).view(kind))
        launch("scatter", f"{self.function.name.removeprefix('cupy_')}_at", kind, places.size, *operands, places.size)

    def accumulate(self, x: Any, axis: int = 0) -> Any:
        """Running results along a dimension."""
        x = own(cupy.ascontiguousarray(x))
        out, kind = empty(x.shape, x.dtype), _stored(x)
        axis %= x.ndim
        outer, length = _product(x.shape[:axis]), x.shape[axis]
        inner = _product(x.shape[axis + 1 :])
        if x.size:
            name = f"{self.function.name.removeprefix('cupy_')}_along"
            launch("scatter", name, kind, outer * inner, x.view(kind), out.view(kind), outer, length, inner)
        return out

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)


def _product(sizes: tuple[int, ...]) -> int:
    out = 1
    for n in sizes:
        out *= n
    return out


def _stored(x: Any) -> str:
    """The dtype as which the kernels see an array: booleans are bytes."""
    return type_name(x.dtype) if x.dtype.kind == "f" else integer_type(x.dtype)


def _plain(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return own(function(*arguments, **options))


class Namespace:
    """`xp`: looks a name up in CuPy once, and keeps what it found in the form that operations need."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(cupy, name)
        if isinstance(found, cupy.ufunc):
            found = Ufunc(found)
        elif name in ELEMENTWISE:
            found = partial(in_order, found)
        elif callable(found) and not isinstance(found, type):
            found = partial(_plain, found)
        setattr(self, name, found)
        return found

    def __init__(self) -> None:
        self.ndarray, self.linalg = Array, LinearAlgebra()

    @staticmethod
    def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
        """CuPy's, for indices that name a place."""
        size = x.shape[axis]
        if outside(indices, -size, size):
            raise IndexError(f"index {int(indices.max())} or {int(indices.min())} is out of bounds for size {size}")
        return own(cupy.take_along_axis(x, indices, axis))

    @staticmethod
    def concatenate(arrays: Any, axis: int = 0) -> Any:
        """One after the other. CuPy's own uploads addresses, which a capture can't hold, and gives row-major order."""
        first = arrays[0]
        axis %= max(first.ndim, 1)
        alike = all(isinstance(x, cupy.ndarray) and x.dtype == first.dtype and x.ndim == first.ndim for x in arrays)
        if not alike or not first.ndim:
            return own(cupy.concatenate(arrays, axis))
        sizes = [x.shape[axis] for x in arrays]
        shape = (*first.shape[:axis], sum(sizes), *first.shape[axis + 1 :])
        order = memory_order(first) if not in_rows(first) else tuple(range(first.ndim))
        out = empty(tuple(shape[dim] for dim in order), first.dtype).transpose(inverse(order))
        start = 0
        for x, size in zip(arrays, sizes, strict=True):
            part = out[(slice(None),) * axis + (slice(start, start + size),)]
            if part.shape != x.shape:
                raise ValueError(f"concatenate: {x.shape} does not fit to {first.shape} along dimension {axis}")
            part[...] = x
            start += size
        return out

    @staticmethod
    def ascontiguousarray(x: Any) -> Any:
        """Row-major order, a copy only where it is another."""
        return x if in_rows(x) else own(cupy.ascontiguousarray(x))


class LinearAlgebra:
    """`xp.linalg`."""

    def __getattr__(self, name: str) -> Any:
        found = partial(_plain, getattr(cupy.linalg, name))
        setattr(self, name, found)
        return found

    @staticmethod
    def pinv(x: Any, rtol: Any, hermitian: bool = False) -> Any:
        """The pseudoinverse; CuPy has NumPy's older word for the tolerance, and nothing for symmetric matrices."""
        if not hermitian:
            return own(cupy.linalg.pinv(x, rcond=rtol))
        values, vectors = map(own, cupy.linalg.eigh(x))
        size = xp.abs(values)
        kept = size > xp.asarray(rtol)[..., None] * xp.max(size, axis=-1, keepdims=True)
        inverse = xp.where(kept, 1 / xp.where(kept, values, 1), 0)
        return own(cupy.matmul(vectors * inverse[..., None, :], vectors.swapaxes(-1, -2)))


xp = Namespace()
