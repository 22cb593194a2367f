"""PyTorch's own files, `.pth` and `.pt`, of today (a zip archive) and of before 1.6, without PyTorch.

Tensors, and what state dicts and checkpoints hold beside them, are read; a whole module, which is a pickle of the names
of its code, is not.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any, Literal, NamedTuple
from zipfile import BadZipFile, ZipFile

import numpy as np

from ..dtypes import DTYPES
from ..tensor import Tensor, as_tensor, device
from .pickles import PLAIN, Known, Names, Reader, UnsafePickleError
from .tensors import from_bfloat16

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_VERSION = 1001
BFLOAT16 = "bfloat16"

_STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}


class StorageKind(NamedTuple):
    """A class of storages: what lies in it."""

    dtype: str


class Storage:
    """A run of numbers that tensors look at; those of old files are filled in last."""

    def __init__(self, kind: StorageKind, size: int) -> None:
        self.kind = kind
        self.size = size
        self.values: Any = None

    @property
    def itemsize(self) -> int:
        """Bytes per number."""
        return 2 if self.kind.dtype == BFLOAT16 else np.dtype(self.kind.dtype).itemsize

    def fill(self, content: bytes, order: Literal["<", ">"]) -> None:
        """Take the numbers from a file."""
        if len(content) != self.size * self.itemsize:
            raise UnsafePickleError(
                f"a storage of {self.size} numbers of {self.kind.dtype} has {len(content)} bytes; the file is cut off"
            )
        if self.kind.dtype == BFLOAT16:
            self.values = from_bfloat16(np.frombuffer(content, np.dtype("uint16").newbyteorder(order)))
        else:
            stored = np.dtype(self.kind.dtype)
            self.values = np.frombuffer(content, stored.newbyteorder(order)).astype(stored, copy=False)


class View(NamedTuple):
    """A tensor of a file, before its numbers are known."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    requires_grad: bool

    def tensor(self, place: Any) -> Tensor:
        """The tensor, with memory of its own."""
        values = self.storage.values
        last = self.offset + sum((n - 1) * s for n, s in zip(self.size, self.stride, strict=True))
        if 0 not in self.size and (self.offset < 0 or min(self.stride, default=0) < 0 or last >= len(values)):
            raise UnsafePickleError(f"a tensor {self.size} reaches out of its storage of {len(values)} numbers")
        strides = tuple(s * values.itemsize for s in self.stride)
        array = np.lib.stride_tricks.as_strided(values[self.offset :], self.size, strides)
        tensor = as_tensor(np.array(array, order="C"), device=place)
        return tensor.requires_grad_() if self.requires_grad else tensor


def _view(storage: Storage, offset: int, size: Any, stride: Any, requires_grad: bool = False, *_: Any) -> View:
    if not isinstance(storage, Storage):
        raise UnsafePickleError("a tensor has no storage")
    return View(storage, int(offset), tuple(map(int, size)), tuple(map(int, stride)), bool(requires_grad))


def _parameter(data: Any, requires_grad: bool = True, *_: Any) -> View:
    if not isinstance(data, View):
        raise UnsafePickleError("a parameter is not a tensor")
    return data._replace(requires_grad=bool(requires_grad))


NAMES: Names = {
    **PLAIN,
    ("torch._utils", "_rebuild_tensor"): Known(_view),
    ("torch._utils", "_rebuild_tensor_v2"): Known(_view),
    ("torch._utils", "_rebuild_parameter"): Known(_parameter),
    ("torch._utils", "_rebuild_parameter_with_state"): Known(_parameter),
    ("torch", "Size"): tuple,
    ("torch", "device"): Known(device),
    ("torch.torch_version", "TorchVersion"): str,
    **{("torch", name): StorageKind(dtype) for name, dtype in _STORAGES.items()},
    **{("torch", dtype.name): dtype for dtype in DTYPES},
}


def read_zip(content: bytes, place: Any) -> Any:
    """The object in a file that `torch.save` of PyTorch 1.6 or later wrote."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise UnsafePickleError("it is a zip archive that torch.save did not write")
            folder = pickles[0].removesuffix("data.pkl")
            if f"{folder}constants.pkl" in archive.namelist():
                raise UnsafePickleError("it is a TorchScript program; save the model's state_dict() instead")
            order: Literal["<", ">"] = "<"
            if f"{folder}byteorder" in archive.namelist():
                order = ">" if archive.read(f"{folder}byteorder") == b"big" else "<"
            storages: dict[str, Storage] = {}

            def storage(pid: Any) -> Storage:
                kind, key, size = _described(pid)
                if key not in storages:
                    storages[key] = Storage(kind, size)
                    storages[key].fill(archive.read(f"{folder}data/{key}"), order)
                return storages[key]

            read = Reader(BytesIO(archive.read(pickles[0])), NAMES, storage).next()
    except BadZipFile as error:
        raise UnsafePickleError(f"the archive is damaged or cut off: {error}") from None
    return finished(read, place)


def read_legacy(content: bytes, place: Any) -> Any:
    """The object in a file that `torch.save` wrote before PyTorch 1.6: five pickles, then the numbers."""
    file = BytesIO(content)
    storages: dict[str, Storage] = {}

    def storage(pid: Any) -> Storage:
        kind, key, size = _described(pid)
        if len(pid) > 5 and pid[5] is not None:
            raise UnsafePickleError("a storage is a view of another, as in files of before PyTorch 0.4")
        return storages.setdefault(key, Storage(kind, size))

    def following() -> Any:
        return Reader(file, NAMES, storage).next()

    if following() != LEGACY_MAGIC:
        raise UnsafePickleError("it is a pickle that torch.save did not write, and other pickles are never read")
    version, about = following(), following()
    if version != LEGACY_VERSION or not isinstance(about, dict):
        raise UnsafePickleError(f"its version {version} of the format is unknown")
    order: Literal["<", ">"] = "<" if about.get("little_endian", True) else ">"
    read = following()
    for key in following():
        size = int.from_bytes(file.read(8), "little" if order == "<" else "big")
        if key not in storages or size != storages[key].size:
            raise UnsafePickleError(f"the storage {key!r} does not fit the tensors")
        storages[key].fill(file.read(size * storages[key].itemsize), order)
    return finished(read, place)


def _described(pid: Any) -> tuple[StorageKind, str, int]:
    """What a persistent id says of a storage: ("storage", kind, key, location, size)."""
    if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or not isinstance(pid[1], StorageKind):
        raise UnsafePickleError("a storage is described in an unknown way")
    return pid[1], str(pid[2]), int(pid[4])


def finished(value: Any, place: Any) -> Any:
    """The object with tensors in place of views, and plain arrays; containers stay the same ones."""
    views: dict[int, Tensor] = {}
    seen: set[int] = set()

    def walk(value: Any) -> Any:
        if isinstance(value, View):
            if id(value) not in views:
                views[id(value)] = value.tensor(place)
            return views[id(value)]
        if isinstance(value, np.ndarray):
            return value.view(np.ndarray)
        if type(value) is tuple:
            return tuple(walk(item) for item in value)
        if id(value) not in seen:
            seen.add(id(value))
            entries: Any = ()
            holder: Any = value
            if isinstance(value, dict):
                entries = list(value.items())
            elif isinstance(value, list):
                entries = list(enumerate(value))
            elif hasattr(value, "__dict__"):
                entries, holder = list(vars(value).items()), vars(value)
            for key, item in entries:
                holder[key] = walk(item)
        return value

    return walk(value)


def reader_of(content: bytes) -> Callable[[bytes, Any], Any] | None:
    """What reads this file, None if it can't be one of PyTorch's."""
    if content.startswith(b"PK\x03\x04"):
        return read_zip
    if content.startswith(b"\x80") and content[8:9] != b"{":  # a safetensors file may begin with a length of 128
        return read_legacy
    return None
