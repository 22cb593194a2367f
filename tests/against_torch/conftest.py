"""PyTorch is a second opinion: where it is not installed, these tests are left out."""

from importlib.util import find_spec

if find_spec("torch") is None:
    collect_ignore_glob = ["*.py"]
