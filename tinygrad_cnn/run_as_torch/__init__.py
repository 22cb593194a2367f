"""Runs an unmodified PyTorch program on this engine: `torch` and `torchvision` resolve here, for this process only."""

from .names import home_of, install, missing
from .running import run_as_torch
from .scanning import Finding, scan

__all__ = ["Finding", "home_of", "install", "missing", "run_as_torch", "scan"]
