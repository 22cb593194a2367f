"""Switches of matrix products on NVIDIA's cards."""

from ..backend.switches import cuda_switches as matmul
from .answers import is_built

__all__ = ["is_built", "matmul"]
