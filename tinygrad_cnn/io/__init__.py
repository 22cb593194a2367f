"""Tensors in files: safetensors, and PyTorch's, of which no code runs."""

from .atomic import replacing
from .checkpoint import load, save
from .tensors import load_file, read_metadata, save_file

__all__ = ["save", "load", "save_file", "load_file", "read_metadata", "replacing"]
