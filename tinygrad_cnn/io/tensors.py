"""Named tensors in a safetensors file."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from ..dtypes import as_dtype, is_dtype
from ..errors import DtypeError
from ..tensor import Tensor, as_tensor
from .atomic import replacing

File = str | os.PathLike[str] | BinaryIO

# safetensors' name of each dtype; F… are floats, BF16 the upper half of a float32.
_DTYPES = {
    "BOOL": np.dtype("bool"),
    "U8": np.dtype("uint8"),
    "I8": np.dtype("int8"),
    "I16": np.dtype("<i2"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}

# How files begin that people take for safetensors files, and what to say about them.
_OTHER_FORMATS = (
    (
        b"PK\x03\x04",
        "a zip archive; what torch.save wrote is read by tinygrad_cnn.load, what numpy.savez wrote by numpy.load",
    ),
    (
        b"\x80",
        "a pickle; tinygrad_cnn.load reads those of old versions of torch.save, and no others: they can run code",
    ),
    (b"\x93NUMPY", "an array of numpy.save; read it with numpy.load"),
    (b"\x89HDF", "an HDF5 file, as Keras writes"),
    (b"\x1f\x8b", "compressed by gzip; unpack it first"),
    (b"version https://git-lfs", "a Git LFS pointer in place of the file; fetch the file with git lfs pull"),
    (b"<", "text in HTML or XML, perhaps an error page that was downloaded in place of the file"),
)


def save_file(tensors: Mapping[str, Any], filename: File, metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors (or NumPy arrays) to a safetensors file, in place of what was there.

    The file says nothing of devices, gradients or the order in memory; tensors that share memory are each written out.
    It is replaced in one step: a program that is killed at any moment leaves the old file or the new one.

    Args:
        tensors: the tensors by name.
        filename: the path, or a file opened for writing bytes.
        metadata: words to go with them.

    >>> import io
    >>> import tinygrad_cnn as tg
    >>> file = io.BytesIO()
    >>> save_file({"fc.weight": tg.ones(2, 3), "fc.bias": tg.zeros(2)}, file)
    >>> sorted(load_file(io.BytesIO(file.getvalue())))
    ['fc.bias', 'fc.weight']

    Raises:
        TypeError: for names that are not strings, values that are not tensors, or a dtype that files do not hold.
        ImportError: without the safetensors package.
    """
    content = _packed(tensors, metadata)
    if hasattr(filename, "write"):
        cast(BinaryIO, filename).write(content)
        return
    with replacing(cast(str, filename)) as file:
        file.write(content)


def load_file(filename: File, device: Any = None) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, on a device (the CPU if nothing is said).

    Without the package ml_dtypes, which adds bfloat16 to NumPy, such values become float32, which holds them exactly.

    Raises:
        ValueError: for a file that is cut off, damaged, or of another format, with what it seems to be.
        TypeError: for a dtype that tensors do not have.
        ImportError: without the safetensors package.

    >>> import io
    >>> file = io.BytesIO()
    >>> tg.io.save_file({"weight": tg.ones(2)}, file)
    >>> tg.io.load_file(io.BytesIO(file.getvalue()))
    {'weight': tensor([1., 1.])}
    """
    return read(filename, device)[0]


def read_metadata(filename: File) -> dict[str, str]:
    """The words that go with the tensors of a safetensors file; no tensor is read.

    >>> import io
    >>> file = io.BytesIO()
    >>> tg.io.save_file({"weight": tg.ones(2)}, file, metadata={"epoch": "3"})
    >>> tg.io.read_metadata(io.BytesIO(file.getvalue()))
    {'epoch': '3'}
    """
    content, name = contents(filename)
    return _header(content, name)[1]


def read(filename: File, device: Any = None) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file, in the order they lie there, and its metadata."""
    _package()  # what is missing is said before what is wrong with the file
    return parsed(*contents(filename), device)


def parsed(content: bytes, name: str, device: Any = None) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata in the bytes of a safetensors file."""
    entries, metadata = _header(content, name)
    safetensors = _package()
    try:
        parts = dict(safetensors.deserialize(content))
    except safetensors.SafetensorError as error:
        raise ValueError(f"{name} is not a sound safetensors file: {error}") from None
    ordered = sorted(entries, key=lambda key: entries[key]["data_offsets"])
    return {key: as_tensor(_array(key, parts[key], name), device=device) for key in ordered}, metadata


def _package() -> Any:
    try:
        import safetensors
    except ImportError:
        raise ImportError('files of tensors need the safetensors package: pip install "tinygrad_cnn[io]"') from None
    return safetensors


def _packed(tensors: Any, metadata: Any) -> bytes:
    """The content of a safetensors file."""
    _package()
    from safetensors.numpy import save

    if not isinstance(tensors, Mapping):
        raise TypeError(f"save_file: expected a dict of tensors by name; got {type(tensors).__name__}")
    for key, value in (metadata or {}).items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"save_file: metadata must be strings by strings; got {key!r}: {value!r}")
    arrays = {name: _plain(name, value) for name, value in tensors.items()}
    return cast(bytes, save(arrays, metadata=dict(metadata) if metadata else None))


def _plain(name: Any, value: Any) -> Any:
    """The values as a NumPy array in row-major order, of a dtype that the file can hold."""
    if not isinstance(name, str):
        raise TypeError(f"save_file: names must be strings; got {name!r}")
    if name == "__metadata__":
        raise ValueError("save_file: the name '__metadata__' is taken by the file format; give the tensor another one")
    if isinstance(value, Tensor):
        value = value.backend.to_numpy(value.array)
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"save_file: expected tensors; {name!r} is of type {type(value).__name__}")
    native = np.dtype(value.dtype.newbyteorder("="))
    if not is_dtype(native):
        raise DtypeError(f"save_file: {name!r} has dtype {value.dtype}, which tensors do not have")
    # The package writes the memory as it lies, so anything but row-major order would become wrong numbers.
    return np.require(value, dtype=native, requirements=["C", "A"])


def contents(filename: Any) -> tuple[bytes, str]:
    """All bytes of a file, and what to call it in messages."""
    if hasattr(filename, "read"):
        return filename.read(), str(getattr(filename, "name", "this file"))
    path = Path(filename)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it")
    if not path.exists():
        beside = sorted(other.name for other in path.parent.glob(f"*{path.suffix}")) if path.parent.is_dir() else []
        there = f"; beside it there is {', '.join(beside[:5])}" if beside and path.suffix else ""
        raise FileNotFoundError(f"there is no file {path}{there}")
    return path.read_bytes(), str(path)


def _header(content: bytes, name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What the file says of its tensors, and its metadata. It holds a length of 8 bytes, then JSON, then the values."""
    if not content:
        raise ValueError(f"{name} is empty, not a safetensors file")
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or content[8:9] not in (b"{", b""):
        for start, what in _OTHER_FORMATS:
            if content.startswith(start):
                raise ValueError(f"{name} is not a safetensors file but {what}")
        raise ValueError(f"{name} is not a safetensors file: it begins with {content[:16]!r}")
    if len(content) < 8 + length:
        raise ValueError(f"{name} is cut off: its header takes {length + 8} bytes, and the file has {len(content)}")
    try:
        entries = json.loads(content[8 : 8 + length])
        metadata = entries.pop("__metadata__", {})
        end = 8 + length + max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise ValueError(f"{name} is not a sound safetensors file: its header can't be read") from None
    if len(content) < end:
        raise ValueError(f"{name} is cut off: its tensors end at byte {end}, and the file has {len(content)}")
    return entries, metadata


def from_bfloat16(bits: Any) -> Any:
    """The numbers with these 16 bits each: as bfloat16, or without ml_dtypes as float32, which holds them exactly."""
    try:
        return bits.astype(np.uint16).view(as_dtype("bfloat16"))
    except ImportError:
        return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def _array(key: str, part: dict[str, Any], name: str) -> Any:
    shape, data = part["shape"], part["data"]
    if part["dtype"] == "BF16":
        return from_bfloat16(np.frombuffer(data, dtype="<u2").reshape(shape))
    if part["dtype"] not in _DTYPES:
        raise DtypeError(f"{name}: {key!r} has dtype {part['dtype']}, which tensors do not have; convert it in PyTorch")
    values = np.frombuffer(data, dtype=_DTYPES[part["dtype"]]).reshape(shape)
    native = values.astype(as_dtype(values.dtype.newbyteorder("=")), copy=False)
    return native if native.flags.writeable else native.copy()
