"""Writing a file so that whoever reads it, or pulls the plug, finds the old one or the new one and nothing between."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from platform import node
from time import time
from typing import BinaryIO
from zlib import crc32

# A file this old was left behind, whatever its writer's process number says: numbers are used again.
STALE_SECONDS = 24 * 3600


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` when the block ends and is gone if the block fails.

    It is written beside `path`, brought to the disk, and renamed, and the folder is brought to the disk too. It gets
    the permissions of the file it replaces; without one, those that any new file gets. What earlier writers of `path`
    that were killed left behind is removed. What is no file (a device such as `/dev/null`, a pipe) is written to.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "numbers") as file:
    ...         _ = file.write(b"1 2 3")
    ...     (Path(folder) / "numbers").read_bytes()
    b'1 2 3'

    Raises:
        OSError: when the folder is not there or can't be written to, or `path` is a folder.
    """
    target = Path(os.path.realpath(path))  # a link stays, and what it leads to is replaced
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it")
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    if not target.parent.is_dir():
        raise FileNotFoundError(f"the folder {Path(path).parent} for {Path(path).name} does not exist; make it first")
    _sweep(target)
    temporary = target.with_name(f"{_prefix(target)}{os.getpid()}-{secrets.token_hex(4)}.tmp")
    # 0o666 and not mkstemp's 0o600: the umask says who may read a new file.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with suppress(FileNotFoundError):
                os.chmod(temporary, target.stat().st_mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _prefix(target: Path) -> str:
    """How the names of temporary files for this target begin, on this machine."""
    name = target.name if len(os.fsencode(target.name)) < 180 else f"{crc32(os.fsencode(target.name)):08x}"
    return f".{name}.{crc32(node().encode()):08x}-"


def _sweep(target: Path) -> None:
    """Remove the temporary files of writers that are no more."""
    prefix = _prefix(target)
    for left in target.parent.iterdir():
        if not left.name.startswith(prefix) or left.suffix != ".tmp":
            continue
        writer = left.name.removeprefix(prefix).partition("-")[0]
        with suppress(OSError):
            if not _is_running(writer) or time() - left.stat().st_mtime > STALE_SECONDS:
                left.unlink()


def _is_running(process: str) -> bool:
    if os.name == "nt" or not process.isdigit():  # on Windows this question would end the process
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk; systems that can't do that for folders do it themselves."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
