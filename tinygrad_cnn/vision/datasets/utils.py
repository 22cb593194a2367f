"""Downloads and archives of data sets."""

import gzip
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast
from zipfile import ZipFile

from ...io.download import download, is_intact

__all__ = ["check_integrity", "download_and_extract_archive", "download_url", "extract_archive"]


def check_integrity(fpath: Any, md5: str | None = None) -> bool:
    """Whether a file is there and, if an MD5 is given, has it."""
    return is_intact(fpath, None if md5 is None else f"md5:{md5}")


def download_url(
    url: str | Sequence[str],
    root: Any,
    filename: str | None = None,
    md5: str | None = None,
    max_redirect_hops: int = 3,
    *,
    sha256: str | None = None,
) -> None:
    """Put what a URL, or the first of several mirrors that answers, gives into a folder.

    Raises:
        DownloadError: (a RuntimeError) when none gives it, with each reason and where to put the file by hand.
    """
    urls = [url] if isinstance(url, str) else list(url)
    name = filename or os.path.basename(urls[0].partition("?")[0])
    checksum = f"sha256:{sha256}" if sha256 else f"md5:{md5}" if md5 else None
    download(urls, Path(root).expanduser() / name, checksum)


def extract_archive(from_path: Any, to_path: Any = None, remove_finished: bool = False) -> str:
    """Unpack a .tar (.gz, .bz2, .xz), .zip or .gz file, beside it if nothing is said. Returns where to.

    A file that a killed program was writing is not left half written, and nothing is written outside of the folder.

    Raises:
        ValueError: for another kind of file, or an archive with a name that leads out of the folder.
    """
    archive = Path(from_path)
    folder = Path(to_path) if to_path is not None else archive.parent
    for name, file in _members(archive):
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"extract_archive: {archive} holds {name}, which leads out of {folder}")
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        with part.open("wb") as out:
            shutil.copyfileobj(file, out, 1 << 20)
        os.replace(part, target)
    if remove_finished:
        archive.unlink()
    return str(folder)


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The name and the content of each file in an archive; links are left out."""
    name = archive.name.lower()
    if name.endswith((".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")):
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name, content
    elif name.endswith(".zip"):
        with ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if not info.is_dir():
                    with zipped.open(info) as content:
                        yield info.filename, content
    elif name.endswith(".gz"):
        with gzip.open(archive) as packed:
            yield archive.name[:-3], cast(IO[bytes], packed)
    else:
        raise ValueError(f"extract_archive: {archive} is none of .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz, .zip and .gz")


def download_and_extract_archive(
    url: str | Sequence[str],
    download_root: Any,
    extract_root: Any = None,
    filename: str | None = None,
    md5: str | None = None,
    remove_finished: bool = False,
    sha256: str | None = None,
) -> None:
    """`download_url`, then `extract_archive`."""
    folder = Path(download_root).expanduser()
    name = filename or os.path.basename(url if isinstance(url, str) else url[0])
    download_url(url, folder, name, md5, sha256=sha256)
    extract_archive(folder / name, extract_root if extract_root is not None else folder, remove_finished)


def needed(caller: str, paths: Sequence[Path], download: bool, fetch: Callable[[], None]) -> None:
    """Make sure that the files of a data set are there, by fetching them where that is allowed.

    Raises:
        RuntimeError: when one is missing, with what to do.
    """
    if all(path.is_file() for path in paths):
        return
    if download:
        fetch()
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        listed = "\n  ".join(missing[:8])
        raise RuntimeError(
            f"{caller}: dataset not found. These files are missing:\n  {listed}\n"
            "You can use download=True to download it, or put them there by hand"
        )
