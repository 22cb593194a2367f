"""PyTorch's `save` and `load`, for what a checkpoint holds: tensors in dicts and lists, beside numbers and words.

The tensors lie in a safetensors file under the names that lead to them (`model.fc.weight`), and the metadata holds the
rest as JSON. So every safetensors reader can read them, and loading a file never runs code.
"""

import base64
import json
from argparse import Namespace
from collections import OrderedDict
from collections.abc import Callable
from math import isfinite
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..dtypes import as_dtype, dtype, is_dtype
from ..nn import Module
from ..tensor import Tensor, device
from .pickles import UnsafePickleError
from .pytorch import reader_of
from .tensors import File, contents, parsed, save_file
from .wholes import bare, empty, fill, is_plain, name_of, named, parts

KEY = "tinygrad_cnn"
VERSION = 1


def save(obj: Any, f: File) -> None:
    """Write an object of nested dicts, lists and tuples of tensors and plain values to a file, in place of what was
    there.

    Plain values are None, bool, int, float, str, bytes, sets of them, NumPy arrays and numbers, dtypes, devices, paths
    and `argparse.Namespace`. A tensor that occurs twice is written once, and is one tensor again after loading.

    A whole module, or an object of a class of the program's own, is written too, by the name of its class and its
    parts; reading it takes `load(…, weights_only=False)` and a program in which the class is found. A `state_dict()`
    lasts longer. Hooks are not written.

    Args:
        obj: what to write; of an optimizer, its `state_dict()`.
        f: the path, or a file opened for writing bytes.

    >>> import io
    >>> import tinygrad_cnn as tg
    >>> file = io.BytesIO()
    >>> save({"model": {"weight": tg.ones(2)}, "epoch": 3, "lr": (0.1, 0.01)}, file)
    >>> load(io.BytesIO(file.getvalue()))
    {'model': {'weight': tensor([1., 1.])}, 'epoch': 3, 'lr': (0.1, 0.01)}

    Raises:
        TypeError: for a value that is none of these, with the place where it is.
        ValueError: for an object that contains itself.
    """
    writer = _Writer()
    structure = writer.encode(obj, ())
    save_file(writer.tensors, f, {KEY: json.dumps({"version": VERSION, "object": structure})})


def load(f: File, map_location: Any = None, *, weights_only: bool = True, mmap: bool | None = None) -> Any:
    """What `save` or PyTorch's `torch.save` wrote; of any other safetensors file, the dict of its tensors.

    PyTorch's files are pickles, which can run any code. Here they are read through an exact list of names: tensors,
    containers, numbers, NumPy arrays, `argparse.Namespace` (as `types.SimpleNamespace`); with any other it is an error.

    Args:
        f: the path, or a file opened for reading bytes.
        map_location: the device to put tensors on. Files do not say where tensors were, so a dict or a function, which
            in PyTorch lead from there to here, mean the CPU, as None does.
        weights_only: False lets whole modules be read that `save` wrote: the modules of their classes are imported, as
            the file names them. PyTorch's pickles are read by the list alone in any case.
        mmap: accepted.

    Raises:
        ValueError: for a file that is cut off, damaged, or of another format, with what it seems to be.

    >>> import io
    >>> file = io.BytesIO()
    >>> tg.save({"weight": tg.ones(2), "epoch": 3}, file)
    >>> tg.load(io.BytesIO(file.getvalue()))
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    place = map_location if isinstance(map_location, str | device) else None
    content, name = contents(f)
    if of_pytorch := reader_of(content):
        try:
            return of_pytorch(content, place)
        except UnsafePickleError as error:
            raise ValueError(f"load: {name} can't be read: {error}") from None
    tensors, metadata = parsed(content, name, place)
    if KEY not in metadata:
        return tensors
    try:
        written = json.loads(metadata[KEY])
        version, structure = written["version"], written["object"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError("load: the file's structure can't be read; load_file reads its tensors") from None
    if version != VERSION:
        raise ValueError(
            f"load: the file has version {version} of the format, and this tinygrad_cnn reads version {VERSION}; "
            "update it, or read the tensors with load_file"
        )
    return _Reader(tensors, weights_only).decode(structure)


class _Writer:
    """Turns an object into JSON, and collects its tensors."""

    def __init__(self) -> None:
        self.tensors: dict[str, Any] = {}
        self.names: dict[int, str] = {}  # of the tensors, by identity
        self.open: set[int] = set()  # the containers that this place is in
        self.wholes: dict[int, int] = {}  # the numbers of the modules, by identity

    def encode(self, value: Any, path: tuple[Any, ...]) -> Any:
        """The value as JSON: plain as it is, anything else as {kind: content}."""
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if isfinite(value) else {"float": repr(value)}
        if isinstance(value, Tensor):
            content = {"tensor": self.add(value, path)}
            return {**content, "requires_grad": True} if value.is_leaf and value.requires_grad else content
        if kind is np.ndarray and is_dtype(value.dtype.newbyteorder("=")):
            return {"array": self.add(value, path)}
        if kind is np.ndarray and value.dtype.kind in "uifcbSU":  # of a dtype that tensors do not have
            raw = base64.b64encode(value.tobytes()).decode()
            return {"numpy": [value.dtype.str, list(value.shape), raw]}
        if isinstance(value, np.generic) and value.dtype.kind in "biuf":
            return {"number": [value.dtype.name, self.encode(value.item(), path)]}
        if kind is bytes:
            return {"bytes": base64.b64encode(value).decode()}
        if isinstance(value, dtype | np.dtype):
            return {"dtype": value.name}
        if kind is device:
            return {"device": str(value)}
        if kind in _CONTAINERS:
            return self.encode_container(value, path)
        if kind in (Namespace, SimpleNamespace):
            return {"namespace": self.encode(vars(value), path)}
        if isinstance(value, PurePath):
            return {"path": str(value)}
        if isinstance(value, Module):
            return self.encode_module(value, path)
        if is_plain(value) and (found := name_of(kind)) is not None:
            return self.encode_instance(found, value, path)
        if (found := name_of(value)) is not None and self.wholes:  # a function that a module holds
            return {"named": list(found)}
        raise TypeError(f"save: {_at(path)} is of type {kind.__module__}.{kind.__qualname__}, {_advice(value)}")

    def encode_container(self, value: Any, path: tuple[Any, ...]) -> Any:
        """A list as a list, any other container as {kind: items}."""
        if id(value) in self.open:
            raise ValueError(f"save: {_at(path)} contains itself, and can't be written")
        self.open.add(id(value))
        items: list[Any]
        if isinstance(value, dict):
            items = [[self.encode(key, (*path, key)), self.encode(item, (*path, key))] for key, item in value.items()]
        else:
            ordered = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            items = [self.encode(item, (*path, i)) for i, item in enumerate(ordered)]
        self.open.discard(id(value))
        return items if type(value) is list else {type(value).__name__: items}

    def encode_module(self, module: Module, path: tuple[Any, ...]) -> Any:
        """A module as its class's name and its parts; met again, as its number."""
        if id(module) in self.wholes:
            return {"again": self.wholes[id(module)]}
        if (found := name_of(type(module))) is None:
            raise TypeError(
                f"save: {_at(path)} is of class {type(module).__qualname__}, which no import finds again; save its "
                ".state_dict(), or define the class at the top of a module"
            )
        self.wholes[id(module)] = len(self.wholes)
        state: dict[str, Any] = {}
        for name, value in parts(module).items():
            of_state_dict = name in ("parameters", "buffers", "modules")  # tensors go by the names they have there
            state[name] = self.encode(value, path if of_state_dict else (*path, name))
        return {"module": [*found, state]}

    def encode_instance(self, found: tuple[str, str], value: Any, path: tuple[Any, ...]) -> Any:
        """An object as its class's name and its attributes; met again, as its number."""
        if id(value) in self.wholes:
            return {"again": self.wholes[id(value)]}
        self.wholes[id(value)] = len(self.wholes)
        return {"instance": [*found, self.encode(dict(vars(value)), path)]}

    def add(self, tensor: Any, path: tuple[Any, ...]) -> str:
        """The name under which a tensor goes into the file."""
        if id(tensor) not in self.names:
            wanted = ".".join(str(part) for part in path) or "tensor"
            name, count = wanted, 1
            while name in self.tensors or name == "__metadata__":
                count += 1
                name = f"{wanted}#{count}"
            self.names[id(tensor)] = name
            self.tensors[name] = tensor
        return self.names[id(tensor)]


_CONTAINERS: dict[type, Callable[[Any], Any]] = {
    list: list,
    tuple: tuple,
    dict: dict,
    OrderedDict: OrderedDict,
    set: set,
    frozenset: frozenset,
}
_BY_NAME = {kind.__name__: make for kind, make in _CONTAINERS.items()}


def _at(path: tuple[Any, ...]) -> str:
    return "the object" + "".join(f"[{part!r}]" for part in path)


def _advice(value: Any) -> str:
    if hasattr(value, "state_dict"):
        return "which is not written whole; save its .state_dict()"
    if isinstance(value, dict | list | tuple | set):
        plain = next(kind.__name__ for kind in (dict, list, tuple, set) if isinstance(value, kind))
        return f"which would come back as another type; convert it with {plain}(...)"
    if type(value).__module__.startswith("torch"):
        return "of PyTorch; convert it with .numpy()"
    if hasattr(value, "__dict__") and not callable(value):
        return "which is not written, since reading it would need its code; save its values, for example vars(...)"
    return "which is not written; tensors, arrays, numbers, strings, bytes, None, dicts, lists, tuples and sets are"


class _UnreadableError(ValueError):
    """A part of the object that does not make sense."""


class _Reader:
    """Turns JSON back into the object."""

    def __init__(self, tensors: dict[str, Tensor], weights_only: bool) -> None:
        self.tensors = tensors
        self.weights_only = weights_only
        self.wholes: list[Any] = []

    def decode(self, value: Any) -> Any:
        """The object that `_Writer.encode` wrote."""
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        try:
            kind = next(iter(value))
            content = value[kind]
            if kind == "tensor":
                tensor = self.tensors[content]
                return tensor.requires_grad_() if value.get("requires_grad") else tensor
            return self.decode_other(kind, content)
        except _UnreadableError:
            raise
        except (KeyError, TypeError, ValueError, StopIteration, IndexError):
            raise _UnreadableError(f"load: the file holds {str(value)[:80]}, which can't be read") from None

    def decode_other(self, kind: str, content: Any) -> Any:
        """A value that is neither plain nor a tensor."""
        if kind in ("dict", "OrderedDict"):
            return _BY_NAME[kind]((self.decode(key), self.decode(item)) for key, item in content)
        if kind in _BY_NAME:
            return _BY_NAME[kind](self.decode(item) for item in content)
        if kind == "array":
            return self.tensors[content].cpu().numpy()
        if kind == "numpy":
            code, shape, raw = content
            return np.frombuffer(base64.b64decode(raw), np.dtype(code)).reshape(shape).copy()
        if kind == "path":
            return Path(content)
        if kind == "number":
            return as_dtype(content[0]).type(self.decode(content[1]))
        if kind == "float":
            return float(content)
        if kind == "namespace":
            return Namespace(**self.decode(content))
        if kind in ("module", "instance", "again", "named"):
            return self.decode_whole(kind, content)
        if kind == "bytes":
            return base64.b64decode(content)
        if kind == "dtype":
            return dtype(content)
        if kind == "device":
            return device(content)
        raise KeyError(kind)

    def decode_whole(self, kind: str, content: Any) -> Any:
        """A module, or a function or class that one holds."""
        if kind == "again":
            return self.wholes[content]
        where, name, *state = content
        if self.weights_only:
            raise _UnreadableError(
                f"load: the file holds a whole {where}.{name}; reading it imports {where}, which runs its code: if you "
                "trust the file, pass weights_only=False"
            )
        if kind == "named":
            return named(where, name)
        if kind == "instance":
            value = bare(where, name)
            self.wholes.append(value)
            vars(value).update(self.decode(state[0]))
            return value
        module = empty(where, name)
        self.wholes.append(module)
        fill(module, {key: self.decode(value) for key, value in state[0].items()})
        return module
