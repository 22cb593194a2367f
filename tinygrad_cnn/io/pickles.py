"""Pickles read through an exact list of names: data comes out, and no code runs. Nothing else here unpickles.

A pickle is a program that may call anything that can be imported. Here it can name what is on a list and nothing else,
and what is on the list makes numbers, arrays, tensors and plain containers.
"""

import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, BinaryIO, NoReturn

import numpy as np

Names = Mapping[tuple[str, str], Any]


class UnsafePickleError(ValueError):
    """A pickle names something that is not on the list, or makes no sense."""


class Known:
    """A function that a pickle may call, and can neither change nor look into."""

    __slots__ = ("_make",)
    _make: Callable[..., Any]

    def __init__(self, make: Callable[..., Any]) -> None:
        object.__setattr__(self, "_make", make)

    def __call__(self, *args: Any) -> Any:
        return self._make(*args)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise UnsafePickleError(f"the pickle tries to change {name}")


class _Dtype:
    """Stands for a dtype while a pickle is read: numbers, bytes and words, never objects."""

    __slots__ = ("numpy",)

    def __init__(self, code: str) -> None:
        self.numpy = np.dtype(code)
        if self.numpy.kind not in "biufSU":
            raise UnsafePickleError(f"the pickle holds an array of dtype {self.numpy}; numbers are read, objects never")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.numpy = self.numpy.newbyteorder(state[1] if state[1] in ("<", ">") else "=")


class PickledArray(np.ndarray[Any, Any]):
    """An array that takes its values from a pickle."""

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, by_columns, content = state
        if isinstance(content, str):  # as Python 2 wrote them, one letter a byte
            content = content.encode("latin1")
        values = np.frombuffer(content, dtype.numpy).reshape(shape, order="F" if by_columns else "C")
        super().__setstate__((1, shape, values.dtype, bool(by_columns), content))  # type: ignore[arg-type]


def _scalar(dtype: _Dtype, content: bytes | str) -> Any:
    raw = content.encode("latin1") if isinstance(content, str) else content
    return np.frombuffer(raw, dtype.numpy, count=1)[0]


def _encode(text: str, coding: str) -> bytes:
    if coding not in ("latin1", "latin-1"):
        raise UnsafePickleError(f"the pickle holds bytes in the coding {coding}; latin1 is read")
    return text.encode("latin1")


def _array(kind: Any, shape: Any, code: Any) -> PickledArray:
    return PickledArray((0,), np.uint8)  # the values come with __setstate__


def _numpys() -> dict[tuple[str, str], Any]:
    """NumPy's own names, of NumPy 1 and 2."""
    names: dict[tuple[str, str], Any] = {
        ("numpy", "dtype"): Known(lambda code, *_: _Dtype(code)),
        ("numpy", "ndarray"): Known(_array),
        ("_codecs", "encode"): Known(_encode),
    }
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        names[module, "_reconstruct"] = Known(_array)
        names[module, "scalar"] = Known(_scalar)
    return names


# Classes here are Python's own, written in C: a pickle can make them and not change them.
PLAIN: Names = {
    ("collections", "OrderedDict"): OrderedDict,
    ("argparse", "Namespace"): SimpleNamespace,
    **{(module, kind.__name__): kind for module in ("builtins", "__builtin__") for kind in (set, frozenset, complex)},
    **_numpys(),
}


class Reader(pickle.Unpickler):
    """Reads pickles one after the other from a file, with the names of a list and no others.

    Args:
        file: where the pickles are.
        names: what stands for (module, name); anything else is an error.
        storage: makes something of a persistent id, which PyTorch's files have.
        encoding: of the strings that Python 2 wrote.
    """

    def __init__(
        self, file: BinaryIO, names: Names, storage: Callable[[Any], Any] | None = None, encoding: str = "ASCII"
    ) -> None:
        super().__init__(file, encoding=encoding)
        self.names = names
        self.storage = storage

    def find_class(self, module: str, name: str) -> Any:
        """What the list has for a name.

        Raises:
            UnsafePickleError: for any other.
        """
        if (module, name) not in self.names:
            raise UnsafePickleError(
                f"it asks for {module}.{name}, and only names on a list of plain data are read; "
                "of a module or an optimizer, save the state_dict()"
            )
        return self.names[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """What a persistent id stands for."""
        if self.storage is None:
            raise UnsafePickleError("the pickle refers to something outside of it")
        return self.storage(pid)

    def next(self) -> Any:
        """The object of the next pickle.

        Raises:
            UnsafePickleError: for a damaged pickle, or one with other names.
        """
        try:
            return self.load()
        except UnsafePickleError:
            raise
        except Exception as error:  # a damaged pickle may do anything with what is on the list
            raise UnsafePickleError(f"the pickle is damaged: {str(error) or type(error).__name__}") from None
