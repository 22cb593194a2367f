"""Weight files: from a URL, or from the folder where PyTorch keeps those it has downloaded."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from .io import load as load_checkpoint
from .io.download import download

__all__ = [
    "HASH_REGEX",
    "download_url_to_file",
    "get_dir",
    "load_state_dict_from_url",
    "load_url",
    "set_dir",
    "urlparse",
]

HASH_REGEX = re.compile(r"-([a-f0-9]+)\.")  # resnet18-f37072fd.pth: how its SHA-256 begins
_folder: str | None = None


def get_dir() -> str:
    """The folder of downloads: what `set_dir` said, else `$TORCH_HOME/hub`, else `$XDG_CACHE_HOME/torch/hub`, else
    `~/.cache/torch/hub`, as in PyTorch, so that files which are there already are found.

    >>> before = tg.hub.get_dir()
    >>> tg.hub.set_dir("downloads")
    >>> tg.hub.get_dir()
    'downloads'
    >>> tg.hub.set_dir(before)
    """
    if _folder is not None:
        return _folder
    cache = os.getenv("XDG_CACHE_HOME", "~/.cache")
    home = os.getenv("TORCH_HOME", os.path.join(cache, "torch"))
    return os.path.join(os.path.expanduser(home), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Keep downloads in another folder.

    >>> before = tg.hub.get_dir()
    >>> tg.hub.set_dir("downloads")
    >>> tg.hub.get_dir()
    'downloads'
    >>> tg.hub.set_dir(before)
    """
    global _folder  # noqa: PLW0603 - a process-wide setting, as in PyTorch
    _folder = os.path.expanduser(d)


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Put what a URL gives at `dst`, checked against the beginning of its SHA-256 if there is one.

    Raises:
        DownloadError: (a RuntimeError) when it can't be had, with the reason.

    >>> tg.hub.download_url_to_file("https://example.org/weights.pth", "weights.pth")  # doctest: +SKIP
    """
    Path(dst).unlink(missing_ok=True)
    download(url, dst, f"sha256:{hash_prefix}" if hash_prefix else None, progress)


def load_state_dict_from_url(
    url: str,
    model_dir: str | os.PathLike[str] | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> Any:
    """What is in a weight file, which is downloaded unless it is in `model_dir` already.

    Args:
        url: where it is; the file keeps its name.
        model_dir: where to keep it. Default: `checkpoints` in `get_dir()`, as in PyTorch.
        map_location: the device to put tensors on.
        progress: whether to show a line on a terminal.
        check_hash: whether a download's SHA-256 must begin with the digits in its name (`resnet18-f37072fd.pth`).
        file_name: the name to keep it under.
        weights_only: accepted, and always meant: no code of a file ever runs.

    Raises:
        DownloadError: (a RuntimeError) when it is not there and can't be downloaded, with the path to put it at.
        ValueError: for a file that is damaged, or of another format.

    >>> state = tg.hub.load_state_dict_from_url("https://example.org/resnet18-f37072fd.pth")  # doctest: +SKIP
    """
    folder = Path(model_dir) if model_dir is not None else Path(get_dir()) / "checkpoints"
    name = file_name or os.path.basename(urlparse(url).path)
    path = folder / name
    if not path.exists():
        begins = HASH_REGEX.search(name) if check_hash else None
        download(url, path, f"sha256:{begins[1]}" if begins else None, progress)
    return load_checkpoint(path, map_location)


load_url = load_state_dict_from_url  # the name in torch.utils.model_zoo


def load(repo_or_dir: str, model: str, *args: Any, **kwargs: Any) -> Any:
    """A network of `pytorch/vision`, which is in `vision.models` here; code of others is not downloaded and run.

    Raises:
        RuntimeError: for any other repository.
    """
    if repo_or_dir.partition(":")[0] != "pytorch/vision":
        raise RuntimeError(
            f"hub.load: {repo_or_dir} is code to be downloaded and run for PyTorch, which is not done here; "
            "write the network with nn, and read its weights with hub.load_state_dict_from_url"
        )
    from .vision import models

    allowed = ("force_reload", "trust_repo", "source", "verbose", "skip_validation")
    return models.get_model(model, *args, **{key: value for key, value in kwargs.items() if key not in allowed})
