"""Files from the network: from mirrors in turn, gone on with where they broke off, checked, and put in place whole."""

import hashlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

TIMEOUT = 20.0  # seconds without a byte
TRIES = 3  # per mirror; each goes on where the last one broke off
BLOCK = 1 << 18


class DownloadError(RuntimeError, OSError):
    """No mirror gave the file; the message says why each did not, and where the file belongs."""


class ChecksumError(ValueError):
    """A file is there, and holds other bytes than it should."""


def file_digest(path: Path, kind: str) -> str:
    """The MD5 or SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def is_intact(path: str | os.PathLike[str], checksum: str | None = None) -> bool:
    """Whether a file is there and, if a checksum `md5:…` or `sha256:…` is given (a beginning is enough), has it."""
    file = Path(path)
    if not file.is_file():
        return False
    if checksum is None:
        return True
    kind, _, wanted = checksum.partition(":")
    return file_digest(file, kind).startswith(wanted.lower())


def download(
    urls: str | Sequence[str], path: str | os.PathLike[str], checksum: str | None = None, progress: bool = True
) -> Path:
    """The file of the first URL that gives it, at `path`; nothing is done if it is there and intact.

    A download that broke off is gone on with if there is a checksum to tell whether the parts fit together. The file is
    put in place whole and checked, or not at all.

    Args:
        urls: where it is to be had, the first choice first.
        path: where to put it; folders are made.
        checksum: `md5:…` or `sha256:…`; the beginning of the digest is enough.
        progress: whether to show a line on a terminal; pipes stay quiet.

    Raises:
        DownloadError: when no URL gives it, saying of each why, and where to put the file by hand.
    """
    target = Path(path)
    if is_intact(target, checksum):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    reasons = []
    for url in [urls] if isinstance(urls, str) else urls:
        for _ in range(TRIES):
            try:
                _fetch(url, part, resume=checksum is not None, shown=target.name if progress else "")
                if not is_intact(part, checksum):
                    kind = str(checksum).partition(":")[0]
                    found = file_digest(part, kind)
                    part.unlink()
                    raise ChecksumError(f"it gave other bytes: {kind}:{found} in place of {checksum}")
                os.replace(part, target)
                return target
            except (ChecksumError, HTTPError) as error:  # asking again gives the same
                reasons.append(f"  {url}: {error}")
                break
            except (OSError, HTTPException, EOFError) as error:
                last = f"  {url}: {getattr(error, 'reason', '') or str(error) or type(error).__name__}"
                if not part.exists() or not part.stat().st_size:
                    reasons.append(last)
                    break
        else:
            reasons.append(last)
    digest = f" ({checksum})" if checksum else ""
    listed = "\n".join(reasons)
    raise DownloadError(
        f"{target.name} could not be downloaded:\n{listed}\n"
        f"Without a network, get the file{digest} elsewhere and put it at {target}"
    )


def _fetch(url: str, part: Path, resume: bool, shown: str) -> None:
    """Write what a URL gives to a file, from where the file ends if that can be.

    Raises:
        EOFError: when the server stopped before the end.
    """
    start = part.stat().st_size if resume and part.exists() else 0
    headers = {"User-Agent": "tinygrad_cnn"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        answer: Any = urlopen(Request(url, headers=headers), timeout=TIMEOUT)  # a public door: its URLs are the user's
    except HTTPError as error:
        error.close()
        if error.code == 416 and start:  # the part is whole, or longer than the file: its checksum will tell
            return
        raise
    with answer:
        begins = re.match(rf"bytes {start}-", answer.headers.get("Content-Range") or "")
        if answer.status != 206 or not begins:
            start = 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else None
        with part.open("ab" if start else "wb") as file:
            done, tell = start, _teller(shown, total)
            while block := answer.read(BLOCK):
                file.write(block)
                done += len(block)
                tell(done)
            file.flush()
            os.fsync(file.fileno())
        tell(-1)
    if total is not None and done < total:
        raise EOFError(f"the connection broke off after {done} of {total} bytes")


def _teller(name: str, total: int | None) -> Callable[[int], None]:
    """What shows how far a download is, on a terminal only; −1 ends the line."""
    if not name or not sys.stderr.isatty():
        return lambda done: None

    def tell(done: int) -> None:
        share = f" of {total / 1e6:.1f} MB, {100 * done / total:.0f} %" if total else " MB"
        sys.stderr.write("\n" if done < 0 else f"\r{name}: {done / 1e6:.1f}{share}")
        sys.stderr.flush()

    return tell
